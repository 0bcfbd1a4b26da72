"use strict";
// Filters by typing: a run is shown if it, with its study, has every word. Without this script all runs are shown.
(() => {
  const field = document.getElementById("filter");
  const shown = document.getElementById("shown");
  const studies = [...document.querySelectorAll(".study")].map((section) => {
    const title = section.querySelector("h2").textContent + " " + section.querySelector("code").textContent;
    const runs = [...section.querySelectorAll(".runs > li")];
    return { section, folded: section.querySelector("details"),
             runs: runs.map((li) => ({ li, text: (title + " " + li.textContent).toLowerCase() })) };
  });
  if (!studies.length) return;
  const filter = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { section, folded, runs } of studies) {
      let any = false;
      for (const { li, text } of runs) {
        const match = words.every((word) => text.includes(word));
        if (li.hidden === match) li.hidden = !match;
        if (match) { any = true; count += 1; }
      }
      section.hidden = !any;
      if (folded) folded.open = words.length > 0;
    }
    shown.textContent = words.length ? (count === 1 ? "1 run" : count + " runs") : "";
  };
  document.querySelector(".filter").hidden = false;
  field.addEventListener("input", filter);
  if (field.value) filter();
})();
