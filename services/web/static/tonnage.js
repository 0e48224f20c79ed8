// What a page does beyond its HTML: every page reads and works without it.
"use strict";

const each = (selector, act, root = document) => root.querySelectorAll(selector).forEach(act);

// Times: in the viewer's zone, with UTC on hover.
const clock = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
const calendar = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const month = (text) => text.replace("Sept", "Sep"); // as every other month, and as the server writes it
function localTimes(root) {
  each("time[datetime]:not([data-done])", (time) => {
    const at = new Date(time.dateTime);
    time.dataset.done = "";
    time.title = `${time.dateTime.replace("T", " ").replace(/:00Z$|Z$/, "")} UTC`;
    time.textContent = month("day" in time.dataset ? calendar.format(at) : clock.format(at));
    if (!("day" in time.dataset)) time.title += ` (shown in ${zone})`;
  }, root);
}

// Light or dark: the system's choice until the switch is pressed, then this browser's.
function themeSwitch() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  each("[data-theme-switch]", (button) => button.addEventListener("click", () => {
    const root = document.documentElement;
    const now = root.dataset.theme ?? (dark.matches ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* kept for this page alone */ }
  }));
}

// Tables: a heading sorts by its column, numbers as numbers (data-value where the text is for people).
function sortable(root) {
  each("table.sortable:not([data-done])", (table) => {
    table.dataset.done = "";
    each("thead th", (heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        sortBy(table, column, heading.getAttribute("aria-sort") !== "ascending");
      });
    }, table);
  }, root);
}

function sortBy(table, column, rising) {
  const heading = table.tHead.rows[0].cells[column];
  if (!heading) return;
  each("th[aria-sort]", (other) => other.removeAttribute("aria-sort"), table);
  heading.setAttribute("aria-sort", rising ? "ascending" : "descending");
  sortRows(table.tBodies[0], column, rising);
}

function sortRows(body, column, rising) {
  const key = (row) => {
    const cell = row.cells[column];
    const text = cell?.dataset.value ?? cell?.querySelector("time")?.dateTime ?? cell?.textContent.trim() ?? "";
    const number = Number(/^-?\d{1,3}(,\d{3})+$/.test(text) ? text.replaceAll(",", "") : text);
    return text !== "" && !Number.isNaN(number) ? number : text;
  };
  const compared = (a, b) => {
    if (a === "" || b === "") return a === b ? 0 : a === "" ? 1 : -1;
    const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
    return rising ? order : -order;
  };
  [...body.rows].map((row) => [key(row), row]).sort((a, b) => compared(a[0], b[0])).forEach(([, row]) => body.append(row));
}

// Everything above on a part of the page, which may have been loaded anew.
function dress(root) {
  localTimes(root);
  sortable(root);
}

// Menu: where it is wider than the screen it is slid to the page that one is on, and to the link that Tab reaches.
function menu() {
  each("nav.main", (bar) => {
    const slide = (link) => {
      if (link) bar.scrollLeft = link.offsetLeft - bar.offsetLeft - (bar.clientWidth - link.offsetWidth) / 2;
    };
    const wanted = () => bar.querySelector("a:focus") ?? bar.querySelector("[aria-current]");
    new ResizeObserver(() => slide(wanted())).observe(bar); // once at first too
    bar.addEventListener("focusin", (event) => slide(event.target));
  });
}

themeSwitch();
menu();
dress(document);
addEventListener("tonnage:loaded", (event) => dress(event.target ?? document), true);
