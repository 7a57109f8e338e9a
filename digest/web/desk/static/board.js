// The board's comforts: drag, keys, undo by Ctrl+Z. Each sends a form that also works by itself.
"use strict";
(() => {
  const KEYS = { ArrowUp: "up", ArrowDown: "down", ArrowLeft: "previous", ArrowRight: "next" };
  let moved = null; // the article that is being moved
  let done = ""; // what is said once that is done which moves nothing
  let opened = []; // forms that were open before the board was replaced
  let focused = "";
  const board = () => document.getElementById("board");
  const isField = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;

  const begin = () => {
    if (!document.querySelector(".grip")) return;
    for (const list of document.querySelectorAll(".picks")) {
      Sortable.create(list, { group: "picks", handle: ".pick-head", animation: 120, delay: 200, delayOnTouchOnly: true, onEnd: dropped });
    }
  };

  const dropped = (event) => {
    if (event.from === event.to && event.oldIndex === event.newIndex) return;
    const form = event.item.querySelector("form.moves");
    const below = event.item.nextElementSibling;
    form.elements.section.value = event.to.dataset.section;
    form.elements.before.value = below ? below.dataset.article : "";
    form.requestSubmit();
  };

  document.addEventListener("keydown", (event) => {
    if (isField(event.target)) return;
    if (event.altKey && KEYS[event.key]) {
      const card = event.target.closest(".pick");
      if (!card) return;
      event.preventDefault(); // Alt with an arrow would leave the page
      card.querySelector(`button[value=${KEYS[event.key]}]`)?.click();
    } else if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z") {
      const undo = document.querySelector("#undo button");
      if (!undo) return;
      event.preventDefault();
      undo.click();
    }
  });

  const replaces = (event) => event.detail.target?.id === "board";

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!replaces(event)) return;
    focused = document.activeElement?.id || "";
    const form = event.detail.elt.closest("form");
    moved = form?.matches(".moves") ? form.closest(".pick").dataset.article : null;
    done = event.detail.elt.dataset.done || form?.dataset.done || "Done.";
    board().inert = true; // what would be typed now would be replaced
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (replaces(event)) opened = [...document.querySelectorAll("#board details[open]")].map((each) => each.id);
  });
  document.addEventListener("htmx:afterRequest", () => {
    if (board()) board().inert = false;
  });
  document.addEventListener("htmx:responseError", (event) => {
    const form = event.detail.elt;
    if (form.matches?.("form.moves")) stale();
  });
  document.addEventListener("htmx:sendError", () => {
    say("The desk cannot be reached. What you typed is still here; it is not saved.", true);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.requestConfig?.target?.id !== "board" && !replaces(event)) return;
    for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
    opened = [];
    begin();
    document.getElementById(focused)?.focus({ preventScroll: true });
    tell();
  });

  // A card that was dropped where it may not stay: show the board as it is.
  const stale = () => {
    const link = document.createElement("a");
    link.href = location.pathname;
    link.textContent = " Show the board as it is now";
    document.querySelector("#said p")?.append(link);
  };

  const say = (words, bad) => {
    const line = document.createElement("p");
    line.className = bad ? "said bad" : "said";
    line.textContent = words;
    document.getElementById("said").replaceChildren(line);
  };

  const tell = () => {
    const card = moved && document.getElementById(`card-${moved}`);
    moved = null;
    if (!card) return say(done);
    const list = card.parentElement;
    const place = [...list.children].indexOf(card) + 1;
    const heading = list.closest("section").querySelector("h2").firstChild.textContent.trim();
    say(`Now ${place} of ${list.children.length} in ${heading}.`);
  };

  begin();
})();
