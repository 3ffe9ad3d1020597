// What the browser keeps for the page: values as JSON under a prefix, and nothing breaks where storage is forbidden.
// It decides neither what is kept nor for how long.

function open(name) {
  try {
    return window[name];
  } catch {
    return null; // cookies and storage switched off
  }
}

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
