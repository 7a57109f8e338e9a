// What the desk's charts share: its colours, and a new drawing when the light or the width changes.
"use strict";
const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const axisInk = () => ({
  stroke: ink("--quiet"), font: `12px ${ink("--sans")}`,
  grid: { stroke: ink("--hairline"), width: 1 }, ticks: { show: false },
});

// Draws `data` into `place` as `options()` says, which is asked anew for each drawing.
const keepDrawn = (place, height, options, data) => {
  let chart = null;
  const draw = () => {
    chart?.destroy();
    chart = new uPlot({ width: place.clientWidth, height, ...options() }, data, place);
  };
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  new ResizeObserver(() => {
    if (place.clientWidth !== chart.width) chart.setSize({ width: place.clientWidth, height });
  }).observe(place);
};
