// Every word of the page, in English and German, and how numbers are written in each. index.html carries the English
// ones too, for its first paint; a test holds the two together.

import { write } from "./dom.js";
import { deviceStore } from "./store.js";

const en = {
  brand: "Seven feelings",
  language: "Language",
  title: "How does that feel?",
  lead: "Write a sentence or two, in English. A small neural network names one of seven feelings in it, and you say whether it is right.",
  hint: "Enter asks, Shift + Enter starts a new line.",
  ask: "Ask",
  count: "{length} of {limit} characters",
  tooLong: "That is too long for the model: {limit} characters at most.",
  empty: "Please write something first.",
  notEnglish: "This does not look like English. The model reads only English, so its answer will mean little.",

  reading: "Reading …",
  answer: "This sounds like {label}.",
  sure: "{percent} sure · model {model} ·",
  cannotTell: "I can’t tell.",
  cannotTellWhy: "No feeling stands out. Which one is it? · model {model} ·",
  cannotTellShort: "unsure",
  yes: "Yes, {label}",
  chart: "How sure the model is",
  chartIdle: "The seven feelings it knows.",
  chartOpen: "Pick the feeling you meant, or press its number.",
  chartJudged: "Picked the wrong one? Pick again. Once saved, both answers are kept.",

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
  undo: "Undo",
  another: "Write another",
  again: "Try again",
  stop: "Stop",
  link: "Link to this text",
  why: "Which words?",
  whyFor: "Most for {label}: {words}.",
  whyAgainst: "Against: {words}.",
  whyNone: "No single word decides it.",

  "failure.offline": "You are offline.",
  "failure.timeout": "The service took too long to answer.",
  "failure.unreachable": "The service cannot be reached.",
  "failure.throttled": "Too many people are asking at once.",
  "failure.busy": "The service is not ready yet.",
  "failure.server": "Something went wrong in the service.",
  "failure.refused": "The service did not accept this text.",
  "failure.mismatch": "This page and the service do not fit together; reloading the page may help.",
  "ask.offline": "You are offline. I ask as soon as you are back.",
  "ask.busy": "The model is waking up, about a minute. I keep asking.",
  kept: "{reason} Your text is kept.",

  stats: "How good is it?",
  statsLoading: "Counting …",
  statsFailed: "Fresh figures cannot be had right now.",
  statsEmpty: "Nobody has judged an answer yet. Yours would be the first.",
  statsLine: "right: {approved} of {judged} judged answers",
  revision: "Model revision",
  allRevisions: "all · {judgements}",
  matrix: "Rows: what people said. Columns: what the model said. The outlined diagonal is where they agree.",
  download: "Download all judgements (CSV)",
  downloadStarts: "Preparing the file …",
  downloading: "{size} so far …",
  downloaded: "Downloaded: {size}.",
  "download.busy": "The export is busy. Please try again in a moment.",
  tokenTitle: "This download is private",
  tokenLabel: "Its access token",
  tokenUse: "Download",
  tokenWrong: "That token does not open it.",
  cancel: "Cancel",

  visit: "Your judgements on this visit",
  visitEmpty: "None yet.",
  stored: "Only what you judge is stored: the text, the model’s answer and yours. Please leave out names.",
  footer: "An exercise in running a recurrent neural network on AWS.",
  stage: "Stage: {stage}.",
  configFailed: "The page’s settings cannot be read.",

  "label.anger": "anger",
  "label.disgust": "disgust",
  "label.fear": "fear",
  "label.guilt": "guilt",
  "label.joy": "joy",
  "label.sadness": "sadness",
  "label.shame": "shame",
};

