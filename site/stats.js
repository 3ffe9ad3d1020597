// The panel "How good is it?": live accuracy and the confusion matrix, of all revisions or of one.

import { byId, make } from "./dom.js";
import { count, percent, say, sayLabel } from "./words.js";

const NONE = "none"; // the API's word for "the model could not tell"

function matrix({ confusion }, labels) {
  const columns = [...labels, NONE];
  const nameOf = (column) => (column === NONE ? say("cannotTellShort") : sayLabel(column));
  const head = columns.map((column) => make("th", { scope: "col" }, make("span", {}, nameOf(column))));
  const rows = labels.map((said) => {
    const row = confusion?.[said] ?? {};
    const total = columns.reduce((sum, column) => sum + (row[column] ?? 0), 0);
    const cells = columns.map((column) => {
      const cell = make("td", { className: column === said ? "right" : "" }, row[column] ? count(row[column]) : "");
      cell.style.setProperty("--share", total ? (row[column] ?? 0) / total : 0);
      return cell;
    });
    return make("tr", { data: { label: said } }, make("th", { scope: "row" }, sayLabel(said)), ...cells);
  });
  return make(
    "table",
    { className: "matrix" },
    make("caption", { className: "quiet" }, say("matrix")),
    make("thead", {}, make("tr", {}, make("td", {}), ...head)),
    make("tbody", {}, ...rows),
  );
}

function headline({ judgements, approved, revised, accuracy }) {
  if (!judgements) return make("p", { className: "headline" }, say("statsEmpty"));
  const judged = approved + revised;
  return make(
    "p",
    { className: "headline" },
    make("strong", {}, accuracy === null ? "–" : percent(accuracy)),
    ` ${say("statsLine", { approved: count(approved), judged: count(judged) })}`,
  );
}

function revisions(stats, chosen, choose) {
  const option = (value, text) => make("option", { value, selected: value === chosen }, text);
  const one = ({ model, accuracy, judgements }) =>
    option(model, `${model} · ${accuracy === null ? "–" : percent(accuracy)} · ${count(judgements)}`);
  return make(
    "p",
    { className: "revision" },
    make("label", { htmlFor: "revision" }, say("revision")),
    " ",
    make(
      "select",
      { id: "revision", onchange: (event) => choose(event.target.value) },
      option("", say("allRevisions", { judgements: count(stats.judgements) })),
      ...stats.models.map(one),
    ),
  );
}

/** Makes the panel; `load()` brings the figures of getStats. */
export function makeStats(panel, labels, load) {
  let stats = null;
  let failed = false;
  let chosen = "";

  function choose(model) {
    chosen = model;
    show();
    byId("revision").focus();
  }

  function show() {
    if (!stats) {
      panel.replaceChildren(make("p", { className: "quiet" }, say(failed ? "statsFailed" : "statsLoading")));
      return;
    }
    const shown = stats.models.find(({ model }) => model === chosen) ?? stats;
    panel.replaceChildren(headline(shown), revisions(stats, chosen, choose), matrix(shown, labels));
    if (failed) panel.append(make("p", { className: "quiet" }, say("statsFailed")));
  }

  async function refresh() {
    try {
      stats = await load();
      failed = false;
    } catch {
      failed = true; // the next refresh tries again
    }
    if (panel.contains(document.activeElement)) return; // not under somebody's hands
    show();
  }

  return { show, refresh };
}
