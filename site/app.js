// The page: what is asked, what was answered, what was judged, and which of it is shown now.
// Calls are made in api.js, judgements travel in outbox.js, every word comes from words.js.

import { Failure, isPrediction, json, loadConfig, makeApi, patiently } from "./api.js";
import { makeVerdict, showSentence } from "./answer.js";
import { byId, write } from "./dom.js";
import { canRestore, dropDraft, isStray, noteDraft, replaceText, restoreText, takeShared, text, wording } from "./text.js";
import { count, say, sayFailure, sayVerdict, translate } from "./words.js";

const asked = { controller: null, failure: null, text: "" }; // the question under way, and what holds it up
let config = null;
let answer = null; // the last answer, with `text`: what it was asked about; `blind`: not seen before it is judged
let problem = null; // () => words, when the last question failed for good
let judged = null; // what was said about `answer`: {id, said, state, failure}
let complaint = null; // "empty" or "tooLong", after a try to ask
let verdict = null;
let parts = null; // what a first question does not need, of parts.js

const whenReady = patiently(loadConfig, { onWait: () => {} });
const at = makeApi(() => whenReady);

async function loadParts() {
  const { makeParts } = await import("./parts.js");
  parts = makeParts(at, config, report, moved);
  parts.outbox.resume(parts.visit.all());
  parts.stats.refresh();
  setInterval(() => document.visibilityState === "visible" && parts.stats.refresh(), 30_000);
}

// --- asking ---

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
  if (asked.controller && asked.text === question) return; // it is being asked
  if (shownAnswer() && !judged) return; // it is answered
  parts?.outbox.flush();
  asked.controller?.abort();
  const controller = new AbortController();
  Object.assign(asked, { controller, failure: null, text: question });
  [answer, problem, judged] = [null, null, null];
  show();
  try {
    const onWait = (failure) => {
      asked.failure = failure;
      show();
    };
    const reply = await patiently(() => at("getSentiment", isPrediction, { ...json({ review: question }), signal: controller.signal }), { signal: controller.signal, onWait });
    answer = { ...reply, text: question, blind: !reply.care && Math.random() * (config.blindSample || Infinity) < 1 };
    if (reply.care) await showCare();
  } catch (error) {
    if (controller.signal.aborted) return; // stopped, or asked anew
    const failure = error instanceof Failure ? error : new Failure("server");
    problem = () => (config ? say("kept", { reason: sayFailure(failure) }) : say("configFailed"));
  }
  asked.controller = null;
  show();
  bringIntoView();
}

function stop() {
  asked.controller?.abort();
  asked.controller = null;
  show();
  text.focus();
}

/** On a phone: puts the on-screen keyboard away, and the answer with all of its buttons into view. */
function bringIntoView() {
  if (document.activeElement === text && matchMedia("(pointer: coarse)").matches) text.blur();
  if (shownAnswer() && byId("verdict").getBoundingClientRect().bottom > innerHeight) byId("answer").scrollIntoView();
}

async function showCare() {
  dropDraft();
  const care = await import("./care.js");
  await care.showCare(byId("care"));
}

// --- judging ---

/** Whether the model's answer is kept back until the person has said theirs. */
const isHidden = (shown) => Boolean(shown?.blind && !judged);

function pick(said) {
  if (judged?.said === said && judged.state !== "refused") return;
  const { classification: predicted, receipt, text: review } = answer;
  const blind = (!judged && answer.blind) || undefined;
  parts.visit.judge({ id: judged?.id, review, receipt, predicted }, said, { blind });
  byId("after").focus({ preventScroll: true }); // outside of the buttons: what is typed next judges nothing
}

/** Another judgement of the answer takes the place of the one before, from here or from the list of this visit. */
function moved({ review, receipt }, entry) {
  if (review === answer?.text && receipt === answer.receipt) judged = entry;
}

function undo() {
  parts.visit.withdraw(judged.id);
  byId("after").focus({ preventScroll: true });
}

function report(id, state, failure, proved) {
  parts?.visit.update(id, state, failure, proved);
  if (judged?.id === id) {
    if (state === "undone") answer.blind = false; // it has been seen
    judged = state === "undone" ? null : { ...judged, state, failure };
    if (!judged && !byId("visit").contains(document.activeElement)) write(byId("outcome"), say("undone")); // who is there is told there
    show();
  }
  if (state === "saved") parts?.stats.refresh();
}

// --- showing ---

/** The answer, as long as the text in the box is the one it was given for. */
const shownAnswer = () => (answer?.text === wording() ? answer : null);

function showNotice() {
  const length = lengthOf(wording());
  const words = complaint
    ? say(complaint, { limit: count(limit()) })
    : parts?.plainlyNotEnglish(text.value)
      ? say("notEnglish")
      : "";
  write(byId("notice"), words);
  write(byId("count"), length >= 0.9 * limit() ? say("count", { length: count(length), limit: count(limit()) }) : "");
  text.setAttribute("aria-invalid", String(Boolean(complaint)));
  write(byId("clear"), say(canRestore() ? "restore" : "clear"));
  byId("clear").hidden = !canRestore() && !text.value;
}

