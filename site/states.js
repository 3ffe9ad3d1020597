// The network's states over one text as a picture: a column for each token, a row for each number that is shown, and how
// much of the summary comes from each token. What the service sends is described in its API.

import { isCount, isObject, isShare, isText } from "./api.js";
import { make } from "./dom.js";
import { count, learn, percent, say } from "./words.js";

learn({
  en: {
    attention: "attention",
    maxima: "greatest values",
    forwards: "forwards {number}",
    backwards: "backwards {number}",
    readAs: "Read as: {changes}.",
    "token.<allcaps>": "(capitals)",
    "token.<elong>": "(stretched)",
    "token.<unk>": "(unknown)",
  },
  de: {
    attention: "Aufmerksamkeit",
    maxima: "größte Werte",
    forwards: "vorwärts {number}",
    backwards: "rückwärts {number}",
    readAs: "Gelesen als: {changes}.",
    "token.<allcaps>": "(Großschreibung)",
    "token.<elong>": "(gedehnt)",
    "token.<unk>": "(unbekannt)",
  },
});

const isStep = (step) =>
  isObject(step) && isText(step.token) && isCount(step.start) && isCount(step.end) && [step.attention, step.maxima].every(isShare) && Array.isArray(step.states) && step.states.every((one) => typeof one === "number" && Math.abs(one) <= 1);

/** Whether that is what the service says of the inside. */
export const isInside = (inside) => Array.isArray(inside) && inside.every(isStep) && inside.every((step) => step.states.length === inside[0].states.length);

const MARKS = ["<allcaps>", "<elong>", "<unk>"]; // of the vocabulary; other models may have others
const sayToken = (token) => (MARKS.includes(token) ? say(`token.${token}`) : token);

function row(name, values, share, words) {
  const cells = values.map((value) => {
    const cell = make("td", { title: words(value) }, make("span", { className: "hidden" }, words(value)));
    cell.style.setProperty("--share", share(value));
    return cell;
  });
  return make("tr", {}, make("th", { scope: "row" }, name), ...cells);
}

/** The picture, as a table that can be read out too. */
export function states(inside) {
  const half = (inside[0]?.states.length ?? 0) / 2;
  const most = (key) => Math.max(...inside.map((step) => step[key]));
  const share = (key) => row(say(key), inside.map((step) => step[key]), (value) => value / most(key), percent);
  const number = (side, i) => row(say(side, { number: i + 1 }), inside.map((step) => step.states[side === "forwards" ? i : half + i]), (value) => (value + 1) / 2, count);
  const head = inside.map(({ token }) => make("th", { scope: "col" }, make("span", { lang: "en" }, sayToken(token))));
  const sides = ["forwards", "backwards"].map((side) => make("tbody", {}, ...Array.from({ length: half }, (_, i) => number(side, i))));
  const summary = make("tbody", {}, share("attention"), share("maxima"));
  return make("table", { className: "matrix growing states", "aria-labelledby": "states-title" }, make("thead", {}, make("tr", {}, make("td", {}), ...head)), summary, ...sides);
}

/** How the model read the text where that differs from what was typed: corrections, capitals, unknown words. */
export function readAs({ review, inside }) {
  const characters = [...review]; // code points, as the service counts
  const places = Map.groupBy(inside, ({ start, end }) => characters.slice(start, end).join(""));
  const changes = [...places].map(([typed, steps]) => [typed, [...new Set(steps.map(({ token }) => sayToken(token)).filter((token) => !/^[.,!?]$/.test(token)))].join(" ")]);
  const told = changes.filter(([typed, read]) => read && typed.toLowerCase() !== read);
  return told.length ? say("readAs", { changes: told.map((pair) => pair.join(" → ")).join(", ") }) : "";
}
