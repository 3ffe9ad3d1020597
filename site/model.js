// What happens inside for one text: the seven probabilities as its words are added one by one (one request with all the
// beginnings of the text), what hiding each word does, and why the model answers or abstains. The picture of the states
// is in states.js.

import { Failure, isPrediction, json, loadConfig, makeApi, patiently } from "./api.js";
import { byId, make, write } from "./dom.js";
import { dropDraft, noteDraft, restoreText, text, wording } from "./text.js";
import { learn, percent, say, sayFailure, sayLabel, translate } from "./words.js";

const MOST = 100; // words: as many texts as one request takes

learn({
  en: {
    tooManyWords: "Please use a text of at most {most} words.",
    answers: "It answers {label}: at {percent} it is surer than the threshold of {threshold}, below which it says nothing.",
    abstains: "It says nothing: the likeliest feeling, {label}, has {percent}, which is under the threshold of {threshold}. Under it, too many answers were wrong on texts that it had not seen.",
    knowsNothing: "It says nothing: it knows none of these words.",
    answersPlain: "It answers {label}, at {percent}.",
  },
  de: {
    modelTitle: "Im Inneren des Modells",
    modelLead: "Das Netz liest einen Text Wort für Wort, in beide Richtungen, und behält in seinem Zustand, was es gelesen hat. Hier sehen Sie, was es nach jedem Wort sagen würde.",
    look: "Hineinschauen",
    growing: "Wort für Wort",
    growingHint: "Jede Spalte: was das Modell zum Text bis zu diesem Wort sagt. Je kräftiger die Farbe, desto sicherer; das stärkste Gefühl ist umrandet.",
    moved: "Was den Ausschlag gab",
    movedHint: "Jedes Wort wird einmal verdeckt: Je dicker die Linie, desto stärker sank die Wahrscheinlichkeit. Gestrichelt: Sie stieg.",
    statesTitle: "Was es in seinem Zustand behält",
    statesHint:
      "Jede Spalte ist ein Token. In den Zeilen des Zustands steht ein kräftigerer Ton für eine höhere Zahl, zwischen −1 und 1. Gezeigt werden von den 128 Zahlen jeder Richtung die acht, die sich bei diesem Text am meisten ändern; für sich allein bedeutet keine etwas. Das Netz fasst alle Spalten auf drei Arten nebeneinander zusammen: durch ihren Mittelwert, durch den größten Wert jeder Zahl und durch Aufmerksamkeit, die die Spalten gewichtet. Die ersten beiden Zeilen zeigen, wie viel bei den letzten beiden Arten aus jeder Spalte kommt.",
    whyTitle: "Warum es antwortet oder schweigt",
    tooManyWords: "Bitte wählen Sie einen Text mit höchstens {most} Wörtern.",
    answers: "Es antwortet {label}: Mit {percent} liegt es über der Schwelle von {threshold}, unter der es schweigt.",
    abstains: "Es schweigt: Das wahrscheinlichste Gefühl, {label}, hat {percent} und liegt damit unter der Schwelle von {threshold}. Darunter waren bei Texten, die es noch nicht kannte, zu viele Antworten falsch.",
    knowsNothing: "Es schweigt: Es kennt keines dieser Wörter.",
    answersPlain: "Es antwortet {label}, mit {percent}.",
  },
});

const whenReady = patiently(loadConfig, { onWait: () => {} });
const at = makeApi(() => whenReady);
let config = null;
let parts = null; // what a first look needs and the page itself does not: {readAs, states, underline, ...}
let seen = null; // {words, steps, whole}: the last text
let asked = null; // AbortController
let told = () => "";

const isSteps = (size) => (reply, labels) => Array.isArray(reply?.predictions) && reply.predictions.length === size && reply.predictions.every((one) => isPrediction(one, labels));

const isWhole = (reply, labels) => parts.isExplained(reply, labels) && (reply.care === true || parts.isInside(reply.inside));

async function loadParts() {
  const [ofStates, ofWords] = await Promise.all([import("./states.js"), import("./why.js")]);
  parts = { ...ofStates, ...ofWords };
}