function sayOutcome() {
  if (!judged) return "";
  const key = judged.state === "sending" ? "held" : judged.state;
  return say(key, {
    verdict: sayVerdict(judged.said, answer.classification, judged.second),
    reason: judged.failure ? sayFailure(judged.failure, key === "still" ? "withdraw" : "failure") : "",
  });
}

function showActions(shown) {
  const open = {
    undo: shown && judged && parts.visit.canWithdraw(judged.id),
    another: shown && judged,
    again: problem && !asked.controller && !shown,
    stop: asked.failure && asked.controller,
    link: shown && !shown.care,
    care: shown?.care,
    reveal: isHidden(shown),
  };
  for (const [id, wanted] of Object.entries(open)) byId(id).hidden = !wanted;
  if (shown) byId("link").href = `#text=${encodeURIComponent(shown.text)}`;
}

function showVerdict(shown) {
  const judgeable = shown && !shown.care;
  const [title, hint] = !judgeable
    ? ["chart", "chartIdle"]
    : [isHidden(shown) || !shown.classification ? "which" : "right", judged ? "chartJudged" : "chartOpen"];
  verdict?.show({
    answer: judgeable && !isHidden(shown) ? shown : null,
    open: Boolean(judgeable && parts),
    chosen: shown && judged?.said,
    waiting: Boolean(asked.controller),
  });
  write(byId("chart-title"), say(title));
  write(byId("chart-hint"), say(hint));
  document.querySelector(".chart").hidden = Boolean(shown?.care);
}

function show() {
  const shown = shownAnswer();
  showNotice();
  showSentence({
    answer: shown,
    hidden: isHidden(shown),
    card: config?.card,
    otherwise: asked.controller ? (asked.failure ? say("kept", { reason: sayFailure(asked.failure, "ask") }) : say("reading")) : (problem?.() ?? ""),
  });
  if (shown && judged) write(byId("outcome"), sayOutcome());
  else if (!shown || byId("outcome").textContent !== say("undone")) write(byId("outcome"), "");
  showActions(shown);
  parts?.why.show(shown?.care || isHidden(shown) ? null : shown);
  showVerdict(shown);
}

function showAll() {
  show();
  for (const part of ["visit", "stats", "download", "footer"]) parts?.[part].show();
  if (answer?.care) import("./care.js").then((care) => care.showCare(byId("care")));
}

// --- what people do ---

function onInput() {
  complaint = null;
  noteDraft();
  show();
}

function replace(value) {
  const mine = !canRestore() && text.value !== answer?.text && text.value !== text.defaultValue;
  replaceText(value, mine);
  complaint = null;
  show();
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const { key, target, shiftKey, repeat } = event;
  const label = target.closest("#verdict") && !repeat && verdict?.labelOf(key);
  if (key === "Enter" && target === text && !shiftKey) {
    event.preventDefault();
    if (!repeat) ask();
  } else if (key === "Enter" && repeat) event.preventDefault(); // a key held down presses no second button
  else if (key === "Escape" && judged?.state === "held") undo();
  else if (label && shownAnswer() && parts) pick(label); // numbers count only among the verdict's buttons
  else if (isStray(event)) {
    text.focus(); // and the character goes there
    if (judged) text.select();
    else text.setSelectionRange(text.value.length, text.value.length);
  }
}

function listen() {
  text.addEventListener("input", onInput);
  document.addEventListener("keydown", onKey);
  byId("form").addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  byId("clear").addEventListener("click", () => {
    replace(canRestore() ? null : "");
    text.focus();
  });
  byId("examples").addEventListener("click", ({ target }) => {
    if (target.tagName !== "BUTTON") return;
    replace(target.textContent);
    ask();
  });
  byId("reveal").addEventListener("click", () => {
    answer.blind = false;
    show();
  });
  byId("undo").addEventListener("click", undo);
  byId("again").addEventListener("click", () => (config ? ask() : location.reload()));
  byId("stop").addEventListener("click", stop);
  byId("another").addEventListener("click", () => {
    parts.outbox.flush();
    text.focus();
    text.select();
  });
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => translate(button.dataset.language).then(showAll, () => byId("lost").classList.add("now")));
  }
  addEventListener("hashchange", () => {
    takeShared();
    onInput();
  });
  addEventListener("pagehide", () => parts?.outbox.flush());
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && parts?.outbox.flush());
}

function start() {
  document.documentElement.dataset.ready = "";
  byId("lost").classList.remove("now"); // it was only slow
  translate();
  if (window.top !== window.self) {
    byId("framed").hidden = false; // and nothing is enabled: another page may lie over this one
    return;
  }
  for (const button of document.querySelectorAll("button")) button.disabled = false;
  restoreText();
  listen();
  showAll();
  performance.mark("ready");
  whenReady
    .then((loaded) => {
      config = loaded;
      verdict = makeVerdict(byId("chart"), config.labels, pick);
      showAll();
      return loadParts().then(showAll, () => byId("lost").classList.add("now"));
    })
    .catch(() => {
      problem = () => say("configFailed");
      show();
    });
}

start();
