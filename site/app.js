// The page: what is asked, what was answered, what was judged, and which of it is shown now.
// Calls are made in api.js, judgements travel in outbox.js, every word comes from words.js.

import { Failure, loadConfig, makeApi, patiently } from "./api.js";
import { makeChart } from "./chart.js";
import { byId, make, write, writeAround } from "./dom.js";
import { makeDownload } from "./download.js";
import { plainlyNotEnglish } from "./english.js";
import { makeOutbox, uuid } from "./outbox.js";
import { makeStats } from "./stats.js";
import { visitStore } from "./store.js";
import { makeVisit } from "./visit.js";
import { makeWhy } from "./why.js";
import { count, percent, say, sayFailure, sayLabel, sayVerdict, translate } from "./words.js";

const text = byId("text");
const asked = { controller: null, failure: null }; // the question under way, and what holds it up
let config = null;
let answer = null; // the last answer, with `text`: what it was asked about
let problem = null; // () => words, when the last question failed for good
let judged = null; // what was said about `answer`: {id, said, state, failure}
let complaint = null; // "empty" or "tooLong", after a try to ask
let chart = null;
let stats = null;

const whenReady = start();
const api = makeApi(() => whenReady);
const visit = makeVisit(byId("visit"));
const why = makeWhy(api.predict);
const outbox = makeOutbox(api.judge, report);
const download = makeDownload(api.csv, () => Promise.race([outbox.flush(), new Promise((done) => setTimeout(done, 3_000))]));

async function start() {
  const loaded = await patiently(loadConfig, { onWait: () => {} });
  config = loaded;
  chart = makeChart(byId("chart"), config.labels, pick);
  stats = makeStats(byId("stats"), config.labels, api.stats);
  write(byId("stage"), say("stage", { stage: config.stage }));
  outbox.resume();
  stats.refresh();
  setInterval(() => document.visibilityState === "visible" && stats.refresh(), 30_000);
  return config;
}

// --- asking ---

const wording = () => text.value.trim().toWellFormed(); // half a surrogate pair has no UTF-8
const lengthOf = (string) => [...string].length; // in code points, as the service counts
const limit = () => config?.maxReviewCharacters ?? Infinity;

async function ask() {
  const question = wording();
  complaint = !question ? "empty" : lengthOf(question) > limit() ? "tooLong" : null;
  if (complaint) {
    show();
    text.focus();
    return;
  }
  outbox.flush();
  asked.controller?.abort();
  const controller = new AbortController();
  Object.assign(asked, { controller, failure: null });
  [answer, problem, judged] = [null, null, null];
  show();
  try {
    const onWait = (failure) => {
      asked.failure = failure;
      show();
    };
    const reply = await patiently(() => api.predict(question, controller), { signal: controller.signal, onWait });
    answer = { ...reply, text: question };
  } catch (error) {
    if (controller.signal.aborted) return; // stopped, or asked anew
    const failure = error instanceof Failure ? error : new Failure("server");
    problem = () => (config ? say("kept", { reason: sayFailure(failure) }) : say("configFailed"));
  }
  asked.controller = null;
  show();
  moveFocusToAnswer();
}

function stop() {
  asked.controller?.abort();
  asked.controller = null;
  show();
  text.focus();
}

function moveFocusToAnswer() {
  const here = document.activeElement;
  if (here !== document.body && !here.closest(".ask, .chart")) return; // the reader has gone elsewhere
  const shown = shownAnswer();
  if (shown?.classification) byId("yes").focus();
  else if (shown) byId("chart-title").focus(); // the next Tab reaches the first feeling; none is preferred
  else if (problem) byId("again").focus();
}

// --- judging ---

function pick(said) {
  if (judged?.said === said && judged.state !== "refused") return;
  if (judged) outbox.undo(judged.id); // still held: replaced; already sent: both are kept
  const { classification, receipt, text: review } = answer;
  const id = uuid();
  judged = { id, said, state: "held" };
  visit.add({ id, review, said, predicted: classification, state: "held" });
  outbox.hold({ review, sentiment: said, judgement: id, receipt });
  if (document.activeElement === document.body) byId("outcome").focus({ preventScroll: true });
}

function undo() {
  if (judged && outbox.undo(judged.id)) moveFocusToAnswer();
}

function report(id, state, failure) {
  visit.update(id, state);
  if (judged?.id === id) {
    judged = state === "undone" ? null : { ...judged, state, failure };
    show();
  }
  if (state === "saved") stats?.refresh();
}

// --- showing ---

