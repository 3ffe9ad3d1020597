// The seven bars, always in the same order; each is also the button that says "this is what I meant".
// What a click means is the caller's business.

import { make } from "./dom.js";
import { percent, sayLabel } from "./words.js";

/** Makes the bars inside `list`; `choose(label)` is called when one is picked. */
export function makeChart(list, labels, choose) {
  const rows = labels.map((label, i) => {
    const key = make("kbd", { "aria-hidden": "true" }, String(i + 1));
    const name = make("span", { className: "name" });
    const share = make("span", { className: "share" });
    const bar = make("span", { className: "bar", "aria-hidden": "true" }, make("span", {}));
    const button = make("button", { type: "button", disabled: true, data: { label }, onclick: () => choose(label) });
    button.append(key, name, bar, share);
    return { label, name, share, bar, button };
  });
  list.replaceChildren(...rows.map(({ button }) => make("li", {}, button)));

  return {
    /** Shows `answer` (null: empty bars); `open` says whether a feeling can be picked, `chosen` which one was. */
    show({ answer, open, chosen, waiting }) {
      list.classList.toggle("waiting", waiting);
      for (const { label, name, share, bar, button } of rows) {
        const score = answer?.scores?.[label];
        name.textContent = sayLabel(label);
        share.textContent = score === undefined ? "" : percent(score);
        bar.style.setProperty("--score", score ?? 0);
        button.disabled = !open;
        button.classList.toggle("top", label === answer?.classification);
        button.setAttribute("aria-pressed", String(label === chosen));
      }
    },
  };
}
