// Keys, rows and the lock: a page works without this file, only slower.
(() => {
  "use strict";
  const typing = (target) => target.closest("input, textarea, select, [contenteditable]");
  const rows = () => [...document.querySelectorAll("[data-row]")];
  let going = false;

  const move = (by) => {
    const all = rows();
    if (!all.length) return;
    const at = all.findIndex((row) => row.contains(document.activeElement));
    const next = all[Math.max(0, Math.min(all.length - 1, at + by))];
    (next.querySelector("a") || next).focus();
  };
  const keys = {
    "/": () => document.querySelector("[data-search]")?.focus(),
    "?": () => document.getElementById("keys")?.showModal(),
    j: () => move(1),
    k: () => move(-1),
    n: () => document.querySelector('[data-key="n"]')?.click(),
    p: () => document.querySelector('[data-key="p"]')?.click(),
    g: () => { going = true; setTimeout(() => { going = false; }, 1000); },
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && typing(event.target)) { event.target.blur(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (going) {
      going = false;
      const there = { d: "log", w: "work", i: "inbound", r: "registers", c: "charts", a: "audit", p: "people", n: "addresses", f: "referrals", s: "packets", o: "notices" }[event.key];
      const link = there && document.querySelector(`nav a[href="/desk/${there}"]`);
      if (link) { event.preventDefault(); link.click(); }
      return;
    }
    const act = keys[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  // A row opens where it is clicked; its link is what a keyboard reaches.
  document.addEventListener("click", (event) => {
    const row = event.target.closest("[data-row]");
    if (row && !event.target.closest("a, button, input, label, summary") && !getSelection().toString()) row.querySelector("a")?.click();
    for (const open of document.querySelectorAll("details.me[open]")) if (!open.contains(event.target)) open.open = false;
  });
  // Whoever turned the page by keyboard stands on its first row, not at the top of everything.
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "results" && document.activeElement === document.body) move(1);
  });
  // What is new is said by a region that was there before it: `arrived` with the page, `swapped` in a part of it; `news`
  // in a part that looks again by itself, and only where it differs.
  const region = document.getElementById("announced");
  const words = (within, kind) => [...within.querySelectorAll(`[data-announce="${kind}"]`)].map((each) => each.textContent.trim().replace(/\s+/g, " ")).join(" ");
  const tell = (text) => {
    if (!text) return;
    region.textContent = "";
    setTimeout(() => { region.textContent = text; }, 150);
  };
  let news = words(document, "news");
  tell(words(document, "arrived"));
  document.addEventListener("htmx:afterSwap", ({ detail: { target } }) => {
    const now = words(target, "news");
    tell([words(target, "swapped"), now === news ? "" : now].join(" ").trim());
    if (now) news = now;
  });
  for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => print());

  const idle = Number(document.body.dataset.idle || 0);
  if (idle) {
    let last = Date.now();
    for (const what of ["pointermove", "keydown", "scroll", "touchstart"]) addEventListener(what, () => { last = Date.now(); }, { passive: true });
    setInterval(() => {
      if (Date.now() - last < idle * 1000) return;
      document.body.replaceChildren();
      location.replace("/desk/locked?next=" + encodeURIComponent(location.pathname + location.search));
    }, 5000);
    // A page that comes out of the browser's memory after sign-out shows nothing.
    addEventListener("pageshow", (event) => { if (event.persisted) { document.body.replaceChildren(); location.reload(); } });
  }
})();
