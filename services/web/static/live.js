// Open pages stay true: what happens to alerts is said, and each part marked data-live is fetched anew.
"use strict";

(() => {
  const light = document.querySelector("[data-live-state]");
  if (!light || !document.querySelector("nav.main")) return; // nobody has signed in: nothing to hear

  const KINDS = ["opened", "updated", "escalated", "deescalated", "corrected", "acknowledged", "resolved", "reopened", "retracted"];
  const LONGEST_ON_SCREEN = 20_000; // milliseconds that a sentence stays
  const SLOW = 60_000; // between two looks where nothing was heard: lateness changes by itself
  const QUICK = 700; // between two looks while something on the page is on its way

  const toasts = document.createElement("div");
  toasts.className = "toasts";
  toasts.setAttribute("role", "status");
  document.body.append(toasts);

  let source = null;
  let lastId = null;
  let waiting = null;

  const mark = (state, text) => {
    light.hidden = false;
    light.dataset.liveState = state;
    light.textContent = text;
  };

  function say(event) {
    const told = JSON.parse(event.data);
    const sentence = told.payload?.data?.sentence;
    if (!sentence || told.inhibited_by) return; // left to a parent's alert, which has said it
    const toast = document.createElement("article");
    const severity = told.payload.data.alert?.severity ?? "info";
    toast.className = `toast toast-${severity}`;
    const head = document.createElement("strong");
    head.textContent = `${told.kind}: ${severity}`;
    const text = document.createElement("p");
    text.textContent = sentence;
    const link = document.createElement("a");
    link.href = `/alerts/${encodeURIComponent(told.alert_id)}`;
    link.textContent = "The alert";
    const close = document.createElement("button");
    close.type = "button";
    close.className = "quiet";
    close.textContent = "Dismiss";
    close.addEventListener("click", () => toast.remove());
    toast.append(head, text, link, close);
    toasts.prepend(toast);
    while (toasts.children.length > 3) toasts.lastElementChild.remove();
    setTimeout(() => toast.matches(":hover, :focus-within") || toast.remove(), LONGEST_ON_SCREEN);
  }

  // What somebody did to a part, done again to what comes in its place: tables sorted, and where they stand.
  function kept(part) {
    const sorts = [...part.querySelectorAll("table.sortable")].map((table) => {
      const heading = table.querySelector("th[aria-sort]");
      return heading && { column: heading.cellIndex, rising: heading.getAttribute("aria-sort") === "ascending" };
    });
    const scrolled = [...part.querySelectorAll(".scroll")].map((box) => box.scrollLeft);
    const open = [...part.querySelectorAll("details")].map((each) => each.open);
    const focused = part.contains(document.activeElement) && part !== document.activeElement ? document.activeElement : null;
    const key = (each) => [each.id, each.getAttribute("href"), each.getAttribute("aria-label"), each.textContent.trim()].join("|");
    const alike = (name, wanted) => [...part.querySelectorAll(name)].filter((each) => key(each) === wanted);
    const wanted = focused && key(focused);
    const place = focused ? alike(focused.localName, wanted).indexOf(focused) : -1;
    return () => {
      part.querySelectorAll("table.sortable").forEach((table, number) => {
        if (sorts[number]) sortBy(table, sorts[number].column, sorts[number].rising);
      });
      part.querySelectorAll(".scroll").forEach((box, number) => { box.scrollLeft = scrolled[number] ?? 0; });
      part.querySelectorAll("details").forEach((each, number) => { each.open = open[number] ?? each.open; });
      if (!focused) return;
      const twins = alike(focused.localName, wanted);
      const next = twins[Math.min(place, twins.length - 1)];
      if (!next) part.tabIndex = -1; // what was focused is gone: the keyboard goes on from its part
      (next ?? part).focus({ preventScroll: true });
    };
  }

  // Fetch this page once more and put its live parts in the place of ours; what somebody is in stays.
  async function refresh() {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    if (answer.redirected && new URL(answer.url).pathname === "/sign-in") return location.assign(answer.url);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live][id]")) {
      const next = fresh.getElementById(part.id);
      if (!next || next.outerHTML === part.dataset.seen) continue;
      if (part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")) continue;
      const seen = next.outerHTML;
      const again = kept(part);
      part.replaceChildren(...next.childNodes);
      part.dataset.liveWhile = next.dataset.liveWhile ?? "";
      part.dataset.seen = seen;
      part.dispatchEvent(new CustomEvent("tonnage:loaded", { bubbles: true }));
      again();
    }
  }

  // Until the next look: short while something is on its way, and as long as its part can wait.
  function pause() {
    const busy = [...document.querySelectorAll("[data-live-while]")].filter((part) => part.dataset.liveWhile);
    return Math.min(SLOW, ...busy.map((part) => Number(part.dataset.liveEach) || QUICK));
  }

  function soon(delay) {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      try { await refresh(); } catch { /* the next look comes anyway; the light says that we are cut off */ }
      if (!document.hidden) soon(pause());
    }, delay);
  }

  // A browser keeps six connections to a host: pages that nobody sees give theirs back.
  function listen() {
    source = new EventSource("/live");
    source.onopen = () => mark("live", "live");
    source.onerror = () => mark("lost", source.readyState === EventSource.CLOSED ? "not live: load again" : "reconnecting");
    for (const kind of KINDS) {
      source.addEventListener(`alert.${kind}`, (event) => {
        if (event.lastEventId === lastId) return;
        lastId = event.lastEventId;
        say(event);
        soon(150);
      });
    }
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      source?.close();
      clearTimeout(waiting);
    } else {
      listen();
      soon(0);
    }
  });
  addEventListener("pagehide", () => source?.close());
  listen();
  soon(pause());
})();
