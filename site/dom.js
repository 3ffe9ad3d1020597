// Short hands for the document: find an element, make one. Everything goes in as text, never as markup.

export const byId = (id) => document.getElementById(id);

/** Makes an element; `properties` are its own (className, onclick), `data`, or attributes. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name === "data") Object.assign(element.dataset, value);
    else if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Writes text only where it differs, so that a live region does not say the same thing twice. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Fills a sentence such as "This sounds like {label}." with nodes in place of the braces. */
export function writeAround(element, sentence, nodes) {
  const parts = sentence.split(/\{(\w+)\}/);
  element.replaceChildren(...parts.map((part, i) => (i % 2 ? nodes[part] : part)));
}
