// Which words moved the model: asked for on request, underlined and told in a sentence. The weights are the service's.

import { isCount, isObject, isPrediction, isText, json, patiently } from "./api.js";
import { byId, make, write } from "./dom.js";
import { learn, percent, say, sayFailure, sayLabel } from "./words.js";

learn({
  en: {
    whyFor: "Most for {label}: {words}.",
    whyAgainst: "Against: {words}.",
    whyNone: "No single word decides it.",
  },
});

/** The words that count, each with its `share` of the strongest weight; a tenth of it is noise, and so is less than 1 %. */
function weigh({ attribution }, least = 0.1) {
  const most = Math.max(0.01, ...attribution.map(({ weight }) => Math.abs(weight)));
  return attribution.map((word) => ({ ...word, share: word.weight / most })).filter(({ share }) => Math.abs(share) >= least);
}

/** The text as nodes, its words underlined as much as they moved the model; those of less than `least` are left out. */
export function underline(reply, least) {
  const characters = [...reply.review]; // code points, as the service counts
  let done = 0;
  const nodes = weigh(reply, least).flatMap(({ text, start, end, share, weight }) => {
    const word = make("u", { className: share < 0 ? "against" : "", title: percent(weight) }, text);
    word.style.setProperty("--share", Math.abs(share));
    const before = characters.slice(done, start).join("");
    done = end;
    return [before, word];
  });
  return [...nodes, characters.slice(done).join("")];
}

function tell(reply) {
  const words = weigh(reply).sort((a, b) => Math.abs(b.share) - Math.abs(a.share));
  const sentence = (key, sign) => {
    const list = new Set(words.filter(({ share }) => share * sign > 0).map(({ text }) => text));
    return list.size ? say(key, { label: sayLabel(reply.classification), words: [...list].slice(0, 3).join(", ") }) : "";
  };
  return `${sentence("whyFor", 1)} ${sentence("whyAgainst", -1)}`.trim() || say("whyNone");
}

const isWord = (word) => isObject(word) && isText(word.text) && Number.isFinite(word.weight) && isCount(word.start) && isCount(word.end);

/** Whether a reply is a prediction with its words' weights; or a text that needs care. */
export const isExplained = (reply, labels) =>
  isPrediction(reply, labels) && (reply.care === true || (Array.isArray(reply.attribution) && reply.attribution.every(isWord)));

/** Wires the button; `at` calls the API. */
export function makeWhy(at) {
  const explain = (review, signal) => at("getSentiment", isExplained, { ...json({ review, explain: true }), signal });
  const [button, text, told] = ["why", "why-text", "why-told"].map(byId);
  let shown = null; // the answer on the page
  let open = null; // what was asked: {answer, controller}, then its reply, and what holds it up

  function show(answer = shown) {
    shown = answer;
    const { reply, failure } = open ?? {};
    const mine = answer && open?.answer === answer;
    button.hidden = !answer?.classification;
    button.setAttribute("aria-expanded", String(Boolean(mine)));
    text.dataset.label = reply?.classification;
    text.replaceChildren(...(!mine ? [] : reply ? underline(reply) : [answer.text]));
    write(told, !mine ? "" : reply ? tell(reply) : failure ? sayFailure(failure, "ask") : say("reading"));
  }

  async function ask() {
    const mine = { answer: shown, controller: new AbortController() };
    const { signal } = mine.controller;
    const onWait = (failure) => {
      mine.failure = failure;
      show();
    };
    open = mine;
    show();
    try {
      mine.reply = await patiently(() => explain(mine.answer.text, signal), { signal, onWait });
      show();
    } catch (failure) {
      onWait(failure);
    }
  }

  button.addEventListener("click", () => {
    const close = open?.answer === shown;
    open?.controller.abort();
    open = null;
    if (close) show();
    else ask();
  });

  return { show };
}
