// The list of this visit's judgements: what was said to what, and whether it has arrived. Sending is outbox.js's work.

import { make, visitStore } from "./dom.js";
import { say, sayFailure, sayVerdict } from "./words.js";

/** Makes the list inside `list`, with what this tab did before a reload; `outbox` sends a refused one again. */
export function makeVisit(list, outbox) {
  let entries = visitStore.get("visit") ?? [];

  const button = (word, onclick) => make("button", { type: "button", className: "plain", onclick }, say(word));

  function item({ id, review, said, predicted, state, failure }) {
    const words = say(`state.${state === "sending" ? "held" : state}`);
    const reason = state === "refused" && failure ? ` ${sayFailure(failure)}` : "";
    return make(
      "li",
      { data: { label: said, state } },
      make("q", { dir: "auto", lang: "en" }, review),
      make("span", { className: "quiet" }, `${sayVerdict(said, predicted)} `, make("span", { className: "state" }, words + reason)),
      ...(state === "refused" ? [button("again", () => outbox.retry(id)), button("drop", () => outbox.drop(id))] : []),
    );
  }

  function show() {
    const items = entries.map(item);
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
    update(id, state, failure) {
      const reason = failure && { kind: failure.kind, detail: failure.detail };
      if (state === "undone") keep(entries.filter((entry) => entry.id !== id));
      else keep(entries.map((entry) => (entry.id === id ? { ...entry, state, failure: reason } : entry)));
    },
  };
}
