// A chart of what the table below it says; nothing that is not in the table.
"use strict";
(() => {
  const place = document.getElementById("chart");
  const rows = [...document.querySelectorAll("#figures tbody tr")];
  if (!place || rows.length < 2) return;

  const counts = (column) => rows.map((row) => Number(row.querySelectorAll("[data-count]")[column].dataset.count));
  const names = rows.map((row) => row.querySelector("th").textContent);
  const short = (value) => (value >= 1e6 ? `${value / 1e6} M` : value >= 1e4 ? `${value / 1e3} k` : String(value));
  const places = rows.map((_, index) => index);

  const bars = (name, colour, align) => ({
    label: name, fill: ink(colour), stroke: ink(colour), points: { show: false },
    paths: uPlot.paths.bars({ size: [0.38, 40], align }),
  });
  const options = () => ({
    cursor: { show: false }, legend: { show: true, live: false },
    scales: {
      x: { time: false, range: [-0.6, rows.length - 0.4] },
      y: { range: (_chart, _low, most) => [0, Math.max(1, most * 1.08)] },
    },
    axes: [
      {
        ...axisInk(), grid: { show: false },
        splits: () => places.filter((index) => rows.length <= 13 || index % 2 === 0),
        values: (_chart, marks) => marks.map((index) => names[index]),
      },
      { ...axisInk(), size: 64, values: (_chart, marks) => marks.map((mark) => (Number.isInteger(mark) ? short(mark) : "")) },
    ],
    series: [{ label: "Issue" }, bars("Accepted", "--good", -1), bars("Rejected", "--bad", 1)],
  });

  keepDrawn(place, 240, options, [places, counts(0), counts(1)]);
})();
