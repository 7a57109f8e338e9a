// Draws the table of how the copies left; the table stays for everybody.
"use strict";
function drawTimes() {
  const box = document.getElementById("chart");
  const rows = [...document.querySelectorAll("#times-table tbody tr")];
  if (!box || box.firstChild || rows.length < 2) return;
  const times = rows.map((row) => Date.parse(row.querySelector("time").dateTime) / 1000);
  const counts = rows.map((row) => Number(row.querySelector("td").dataset.count));
  const shown = rows.map((row) => row.querySelector("time").textContent);
  const HEIGHT = 220;
  let chart;

  function draw() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--hairline"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    const at = (second) => shown[times.indexOf(second)] ?? "";
    chart?.destroy();
    chart = new uPlot({
      width: box.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: true }, y: { range: (_chart, _low, high) => [0, Math.max(1, high * 1.05)] } },
      axes: [
        { ...axis, grid: { show: false }, space: 90, values: (_chart, seconds) => seconds.map((second) => at(second).split(", ")[1] ?? new Date(second * 1000).toISOString().slice(11, 16)) },
        { ...axis, size: 60, values: (_chart, numbers) => numbers.map((number) => Number.isInteger(number) ? number.toLocaleString("en") : "") },
      ],
      series: [{}, { label: "Accepted", fill: colour("--good"), stroke: colour("--good"), width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.9, 40], align: 1 }) }],
    }, [times, counts], box);
  }

  draw();
  new ResizeObserver(() => { if (chart.width !== box.clientWidth) chart.setSize({ width: box.clientWidth, height: HEIGHT }); }).observe(box);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}
drawTimes();
document.addEventListener("htmx:afterSwap", drawTimes); // a long ledger is added up after the page is there
