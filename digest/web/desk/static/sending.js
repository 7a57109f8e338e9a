// Progress without reloading: what the server tells is shown as it comes. Where streams are not to be
// had, the same part of the page is asked for again and again.
"use strict";
(() => {
  const ASK_EVERY = 5000;
  const LOOK_AGAIN = 2000;
  // An issue that is due and not begun: looked at again until it is.
  if (document.getElementById("waiting")) setTimeout(() => location.reload(), LOOK_AGAIN);

  const box = document.getElementById("progress");
  if (!box?.dataset.events) return;
  const run = () => box.firstElementChild?.dataset.run ?? "";
  const over = () => !/^(sending|paused|stopped)/.test(run());

  function show(html) {
    const before = run();
    box.innerHTML = html;
    if (run() === before) return;
    // What may be done is another thing now; and those who cannot see the bar are told.
    document.getElementById("run-said").textContent = box.firstElementChild?.dataset.words ?? "";
    htmx.ajax("GET", location.pathname, { target: "#steer", select: "#steer", swap: "outerHTML" });
  }

  function listen() {
    const stream = new EventSource(box.dataset.events);
    stream.onmessage = (event) => {
      show(event.data);
      if (over()) stream.close();
    };
    stream.onerror = () => {
      if (stream.readyState === EventSource.CLOSED) ask();
    };
    // A page that is left must not keep one of the few connections that a browser has.
    addEventListener("pagehide", () => stream.close(), { once: true });
  }

  async function ask() {
    try {
      const answer = await fetch(box.dataset.part);
      if (answer.redirected) {
        document.getElementById("said").innerHTML = '<p class="said bad">You are signed out. Open the page anew.</p>';
        return;
      }
      if (answer.status === 200) show(await answer.text());
      if (over()) return;
    } catch { /* the server is away for a moment */ }
    setTimeout(ask, ASK_EVERY);
  }

  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  listen();
})();
