// Draws the growth chart out of the table beside it, in the desk's colours; the table stays for
// everybody. Drawn anew when the light changes.
"use strict";
(() => {
  const place = document.getElementById("chart");
  const table = place && document.getElementById(place.dataset.of);
  if (!table || typeof uPlot === "undefined") return;

  const figure = (cell) => Number(cell.textContent.replace(/[^0-9.-]/g, ""));
  const rows = [...table.tBodies[0].rows].reverse();
  const times = rows.map((row) => Date.parse(row.querySelector("time").dateTime) / 1000);
  const column = (index) => rows.map((row) => figure(row.cells[index]));
  const data = [times, column(1), column(2).map((went) => -went), column(4)];
  const height = 300;
  let chart = null;

  function draw() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const font = `13px ${colour("--sans")}`;
    const axis = (more) => ({
      stroke: colour("--quiet"), font,
      grid: { stroke: colour("--hairline"), width: 1 }, ticks: { stroke: colour("--hairline") },
      ...more,
    });
    const number = (_chart, value) => value == null ? "–" : value.toLocaleString("en");
    const numbers = (_chart, values) => values.map((value) => value.toLocaleString("en"));
    const bars = uPlot.paths.bars({ size: [0.7, 40] });
    chart?.destroy();
    chart = new uPlot({
      width: place.clientWidth, height,
      scales: { x: { time: true, range: (_chart, low, high) => [low - 400000, high + 400000] }, readers: { range: (_chart, low, high) => uPlot.rangeNum(Math.min(low, high * 0.9), high, 0.1, true) } },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
      axes: [axis({}), axis({ values: numbers, size: 64 }), axis({ scale: "readers", side: 1, values: numbers, size: 80, grid: { show: false } })],
      series: [
        { label: "Week from", value: "{YYYY}-{MM}-{DD}" },
        { label: "Came", fill: colour("--good"), width: 0, paths: bars, points: { show: false }, value: number },
        { label: "Went", fill: colour("--bad"), width: 0, paths: bars, points: { show: false }, value: (c, value) => number(c, value && -value) },
        { label: "Readers", scale: "readers", stroke: colour("--focus"), width: 2, points: { show: false }, value: number },
      ],
    }, data, place);
    place.querySelector("canvas").setAttribute("role", "img");
    place.querySelector("canvas").setAttribute("aria-label", "The table below as a chart");
  }

  place.hidden = false;
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  new ResizeObserver(() => {
    if (place.clientWidth !== chart.width) chart.setSize({ width: place.clientWidth, height });
  }).observe(place);
})();
