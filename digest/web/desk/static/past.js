// A chart of what the table below it says; nothing that is not in the table.
"use strict";
(() => {
  const place = document.getElementById("chart");
  const rows = [...document.querySelectorAll("#figures tbody tr")];
  if (!place || rows.length < 2 || typeof uPlot === "undefined") return;

  const counts = (column) => rows.map((row) => Number(row.querySelectorAll("[data-count]")[column].dataset.count));
  const names = rows.map((row) => row.querySelector("th").textContent);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const short = (value) => (value >= 1e6 ? `${value / 1e6} M` : value >= 1e4 ? `${value / 1e3} k` : String(value));
  const data = [rows.map((_, index) => index), counts(0), counts(1)];
  let chart = null;

  const draw = () => {
    chart?.destroy();
    const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--hairline"), width: 1 }, ticks: { show: false } };
    const bars = (name, ink, align) => ({
      label: name, fill: colour(ink), stroke: colour(ink), points: { show: false },
      paths: uPlot.paths.bars({ size: [0.38, 40], align }),
    });
    chart = new uPlot({
      width: place.clientWidth, height: 240, cursor: { show: false }, legend: { show: true, live: false },
      scales: { x: { time: false, range: [-0.6, rows.length - 0.4] }, y: { range: (_, __, most) => [0, Math.max(1, most * 1.08)] } },
      axes: [
        { ...axis, grid: { show: false }, splits: () => data[0].filter((index) => rows.length <= 13 || index % 2 === 0), values: (_, marks) => marks.map((index) => names[index]) },
        { ...axis, size: 64, values: (_, marks) => marks.map((mark) => (Number.isInteger(mark) ? short(mark) : "")) },
      ],
      series: [{ label: "Issue" }, bars("Accepted", "--good", -1), bars("Rejected", "--bad", 1)],
    }, data, place);
  };

  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  let width = place.clientWidth;
  new ResizeObserver(() => {
    if (place.clientWidth === width) return;
    width = place.clientWidth;
    chart.setSize({ width, height: 240 });
  }).observe(place);
})();
