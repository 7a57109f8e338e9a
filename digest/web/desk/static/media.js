// The media room's comforts: a focal point by a click, what readers will see at once, and a word
// about a file that is too large before it is sent. Without this, numbers and the server do it.
"use strict";
(() => {
  const RATIO = 3 / 2; // of media/shapes.py
  const WHOLE = "whole";

  const focusOn = (focus) => {
    const whole = focus.querySelector(".focus-on img");
    const spot = focus.querySelector(".focus-mark");
    const crop = focus.querySelector(".crop");
    const shown = crop.querySelector("img");
    const form = focus.closest("form").elements;

    const perCent = (field) => Math.max(0, Math.min(100, Math.round(Number(field.value) || 0)));

    // Where the kept part begins, as a share of what is left over: what object-position counts in.
    const share = (at, part) => part >= 1 ? 50 : 100 * Math.max(0, Math.min(1, (at / 100 - part / 2) / (1 - part)));

    const show = () => {
      const x = perCent(form.x), y = perCent(form.y);
      const ratio = whole.getAttribute("width") / whole.getAttribute("height");
      const cut = form.shape.value !== WHOLE;
      spot.hidden = !cut;
      spot.style.left = `${x}%`;
      spot.style.top = `${y}%`;
      crop.style.aspectRatio = cut ? String(RATIO) : String(ratio);
      shown.style.objectPosition = `${share(x, RATIO / ratio)}% ${share(y, ratio / RATIO)}%`;
    };

    whole.addEventListener("click", (event) => {
      const box = whole.getBoundingClientRect();
      form.x.value = Math.round(100 * (event.clientX - box.left) / box.width);
      form.y.value = Math.round(100 * (event.clientY - box.top) / box.height);
      show();
    });
    for (const field of [form.x, form.y, form.shape]) field.addEventListener("input", show);
    shown.src = whole.src; // the whole picture, cut by the browser as the server will
    focus.classList.add("live");
    show();
  };

  for (const focus of document.querySelectorAll(".focus")) focusOn(focus);

  for (const field of document.querySelectorAll("input[type=file][data-most]")) {
    field.addEventListener("change", () => {
      const most = Number(field.dataset.most);
      const tooLarge = field.files.length > 0 && field.files[0].size > most;
      field.setCustomValidity(tooLarge ? `This file is larger than ${most / 1e6} MB. Choose a smaller one.` : "");
      field.reportValidity();
    });
  }
})();
