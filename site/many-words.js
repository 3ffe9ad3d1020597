// The words that the script of many.html says; the German ones are in de.js.

import { learn } from "./words.js";

learn({
  en: {
    manyFound: "{texts} texts.",
    manyTooMany: "The first {most} of {texts} are classified.",
    manyNone: "There is no text yet.",
    manyDone: "{done} of {all} classified.",
    manyPaused: "Paused.",
    manyWaiting: "{reason} It goes on by itself.",
    manyUnreadable: "This file cannot be read as text.",
    resume: "Go on",
    columnText: "Text",
    columnLabel: "Feeling",
    columnSure: "Sure",
    columnSaid: "Your judgement",
    columnOrder: "No.",
    choose: "What was it?",
    refusedText: "not accepted",
    careRow: "serious: no guess",
    careMany: "Texts that sound serious: {texts}. There is no guess for them, and they are not stored. If one is yours, or you know who wrote it, please talk to somebody, now if you can:",
    notKept: "(not kept)",
  },
});
