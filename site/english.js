// Whether a text is plainly not English, by its letters and its commonest words. It names no other language.

const ENGLISH = "the and of to in is was were that it he she they my me we you at on with for not but have had be this are when because i i'm";
// German, French, Spanish, Italian, Dutch:
const OTHERS = `der das und ich nicht ist ein eine mich mir wir haben habe auch auf mit zu dem den weil
le les des et je ne pas est une dans mon que qui pour nous avec suis el los las y es un mi por con para no muy está
il gli di che non sono è per mio mia de het een ik niet en van dat mijn maar`;

const english = new Set(ENGLISH.split(" "));
const others = new Set(OTHERS.split(/\s/).filter((word) => !english.has(word)));

/** True only when most letters are not Latin, or foreign small words outnumber English ones. */
export function plainlyNotEnglish(text) {
  const letters = text.match(/\p{L}/gu) ?? [];
  const latin = text.match(/\p{Script=Latin}/gu) ?? [];
  if (letters.length >= 4 && latin.length < letters.length / 2) return true;
  const words = text.toLowerCase().match(/[\p{L}']+/gu) ?? [];
  const foreign = words.filter((word) => others.has(word)).length;
  return foreign >= 2 && foreign > words.filter((word) => english.has(word)).length;
}
