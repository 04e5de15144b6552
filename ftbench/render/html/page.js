"use strict";
// What is behind the numbers of a page of tables: at a glance, and in a dialog with the jobs.
(() => {
  const { all, make } = window.ftbench;
  const data = JSON.parse(document.getElementById("data").textContent);
  const pairs = (rows) => make("dl", rows.flatMap(([name, value]) => [make("dt", name), make("dd", String(value))]));

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
    const named = (at, digest) => (data.pages && data.pages[at] ? make("a", make("code", digest), { href: data.pages[at] }) : make("code", digest));
    const lines = rows.map((at) => {
      const [digest, ...took] = data.jobs[cell.jobs[at]];
      const values = data.took.map((_, i) => (took[i] === null || took[i] === undefined ? "" : String(took[i])));
      return make("tr", [number(String(cell.seeds[at])), number(cell.scores[at].toFixed(2)), ...values.map(number), make("td", named(cell.jobs[at], digest))]);
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
})();
