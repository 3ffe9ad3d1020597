// The panel "How good is it?": how often the answers were right, of all revisions or of one, and the confusion matrix.
// Every figure comes from the same table, so that they agree with each other.

import { isCount, isObject, isText } from "./api.js";
import { byId, make } from "./dom.js";
import { count, learn, percent, say, sayLabel } from "./words.js";

// Its German words, and those of the other parts, are in de.js.
learn({
  en: {
    statsLoading: "Counting …",
    statsFailed: "Statistics are unavailable right now.",
    statsEmpty: "No answer has been judged yet. Yours would be the first.",
    statsRight: "right: {right} of {answered} judged answers",
    statsInterval: "With this many judgements the true share very likely lies between {low} and {high}.",
    statsAnswered: "It answered {share} of the judged texts ({answered} of {all}).",
    statsTold: "When it could not tell, people most often said: {said}.",
    revision: "Model revision",
    allRevisions: "all · {judgements}",
    matrix: "Rows: what people said. Columns: what the model said. The outlined diagonal is where they agree.",
    matrixShares: "Percent of each row.",
    statsBlind: "Said before seeing the answer: {share} right ({right} of {answered}); after seeing it: {seen}.",
  },
});

const NONE = "none"; // in the table: the model could not tell; or the person said none of these

/** Adds up a confusion matrix (what was said, then what was predicted): {answered, right, abstained, told}. */
function sums(confusion) {
  const cells = Object.entries(confusion).flatMap(([said, row]) => Object.entries(row).map(([predicted, number]) => ({ said, predicted, number })));
  const sum = (is) => cells.filter(is).reduce((total, { number }) => total + number, 0);
  const told = cells.filter(({ predicted, number }) => predicted === NONE && number > 0).sort((a, b) => b.number - a.number);
  return {
    answered: sum(({ predicted }) => predicted !== NONE),
    right: sum(({ said, predicted }) => predicted !== NONE && said === predicted),
    abstained: sum(({ predicted }) => predicted === NONE),
    told,
  };
}

/** Between which shares the true one lies with 95 % certainty (Wilson's score interval). */
export function interval(right, of) {
  const z = 1.96;
  const share = right / of;
  const centre = share + z ** 2 / (2 * of);
  const spread = z * Math.sqrt((share * (1 - share)) / of + z ** 2 / (4 * of ** 2));
  return [centre - spread, centre + spread].map((end) => Math.min(1, Math.max(0, end / (1 + z ** 2 / of))));
}

const sayNone = (label) => (label === NONE ? say("none") : sayLabel(label));

/** What people said without having seen the answer, beside the rest: an answer that is seen leads. */
function blindLine({ blind, seen }) {
  if (!blind?.answered) return [];
  const share = ({ right, answered }) => (answered ? percent(right / answered) : "–");
  const words = say("statsBlind", { share: share(blind), right: count(blind.right), answered: count(blind.answered), seen: share(seen) });
  return [make("p", { className: "quiet" }, words)];
}

function headline({ answered, right, abstained, told }) {
  if (!answered && !abstained) return [make("p", { className: "headline" }, say("statsEmpty"))];
  const lines = [];
  if (answered) {
    const [low, high] = interval(right, answered).map(percent);
    lines.push(make("p", { className: "headline" }, make("strong", {}, percent(right / answered)), ` ${say("statsRight", { right: count(right), answered: count(answered) })}`));
    lines.push(make("p", { className: "quiet" }, say("statsInterval", { low, high })));
  }
  const all = answered + abstained;
  lines.push(make("p", { className: "quiet" }, say("statsAnswered", { share: percent(answered / all), answered: count(answered), all: count(all) })));
  if (told.length) {
    const said = told.slice(0, 3).map((one) => `${sayNone(one.said)} (${percent(one.number / abstained)})`);
    lines.push(make("p", { className: "quiet" }, say("statsTold", { said: said.join(", ") })));
  }
  return lines;
}