const de = {
  brand: "Sieben Gefühle",
  language: "Sprache",
  title: "Wie fühlt sich das an?",
  lead: "Schreiben Sie ein, zwei Sätze auf Englisch. Ein kleines neuronales Netz nennt eines von sieben Gefühlen, und Sie sagen, ob es stimmt.",
  hint: "Enter fragt, Umschalt + Enter beginnt eine neue Zeile.",
  ask: "Fragen",
  count: "{length} von {limit} Zeichen",
  tooLong: "Das ist dem Modell zu lang: höchstens {limit} Zeichen.",
  empty: "Bitte schreiben Sie zuerst etwas.",
  notEnglish: "Das sieht nicht nach Englisch aus. Das Modell liest nur Englisch; seine Antwort wird wenig bedeuten.",

  reading: "Liest …",
  answer: "Das klingt nach {label}.",
  sure: "zu {percent} sicher · Modell {model} ·",
  cannotTell: "Das kann ich nicht sagen.",
  cannotTellWhy: "Kein Gefühl sticht hervor. Welches ist es? · Modell {model} ·",
  cannotTellShort: "unklar",
  yes: "Ja, {label}",
  chart: "Wie sicher das Modell ist",
  chartIdle: "Die sieben Gefühle, die es kennt.",
  chartOpen: "Wählen Sie das gemeinte Gefühl oder drücken Sie seine Zahl.",
  chartJudged: "Verwählt? Wählen Sie noch einmal. Ist schon gespeichert, bleiben beide Antworten.",

  held: "Wird gespeichert: {verdict}",
  saved: "Gespeichert: {verdict}",
  waiting: "Noch nicht gespeichert: {verdict} {reason} Es bleibt auf diesem Gerät und wird von selbst gesendet.",
  refused: "Nicht gespeichert: {verdict} {reason}",
  approvedVerdict: "{said} (Sie stimmen zu).",
  revisedVerdict: "{said} (statt {predicted}).",
  toldVerdict: "{said} (das Modell wusste es nicht).",
  "state.held": "Wird gespeichert …",
  "state.saved": "Gespeichert.",
  "state.waiting": "Noch nicht gespeichert.",
  "state.refused": "Nicht gespeichert.",
  undo: "Rückgängig",
  another: "Noch ein Text",
  again: "Noch einmal",
  stop: "Aufhören",
  link: "Link zu diesem Text",
  why: "Welche Wörter?",
  whyFor: "Am meisten für {label}: {words}.",
  whyAgainst: "Dagegen: {words}.",
  whyNone: "Kein einzelnes Wort entscheidet.",

  "failure.offline": "Sie sind offline.",
  "failure.timeout": "Der Dienst hat zu lange nicht geantwortet.",
  "failure.unreachable": "Der Dienst ist nicht zu erreichen.",
  "failure.throttled": "Gerade fragen zu viele zugleich.",
  "failure.busy": "Der Dienst ist noch nicht bereit.",
  "failure.server": "Im Dienst ist etwas schiefgegangen.",
  "failure.refused": "Der Dienst hat diesen Text nicht angenommen.",
  "failure.mismatch": "Diese Seite und der Dienst passen nicht zusammen; vielleicht hilft es, sie neu zu laden.",
  "ask.offline": "Sie sind offline. Sobald Sie zurück sind, frage ich.",
  "ask.busy": "Das Modell wacht auf, etwa eine Minute. Ich frage weiter.",
  kept: "{reason} Ihr Text bleibt erhalten.",

  stats: "Wie gut ist es?",
  statsLoading: "Wird gezählt …",
  statsFailed: "Neue Zahlen sind gerade nicht zu bekommen.",
  statsEmpty: "Noch hat niemand eine Antwort beurteilt. Ihr Urteil wäre das erste.",
  statsLine: "richtig: {approved} von {judged} beurteilten Antworten",
  revision: "Modellstand",
  allRevisions: "alle · {judgements}",
  matrix: "Zeilen: was Menschen sagten. Spalten: was das Modell sagte. Auf der umrandeten Diagonale sind sie einig.",
  download: "Alle Urteile herunterladen (CSV)",
  downloadStarts: "Die Datei wird vorbereitet …",
  downloading: "{size} bisher …",
  downloaded: "Heruntergeladen: {size}.",
  "download.busy": "Der Export ist gerade beschäftigt. Bitte versuchen Sie es gleich noch einmal.",
  tokenTitle: "Dieser Download ist nicht öffentlich",
  tokenLabel: "Sein Zugangswort",
  tokenUse: "Herunterladen",
  tokenWrong: "Dieses Zugangswort passt nicht.",
  cancel: "Abbrechen",

  visit: "Ihre Urteile bei diesem Besuch",
  visitEmpty: "Noch keine.",
  stored: "Gespeichert wird nur, was Sie beurteilen: der Text, die Antwort des Modells und Ihre. Bitte keine Namen.",
  footer: "Eine Übung, ein rekurrentes neuronales Netz auf AWS zu betreiben.",
  stage: "Stufe: {stage}.",
  configFailed: "Die Einstellungen der Seite sind nicht zu lesen.",

  "label.anger": "Wut",
  "label.disgust": "Ekel",
  "label.fear": "Angst",
  "label.guilt": "Schuld",
  "label.joy": "Freude",
  "label.sadness": "Trauer",
  "label.shame": "Scham",
};

export const languages = { en, de };

function preferred() {
  const kept = deviceStore.get("language");
  const wanted = [kept, ...navigator.languages.map((tag) => tag.slice(0, 2))];
  return wanted.find((tag) => Object.hasOwn(languages, tag)) ?? "en";
}

let language = preferred();

/** The words under `key`, with {names} replaced by `values`. */
export function say(key, values = {}) {
  return languages[language][key].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** A label in words; one that the words do not know (another model) is shown as it is. */
export const sayLabel = (label) => languages[language][`label.${label}`] ?? label;

/** What was recorded, in words: "joy (you corrected sadness)." */
export function sayVerdict(said, predicted) {
  const key = predicted === null ? "toldVerdict" : predicted === said ? "approvedVerdict" : "revisedVerdict";
  return say(key, { said: sayLabel(said), predicted: sayLabel(predicted) });
}

/** Why something failed; `place` ("download") may have words of its own for it. */
export function sayFailure({ kind, detail }, place = "failure") {
  const known = Object.hasOwn(languages[language], `${place}.${kind}`) ? `${place}.${kind}` : `failure.${kind ?? "server"}`;
  return kind === "refused" && detail ? `${say(known)} ${detail}` : say(known);
}

const format = (number, options) => new Intl.NumberFormat(language, options).format(number);
export const percent = (share) => format(share, { style: "percent" });
export const count = (number) => format(number, {});
export function size(bytes) {
  const [divisor, unit] = bytes < 1e6 ? [1e3, "kilobyte"] : [1e6, "megabyte"];
  return format(bytes / divisor, { style: "unit", unit, maximumFractionDigits: 1 });
}

/** Puts the page's standing words into the current language, or first into another one. */
export function translate(to = language) {
  if (to !== language) deviceStore.set("language", to);
  language = to;
  document.documentElement.lang = language;
  document.title = say("brand");
  for (const element of document.querySelectorAll("[data-say]")) {
    write(element, say(element.dataset.say));
  }
  for (const element of document.querySelectorAll("[data-say-label]")) {
    element.setAttribute("aria-label", say(element.dataset.sayLabel));
  }
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === language));
  }
}
