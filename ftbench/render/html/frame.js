"use strict";
// What every page can do: light and dark, tables that sort, a box that filters rows. Without it pages are read all the same.
(() => {
  const KEY = "ftbench-theme", root = document.documentElement;
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];

  /** An element with text or children; text is never read as markup. */
  function make(tag, content = [], attributes = {}) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...[content].flat());
    return element;
  }

  // -- theme: the system's, or what the reader chose last; a page that may keep nothing forgets it
  const system = matchMedia("(prefers-color-scheme: dark)");
  const kept = (act) => { try { return act(localStorage); } catch { return null; } };
  const chosen = kept((store) => store.getItem(KEY));
  root.dataset.theme = chosen === "dark" || chosen === "light" ? chosen : system.matches ? "dark" : "light";
  const isDark = () => root.dataset.theme === "dark";
  function paint(dark) {
    root.dataset.theme = dark ? "dark" : "light";
    document.getElementById("theme").setAttribute("aria-pressed", String(dark));
    document.dispatchEvent(new CustomEvent("theme", { detail: dark }));
  }

  // -- sorting: down first for numbers; a third click restores the order of the table
  const orders = new Map();  // id of a table -> column and direction, kept when the table is put in anew
  function sortable(table) {
    const body = table.tBodies[0], original = [...body.rows], heads = [...table.tHead.rows[0].cells];
    function order(at, direction) {
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      if (direction) heads[at].setAttribute("aria-sort", direction);
      if (table.id) orders.set(table.id, [at, direction]);
      body.classList.toggle("sorted", Boolean(direction));
      const numeric = heads[at].classList.contains("number");
      body.append(...(direction ? sorted(original, at, numeric, direction === "descending") : original));
    }
    heads.forEach((head, at) => {
      const label = head.querySelector(".head");
      if (!label) return;
      const button = make("button", [...label.childNodes], { type: "button", class: "sort" });
      label.replaceWith(button);
      const steps = head.classList.contains("number") ? ["descending", "ascending"] : ["ascending", "descending"];
      button.addEventListener("click", () => {
        const next = steps[steps.indexOf(head.getAttribute("aria-sort")) + 1];
        order(at, next);
        say(next ? `Sorted by ${head.innerText.trim()}, ${next}` : "Order of the report");
      });
    });
    if (orders.has(table.id)) order(...orders.get(table.id));
  }
  function sorted(rows, at, numeric, descending) {
    const value = (row) => row.cells[at].dataset.value ?? row.cells[at].textContent.trim();
    const order = numeric ? (a, b) => a - b : (a, b) => a.localeCompare(b);
    return [...rows].sort((left, right) => {
      const a = value(left), b = value(right);
      if (a === "" || b === "") return (a === "") - (b === "");  // what has no number stays below
      return descending ? order(b, a) : order(a, b);
    });
  }

  // -- filter: by a row's head, or by all that stands in it where the table says so (data-filter="row")
  function filter() {
    const box = document.getElementById("filter");
    if (!box) return 0;
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const section of all("main section")) {
      let mine = 0;
      for (const row of all("table:not(.points) > tbody > tr", section)) {
        const head = row.closest("table").dataset.filter === "row" ? row : row.querySelector("th");
        const text = `${head.textContent} ${head.title}`.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
        mine += !row.hidden;
      }
      const none = section.querySelector(".none");
      if (none) none.hidden = mine > 0;
      shown += mine;
    }
    return shown;
  }

  const say = (text) => { document.getElementById("live").textContent = text; };
  /** Make the tables of an element sort, and keep to the filter: for what is put into a page later, too. */
  function dress(element) {
    for (const table of all("table:not(.points)", element)) if (table.tHead && table.tBodies.length) sortable(table);
    filter();
  }
  window.ftbench = { all, make, say, dress, isDark };

  document.addEventListener("DOMContentLoaded", () => {
    document.getElementById("theme").addEventListener("click", () => {
      paint(!isDark());
      kept((store) => store.setItem(KEY, root.dataset.theme));
    });
    system.addEventListener("change", (event) => {
      kept((store) => store.removeItem(KEY));
      paint(event.matches);
    });
    dress(document.querySelector("main"));
    document.getElementById("filter")?.addEventListener("input", () => say(`${filter()} rows`));
    document.querySelector(".tools").hidden = false;
    paint(isDark());
  });
})();
