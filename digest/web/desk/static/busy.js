// A button whose form takes seconds to be answered says so, and takes no second press.
"use strict";
(() => {
  const working = new Map(); // buttons, and what stood on them

  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button?.dataset.busy || event.defaultPrevented) return;
    working.set(button, button.textContent);
    button.textContent = button.dataset.busy;
    setTimeout(() => { button.disabled = true; }); // a disabled button's own value would not be sent
  });

  addEventListener("pageshow", () => { // somebody went back to a page that the browser had kept
    working.forEach((words, button) => {
      button.textContent = words;
      button.disabled = false;
    });
    working.clear();
  });
})();
