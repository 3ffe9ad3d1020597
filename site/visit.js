// The list of this visit's judgements: what was said to what, whether it has arrived, and what can still be done about
// it: say something else, add a second feeling, take it back. One text and its answer are one line, whatever was said of
// it in between, as the service counts it. Sending is outbox.js's work.

import { make, visitStore } from "./dom.js";
import { uuid } from "./outbox.js";
import { learn, say, sayLabel, sayState, sayVerdict } from "./words.js";

learn({
  en: {
    visitEmpty: "None yet.",
    drop: "Discard",
    said: "What it was",
    second: "A second feeling",
    noSecond: "and also …",
    alsoLabel: "and {label}",
    withdrawing: "Taking it back: {verdict} {reason}",
    still: "Still stored: {verdict} {reason}",
  },
  de: {
    said: "Was es war",
    second: "Ein zweites Gefühl",
    noSecond: "und auch …",
    alsoLabel: "und {label}",
    withdrawing: "Wird zurückgenommen: {verdict} {reason}",
    still: "Noch gespeichert: {verdict} {reason}",
  },
});

const NONE = "none";
const MOST = 200; // lines

/**
 * Makes the list inside `list`, with what this tab did before a reload; `told` hears what became of what is taken back.
 * `moved(about, entry)` is told of each new judgement, and what it is about.
 */
export function makeVisit(list, told, labels, outbox, moved) {
  let entries = visitStore.get("visit") ?? [];

  const button = (word, onclick) => make("button", { type: "button", className: "plain", onclick, data: { control: word } }, say(word));

  const option = (value, text, chosen) => make("option", { value, selected: value === chosen }, text);

  const select = (control, chosen, options, onchange) =>
    make("select", { "aria-label": say(control), data: { control }, onchange: (event) => onchange(event.target.value) }, ...options.map(([value, text]) => option(value, text, chosen)));

  /** What can be done about an entry that is on its way or stored. */
  function changes(entry) {
    const { said, second = "" } = entry;
    const all = [...labels, NONE].map((label) => [label, label === NONE ? say("none") : sayLabel(label)]);
    const others = [["", say("noSecond")], ...labels.filter((label) => label !== said).map((label) => [label, say("alsoLabel", { label: sayLabel(label) })])];
    const parts = [select("said", said, all, (label) => judge(entry, label, { second: label === NONE || label === second ? "" : second }))];
    if (said !== NONE) parts.push(select("second", second, others, (label) => judge(entry, said, { second: label })));
    return [...parts, button("withdraw", () => withdraw(entry.id))];
  }

  function item(entry) {
    const { review, said, second, predicted, state } = entry;
    const buttons = {
      refused: () => [button("again", () => again(entry)), button("drop", () => outbox.drop(entry.id))],
      withdrawing: () => [],
    };
    const can = buttons[state] ?? (() => (isMine(entry) ? changes(entry) : []));
    return make(
      "li",
      { data: { label: said, state } },
      make("q", { dir: "auto", lang: "en" }, review),
      make("span", { className: "quiet" }, `${sayVerdict(said, predicted, second)} `, make("span", { className: "state" }, sayState(entry))),
      make("span", { className: "changes" }, ...can()),
    );
  }

  function show() {
    const { activeElement } = document;
    const row = [...list.children].findIndex((child) => child.contains(activeElement));
    const items = entries.map(item);
    list.replaceChildren(...(items.length ? items : [make("li", { className: "quiet" }, say("visitEmpty"))]));
    if (row < 0) return;
    const control = list.children[row]?.querySelector(`[data-control="${activeElement.dataset.control}"]`);
    (control ?? list).focus();
  }

  // A page that the browser had kept as it was does not know what many.js has left to the list since.
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    entries = visitStore.get("visit") ?? [];
    show();
  });

  function keep(next) {
    entries = next.slice(0, MOST);
    visitStore.set("visit", entries);
    show();
  }

  const find = (id) => entries.find((entry) => entry.id === id);

  /** Without a receipt nobody can prove later whose it was; what never left can be taken back all the same. */
  const isMine = ({ receipt, state, after }) => Boolean(receipt || (state === "held" && !after));

  /** Sends what is said of `about` (review, receipt, predicted; id: of the judgement before); returns the entry. */
  function judge(about, said, { second, blind } = {}) {
    const { review, receipt, predicted } = about;
    const before = find(about.id);
    const entry = { id: uuid(), review, receipt, predicted, said, second: second || undefined, state: "held" };
    keep(before ? entries.map((one) => (one === before ? entry : one)) : [entry, ...entries]);
    moved(about, entry);
    // What has not left yet is replaced; of what has, the service counts the last. Then `after` says that taking this
    // one back has to reach the service, also as long as it is held.
    const left = before && !outbox.undo(before.id);
    if (left && before.state !== "saved") outbox.drop(before.id);
    entry.after = before?.after || (left && before.state !== "refused") || undefined;
    outbox.hold({ review, sentiment: said, second: entry.second, judgement: entry.id, receipt, blind });
    return entry;
  }

  /** Sends a refused one again: under a new id where the service has another judgement under the old one. */
  function again(entry) {
    if (entry.failure?.kind === "conflict") judge(entry, entry.said, entry);
    else outbox.retry(entry.id);
  }

  /** Takes a judgement back: at once where it has not left yet, or else by its receipt. */
  function withdraw(id) {
    const { review, receipt, after } = find(id) ?? {};
    if ((after || !outbox.undo(id)) && receipt) outbox.withdraw(id, review, receipt);
  }

  return {
    show,
    judge,
    withdraw,
    all: () => entries,
    /** Whether a judgement can still be taken back. */
    canWithdraw: (id) => isMine(find(id) ?? {}) && find(id).state !== "withdrawing",
    /** Notes a new state of one judgement; `undone` removes it. Its receipt is worth nothing where it was not `proved`. */
    update(id, state, failure, proved = true) {
      const entry = find(id);
      if (!entry) return;
      const reason = failure && { kind: failure.kind, detail: failure.detail };
      const here = list.contains(document.activeElement); // elsewhere it is told elsewhere
      told.textContent = here && state === "undone" ? say("undone") : here && state === "still" ? say("state.still") : "";
      if (state === "undone") keep(entries.filter((one) => one !== entry));
      else keep(entries.map((one) => (one === entry ? { ...one, state, failure: reason, receipt: proved ? one.receipt : undefined } : one)));
    },
  };
}
