// Every word of the page, in English and German, and how numbers are written in each. index.html carries the English
// ones too, for its first paint; a test holds the two together.

import { deviceStore, write } from "./dom.js";

const en = {
  brand: "Seven feelings",
  language: "Language",
  title: "How does that feel?",
  lead: "Write a sentence or two, in English. A small neural network names one of seven feelings in it, and you say whether it is right.",
  hint: "Enter asks, Shift + Enter starts a new line.",
  ask: "Ask",
  clear: "Clear",
  restore: "Bring back my text",
  examples: "Examples",
  many: "Many texts",
  framed: "This page does not work inside another one. Open it by itself.",
  count: "{length} of {limit} characters",
  tooLong: "That is too long for the model: {limit} characters at most.",
  empty: "Please write something first.",
  notEnglish: "This does not look like English. The model reads only English, so its answer will mean little.",

  reading: "Reading …",
  answer: "This sounds like {label}.",
  sure: "{percent} sure.",
  model: "Model {model} ·",
  modelCard: "Model {model}: right on {right} of the test texts that it answers, which are {answered} ·",
  cannotTell: "I can’t tell.",
  cannotTellWhy: "No feeling stands out.",
  blind: "What would you say?",
  blindWhy: "You first, then the model: every now and then, so that nobody is led by its answer.",
  reveal: "Show me the answer first",
  care: "That sounds serious. You do not have to carry it alone.",
  cannotTellShort: "unsure",
  yes: "Yes, {label}",
  none: "none of these",
  chart: "How sure the model is",
  right: "Is that right?",
  which: "Which one is it?",
  chartIdle: "The seven feelings it knows.",
  chartOpen: "Pick the feeling that was meant.",
  chartJudged: "Picked the wrong one? Pick again. Once saved, both answers are kept.",
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
  "failure.malformed": "The service sent an answer that makes no sense to this page. Some networks ask you to sign in first.",
  "failure.token": "The service asks for a permission that this page does not have.",
  "failure.forbidden": "The service refuses requests from here.",
  "failure.conflict": "The service already has another answer under the same number.",
  "failure.refused": "The service did not accept this text.",
  "failure.mismatch": "This page and the service do not fit together; reloading the page may help.",
  "ask.offline": "You are offline. I ask as soon as you are back.",
  "ask.busy": "The model is waking up, about a minute. I keep asking.",
  kept: "{reason} Your text is kept.",

  stats: "How good is it?",
  statsLoading: "Counting …",
  statsFailed: "Statistics are unavailable right now.",
  statsEmpty: "Nobody has judged an answer yet. Yours would be the first.",
  statsRight: "right: {right} of {answered} judged answers",
  statsInterval: "With this many judgements the true share lies between {low} and {high}.",
  statsAnswered: "It answered {share} of the judged texts ({answered} of {all}).",
  statsTold: "When it could not tell, people most often said: {said}.",
  revision: "Model revision",
  allRevisions: "all · {judgements}",
  matrix: "Rows: what people said. Columns: what the model said. The outlined diagonal is where they agree.",
  matrixShares: "Percent of each row.",
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
  drop: "Discard",
  stored: "Only what you judge is stored: the text, the model’s answer and yours. Please leave out names.",
  help: "Help",
  helpText: "Type a text and press Enter, or tap an example. Then say which feeling it was: with a tap, or with Tab and the numbers 1 to 7, 0 for none. Escape takes back what was not sent yet. The model reads English only, and says so when it cannot tell.",
  privacy: "Privacy",
  privacyText: "Asking stores nothing: the text goes to the model and is not logged. Judging stores the text, the model’s answer, yours and the time, and nothing about you: no cookie, no address, no name. Judgements train the model and can be downloaded by whoever may. A text can be erased by whoever runs this page. What is not sent yet, and the language, are kept in your browser.",
  api: "Use the API",
  copy: "Copy",
  copied: "Copied.",
  selected: "Selected: copy it with your keys.",
  card: "Model card",
  source: "Source code",
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
  clear: "Leeren",
  restore: "Meinen Text zurückholen",
  examples: "Beispiele",
  many: "Viele Texte",
  framed: "Diese Seite funktioniert nicht innerhalb einer anderen. Öffnen Sie sie für sich allein.",
  count: "{length} von {limit} Zeichen",
  tooLong: "Das ist dem Modell zu lang: höchstens {limit} Zeichen.",
  empty: "Bitte schreiben Sie zuerst etwas.",
  notEnglish: "Das sieht nicht nach Englisch aus. Das Modell liest nur Englisch; seine Antwort wird also wenig aussagen.",

  reading: "Liest …",
  answer: "Das klingt nach {label}.",
  sure: "Zu {percent} sicher.",
  model: "Modell {model} ·",
  modelCard: "Modell {model}: Es beantwortet {answered} der Testtexte und liegt dabei in {right} der Fälle richtig ·",
  cannotTell: "Das kann ich nicht einordnen.",
  cannotTellWhy: "Kein Gefühl sticht hervor.",
  blind: "Was würden Sie sagen?",
  blindWhy: "Erst Sie, dann das Modell: ab und zu, damit sich niemand von seiner Antwort leiten lässt.",
  reveal: "Erst die Antwort zeigen",
  care: "Das klingt ernst. Sie müssen damit nicht allein bleiben.",
  cannotTellShort: "unklar",
  yes: "Ja, {label}",
  none: "nichts davon",
  chart: "Wie sicher das Modell ist",
  right: "Stimmt das?",
  which: "Welches Gefühl ist es?",
  chartIdle: "Die sieben Gefühle, die es kennt.",
  chartOpen: "Wählen Sie das Gefühl, das gemeint war.",
  chartJudged: "Verklickt? Wählen Sie einfach noch einmal. Nach dem Speichern bleiben beide Antworten erhalten.",
  undone: "Zurückgenommen.",

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
  another: "Nächster Text",
  again: "Noch einmal versuchen",
  stop: "Abbrechen",
  link: "Link zu diesem Text",
  why: "Welche Wörter?",
  whyFor: "Am meisten für {label}: {words}.",
  whyAgainst: "Dagegen: {words}.",
  whyNone: "Kein einzelnes Wort entscheidet.",

  "failure.offline": "Sie sind offline.",
  "failure.timeout": "Der Dienst antwortet nicht rechtzeitig.",
  "failure.unreachable": "Der Dienst ist nicht erreichbar.",
  "failure.throttled": "Gerade kommen zu viele Anfragen auf einmal.",
  "failure.busy": "Der Dienst ist noch nicht bereit.",
  "failure.server": "Beim Dienst ist etwas schiefgegangen.",
  "failure.malformed": "Mit der Antwort des Dienstes kann diese Seite nichts anfangen. Manche Netze verlangen erst eine Anmeldung.",
  "failure.token": "Der Dienst verlangt eine Berechtigung, die diese Seite nicht hat.",
  "failure.forbidden": "Der Dienst lehnt Anfragen von hier ab.",
  "failure.conflict": "Unter derselben Nummer hat der Dienst schon eine andere Antwort.",
  "failure.refused": "Der Dienst hat diesen Text nicht angenommen.",
  "failure.mismatch": "Diese Seite und der Dienst passen nicht zusammen; vielleicht hilft es, sie neu zu laden.",
  "ask.offline": "Sie sind offline. Sobald Sie zurück sind, frage ich.",
  "ask.busy": "Das Modell wacht auf, etwa eine Minute. Ich frage weiter.",
  kept: "{reason} Ihr Text bleibt erhalten.",

  stats: "Wie gut ist es?",
  statsLoading: "Zahlen werden geladen …",
  statsFailed: "Die Statistik ist gerade nicht verfügbar.",
  statsEmpty: "Noch hat niemand eine Antwort beurteilt. Ihr Urteil wäre das erste.",
  statsRight: "richtig: {right} von {answered} beurteilten Antworten",
  statsInterval: "Bei so vielen Urteilen liegt der wahre Anteil zwischen {low} und {high}.",
  statsAnswered: "Beantwortet hat es {share} der beurteilten Texte ({answered} von {all}).",
  statsTold: "Wenn es nichts sagen konnte, sagten Menschen am häufigsten: {said}.",
  revision: "Modellstand",
  allRevisions: "alle · {judgements}",
  matrix: "Zeilen: was Menschen sagten. Spalten: was das Modell sagte. Auf der umrandeten Diagonale sind sie sich einig.",
  matrixShares: "In Prozent jeder Zeile.",
  download: "Alle Urteile herunterladen (CSV)",
  downloadStarts: "Die Datei wird vorbereitet …",
  downloading: "{size} bisher …",
  downloaded: "Heruntergeladen: {size}.",
  "download.busy": "Der Export ist gerade beschäftigt. Bitte versuchen Sie es gleich noch einmal.",
  tokenTitle: "Dieser Download ist nicht öffentlich",
  tokenLabel: "Zugangstoken",
  tokenUse: "Herunterladen",
  tokenWrong: "Dieses Token stimmt nicht.",
  cancel: "Abbrechen",

  visit: "Ihre Urteile bei diesem Besuch",
  visitEmpty: "Noch keine.",
  drop: "Verwerfen",
  stored: "Gespeichert wird nur, was Sie beurteilen: der Text, die Antwort des Modells und Ihre. Bitte keine Namen.",
  help: "Hilfe",
  helpText: "Schreiben Sie einen Text und drücken Sie Enter, oder tippen Sie auf ein Beispiel. Sagen Sie dann, welches Gefühl es war: durch Antippen oder mit Tab und den Zahlen 1 bis 7, 0 für keines. Escape nimmt zurück, was noch nicht gesendet ist. Das Modell liest nur Englisch und gibt zu, wenn es etwas nicht sagen kann.",
  privacy: "Datenschutz",
  privacyText: "Beim Fragen wird nichts gespeichert: Der Text geht an das Modell und wird nicht protokolliert. Beim Beurteilen werden der Text, die Antwort des Modells, Ihre und die Uhrzeit gespeichert und nichts über Sie: kein Cookie, keine Adresse, kein Name. Mit den Urteilen lernt das Modell, und wer es darf, kann sie herunterladen. Wer diese Seite betreibt, kann einen Text löschen. Was noch nicht gesendet ist und die Sprache bleiben in Ihrem Browser.",
  api: "Die API nutzen",
  copy: "Kopieren",
  copied: "Kopiert.",
  selected: "Markiert: Jetzt können Sie es kopieren.",
  card: "Modellkarte",
  source: "Quelltext",
  footer: "Eine Übung: ein rekurrentes neuronales Netz auf AWS betreiben.",
  stage: "Stufe: {stage}.",
  configFailed: "Die Einstellungen der Seite lassen sich nicht laden.",

  "label.anger": "Wut",
  "label.disgust": "Ekel",
  "label.fear": "Angst",
  "label.guilt": "Schuld",
  "label.joy": "Freude",
  "label.sadness": "Traurigkeit",
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
  return say(key, { said: said === "none" ? say("none") : sayLabel(said), predicted: sayLabel(predicted) });
}

/** Why something failed; `place` ("download") may have words of its own for it. */
export function sayFailure({ kind, detail }, place = "failure") {
  const keys = [`${place}.${kind}`, `failure.${kind}`, "failure.server"];
  const known = keys.find((key) => Object.hasOwn(languages[language], key));
  // Details of the API are in English, and written for people.
  return kind === "refused" && detail && language === "en" ? `${say(known)} ${detail}` : say(known);
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
