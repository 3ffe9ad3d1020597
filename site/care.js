// Help for whoever wrote a text about dying or violence: the lines of their country, then where every other is listed.
// The numbers are in helplines.json, with their sources and the years in which they were last seen.

import { make } from "./dom.js";
import { count, languageNow, learn, say } from "./words.js";

learn({
  en: {
    careWhy: "This page only guesses at feelings, and it will not guess here. Nothing of what you wrote is stored. Please talk to somebody, now if you can:",
    careMany: "Texts that sound serious: {texts}. There is no guess for them, and they are not stored. If one is yours, or you know who wrote it, please talk to somebody, now if you can:",
    careDanger: "If somebody is in danger right now, call {emergency}.",
    careLocal: "your local emergency number",
    careDial: "Call {number}",
    careText: "or text {number}",
    careElsewhere: "In any other country, or if a number does not work:",
    careAnywhere: "Help lines by country:",
    careSeen: "Last found in public texts: {year}.",
    careChecked: "Checked: {day}.",
    careWrong: "If this was meant differently, or was a quotation: simply write another text.",
  },
  de: {
    careWhy: "Diese Seite rät Gefühle, und hier rät sie nicht. Von Ihrem Text wird nichts gespeichert. Bitte sprechen Sie mit jemandem, am besten gleich:",
    careMany: "Texte, die ernst klingen: {texts}. Bei ihnen wird nicht geraten, und sie werden nicht gespeichert. Wenn einer von Ihnen ist oder Sie wissen, wer ihn geschrieben hat, sprechen Sie bitte mit jemandem, am besten gleich:",
    careDanger: "Wenn jemand in akuter Gefahr ist, rufen Sie {emergency} an.",
    careLocal: "den örtlichen Notruf",
    careDial: "Anrufen: {number}",
    careText: "oder SMS an {number}",
    careElsewhere: "In jedem anderen Land oder falls eine Nummer nicht geht:",
    careAnywhere: "Hilfe nach Ländern:",
    careSeen: "Zuletzt in öffentlichen Texten gefunden: {year}.",
    careChecked: "Geprüft: {day}.",
    careWrong: "Falls es anders gemeint oder ein Zitat war: Schreiben Sie einfach einen anderen Text.",
  },
});

const NOTHING = { countries: {}, directories: [] }; // when the file does not come
let lines = null;

/** The visitor's country: where the clock says they are, or else what their languages say. */
function countryOf({ countries }) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const here = Object.keys(countries).find((code) => countries[code].zones.includes(zone));
  const regions = navigator.languages.map((tag) => new Intl.Locale(tag).region);
  return here ?? regions.find((code) => Object.hasOwn(countries, code)) ?? null;
}

const phone = (scheme, key, number) => make("a", { href: `${scheme}:${number.replaceAll(" ", "")}` }, say(key, { number }));
const site = ({ name, source }) => make("a", { href: source, target: "_blank", rel: "noopener" }, name);

/** When somebody last compared it with its source, or else the year in which it was last seen anywhere. */
function sayAge({ checked, seen }) {
  if (!checked) return say("careSeen", { year: seen });
  return say("careChecked", { day: new Intl.DateTimeFormat(languageNow(), { dateStyle: "long", timeZone: "UTC" }).format(new Date(checked)) });
}

function item(line) {
  const text = line.text ? [" ", phone("sms", "careText", line.text)] : [];
  return make("li", {}, make("strong", {}, phone("tel", "careDial", line.dial)), ...text, make("br"), site(line), " ", make("span", { className: "quiet" }, sayAge(line)));
}

/** Fills `place` with help lines, in the page's language; `texts`: how many they are for, if not for the only one. */
export async function showCare(place, texts) {
  lines ??= await fetch("helplines.json").then((reply) => reply.json()).catch(() => null);
  const { countries, directories } = lines ?? NOTHING;
  const code = countryOf({ countries });
  const country = countries[code];
  const name = code && new Intl.DisplayNames(languageNow(), { type: "region" }).of(code);
  const paragraph = (...words) => make("p", {}, ...words);
  place.className = "care";
  place.replaceChildren(
    paragraph(texts ? say("careMany", { texts: count(texts) }) : say("careWhy")),
    ...(country ? [make("h2", {}, name), make("ul", {}, ...country.lines.map(item))] : []),
    paragraph(say("careDanger", { emergency: country?.emergency ?? say("careLocal") })),
    ...(directories.length ? [paragraph(say(country ? "careElsewhere" : "careAnywhere"), " ", ...directories.flatMap((one, i) => [i ? ", " : "", site(one)]))] : []),
    ...(texts ? [] : [make("p", { className: "quiet" }, say("careWrong"))]),
  );
}
