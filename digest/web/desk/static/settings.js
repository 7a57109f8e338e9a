// Comforts of the settings: the look as it is chosen, its contrast, sections by dragging and by keys.
"use strict";
(() => {
  const form = document.getElementById("words");
  const frame = document.getElementById("look");
  const told = document.getElementById("contrast");
  const SHOWN = ["look", "typeface", "accent", "tagline"];
  if (!form || !frame) return;

  const luminance = (colour) => {
    const parts = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255);
    const [red, green, blue] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };

  const accent = () => form.elements.accent.value.trim();
  const isColour = () => /^#[0-9a-f]{6}$/i.test(accent());
  const ratio = () => 1.05 / (luminance(accent()) + 0.05);
  const isReadable = () => isColour() && ratio() >= Number(told.dataset.readable);

  const tell = () => {
    told.classList.toggle("lacking", !isReadable());
    if (!isColour()) told.textContent = "A colour is written #rrggbb.";
    else told.textContent = `Contrast ${ratio().toFixed(1)} on white: ${isReadable() ? "readable." : `too pale, it needs ${told.dataset.readable}.`}`;
  };

  let asked = null;
  const show = () => {
    if (!isReadable()) return;
    const wanted = new URLSearchParams(SHOWN.map((name) => [name, form.elements[name].value]));
    frame.src = `${frame.dataset.look}?${wanted}`;
  };
  form.addEventListener("input", (event) => {
    if (!SHOWN.includes(event.target.name)) return;
    tell();
    clearTimeout(asked);
    asked = setTimeout(show, 400);
  });

  const begin = () => {
    const list = document.querySelector(".section-list");
    Sortable.create(list, { handle: ".grip", animation: 120, onEnd: (event) => {
      if (event.oldIndex === event.newIndex) return;
      const moves = event.item.querySelector("form.moves");
      moves.elements.before.value = event.item.nextElementSibling?.dataset.section || "";
      moves.requestSubmit();
    } });
  };
  document.addEventListener("keydown", (event) => {
    const to = { ArrowUp: "up", ArrowDown: "down" }[event.key];
    const item = event.altKey && to && event.target.closest(".section-list li");
    if (!item) return;
    event.preventDefault();
    item.querySelector(`button[value=${to}]`).click();
  });
  document.addEventListener("htmx:afterSettle", begin);
  begin();
})();