async function look() {
  const review = wording();
  const words = [...review.matchAll(/\S+/g)];
  told = () => (!words.length ? say("empty") : words.length > MOST ? say("tooManyWords", { most: MOST }) : say("reading"));
  asked?.abort();
  seen = null;
  show();
  if (!words.length || words.length > MOST) return;
  asked = new AbortController();
  const { signal } = asked;
  const onWait = (failure) => {
    told = () => sayFailure(failure, "ask");
    show();
  };
  const ask = (path, is, body) => patiently(() => at(path, is, { ...json(body), signal }), { signal, onWait });
  const reviews = words.map((word) => review.slice(0, word.index + word[0].length));
  try {
    if (!parts) await loadParts();
    const [whole, { predictions }] = await Promise.all([
      ask("getSentiment", isWhole, { review, explain: "inside" }),
      ask("getSentiments", isSteps(words.length), { reviews }),
    ]);
    seen = { words: words.map(String), steps: predictions, whole };
    told = () => (whole.care ? say("care") : "");
    if (whole.care) {
      dropDraft();
      await (await import("./care.js")).showCare(byId("care"));
    }
  } catch (failure) {
    if (signal.aborted) return;
    const known = failure instanceof Failure ? failure : new Failure("server");
    told = () => say("kept", { reason: sayFailure(known) });
  }
  show();
}

function cell(label, { scores, care }) {
  const most = Math.max(...config.labels.map((one) => scores[one]));
  const share = care ? 0 : scores[label];
  const made = make("td", { className: !care && share === most ? "right" : "", title: percent(share) }, make("span", { className: "hidden" }, percent(share)));
  made.style.setProperty("--share", share);
  return made;
}

function table({ words, steps }) {
  const head = words.map((word) => make("th", { scope: "col" }, make("span", { lang: "en" }, word)));
  const rows = config.labels.map((label) => make("tr", { data: { label } }, make("th", { scope: "row" }, sayLabel(label)), ...steps.map((step) => cell(label, step))));
  return make("table", { className: "matrix growing", "aria-labelledby": "growing" }, make("thead", {}, make("tr", {}, make("td", {}), ...head)), make("tbody", {}, ...rows));
}

function sayThreshold({ classification, confidence, scores, model }) {
  const [label] = [...config.labels].sort((a, b) => scores[b] - scores[a]);
  const { card } = config;
  const values = { label: sayLabel(label), percent: percent(scores[label]), threshold: card?.model === model ? percent(card.threshold) : "" };
  if (classification) return say(values.threshold ? "answers" : "answersPlain", { ...values, percent: percent(confidence) });
  const flat = config.labels.every((one) => Math.abs(scores[one] - scores[label]) < 1e-4);
  return flat ? say("knowsNothing") : values.threshold ? say("abstains", values) : say("cannotTellWhy");
}

function show() {
  write(byId("notice"), told());
  const whole = seen?.whole;
  byId("care").hidden = !whole?.care;
  byId("inside").hidden = !whole || Boolean(whole.care);
  if (byId("inside").hidden) return;
  byId("table").replaceChildren(table(seen));
  byId("words").dataset.label = whole.classification ?? "";
  byId("words").replaceChildren(...parts.underline(whole, 0));
  byId("states").hidden = !whole.inside.length;
  byId("states-table").replaceChildren(parts.states(whole.inside));
  write(byId("read-as"), parts.readAs(whole));
  write(byId("threshold"), sayThreshold(whole));
}

const lost = () => byId("lost").classList.add("now");

async function start() {
  document.documentElement.dataset.ready = "";
  byId("later").rel = "stylesheet";
  byId("lost").classList.remove("now"); // it was only slow
  await translate();
  byId("framed").hidden = window.top === window.self;
  if (window.top !== window.self) return;
  try {
    config = await whenReady;
  } catch {
    return lost(); // with a way to try again
  }
  for (const button of document.querySelectorAll("button")) button.disabled = false;
  loadParts().catch(lost);
  restoreText();
  text.addEventListener("input", noteDraft);
  byId("submit").addEventListener("click", look);
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (!event.repeat) look();
  });
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => translate(button.dataset.language).then(show, lost));
  }
}

start();
