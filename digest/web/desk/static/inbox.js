// The inbox's keys: j and k go from article to article, p picks, x sets aside, o opens, / searches,
// ? shows them. They press the buttons that are there, so they can do nothing that those cannot.
"use strict";
(() => {
  const OFF = "friday-inbox-keys-off";
  const keys = document.getElementById("keys");
  const on = document.getElementById("keys-on");
  const rows = () => [...document.querySelectorAll(".articles > li")];
  const current = () => document.activeElement.closest?.(".articles > li");
  let last = null; // the id of the article one was at: its row is a new one after each change

  function go(step) {
    const all = rows();
    const at = all.findIndex((row) => row === current());
    const from = at < 0 ? all.findIndex((row) => row.id === last) : at;
    const next = all[Math.max(0, Math.min(all.length - 1, from + step))];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  }

  const press = (selector) => () => current()?.querySelector(selector)?.click();
  const does = {
    j: () => go(1),
    k: () => go(-1),
    p: press("button.pick"),
    x: press("button.aside, button.back"),
    o: press("a.open"),
    "/": () => document.getElementById("search").focus(),
    "?": () => { keys.open = !keys.open; },
  };

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox]), select, textarea");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat && !"jk".includes(event.key)) return;
    if (!on.checked || !Object.hasOwn(does, event.key)) return;
    event.preventDefault();
    does[event.key]();
  });
  document.addEventListener("focusin", () => { last = current()?.id ?? last; });
  document.addEventListener("htmx:afterSettle", () => {
    if (document.activeElement === document.body && last) document.getElementById(last)?.focus();
  });

  // What browsers keep may be forbidden to us; the keys work all the same.
  const kept = (work) => { try { return work(); } catch { return null; } };
  on.checked = kept(() => localStorage.getItem(OFF)) === null;
  on.addEventListener("change", () => kept(() => {
    if (on.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  }));
})();