function matrix(confusion, labels) {
  const columns = [...labels, NONE];
  const rowsOf = confusion[NONE] ? columns : labels;
  const numbers = rowsOf.flatMap((said) => columns.map((column) => confusion[said]?.[column] ?? 0));
  const shares = Math.max(0, ...numbers) > 99; // longer numbers do not fit on a phone
  const nameOf = (column) => (column === NONE ? say("cannotTellShort") : sayLabel(column));
  const head = columns.map((column) => make("th", { scope: "col" }, make("span", {}, nameOf(column))));
  const rows = rowsOf.map((said) => {
    const row = confusion[said] ?? {};
    const total = columns.reduce((sum, column) => sum + (row[column] ?? 0), 0);
    const cells = columns.map((column) => {
      const number = row[column] ?? 0;
      const words = !number ? "" : shares ? (number / total < 0.005 ? "<1" : String(Math.round((100 * number) / total))) : count(number);
      const cell = make("td", { className: column === said && said !== NONE ? "right" : "", title: number ? count(number) : null }, words);
      cell.style.setProperty("--share", total ? number / total : 0);
      return cell;
    });
    return make("tr", { data: { label: said } }, make("th", { scope: "row" }, sayNone(said)), ...cells);
  });
  return make(
    "table",
    { className: "matrix" },
    make("caption", { className: "quiet" }, `${say("matrix")} ${shares ? say("matrixShares") : ""}`),
    make("thead", {}, make("tr", {}, make("td", {}), ...head)),
    make("tbody", {}, ...rows),
  );
}

function revisions(models, all, chosen, choose) {
  const option = (value, text) => make("option", { value, selected: value === chosen }, text);
  const sizeOf = ({ answered, abstained }) => count(answered + abstained);
  const one = ({ model, confusion }) => {
    const figures = sums(confusion);
    return option(model, `${model} · ${figures.answered ? percent(figures.right / figures.answered) : "–"} · ${sizeOf(figures)}`);
  };
  const select = make("select", { id: "revision", onchange: (event) => choose(event.target.value) }, option("", say("allRevisions", { judgements: sizeOf(all) })), ...models.map(one));
  return make("p", { className: "revision" }, make("label", { htmlFor: "revision" }, say("revision")), " ", select);
}

const everyValue = (object, is) => isObject(object) && Object.values(object).every(is);
const isConfusion = (value) => everyValue(value, (row) => everyValue(row, isCount));
const isQuality = (value) => value === undefined || (isObject(value) && isCount(value.answered) && isCount(value.right));
const isCounts = (value) => isObject(value) && isConfusion(value.confusion) && isQuality(value.blind) && isQuality(value.seen);
const isStats = (reply) => isCounts(reply) && Array.isArray(reply.models) && reply.models.every((one) => isText(one?.model) && isCounts(one));

/** Makes the panel; `at` calls the API. */
export function makeStats(panel, labels, at) {
  let stats = null;
  let failed = false;
  let chosen = "";

  function choose(model) {
    chosen = model;
    show();
    byId("revision").focus();
  }

  function show() {
    const trouble = failed ? [make("p", { className: "quiet" }, say("statsFailed"))] : [];
    if (!stats) {
      panel.replaceChildren(...(failed ? trouble : [make("p", { className: "quiet" }, say("statsLoading"))]));
      return;
    }
    // Judgements without a proven answer of the model say nothing about how good it is.
    const models = stats.models.filter(({ confusion }) => Object.values(confusion).some((row) => Object.values(row).some(Boolean)));
    const one = models.find(({ model }) => model === chosen) ?? stats;
    const { confusion } = one;
    const figures = sums(confusion);
    panel.replaceChildren(...headline(figures), ...blindLine(one), revisions(models, sums(stats.confusion), chosen, choose), matrix(confusion, labels), ...trouble);
  }

  async function refresh() {
    try {
      stats = await at("getStats", isStats, { cache: "no-store" });
      failed = false;
    } catch {
      failed = true; // the next refresh tries again
    }
    if (panel.contains(document.activeElement)) return; // not under somebody's hands
    show();
  }

  return { show, refresh };
}
