// Says so when the page's modules did not arrive, and keeps what was typed for the next try.
// It is no module itself, so that it does not share their fate.
"use strict";

function check() {
  if (document.documentElement.dataset.ready === undefined) document.getElementById("lost").classList.add("now");
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("#lost a")) return;
  event.preventDefault();
  try {
    const { name, value } = document.getElementById("text");
    sessionStorage.setItem(`feelings.${name}`, JSON.stringify({ text: value, from: location.hash })); // where text.js looks for it
  } catch {
    // Storage is switched off: what can be had is the reload alone.
  }
  location.reload();
});

// German has a part of its own. Asked for here, it comes with the others and not after them.
if (navigator.language.startsWith("de")) import("./de.js").catch(() => {});

// Modules delay this event; after it only the words of another language may be on their way.
const soon = () => setTimeout(check, 3_000);
if (document.readyState === "complete") soon();
else addEventListener("load", soon);
