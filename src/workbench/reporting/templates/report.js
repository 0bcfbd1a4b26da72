"use strict";
// Conveniences only: without this script every word of the page can be read.
(() => {
  const say = (button, text) => {
    const before = button.textContent;
    button.textContent = text;
    setTimeout(() => { button.textContent = before; }, 1600);
  };
  const byHand = (text) => {
    const area = document.createElement("textarea");
    area.value = text;
    area.readOnly = true;
    area.className = "unseen";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  };
  const copy = async (button, text) => {
    let done = true;
    try { await navigator.clipboard.writeText(text); } catch { done = byHand(text); }
    button.focus();
    say(button, done ? "Copied" : "Not copied");
  };
  // A spreadsheet takes tabs and line ends as cells, and text that begins like a formula as one.
  const inert = (text) => (/^[=+@-]/.test(text) ? "'" + text : text);
  const cell = (td) => {
    if (td.dataset.exact !== undefined) return td.dataset.exact;
    const text = td.textContent.trim().replace(/\s+/g, " ");
    return td.classList.contains("number") && /^-?[\d.,]+%?$/.test(text) ? text : inert(text);
  };
  const tsv = (table) => [...table.rows].map((row) => [...row.cells].map(cell).join("\t")).join("\n");
  for (const button of document.querySelectorAll("[data-copy], [data-copy-text]")) {
    const name = button.dataset.copy ?? button.dataset.copyText;
    const source = document.getElementById(name);
    button.hidden = false;
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", () => copy(button, button.dataset.copy ? tsv(source.querySelector("table")) : source.textContent));
  }
  // A link to something folded away opens it.
  const unfold = () => {
    let name = "";
    try { name = decodeURIComponent(location.hash.slice(1)); } catch { return; }
    const target = name && document.getElementById(name);
    const folded = target && target.closest("details:not([open])");
    if (folded) { folded.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", unfold);
  unfold();
  // The contents list says where the reader is.
  const links = new Map([...document.querySelectorAll(".contents a")].map((a) => [a.getAttribute("href").slice(1), a]));
  const seen = new Set();
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries) entry.isIntersecting ? seen.add(entry.target) : seen.delete(entry.target);
    const first = [...seen].sort((a, b) => a.compareDocumentPosition(b) & 4 ? -1 : 1)[0];
    if (!first) return;
    for (const [name, link] of links) name === first.id ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
  }, { rootMargin: "0px 0px -60% 0px" });
  for (const name of links.keys()) {
    const section = document.getElementById(name);
    if (section && section.tagName === "SECTION") watch.observe(section);
  }
})();
