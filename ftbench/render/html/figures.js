"use strict";
// The plots of a page, drawn when they are seen, in the colours of the theme. Needs vega.js; without it there are none.
(() => {
  const { all, isDark } = window.ftbench;
  const specs = JSON.parse(document.getElementById("specs").textContent);
  function draw(dark) {
    if (typeof vegaEmbed === "undefined") return;
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
      vegaEmbed(place, specs[section][number], { actions: false, renderer: "svg", config }).catch(console.error);
    }
  }
  document.addEventListener("theme", (event) => draw(event.detail));
  for (const details of all(".figures details")) {
    details.addEventListener("toggle", () => {
      if (details.open && details.querySelector(".plot").dataset.stale) draw(isDark());
    });
  }
})();
