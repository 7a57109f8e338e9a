// Draws the table of how the copies left; the table stays for everybody.
"use strict";
function drawTimes() {
  const place = document.getElementById("chart");
  const rows = [...document.querySelectorAll("#times-table tbody tr")];
  if (!place || place.firstChild || rows.length < 2) return;

  const times = rows.map((row) => Date.parse(row.querySelector("time").dateTime) / 1000);
  const counts = rows.map((row) => Number(row.querySelector("td").dataset.count));
  const shown = new Map(rows.map((row, index) => [times[index], row.querySelector("time").textContent]));
  const clock = (second) => shown.get(second)?.split(", ")[1] ?? new Date(second * 1000).toISOString().slice(11, 16);

  const options = () => ({
    legend: { show: false }, cursor: { show: false },
    scales: { x: { time: true }, y: { range: (_chart, _low, most) => [0, Math.max(1, most * 1.05)] } },
    axes: [
      { ...axisInk(), grid: { show: false }, space: 90, values: (_chart, seconds) => seconds.map(clock) },
      { ...axisInk(), size: 60, values: (_chart, marks) => marks.map((mark) => (Number.isInteger(mark) ? mark.toLocaleString("en") : "")) },
    ],
    series: [{}, {
      label: "Accepted", fill: ink("--good"), stroke: ink("--good"), width: 0, points: { show: false },
      paths: uPlot.paths.bars({ size: [0.9, 40], align: 1 }),
    }],
  });

  keepDrawn(place, 220, options, [times, counts]);
}
drawTimes();
document.addEventListener("htmx:afterSwap", drawTimes); // a long ledger is added up after the page is there
