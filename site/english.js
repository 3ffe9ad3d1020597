// Whether a text is plainly not English, by its letters and its commonest words. It names no other language.

const ENGLISH = "the and of to in is was were that it he she they my me we you at on with for not but have had be this are when because i i'm";
const OTHERS =
  "der die das und ich nicht ist ein eine mich mir wir haben habe auch auf mit zu dem den weil " + // German
  "le les des et je ne pas est une dans mon que qui pour nous avec suis " + // French
  "el los las y que es un una mi por con para no muy está " + // Spanish
  "il gli di che non sono è per mio mia " + // Italian
  "de het een ik niet en van dat mijn maar"; // Dutch

const english = new Set(ENGLISH.split(" "));
const others = new Set(OTHERS.split(" ").filter((word) => !english.has(word) && word !== "no" && word !== "die"));

/** True only when there is good reason: most letters are not Latin, or foreign small words outnumber English ones. */
export function plainlyNotEnglish(text) {
  const letters = text.match(/\p{L}/gu) ?? [];
  const latin = text.match(/\p{Script=Latin}/gu) ?? [];
  if (letters.length >= 4 && latin.length < letters.length / 2) return true;
  const words = text.toLowerCase().match(/[\p{L}']+/gu) ?? [];
  const foreign = words.filter((word) => others.has(word)).length;
  return foreign >= 2 && foreign > words.filter((word) => english.has(word)).length;
}
