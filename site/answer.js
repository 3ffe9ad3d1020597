// How an answer is shown: the sentence, and the verdict. That is the seven bars, always in the same order, each also the
// button that says "this is it", and one for "none of these". What a click means is the caller's business.

import { byId, make, write, writeAround } from "./dom.js";
import { percent, say, sayLabel } from "./words.js";

const NONE = "none"; // the API's word for "none of the seven"

/** Makes the buttons inside `list`; `choose(label)` is called when one is picked. */
export function makeVerdict(list, labels, choose) {
  const rows = [...labels, NONE].map((label, i) => {
    const key = make("kbd", { "aria-hidden": "true" }, String((i + 1) % 8));
    const [name, share] = ["name", "share"].map((className) => make("span", { className }));
    const bar = make("span", { className: "bar", "aria-hidden": "true" }, make("span", {}));
    const button = make("button", { type: "button", disabled: true, data: { label }, onclick: () => choose(label) });
    button.append(key, name, ...(label === NONE ? [] : [bar, share]));
    return { label, name, share, bar, button };
  });
  list.replaceChildren(...rows.map(({ button }) => make("li", {}, button)));

  return {
    /** The label that a key stands for, if any. */
    labelOf: (key) => rows.find((row, i) => String((i + 1) % 8) === key)?.label,
    /** Shows `answer` (null: empty bars); `open` says whether one can be picked, `chosen` which one was. */
    show({ answer, open, chosen, waiting }) {
      list.classList.toggle("waiting", waiting);
      for (const { label, name, share, bar, button } of rows) {
        const score = answer?.scores[label];
        const top = Boolean(answer) && label === answer.classification;
        const word = label === NONE ? say("none") : sayLabel(label);
        write(name, top ? say("yes", { label: word }) : word);
        write(share, score === undefined ? "" : percent(score));
        bar.style.setProperty("--score", score ?? 0);
        button.disabled = !open;
        button.classList.toggle("top", top);
        button.setAttribute("aria-pressed", String(label === chosen));
      }
    },
  };
}

/** The model's revision, with what its card says where it is the card's. */
function sayModel(model, card) {
  if (card?.model !== model) return say("model", { model });
  return say("modelCard", { model, right: percent(card.right), answered: percent(card.answered) });
}

/** Shows `answer`, or that it is `hidden` until the person has judged, or `otherwise` where there is none. */
export function showSentence({ answer, hidden, card, otherwise }) {
  const sentence = byId("sentence");
  let about = "";
  if (answer?.care) {
    write(sentence, say("care"));
  } else if (hidden) {
    write(sentence, say("blind"));
    about = say("blindWhy");
  } else if (answer?.classification) {
    const label = make("strong", { data: { label: answer.classification } }, sayLabel(answer.classification));
    writeAround(sentence, say("answer"), { label });
    about = say("sure", { percent: percent(answer.confidence) });
  } else {
    write(sentence, answer ? say("cannotTell") : otherwise);
    about = answer ? say("cannotTellWhy") : "";
  }
  write(byId("detail"), about);
  write(byId("model"), answer && !answer.care && !hidden ? sayModel(answer.model, card) : "");
  sentence.classList.toggle("message", !answer);
}
