// Forms of the pages that change something: questions before what cannot be undone, and the rule builder.
"use strict";

(() => {
  const ask = (button) => !button?.dataset.confirm || confirm(button.dataset.confirm);
  document.addEventListener("submit", (event) => {
    if (!ask(event.submitter)) event.preventDefault();
  });

  // Enter in a field that stands joined to a button presses that button, and not the first one of the form.
  document.addEventListener("keydown", (event) => {
    const button = event.key === "Enter" && event.target.matches(".joined > input") && event.target.parentElement.querySelector("button");
    if (!button) return;
    event.preventDefault();
    button.click();
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy-from]");
    if (!button) return;
    await navigator.clipboard.writeText(document.querySelector(button.dataset.copyFrom).textContent);
    button.textContent = "Copied";
  });

  // A name that was typed once is there the next time, in this browser alone.
  for (const input of document.querySelectorAll("[data-remember]")) {
    const name = `remembered.${input.dataset.remember}`;
    try { input.value = localStorage.getItem(name) ?? input.value; } catch { return; }
    input.addEventListener("change", () => localStorage.setItem(name, input.value));
  }

  // A form that takes a while says so, and for how long; a file that is too large is not even sent.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-long]") || event.defaultPrevented) return;
    const progress = form.querySelector("[data-progress]");
    const elapsed = form.querySelector("[data-elapsed]");
    const began = performance.now();
    progress.hidden = false;
    setInterval(() => { elapsed.textContent = `${elapsed.dataset.words}, ${Math.round((performance.now() - began) / 1000)} s …`; }, 500);
  });
  addEventListener("pageshow", () => document.querySelectorAll("[data-long] [data-progress]").forEach((each) => { each.hidden = true; }));
  document.addEventListener("change", (event) => {
    const most = Number(event.target.dataset?.most);
    if (!most) return;
    const size = event.target.files?.[0]?.size ?? 0;
    event.target.setCustomValidity(size > most ? `It holds ${size.toLocaleString("en-GB")} bytes, and ${most.toLocaleString("en-GB")} may be sent: pack it, or send it in parts.` : "");
    event.target.reportValidity();
  });

  // Parts that take a while are asked for after the page stands.
  for (const part of document.querySelectorAll("[data-load]")) {
    load(part);
  }

  async function load(part) {
    try {
      const answer = await fetch(part.dataset.load);
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const found = fresh.getElementById(part.dataset.part);
      if (!answer.ok || !found) throw new Error(`The server answered ${answer.status}.`);
      part.replaceChildren(...found.childNodes);
    } catch (error) {
      const said = document.createElement("p");
      said.className = "refusal";
      said.setAttribute("role", "alert");
      said.textContent = `This could not be asked. ${error instanceof TypeError ? "The service or the network is away." : error.message} `;
      const again = document.createElement("button");
      again.type = "button";
      again.textContent = "Ask again";
      again.addEventListener("click", () => load(part));
      said.append(again);
      part.replaceChildren(said);
    }
    part.dispatchEvent(new CustomEvent("tonnage:loaded", { bubbles: true }));
  }

  // Every table can be taken along: one that has no file of its own is saved as it stands.
  const cell = (each) => {
    const text = each.dataset.value ?? each.querySelector("time")?.dateTime ?? each.innerText.trim();
    const inert = /^[=+@\t\r]|^-(?!\d)/.test(text) ? `'${text}` : text; // a spreadsheet would run it
    return /[",\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
  };

  function saved(table, name) {
    const lines = [...table.rows].map((row) => [...row.cells].map(cell).join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([`${lines.join("\n")}\n`], { type: "text/csv" }));
    link.download = `${name}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  function exportable(root) {
    for (const box of root.querySelectorAll(".scroll:not([data-export])")) {
      box.dataset.export = "";
      const table = box.querySelector("table");
      const room = box.closest("section") ?? box.parentElement;
      const whole = room.querySelector("h1, h2") ? null : document.querySelector(".page-head .export");
      if (!table || whole || room.querySelector(".export")) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "export under";
      button.textContent = "CSV";
      const title = room.querySelector("h1, h2")?.innerText ?? document.title;
      button.setAttribute("aria-label", `${title}, as CSV`);
      const name = title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, "");
      button.addEventListener("click", () => saved(table, name));
      box.after(button);
    }
  }
  exportable(document);
  addEventListener("tonnage:loaded", (event) => exportable(event.target), true);

  const builder = document.querySelector("form[data-builder]");
  if (!builder) return;
  const TYPING = 250; // milliseconds without a key before the rule is read aloud
  let typing = null;
  let asked = 0;

  async function send(action, submitter) {
    const body = new URLSearchParams(new FormData(builder, submitter));
    const answer = await fetch(action, { method: "POST", body });
    if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  }

  function put(fresh, id) {
    const part = document.getElementById(id);
    const next = fresh.getElementById(id);
    if (!part || !next) return;
    part.replaceChildren(...next.childNodes);
    part.dispatchEvent(new CustomEvent("tonnage:loaded", { bubbles: true }));
  }

  async function read({ reshaped = false, submitter = null } = {}) {
    const mine = ++asked;
    const focused = document.activeElement?.name;
    let fresh;
    try { fresh = await send("/rules/builder", submitter); } catch { return; } // the next key asks again
    if (mine !== asked) return; // typed on meanwhile: a later answer is on its way
    put(fresh, "reading");
    if (!reshaped) return;
    put(fresh, "builder");
    const again = focused && builder.elements.namedItem(focused);
    (again instanceof RadioNodeList ? again[0] : again)?.focus?.();
  }

  builder.addEventListener("input", (event) => {
    if (event.target.closest(".past")) return;
    clearTimeout(typing);
    if (event.target.matches("[data-reshapes]")) read({ reshaped: true });
    else typing = setTimeout(read, TYPING);
  });

  builder.addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (button?.matches("[data-reshapes]")) {
      event.preventDefault();
      read({ reshaped: true, submitter: button });
    } else if (button?.matches("[data-rehearse]")) {
      event.preventDefault();
      const progress = builder.querySelector("[data-progress]");
      const elapsed = builder.querySelector("[data-elapsed]");
      const began = performance.now();
      const clock = setInterval(() => { elapsed.textContent = `replaying the past, ${Math.round((performance.now() - began) / 1000)} s …`; }, 500);
      progress.hidden = false;
      button.disabled = true;
      try {
        const fresh = await send("/rules/rehearse", button);
        for (const id of ["reading", "refusal", "rehearsal"]) put(fresh, id);
        const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
        document.getElementById("rehearsal").scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
      } catch (error) {
        const said = document.createElement("p");
        said.className = "refusal";
        said.setAttribute("role", "alert");
        said.textContent = `Nothing was replayed. ${error.message} Try again; what you typed is still here.`;
        document.getElementById("refusal").replaceChildren(said);
      } finally {
        clearInterval(clock);
        progress.hidden = true;
        button.disabled = false;
      }
    }
  });
})();
