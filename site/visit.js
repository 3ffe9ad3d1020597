// The list of this visit's judgements: what was said to what, and whether it has arrived. Sending is outbox.js's work.

import { make } from "./dom.js";
import { visitStore } from "./store.js";
import { say, sayVerdict } from "./words.js";

/** Makes the list inside `list`, with what this tab did before a reload. */
export function makeVisit(list) {
  let entries = visitStore.get("visit") ?? [];

  function show() {
    const items = entries.map(({ review, said, predicted, state }) =>
      make(
        "li",
        { data: { label: said, state } },
        make("q", { dir: "auto", lang: "en" }, review),
        make("span", { className: "quiet" }, `${sayVerdict(said, predicted)} `, make("span", { className: "state" }, say(`state.${state === "sending" ? "held" : state}`))),
      ),
    );
    list.replaceChildren(...(items.length ? items : [make("li", { className: "quiet" }, say("visitEmpty"))]));
  }

  function keep(next) {
    entries = next.slice(0, 50);
    visitStore.set("visit", entries);
    show();
  }

  return {
    show,
    add: (entry) => keep([entry, ...entries]),
    /** Notes a new state of one judgement; `undone` removes it. */
    update(id, state) {
      if (state === "undone") keep(entries.filter((entry) => entry.id !== id));
      else keep(entries.map((entry) => (entry.id === id ? { ...entry, state } : entry)));
    },
  };
}
