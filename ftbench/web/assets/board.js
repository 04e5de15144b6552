"use strict";
// The live parts of a page: hears which have changed, fetches these, and tells times as spans. Needs frame.js.
(() => {
  const { all, dress, say } = window.ftbench;
  const board = document.getElementById("board");
  const about = board.dataset.of, at = board.dataset.at;
  let offset = Number(board.dataset.now) - Date.now() / 1000;  // of the database's clock to this one

  // -- times
  function span(seconds) {
    if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
    const minutes = Math.round(seconds / 60);
    if (minutes < 90) return `${minutes} min`;
    const hours = Math.floor(minutes / 60);
    return hours < 48 ? `${hours} h ${String(minutes % 60).padStart(2, "0")} min` : `${Math.round(hours / 24)} days`;
  }
  const late = new Set();  // rows whose lease was over at the last look, for those who hear the page
  function tick() {
    const now = Date.now() / 1000 + offset;
    const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };
    for (const one of all("time[data-ago]", board)) put(one, `${span(now - Number(one.dataset.ago))} ago`);
    for (const one of all("time[data-until]", board)) put(one, Number(one.dataset.until) > now ? span(Number(one.dataset.until) - now) : "any moment");
    for (const one of all("[data-lease]", board)) {
      const left = Number(one.dataset.lease) - now;
      put(one, left > 0 ? `${span(left)} left` : `over for ${span(-left)}`);
    }
    for (const one of all("[data-late]", board)) {
      const over = Number(one.dataset.late) <= now, named = one.querySelector("th")?.textContent.trim();
      one.classList.toggle("late", over);
      if (named && over && !late.has(named)) say(`${named}: the lease is over`);
      if (named) late[over ? "add" : "delete"](named);
    }
  }

  // -- parts
  /** What a reader has made of a part: what is open, where it is scrolled to, what has the focus. */
  function kept(part) {
    const focus = part.contains(document.activeElement) ? document.activeElement : null;
    const log = part.querySelector(".log");
    return {
      open: new Map(all("details[id]", part).map((one) => [one.id, one.open])),
      scrolled: all(".scroll, pre", part).map((one) => [one.scrollLeft, one.scrollTop]),
      end: log && log.scrollTop + log.clientHeight >= log.scrollHeight - 4,
      focus: focus && found(part, focus),
    };
  }
  const BUSY = "a[href], button, input, select, summary, [tabindex]";
  /** How an element is found again: by its address or words, and the row that it stands in. */
  function found(part, element) {
    const words = (one) => `${one.tagName} ${one.closest("tr, details, form")?.querySelector("th, summary, button")?.textContent.trim() ?? ""} ${one.getAttribute("href") ?? one.getAttribute("aria-label") ?? one.textContent.trim()}`;
    return { mine: words(element), words };
  }
  function restore(part, state) {
    for (const one of all("details[id]", part)) if (state.open.has(one.id)) one.open = state.open.get(one.id);
    all(".scroll, pre", part).forEach((one, index) => {
      if (state.scrolled[index]) [one.scrollLeft, one.scrollTop] = state.scrolled[index];
    });
    const log = part.querySelector(".log");
    if (log && state.end) log.scrollTop = log.scrollHeight;
    if (state.focus) all(BUSY, part).find((one) => state.focus.words(one) === state.focus.mine)?.focus({ preventScroll: true });
  }
  const reads = (part) => {  // a reader who has marked text, or types, is not disturbed
    const marked = getSelection();
    const typing = part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");
    return typing || (marked && !marked.isCollapsed && part.contains(marked.anchorNode));
  };
  /** Whether nothing could be seen when the page was loaded, so that it holds no part but what says so. */
  const bare = () => !board.querySelector("[data-part]:not([data-part=trouble])");
  const wanted = new Map();  // part -> the tag that it should have
  const place = (name) => board.querySelector(`[data-part="${name}"]`);
  let fetching = false;
  /** Fetch, in one request, the parts that are not as they should be. */
  async function update() {
    if (fetching || document.hidden) return;
    for (const [name, tag] of [...wanted]) if (!place(name) || place(name).dataset.tag === tag) wanted.delete(name);
    const asked = new Map([...wanted].filter(([name]) => !reads(place(name))));
    if (!asked.size) return;
    fetching = true;
    for (const name of asked.keys()) wanted.delete(name);
    try {
      const answer = await fetch(`/part/${about}/${[...asked.keys()].join(",")}${at}`, { credentials: "same-origin" });
      const came = document.createElement("template");
      if (answer.ok) came.innerHTML = await answer.text();  // made by the server, where all texts are escaped
      for (const part of [...came.content.children]) if (put(place(part.dataset.part), part)) asked.delete(part.dataset.part);
      tick();
    } catch { /* the server is away: the stream says so */ } finally {
      for (const [name, tag] of asked) if (!wanted.has(name)) wanted.set(name, tag);  // for the next time
      fetching = false;
    }
  }
  /** Put a part where it belongs, unless it is being read. */
  function put(part, news) {
    if (reads(part)) return false;
    const state = kept(part);
    part.replaceChildren(...news.childNodes);
    part.dataset.tag = news.dataset.tag;
    dress(part);
    restore(part, state);
    return true;
  }

  // -- the stream
  const away = document.createElement("p");
  away.className = "trouble";
  away.setAttribute("role", "alert");
  let stream = null, lost = 0;
  function listen() {
    if (stream) return;
    stream = new EventSource(`/live/${about}${at}`);
    stream.addEventListener("message", (event) => {
      const told = JSON.parse(event.data);
      offset = told.now - Date.now() / 1000;
      if (bare() && Object.keys(told.parts).length > 1) { location.reload(); return; }
      for (const [name, tag] of Object.entries(told.parts)) wanted.set(name, tag);
      clearTimeout(lost);
      away.remove();
      update();
    });
    stream.addEventListener("error", () => {
      clearTimeout(lost);
      lost = setTimeout(() => { away.textContent = "The board's server does not answer; this page goes on when it does."; board.before(away); }, 3000);
      if (stream && stream.readyState === EventSource.CLOSED) { stream = null; setTimeout(listen, 5000); }
    });
  }
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { stream?.close(); stream = null; } else listen();
  });
  addEventListener("pagehide", () => { stream?.close(); stream = null; });
  addEventListener("pageshow", listen);
  document.addEventListener("DOMContentLoaded", () => {
    const log = board.querySelector(".log");
    if (log) log.scrollTop = log.scrollHeight;
    tick();
    setInterval(() => { tick(); update(); }, 1000);
    if (!document.hidden) listen();
  });
})();
