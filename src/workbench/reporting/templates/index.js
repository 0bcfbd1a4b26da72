"use strict";
// Filters by typing, or by a button that types: a run is shown if it has every word. Without this script all are shown.
(() => {
  const field = document.getElementById("filter");
  const shown = document.getElementById("shown");
  const folded = document.querySelector("details");
  const runs = [...document.querySelectorAll(".runs > li")].map((li) => (
    { li, text: (li.dataset.words + " " + li.textContent).toLowerCase() }));
  if (!runs.length) return;
  const filter = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { li, text } of runs) {
      const match = words.every((word) => text.includes(word));
      if (li.hidden === match) li.hidden = !match;
      if (match) count += 1;
    }
    if (folded) folded.open = words.length > 0;
    shown.textContent = words.length ? (count === 1 ? "1 run" : count + " runs") : "";
  };
  document.querySelector(".filter").hidden = false;
  field.addEventListener("input", filter);
  for (const button of document.querySelectorAll("[data-filter]")) {
    button.parentElement.hidden = false;
    button.addEventListener("click", () => { field.value = button.dataset.filter; filter(); field.focus(); });
  }
  if (field.value) filter();
})();
