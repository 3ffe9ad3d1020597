// Whether a text is plainly not English, by its letters and its commonest words. It names no other language.

const ENGLISH = "the and of to in is was were that it he she they my me we you at on with for not but have had be this are when because i i'm";
// German, French, Spanish, Italian, Dutch; none that English has too ("an", "son", "war", "die", "pour").
const OTHERS = `der das und ich nicht ist ein eine einen mich mir wir haben habe hat auch auf mit zu dem den weil bin bist sind sehr du er es sie
dass meine mein meinen heute gestern wurde über für aber noch wenn immer traurig glücklich
le les des et je j'ai c'est ne pas est une dans mon que qui nous vous avec suis ai ma mes très quand il elle était sur tout plus
el los las y un mi por con para muy está estoy porque cuando él ella
gli di che non sono è per mio mia sono molto perché quando ho
de het een ik niet en van dat mijn maar heb`;

const english = new Set(ENGLISH.split(" "));
const others = new Set(OTHERS.split(/\s/).filter((word) => !english.has(word)));

/** True only when most letters are not Latin, or foreign small words outnumber English ones. */
export function plainlyNotEnglish(text) {
  const letters = text.match(/\p{L}/gu) ?? [];
  const latin = text.match(/\p{Script=Latin}/gu) ?? [];
  if (letters.length >= 4 && latin.length < letters.length / 2) return true;
  const words = text.toLowerCase().replaceAll("’", "'").match(/[\p{L}'’]+/gu) ?? [];
  const foreign = words.filter((word) => others.has(word)).length;
  const own = words.filter((word) => english.has(word)).length;
  return foreign > own && (foreign >= 2 || (own === 0 && words.length >= 3 && /[^\p{ASCII}’]/u.test(text)));
}
