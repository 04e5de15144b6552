"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const data = read("data"), specs = read("specs");
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  const live = document.getElementById("live");

  /** An element with text or children; text is never read as markup. */
  function make(tag, content = [], attributes = {}) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...[content].flat());
    return element;
  }
  const pairs = (rows) => make("dl", rows.flatMap(([name, value]) => [make("dt", name), make("dd", String(value))]));

  // -- theme
  const theme = document.getElementById("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  function paint(isDark) {
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
    theme.setAttribute("aria-pressed", String(isDark));
    draw(isDark);
  }
  theme.addEventListener("click", () => paint(theme.getAttribute("aria-pressed") !== "true"));
  dark.addEventListener("change", (event) => paint(event.matches));

  // -- plots
  /** On a dark page colours are mixed with white, so that the darkest stand out there, too; data are left alone. */
  function lighter(part, key) {
    if (Array.isArray(part)) return part.map((one) => lighter(one, key));
    if (part && typeof part === "object") {
      return Object.fromEntries(Object.entries(part).map(([name, one]) => [name, name === "datasets" ? one : lighter(one, name)]));
    }
    if (key === "range" && part === "white") return "#14171b";
    if (!(key === "range" || key === "color") || !/^#[0-9a-f]{6}$/i.test(part)) return part;
    const mixed = (at) => Math.round(0.55 * parseInt(part.slice(at, at + 2), 16) + 0.45 * 255);
    return "#" + [1, 3, 5].map((at) => mixed(at).toString(16).padStart(2, "0")).join("");
  }
  function draw(isDark) {
    if (typeof vegaEmbed === "undefined") return;
    const text = isDark ? "#e8ebee" : "#1b1f24", line = isDark ? "#39414a" : "#d5dae0";
    const axis = { labelColor: text, titleColor: text, gridColor: line, domainColor: line, tickColor: line };
    const config = {
      axis, text: { color: text }, title: { color: text, subtitleColor: text },
      legend: { labelColor: text, titleColor: text }, header: { labelColor: text },
    };
    for (const place of all(".plot")) {
      if (!place.closest("details").open) { place.dataset.stale = "yes"; continue; }
      const [section, number] = place.dataset.plot.split(".");
      delete place.dataset.stale;
      const spec = specs[section][number];
      vegaEmbed(place, isDark ? lighter(spec) : spec, { actions: false, renderer: "svg", config }).catch(console.error);
    }
  }
  for (const details of all(".figures details")) {
    details.addEventListener("toggle", () => {
      if (details.open && details.querySelector(".plot").dataset.stale) draw(theme.getAttribute("aria-pressed") === "true");
    });
  }

  // -- sorting: down first for numbers; a third click restores the order of the table
  for (const table of all("main table:not(.points)")) {
    const body = table.tBodies[0], original = [...body.rows];
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, at) => {
      const label = head.querySelector(".head"), button = make("button", [...label.childNodes], { type: "button", class: "sort" });
      label.replaceWith(button);
      const numeric = head.classList.contains("number"), steps = numeric ? ["descending", "ascending"] : ["ascending", "descending"];
      button.addEventListener("click", () => {
        const next = steps[steps.indexOf(head.getAttribute("aria-sort")) + 1];
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        if (next) head.setAttribute("aria-sort", next);
        body.classList.toggle("sorted", Boolean(next));
        body.append(...(next ? sorted(original, at, numeric, next === "descending") : original));
        live.textContent = next ? `Sorted by ${head.innerText.trim()}, ${next}` : "Order of the report";
      });
    });
  }
  function sorted(rows, at, numeric, descending) {
    const value = (row) => row.cells[at].dataset.value;
    const order = numeric ? (a, b) => a - b : (a, b) => a.localeCompare(b);
    return [...rows].sort((left, right) => {
      const a = value(left), b = value(right);
      if (a === "" || b === "") return (a === "") - (b === "");  // what has no number stays below
      return descending ? order(b, a) : order(a, b);
    });
  }

  // -- filter
  const filter = document.getElementById("filter");
  filter.addEventListener("input", () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const section of all("main section")) {
      let mine = 0;
      for (const row of all("table:not(.points) > tbody > tr", section)) {
        const head = row.querySelector("th"), text = `${head.textContent} ${head.title}`.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
        mine += !row.hidden;
      }
      section.querySelector(".none").hidden = mine > 0;
      shown += mine;
    }
    live.textContent = `${shown} rows`;
  });

  // -- at a glance: hover or focus
  const tip = document.getElementById("tip");
  function glance(button) {
    const cell = data.cells[button.dataset.cell];
    tip.replaceChildren(make("strong", cell.title), pairs(cell.facts));
    if (cell.seeds && cell.seeds.length) {
      const shown = cell.seeds.slice(0, 12).map((seed, at) => `${seed}: ${cell.scores[at].toFixed(2)}`);
      const more = cell.seeds.length - shown.length;
      tip.append(pairs([["by seed", shown.join(", ") + (more > 0 ? `, and ${more} more` : "")]]));
    }
    tip.hidden = false;
    const box = button.getBoundingClientRect(), size = tip.getBoundingClientRect(), edge = document.documentElement.clientWidth;
    const below = box.bottom + size.height + 8 < innerHeight;
    tip.style.left = `${Math.max(8, Math.min(box.right - size.width, edge - size.width - 8)) + scrollX}px`;
    tip.style.top = `${(below ? box.bottom + 6 : Math.max(8, box.top - size.height - 6)) + scrollY}px`;
    button.setAttribute("aria-describedby", "tip");
  }
  const away = (button) => { tip.hidden = true; button.removeAttribute("aria-describedby"); };

  // -- what is behind a number
  const dialog = document.getElementById("behind");
  function behind(key) {
    const cell = data.cells[key];
    document.getElementById("behind-title").textContent = cell.title;
    const parts = cell.from ? cell.from.flatMap(([from, seeds]) => [make("h3", data.cells[from].title), ...jobs(data.cells[from], seeds)])
                            : jobs(cell, cell.seeds);
    document.getElementById("behind-body").replaceChildren(pairs(cell.facts), ...parts);
    dialog.showModal();
  }
  function jobs(cell, seeds) {
    if (!cell.seeds.length) return [make("p", "No scores yet.")];
    const wanted = new Set(seeds), rows = cell.seeds.map((seed, at) => at).filter((at) => wanted.has(cell.seeds[at]));
    const number = (text) => make("td", text, { class: "number" });
    const lines = rows.map((at) => {
      const [digest, ...took] = data.jobs[cell.jobs[at]];
      const values = data.took.map((_, i) => (took[i] === null || took[i] === undefined ? "" : String(took[i])));
      return make("tr", [number(String(cell.seeds[at])), number(cell.scores[at].toFixed(2)), ...values.map(number), make("td", make("code", digest))]);
    });
    const heads = ["seed", "score", ...data.took].map((text) => make("th", text, { scope: "col", class: "number" }));
    const table = make("table", [make("thead", make("tr", [...heads, make("th", "job", { scope: "col" })])), make("tbody", lines)]);
    const found = [make("div", table, { class: "scroll", tabindex: "0", role: "region", "aria-label": "jobs" })];
    if (cell.commands.length) found.push(make("p", "Queue them again with"), ...cell.commands.map((text) => make("pre", text)));
    const kinds = new Set(rows.map((at) => data.jobs[cell.jobs[at]][data.took.length + 1]).filter((kind) => kind !== undefined));
    for (const kind of kinds) found.push(make("details", [make("summary", "Ran with"), pairs(Object.entries(data.with[kind]))]));
    return found;
  }
  for (const button of all(".cell")) {
    button.setAttribute("aria-haspopup", "dialog");
    button.addEventListener("mouseenter", () => glance(button));
    button.addEventListener("focus", () => glance(button));
    button.addEventListener("mouseleave", () => away(button));
    button.addEventListener("blur", () => away(button));
    button.addEventListener("click", () => { away(button); behind(button.dataset.cell); });
  }
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") tip.hidden = true; });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

  document.querySelector(".tools").hidden = false;
  paint(dark.matches);
})();
