"use strict";
// The plots of a page, drawn when they are seen, in the colours of the theme. Needs vega.js; without it there are none.
(() => {
  const { all, isDark } = window.ftbench;
  const specs = JSON.parse(document.getElementById("specs").textContent);
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
  let drawn = false;
  function draw(dark) {
    if (typeof vegaEmbed === "undefined") return;
    drawn = true;
    const text = dark ? "#e8ebee" : "#1b1f24", line = dark ? "#39414a" : "#d5dae0";
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
      vegaEmbed(place, dark ? lighter(spec) : spec, { actions: false, renderer: "svg", config }).catch(console.error);
    }
  }
  document.addEventListener("theme", (event) => draw(event.detail));
  addEventListener("load", () => { if (!drawn) draw(isDark()); });  // nothing waits for the library's file
  for (const details of all(".figures details")) {
    details.addEventListener("toggle", () => {
      if (details.open && details.querySelector(".plot").dataset.stale) draw(isDark());
    });
  }
})();
