// The foot of the page: which stage this is, how to call the API without the page, where the source and the card are.

import { byId, write } from "./dom.js";
import { learn, say } from "./words.js";

learn({
  en: {
    copied: "Copied.",
    selected: "Selected: copy it with your keys.",
    stage: "Stage: {stage}.",
  },
});

const CARD = "blob/main/container/model/MODEL_CARD.md"; // in the repository

/** Makes it; `config` are the page's settings. */
export function makeFooter(config) {
  const route = new URL(`${config.apiUrl.replace(/\/$/, "")}/getSentiment`, location.href);
  const curl = byId("curl");
  write(curl, `curl -H 'Content-Type: application/json' -d '{"review": "I passed the exam"}' ${route}`);
  if (config.sourceUrl) {
    for (const [id, href] of [["source", config.sourceUrl], ["card", `${config.sourceUrl}/${CARD}`]]) {
      Object.assign(byId(id), { href, hidden: false });
    }
  }
  byId("copy").addEventListener("click", async () => {
    const done = await navigator.clipboard?.writeText(curl.textContent).then(() => true, () => false);
    if (!done) getSelection().selectAllChildren(curl);
    write(byId("copied"), say(done ? "copied" : "selected"));
  });
  return { show: () => write(byId("stage"), say("stage", { stage: config.stage })) };
}
