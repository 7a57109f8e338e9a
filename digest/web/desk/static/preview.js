// The preview beside the board: the mail's frame changes by itself after a save, and the pane keeps its place.
// Nobody can look into the frame (it has no origin of ours, and no scripts), so the pane scrolls around it.
"use strict";
(() => {
  const KEPT = "desk.pane"; // whether the pane is closed, in this browser alone
  // Browsers keep no pictures for a frame without an origin, so they come anew each time: words do not wait for them longer than
  // this, in milliseconds, or than the line to the desk takes.
  const PATIENCE = 150;
  const MAIL_WIDTH = 640;
  const pane = document.getElementById("pane");
  const around = document.getElementById("with-pane");
  if (!pane) return;
  const wide = matchMedia("(min-width: 72rem)");
  const showing = () => document.getElementById("showing");
  const view = () => showing().querySelector(".view");
  const frame = () => showing().querySelector("iframe:not(.coming)");
  const versionNow = () => document.getElementById("issue-state")?.dataset.version;
  let query = wide.matches ? "" : "look=phone";
  let turn = 0; // of what is being fetched: only the last counts
  let began = 0;
  let took = 0; // milliseconds: how long the desk took to save
  let checked = "";
  let loaded = false;
  let followed = ""; // the article whose card is being edited

  const isSeen = () => pane.getClientRects().length > 0;

  const fit = (mail) => {
    if (!mail?.height || !view().clientWidth) return;
    const width = mail.classList.contains("phone") ? 375 : MAIL_WIDTH;
    mail.style.height = `${mail.height}px`;
    mail.style.zoom = Math.min(1, view().clientWidth / width);
  };

  const placeOf = (mail, article) => {
    const pair = (mail?.dataset.places || "").split(" ").find((each) => each.startsWith(`${article}:`));
    return pair ? Number(pair.split(":")[1]) * Number(mail.style.zoom || 1) : null;
  };

  const follow = () => {
    const place = followed && placeOf(frame(), followed);
    if (place === null || place === "") return;
    const port = view();
    if (place < port.scrollTop + 20 || place > port.scrollTop + port.clientHeight * 0.7) port.scrollTop = Math.max(0, place - port.clientHeight / 4);
  };

  const fetched = async () => {
    const answer = await fetch(`${pane.dataset.stage}?${query}`, { headers: { "HX-Request": "true" } });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return document.importNode(page.getElementById("showing"), true);
  };

  const ready = (mail) => new Promise((done) => {
    mail.addEventListener("load", done, { once: true });
    setTimeout(done, Math.max(PATIENCE, 1.5 * took));
  });

  // Puts up everything anew: the mail, and the row of choices above it.
  const show = async () => {
    const mine = ++turn;
    const next = await fetched().catch(() => null);
    if (mine !== turn || !next) return;
    const focused = document.activeElement?.id;
    const top = view()?.scrollTop || 0;
    showing().replaceWith(next);
    fit(frame());
    if (view()) view().scrollTop = top;
    document.getElementById(focused)?.focus({ preventScroll: true });
    if (frame()) await ready(frame());
    if (mine !== turn) return;
    shown(next.dataset.version);
    check();
  };

  // Puts the mail as it is now in place of the mail as it was, once it is there: nothing flashes, and the pane stands still.
  const renew = async () => {
    const mine = ++turn;
    const version = versionNow();
    const old = frame();
    const mail = old.cloneNode();
    for (const late of showing().querySelectorAll("iframe.coming")) late.remove();
    mail.classList.add("coming");
    view().append(mail);
    await ready(mail);
    if (mine !== turn) return;
    old.remove();
    mail.classList.remove("coming");
    shown(version);
    const next = await fetched().catch(() => null);
    check();
    if (mine !== turn || !next) return;
    const measured = next.querySelector("iframe");
    if (!measured || !measured.height !== !mail.height) return show();
    mail.height = measured.height;
    mail.dataset.places = measured.dataset.places || "";
    showing().dataset.version = next.dataset.version;
    fit(mail);
    follow();
  };

  const shown = (version) => {
    loaded = true;
    showing().dataset.version = version;
    pane.dataset.shown = version;
    follow();
  };

  const check = () => {
    const said = document.getElementById("preflight");
    if (said.dataset.version === versionNow() || checked === versionNow()) return;
    checked = versionNow(); // once, even where it finds the issue is not ready
    htmx.ajax("POST", pane.dataset.preflight, { source: said, target: "#preflight", swap: "outerHTML", values: { quick: "yes", cards: "yes" } });
  };

  const open = (is) => {
    around.classList.toggle("closed", !is);
    label();
    if (isSeen() && !loaded) show();
  };

  const label = () => {
    const closed = around.classList.contains("closed");
    const button = document.getElementById("open-pane");
    if (button) button.hidden = !closed;
    document.getElementById("close-pane").hidden = closed;
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("#pane a, .mark");
    if (event.target.closest("#open-pane, #close-pane")) {
      const is = event.target.closest("#open-pane") !== null;
      localStorage.setItem(KEPT, is ? "open" : "closed");
      open(is);
      document.getElementById(is ? "close-pane" : "open-pane")?.focus();
    } else if (link?.closest(".tabs") && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      query = new URL(link.href).search.slice(1);
      show();
    } else if (link?.matches(".about") && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      toCard(link.dataset.article);
    } else if (link?.matches(".mark") && around.classList.contains("closed")) {
      open(true);
    }
  });

  const toCard = (article) => {
    const details = document.getElementById(`edit-${article}`);
    if (!details) return;
    if (!wide.matches) location.hash = "board-frame"; // on a phone the cards come instead
    details.open = true;
    document.getElementById(`card-${article}`).scrollIntoView({ block: "start" });
    document.getElementById(`open-${article}`).focus({ preventScroll: true });
  };

  pane.addEventListener("change", (event) => {
    const form = event.target.closest(".wishes-form");
    if (form) {
      query = new URLSearchParams(new FormData(form)).toString();
      show();
    }
  });
  pane.addEventListener("submit", (event) => {
    if (event.target.matches(".wishes-form")) event.preventDefault();
  });

  document.addEventListener("focusin", (event) => {
    const card = event.target.closest(".pick");
    if (!card || card.dataset.article === followed) return;
    followed = card.dataset.article;
    if (loaded && isSeen()) follow();
  });

  document.addEventListener("htmx:beforeRequest", () => (began = performance.now()));

  // After whatever changed the issue: a save, a move, an undo.
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.requestConfig?.path === pane.dataset.preflight) return;
    took = performance.now() - began;
    label();
    if (versionNow() === showing().dataset.version) return;
    if (isSeen() && loaded && frame()) renew();
    else if (isSeen()) show();
    else {
      loaded = false;
      check();
    }
  });

  addEventListener("hashchange", () => isSeen() && !loaded && show());
  addEventListener("resize", () => fit(frame()));
  open(localStorage.getItem(KEPT) !== "closed");
  if (!isSeen()) check();
})();
