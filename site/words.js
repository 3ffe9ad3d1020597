// What the page says, in English and German, and how numbers are written in each. English words that always stand in the
// page are in its HTML; German ones are in de.js, which only its readers load.

import { deviceStore, write } from "./dom.js";

const en = {
  brand: "Seven feelings",
  clear: "Clear",
  restore: "Bring back my text",
  count: "{length} of {limit} characters",
  tooLong: "That is too long for the model: {limit} characters at most.",
  empty: "Please write something first.",
  notEnglish: "This does not look like English. The model reads only English, so its answer will mean little.",

  reading: "Reading …",
  answer: "This sounds like {label}.",
  sure: "{percent} sure.",
  model: "Model {model}",
  modelCard: "Model {model}: answers {answered} of the test texts, and is right on {right} of those.",
  cannotTell: "I can’t tell.",
  cannotTellWhy: "No feeling stands out.",
  blind: "What would you say?",
  blindWhy: "You first, then the model: every now and then, so that nobody is led by its answer.",
  care: "That sounds serious. You do not have to carry it alone.",
  cannotTellShort: "unsure",
  yes: "Yes, {label}",
  none: "none of these",
  chart: "How sure the model is",
  right: "Is that right?",
  which: "Which one is it?",
  chartIdle: "The seven feelings it knows.",
  chartOpen: "Pick the feeling that was meant.",
  chartJudged: "Picked the wrong one? Pick again: the last one counts.",
  undone: "Taken back.",

  held: "Saving: {verdict}",
  saved: "Saved: {verdict}",
  waiting: "Not saved yet: {verdict} {reason} It is kept on this device and sent by itself.",
  refused: "Not saved: {verdict} {reason}",
  approvedVerdict: "{said} (you agreed).",
  revisedVerdict: "{said} (you corrected {predicted}).",
  toldVerdict: "{said} (the model could not tell).",
  "state.held": "Saving …",
  "state.saved": "Saved.",
  "state.waiting": "Not saved yet.",
  "state.refused": "Not saved.",
  withdraw: "Take back",
  "state.withdrawing": "Taking it back …",
  "state.still": "Still stored.",
  "withdraw.forbidden": "The service does not accept the proof that it is yours. Whoever runs this page can erase it.",
  again: "Try again",

  "failure.offline": "You are offline.",
  "failure.timeout": "The service took too long to answer.",
  "failure.unreachable": "The service cannot be reached.",
  "failure.throttled": "Too many people are asking at once.",
  "failure.busy": "The service is not ready yet.",
  "failure.server": "Something went wrong in the service.",
  "failure.malformed": "The service sent an answer that makes no sense to this page. Some networks ask you to sign in first.",
  "failure.token": "The service asks for a permission that this page does not have.",
  "failure.forbidden": "The service refuses requests from here.",
  "failure.conflict": "The service already has another answer under the same number.",
  "failure.erased": "This text was erased meanwhile, or the judgement taken back. Ask again to judge it anew.",
  "failure.refused": "The service did not accept this text.",
  "failure.mismatch": "This page and the service do not fit together; reloading the page may help.",
  "ask.offline": "You are offline. I ask as soon as you are back.",
  "ask.busy": "The model is waking up, about a minute. I keep asking.",
  kept: "{reason} Your text is kept.",
  configFailed: "The page’s settings cannot be read.",

  "label.anger": "anger",
  "label.disgust": "disgust",
  "label.fear": "fear",
  "label.guilt": "guilt",
  "label.joy": "joy",
  "label.sadness": "sadness",
  "label.shame": "shame",
};

export const languages = { en, de: {} };

// What stands in the page is English as long as nothing has been translated.
for (const element of document.querySelectorAll("[data-say], [data-say-label]")) {
  const { say: text, sayLabel: label } = element.dataset;
  if (text) en[text] ??= element.textContent;
  if (label) en[label] ??= element.getAttribute("aria-label");
}

function preferred() {
  const kept = deviceStore.get("language");
  const wanted = [kept, ...navigator.languages.map((tag) => tag.slice(0, 2))];
  return wanted.find((tag) => Object.hasOwn(languages, tag)) ?? "en";
}

let language = preferred();

async function load(tag) {
  if (tag === "de" && !languages.de.brand) Object.assign(languages.de, (await import("./de.js")).de);
}

// Who reads German sees none of it in English first; should it not come, English is better than nothing.
await load(language).catch(() => (language = "en"));

/** The words under `key`, with {names} replaced by `values`. */
export function say(key, values = {}) {
  return languages[language][key].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** A label in words; one that the words do not know (another model) is shown as it is. */
export const sayLabel = (label) => languages[language][`label.${label}`] ?? label;

/** What was recorded, in words: "joy (you corrected sadness)." or "joy + guilt (you agreed)." */
export function sayVerdict(said, predicted, second) {
  const key = predicted === null ? "toldVerdict" : [said, second].includes(predicted) ? "approvedVerdict" : "revisedVerdict";
  const words = [said, second].filter(Boolean).map((label) => (label === "none" ? say("none") : sayLabel(label)));
  return say(key, { said: words.join(" + "), predicted: sayLabel(predicted) });
}

/** Why something failed; `place` ("download") may have words of its own for it. */
export function sayFailure({ kind, detail }, place = "failure") {
  const keys = [`${place}.${kind}`, `failure.${kind}`, "failure.server"];
  const known = keys.find((key) => Object.hasOwn(languages[language], key));
  // Details of the API are in English, and written for people.
  return kind === "refused" && detail && language === "en" ? `${say(known)} ${detail}` : say(known);
}

/** Where a judgement is on its way, and why it did not get there. */
export function sayState({ state, failure }) {
  const place = { refused: "failure", still: "withdraw" }[state];
  return `${say(`state.${state === "sending" ? "held" : state}`)} ${place && failure ? sayFailure(failure, place) : ""}`.trim();
}

const format = (number, options) => new Intl.NumberFormat(language, options).format(number);
export const percent = (share) => format(share, { style: "percent" });
export const count = (number) => format(number, {});
export function size(bytes) {
  const [divisor, unit] = bytes < 1e6 ? [1e3, "kilobyte"] : [1e6, "megabyte"];
  return format(bytes / divisor, { style: "unit", unit, maximumFractionDigits: 1 });
}

/** Adds words that only some pages or parts have: {en: {key: text}, de: {...}}. */
export function learn(more) {
  for (const [tag, words] of Object.entries(more)) Object.assign(languages[tag], words);
}

/** The language now: "en" or "de". */
export const languageNow = () => language;

/** Puts the page's standing words into the current language, or first into another one. */
export async function translate(to = language) {
  if (to !== language) {
    await load(to);
    deviceStore.set("language", to);
  }
  language = to;
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-say]")) {
    write(element, say(element.dataset.say));
  }
  for (const element of document.querySelectorAll("[data-say-label]")) {
    element.setAttribute("aria-label", say(element.dataset.sayLabel));
  }
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === language));
  }
  // A page beside the first has its own name before that of all, so that tabs can be told apart.
  document.title = [document.querySelector(".many h1")?.textContent, say("brand")].filter(Boolean).join(" · ");
}
