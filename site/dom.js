// Short hands for the document and for what the browser keeps. Everything goes into the document as text, never as
// markup; what is kept and for how long is others' business.

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

/** Fills a sentence such as "This sounds like {label}." with nodes in place of the braces, where it differs. */
export function writeAround(element, sentence, nodes) {
  const parts = sentence.split(/\{(\w+)\}/).map((part, i) => (i % 2 ? nodes[part] : part));
  const text = parts.map((part) => part.textContent ?? part).join("");
  if (element.textContent !== text) element.replaceChildren(...parts);
}

function open(name) {
  try {
    return window[name];
  } catch {
    return null; // cookies and storage switched off
  }
}

/** Values as JSON under a prefix; nothing breaks where storage is forbidden. */
function makeStore(storage) {
  const memory = new Map(); // stands in for a storage that is missing or full
  const prefix = "feelings.";
  return {
    get(key) {
      try {
        return JSON.parse(memory.get(key) ?? storage.getItem(prefix + key));
      } catch {
        return null;
      }
    },
    set(key, value) {
      const text = JSON.stringify(value);
      try {
        storage.setItem(prefix + key, text);
        memory.delete(key);
      } catch {
        this.remove(key); // what is there is older
        memory.set(key, text);
      }
    },
    remove(key) {
      memory.delete(key);
      storage?.removeItem(prefix + key);
    },
    keys() {
      const kept = storage ? Object.keys(storage).filter((key) => key.startsWith(prefix)) : [];
      return [...new Set([...kept.map((key) => key.slice(prefix.length)), ...memory.keys()])];
    },
  };
}

/** Survives a reload, ends with the tab: the draft and this visit's judgements. */
export const visitStore = makeStore(open("sessionStorage"));

/** Survives the tab: the language, and judgements that have not arrived yet. */
export const deviceStore = makeStore(open("localStorage"));
