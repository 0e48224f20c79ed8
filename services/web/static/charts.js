// Pictures: what a month says under the pointer or the arrow keys, a picture as PNG, the view of another day.
"use strict";

(() => {
  const EPOCH = 86_400_000; // milliseconds of a day: the slider counts days since 1970
  const PATIENCE = 140; // milliseconds that the slider rests before its day is fetched
  const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
  const spoken = (at) => day.format(at).replace("Sept", "Sep"); // as the server writes it
  const iso = (days) => new Date(days * EPOCH).toISOString().slice(0, 10);
  const days = (text) => Math.round(Date.parse(`${text}T00:00:00Z`) / EPOCH);

  // Reading: one column a month holds its words; they are shown beside it, and spoken through the output.
  function readable(chart) {
    const box = chart.parentElement.querySelector(".reading-box");
    const columns = [...chart.querySelectorAll(".column")];
    if (!box || !columns.length) return;
    let place = -1;
    const show = (next) => {
      columns[place]?.classList.remove("on");
      place = next;
      const column = columns[place];
      box.hidden = !column;
      if (!column) return;
      column.classList.add("on");
      const name = document.createElement("strong");
      name.textContent = column.dataset.month;
      box.replaceChildren(name, ...column.dataset.said.split("|").map((words) => {
        const line = document.createElement("span");
        line.textContent = words;
        return line;
      }));
      const here = column.getBoundingClientRect();
      const plot = chart.parentElement.getBoundingClientRect();
      const left = here.right - plot.left + 8;
      const flips = left + box.offsetWidth > plot.width;
      box.style.left = `${flips ? Math.max(here.left - plot.left - box.offsetWidth - 8, 0) : left}px`;
    };
    chart.addEventListener("pointermove", (event) => show(columns.indexOf(event.target)));
    chart.addEventListener("pointerleave", () => show(-1));
    chart.addEventListener("blur", () => show(-1));
    chart.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      const ends = { Home: 0, End: columns.length - 1, Escape: -1 };
      if (step === undefined && !(event.key in ends)) return;
      event.preventDefault();
      if (step === undefined) return show(ends[event.key]);
      show(place < 0 ? columns.length - 1 : Math.min(Math.max(place + step, 0), columns.length - 1));
    });
  }

  // A picture as PNG, twice its size on the screen: drawn from the SVG with the colours that it is shown in.
  const DRAWN = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "paint-order", "font-size", "font-weight", "font-family"];
  async function asPng(button) {
    const chart = button.closest("section, article, main").querySelector("svg.chart:not(.spark)");
    const { width, height } = chart.viewBox.baseVal;
    const copy = chart.cloneNode(true);
    const shown = [chart, ...chart.querySelectorAll("*")];
    [copy, ...copy.querySelectorAll("*")].forEach((node, place) => {
      const style = getComputedStyle(shown[place]);
      for (const name of DRAWN) node.setAttribute(name, style.getPropertyValue(name));
    });
    copy.setAttribute("width", width);
    copy.setAttribute("height", height);
    const picture = new Image();
    picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
    await picture.decode();
    const margin = 20, head = 44, scale = 2, row = 20;
    const canvas = document.createElement("canvas");
    const pen = canvas.getContext("2d");
    const page = getComputedStyle(document.body);
    const small = `13px ${page.fontFamily}`;
    pen.font = small;
    const key = flagged(chart).flatMap(([number, words]) => wrapped(pen, `${number}  ${words}`, width));
    const foot = key.length ? key.length * row + 10 : 0;
    canvas.width = (width + 2 * margin) * scale;
    canvas.height = (height + head + foot + 2 * margin) * scale;
    pen.scale(scale, scale);
    pen.fillStyle = getComputedStyle(chart.closest(".panel") ?? document.body).backgroundColor;
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.fillStyle = page.color;
    pen.font = `600 17px ${page.fontFamily}`;
    pen.fillText(button.dataset.title, margin, margin + 18, width);
    pen.drawImage(picture, margin, margin + head, width, height);
    pen.font = small;
    key.forEach((line, place) => pen.fillText(line, margin, margin + head + height + 10 + row * (place + 0.7)));
    const link = document.createElement("a");
    link.download = `${button.dataset.png}.png`;
    link.href = canvas.toDataURL("image/png");
    link.click();
  }

  // What the numbered flags of a picture mean: outside its page they are nothing without their words.
  function flagged(chart) {
    const marks = [...chart.querySelectorAll(".flag-number")];
    return marks.map((mark) => [mark.textContent, mark.parentElement.querySelector("title").textContent]);
  }

  function wrapped(pen, text, width) {
    const lines = [""];
    for (const word of text.split(" ")) {
      const longer = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
      if (!lines.at(-1) || pen.measureText(longer).width <= width) lines[lines.length - 1] = longer;
      else lines.push(`    ${word}`);
    }
    return lines;
  }

  async function copyLink(button) {
    const before = button.textContent;
    try {
      await navigator.clipboard.writeText(new URL(button.dataset.copy, location.href).href);
      button.textContent = "Copied";
    } catch {
      history.replaceState(null, "", button.dataset.copy);
      button.textContent = "It is in the address bar";
    }
    setTimeout(() => { button.textContent = before; }, 2_500);
  }

  // Another view of this page: its part data-view is fetched and put in place; the address follows.
  let asked = 0;
  async function swap(address, { push = true } = {}) {
    const part = document.querySelector("[data-view]");
    const mine = ++asked;
    part.setAttribute("aria-busy", "true");
    let answer, text;
    try {
      answer = await fetch(address, { headers: { Accept: "text/html" } });
      text = await answer.text();
    } catch {
      if (mine === asked) cutOff(part);
      return;
    }
    if (mine !== asked) return; // a later day was asked for meanwhile
    if (!answer.ok || answer.redirected) return location.assign(address);
    const fresh = new DOMParser().parseFromString(text, "text/html");
    const held = document.activeElement?.closest("[data-view]") && focusable(document.activeElement);
    part.replaceChildren(...fresh.querySelector("[data-view]").childNodes);
    part.removeAttribute("aria-busy");
    document.title = fresh.title;
    if (push) history.pushState({ view: true }, "", address);
    dress(part);
    if (held) document.querySelector(held)?.focus({ preventScroll: true });
    part.dispatchEvent(new CustomEvent("tonnage:loaded", { bubbles: true }));
  }

  // Nothing came: what stands here is the view of before, and that is said until another one comes.
  function cutOff(part) {
    part.removeAttribute("aria-busy");
    const said = part.querySelector("[data-cut-off]") ?? document.createElement("p");
    said.dataset.cutOff = "";
    said.className = "refusal";
    said.setAttribute("role", "alert");
    said.textContent = "That view could not be fetched: the service or the network is away. What stands here is the view of before. Try again.";
    part.prepend(said);
  }

  const focusable = (element) => {
    if (element.id) return `#${element.id}`;
    for (const name of ["data-news", "aria-label"]) {
      if (element.hasAttribute(name)) return `[${name}="${CSS.escape(element.getAttribute(name))}"]`;
    }
    return null;
  };

  function slider(form) {
    const range = form.querySelector("[data-as-of]");
    const date = form.querySelector("input[type=date]");
    const news = (form.querySelector("[data-news-days]")?.dataset.newsDays ?? "").split(" ").filter(Boolean).map(days);
    let resting = null;
    const address = (value) => {
      const query = new URLSearchParams(new FormData(form));
      if (value >= Number(range.max)) query.delete("as_of");
      else query.set("as_of", iso(value));
      return `${form.getAttribute("action")}?${query}`;
    };
    const go = (value, wait) => {
      range.value = value;
      date.value = iso(value);
      range.setAttribute("aria-valuetext", spoken(new Date(value * EPOCH)));
      clearTimeout(resting);
      resting = setTimeout(() => swap(address(value)), wait);
    };
    range.addEventListener("input", () => go(Number(range.value), PATIENCE));
    date.addEventListener("change", () => date.value && go(days(date.value), 0));
    form.addEventListener("submit", (event) => { event.preventDefault(); if (date.value) go(days(date.value), 0); });
    form.querySelectorAll("[data-news]").forEach((button) => button.addEventListener("click", () => {
      const now = days(date.value);
      const back = button.dataset.news === "-1";
      const next = back ? news.filter((each) => each < now).at(-1) : news.find((each) => each > now);
      go(next ?? (back ? now : Number(range.max)), 0);
    }));
  }

  function dress(root) {
    root.querySelectorAll("svg.chart:not(.spark)").forEach(readable);
    root.querySelectorAll(".plot").forEach((plot) => { plot.scrollLeft = plot.scrollWidth; }); // the last months first
    root.querySelectorAll("[data-slider]").forEach(slider);
    root.querySelectorAll("[data-png]").forEach((button) => button.addEventListener("click", () => asPng(button)));
    root.querySelectorAll("[data-copy]").forEach((button) => button.addEventListener("click", () => copyLink(button)));
    root.querySelectorAll("a[data-swap]").forEach((link) => link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      swap(link.href);
    }));
    root.querySelectorAll("a[role=switch]").forEach((link) => link.addEventListener("keydown", (event) => {
      if (event.key !== " ") return;
      event.preventDefault(); // a switch is pressed by the space bar, and the page stays where it is
      link.click();
    }));
  }

  // A forecast that was being made when the page came stands on it once it is made.
  const made = () => document.querySelector("#work progress") === null;
  let waiting = !made();
  addEventListener("tonnage:loaded", (event) => {
    if (event.target.id !== "work") return;
    if (waiting && made()) swap(location.href, { push: false });
    waiting = !made();
  }, true);

  dress(document);
  if (document.querySelector("[data-view]")) addEventListener("popstate", () => swap(location.href, { push: false }));
})();
