// A row of the table of many texts: a text, what the model says of it, and what somebody says, with what became of that.

import { make, write } from "./dom.js";
import { count, percent, say, sayLabel, sayState } from "./words.js";

const shows = new WeakMap(); // of each entry in the table: shows what was said of it

/** Shows what became of what was said of `entry`, where it is in the table, and leaves the hands on it alone. */
export const showSaid = (entry) => shows.get(entry)?.();

function sayReply({ reply, refused, text }, limit) {
  if (refused) return [...text].length > limit ? say("tooLong", { limit: count(limit) }) : say("refusedText");
  if (!reply) return "";
  if (reply.care) return say("careRow");
  return reply.classification ? sayLabel(reply.classification) : say("cannotTellShort");
}

function verdict(entry, labels, judge) {
  if (!entry.reply || entry.reply.care) return [];
  const option = (value, word) => make("option", { value }, word);
  const nothing = option("");
  const select = make("select", { "aria-label": `${say("columnSaid")} ${entry.order}` }, nothing, ...labels.map((label) => option(label, sayLabel(label))), option("none", say("none")));
  const state = make("span", { className: "quiet", role: "status", tabIndex: -1, data: { judgement: entry.order } });
  const again = make("button", { type: "button", className: "plain" }, say("again"));
  const show = () => {
    const { said, state: now, unproved } = entry;
    select.value = said ?? ""; // until it is taken back, it stands
    write(nothing, say(said ? "withdraw" : "choose"));
    nothing.disabled = Boolean(said && unproved);
    write(state, now === "undone" ? say(now) : now ? sayState(entry) : "");
    again.hidden = now !== "refused";
  };
  select.onchange = () => {
    judge(entry, select.value);
    show();
  };
  again.onclick = () => {
    judge(entry, entry.said);
    state.focus(); // the button goes
  };
  shows.set(entry, show);
  show();
  return [select, " ", state, " ", again];
}

/** Makes it; `judge(entry, said)` hears what somebody says, `limit` is how long a text may be. */
export function makeRow(entry, { labels, maxReviewCharacters: limit }, judge) {
  const sure = entry.reply && !entry.reply.care ? percent(entry.reply.confidence) : "";
  return make(
    "tr",
    { role: "row" },
    make("td", { role: "cell", className: "number quiet" }, count(entry.order)),
    make("td", { role: "cell", className: "text", lang: "en", dir: "auto" }, entry.text || say("notKept")),
    make("td", { role: "cell", className: "label", data: { label: entry.reply?.classification ?? "" } }, sayReply(entry, limit)),
    make("td", { role: "cell", className: "sure" }, sure),
    make("td", { role: "cell", className: "said" }, ...verdict(entry, labels, judge)),
  );
}