/** The answer, as long as the text in the box is the one it was given for. */
const shownAnswer = () => (answer?.text === wording() ? answer : null);

function showNotice() {
  const length = lengthOf(wording());
  const words = complaint
    ? say(complaint, { limit: count(limit()) })
    : plainlyNotEnglish(text.value)
      ? say("notEnglish")
      : "";
  write(byId("notice"), words);
  write(byId("count"), length >= 0.9 * limit() ? say("count", { length: count(length), limit: count(limit()) }) : "");
  text.setAttribute("aria-invalid", String(Boolean(complaint)));
}

function showSentence(shown) {
  const [sentence, detail] = [byId("sentence"), byId("detail")];
  if (shown?.classification) {
    const label = make("strong", { data: { label: shown.classification } }, sayLabel(shown.classification));
    writeAround(sentence, say("answer"), { label });
    write(detail, say("sure", { percent: percent(shown.confidence), model: shown.model }));
  } else if (shown) {
    write(sentence, say("cannotTell"));
    write(detail, say("cannotTellWhy", { model: shown.model }));
  } else {
    write(sentence, asked.controller ? sayWait(asked.failure) : problem ? problem() : "");
    write(detail, "");
  }
  sentence.classList.toggle("message", !shown);
}

function sayWait(failure) {
  if (!failure) return say("reading");
  return say("kept", { reason: sayFailure(failure, "ask") });
}

function sayOutcome() {
  if (!judged) return "";
  const verdict = sayVerdict(judged.said, answer.classification);
  const key = judged.state === "sending" ? "held" : judged.state;
  return say(key, { verdict, reason: judged.failure ? sayFailure(judged.failure) : "" });
}

function showActions(shown) {
  const open = {
    yes: shown?.classification && !judged,
    undo: shown && judged?.state === "held",
    another: shown && judged,
    again: problem && !asked.controller && !shown,
    stop: asked.failure && asked.controller,
    link: shown,
  };
  const focused = document.activeElement;
  for (const [id, wanted] of Object.entries(open)) byId(id).hidden = !wanted;
  if (shown?.classification) write(byId("yes"), say("yes", { label: sayLabel(shown.classification) }));
  if (shown) byId("link").href = `?text=${encodeURIComponent(shown.text)}`;
  if (focused?.hidden && judged) byId("outcome").focus({ preventScroll: true });
}

function showChart(shown) {
  chart?.show({ answer: shown, open: Boolean(shown), chosen: shown && judged?.said, waiting: Boolean(asked.controller) });
  write(byId("chart-hint"), say(!shown ? "chartIdle" : judged ? "chartJudged" : "chartOpen"));
}

function show() {
  const shown = shownAnswer();
  showNotice();
  showSentence(shown);
  write(byId("outcome"), shown ? sayOutcome() : "");
  showActions(shown);
  why.show(shown);
  showChart(shown);
}

function showAll() {
  show();
  visit.show();
  stats?.show();
  download.show();
  if (config) write(byId("stage"), say("stage", { stage: config.stage }));
}

// --- what people do ---

/** The text to begin with: ?text= of a shared link, or after a reload what was written since. */
function restoreText() {
  const from = location.search;
  const draft = visitStore.get("draft");
  const shared = new URLSearchParams(from).get("text");
  if (draft && draft.from === from) text.value = draft.text;
  else if (shared !== null) text.value = shared;
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.repeat && event.key === "Enter" && !event.shiftKey) event.preventDefault(); // a key held down answers no second question
  else if (event.target === text && event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    ask();
  } else if (event.key === "Escape") undo();
  // Numbers count only where the answer has the focus: no surprises elsewhere.
  else if (event.target.closest(".answer, .chart") && shownAnswer()) {
    const label = config.labels[Number(event.key) - 1];
    if (label) pick(label);
  }
}

text.addEventListener("input", () => {
  complaint = null;
  visitStore.set("draft", { text: text.value, from: location.search });
  show();
});
document.addEventListener("keydown", onKey);
byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
byId("yes").addEventListener("click", () => pick(answer.classification));
byId("undo").addEventListener("click", undo);
byId("again").addEventListener("click", () => (config ? ask() : location.reload()));
byId("stop").addEventListener("click", stop);
byId("another").addEventListener("click", () => {
  outbox.flush();
  text.focus();
  text.select();
});
for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => {
    translate(button.dataset.language);
    showAll();
  });
}
addEventListener("pagehide", () => outbox.flush());
document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && outbox.flush());

restoreText();
translate();
showAll();
whenReady.then(showAll, () => {
  problem = () => say("configFailed");
  show();
});
