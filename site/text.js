// The box in which people write: what stands in it at the beginning, what is kept of it, and how to get it back. Each page
// has one, and keeps what stands in it under the box's name.

import { byId, visitStore } from "./dom.js";

export const text = byId("text");

let replaced = null; // what stood in the box before it was cleared

/** Whether there is something that `clear` would bring back. */
export const canRestore = () => replaced !== null;

/** The text as it is asked about; half a surrogate pair has no UTF-8. */
export const wording = () => text.value.trim().toWellFormed();

/** Keeps what is written for a reload of the page. */
export function noteDraft() {
  replaced = null;
  visitStore.set(text.name, { text: text.value, from: location.hash });
}

/** Keeps nothing of it: what needs care is not stored anywhere. */
export const dropDraft = () => visitStore.remove(text.name);

/** The text to begin with: that of a shared link, or after a reload what was written since. */
export function restoreText() {
  const old = new URLSearchParams(location.search).get("text");
  // Links of earlier carry the text in the query, which servers log: it leaves the address at once.
  if (old !== null) history.replaceState(null, "", `${location.pathname}#text=${encodeURIComponent(old)}`);
  const draft = visitStore.get(text.name);
  if (text.value !== text.defaultValue) noteDraft(); // typed while the page was loading
  else if (draft && draft.from === location.hash) text.value = draft.text;
  else takeShared();
}

/** Takes the text of a link, where the address has one. */
export function takeShared() {
  const shared = new URLSearchParams(location.hash.slice(1)).get("text");
  if (shared !== null) text.value = shared;
}

/** Puts a text into the box, or back; `mine` says whether somebody wrote what it replaces. */
export function replaceText(value, mine) {
  const before = mine && text.value ? text.value : null;
  text.value = value ?? replaced ?? "";
  noteDraft();
  replaced = before;
}

/** Whether a key writes a character, and would do nothing where it is typed. */
export function isStray({ key, target }) {
  if ([...key].length !== 1 || target.closest("input, textarea, select, dialog")) return false;
  return key !== " " || !target.closest("button, a, summary");
}
