// Draws the growth chart out of the table beside it; the table stays for everybody.
"use strict";
(() => {
  const place = document.getElementById("chart");
  const table = place && document.getElementById(place.dataset.of);
  if (!table) return;

  const WEEK = 400_000; // seconds beside the first and the last bar: more than half of one
  const figure = (cell) => Number(cell.textContent.replace(/[^0-9.-]/g, ""));
  const rows = [...table.tBodies[0].rows].reverse();
  const times = rows.map((row) => Date.parse(row.querySelector("time").dateTime) / 1000);
  const column = (index) => rows.map((row) => figure(row.cells[index]));
  const number = (_chart, value) => (value == null ? "–" : value.toLocaleString("en"));
  const numbers = (_chart, values) => values.map((value) => value.toLocaleString("en"));

  const options = () => {
    const bars = { width: 0, paths: uPlot.paths.bars({ size: [0.7, 40] }), points: { show: false } };
    return {
      scales: {
        x: { time: true, range: (_chart, low, high) => [low - WEEK, high + WEEK] },
        readers: { range: (_chart, low, high) => uPlot.rangeNum(Math.min(low, high * 0.9), high, 0.1, true) },
      },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
      axes: [
        { ...axisInk(), values: "{D} {MMM}", space: 70, size: 32 },
        { ...axisInk(), values: numbers, size: 64 },
        { ...axisInk(), scale: "readers", side: 1, values: numbers, size: 80, grid: { show: false } },
      ],
      series: [
        { label: "Week from", value: "{YYYY}-{MM}-{DD}" },
        { ...bars, label: "Came", fill: ink("--good"), value: number },
        { ...bars, label: "Went", fill: ink("--bad"), value: (chart, value) => number(chart, value && -value) },
        { label: "Readers", scale: "readers", stroke: ink("--focus"), width: 2, points: { show: false }, value: number },
      ],
      hooks: {
        ready: [(chart) => {
          const canvas = chart.root.querySelector("canvas");
          canvas.setAttribute("role", "img");
          canvas.setAttribute("aria-label", "The table below as a chart");
        }],
      },
    };
  };

  place.hidden = false;
  keepDrawn(place, 300, options, [times, column(1), column(2).map((went) => -went), column(4)]);
})();
