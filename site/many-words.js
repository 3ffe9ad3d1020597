// The words that the script of many.html says; the German ones are in de.js.

import { learn } from "./words.js";

learn({
  en: {
    manyFound: "Texts found: {texts}.",
    manyTooMany: "The first {most} of {texts} are classified.",
    manyNone: "There is no text yet.",
    manyDone: "{done} of {all} classified.",
    manyPaused: "Paused.",
    manyWaiting: "{reason} It goes on by itself.",
    manyUnreadable: "This file is not text in UTF-8. Please save it as “CSV UTF-8” and choose it again.",
    resume: "Go on",
    columnText: "Text",
    columnLabel: "Feeling",
    columnSure: "Sure",
    columnSaid: "Your judgement",
    columnOrder: "No.",
    choose: "What was it?",
    refusedText: "not accepted",
    careRow: "serious: no guess",
    careTold: "Some sound serious: there is help below.",
    notKept: "(not kept)",
  },
});
