// Many texts at once: read from lines or a CSV file, classified a hundred at a time, shown with the unsure first,
// judged in the table and downloaded beside the input.

import { isObject, isPrediction, json, loadConfig, makeApi, patiently } from "./api.js";
import { byId, make, visitStore, write } from "./dom.js";
import { makeOutbox, uuid } from "./outbox.js";
import { longestColumn, readCsv, sorted, withAnswers, writeCsv } from "./table.js";
import { dropDraft, noteDraft, restoreText, text } from "./text.js";
import "./many-words.js";
import { count, percent, say, sayFailure, sayLabel, translate } from "./words.js";

const MOST = 1_000;
const BATCH = 100; // as many as the API takes at once
const PAGE = 100; // rows shown at first

const [file, column, notice, state, progress, pauseButton, downloadButton, moreButton] = ["file", "column", "notice", "state", "progress", "pause", "download", "more"].map(byId);
const whenReady = patiently(loadConfig, { onWait: () => {} });
const at = makeApi(() => whenReady);
const outbox = makeOutbox(at, report);
let labels = [];
let table = null; // the rows of a CSV file, its first line included
let names = []; // of the columns that came in
let entries = []; // {order, text, row, reply, said, judgement, state}
let running = null; // AbortController
let failure = null; // what holds it up
let order = { key: "sure", descending: false };
let shownRows = PAGE;

// --- reading ---

function readTexts() {
  const rows = table ? table.slice(1).map((row) => ({ row, text: row[column.selectedIndex] ?? "" })) : text.value.split(/\r?\n/).map((line) => ({ row: [line], text: line }));
  return rows.map((row) => ({ ...row, text: row.text.trim().toWellFormed() })).filter((row) => row.text);
}

async function readFile(chosen) {
  let content = "";
  try {
    content = new TextDecoder("utf-8", { fatal: true }).decode(await chosen.arrayBuffer());
  } catch {
    return write(notice, say("manyUnreadable"));
  }
  table = /\.csv$/i.test(chosen.name) || chosen.type === "text/csv" ? readCsv(content) : null;
  text.value = table ? "" : content;
  column.replaceChildren(...(table?.[0] ?? []).map((name) => make("option", {}, name)));
  if (table) column.selectedIndex = longestColumn(table);
  byId("columns").hidden = !table;
  tellCount();
}

function tellCount() {
  const texts = readTexts().length;
  const words = texts > MOST ? say("manyTooMany", { most: count(MOST), texts: count(texts) }) : say("manyFound", { texts: count(texts) });
  write(notice, "");
  write(state, texts ? words : "");
}

// --- classifying ---

const isAnswer = (one, known) => isPrediction(one, known) || (isObject(one) && Number.isInteger(one.status));
const isBatch = (size) => (reply, known) => Array.isArray(reply?.predictions) && reply.predictions.length === size && reply.predictions.every((one) => isAnswer(one, known));

async function classify() {
  const texts = readTexts();
  write(notice, texts.length ? "" : say("manyNone"));
  if (!texts.length) return;
  running?.abort();
  outbox.flush();
  names = table ? table[0] : ["text"];
  entries = texts.slice(0, MOST).map((row, i) => ({ ...row, order: i + 1 }));
  shownRows = PAGE;
  await goOn();
}

async function goOn() {
  const controller = new AbortController();
  const { signal } = controller;
  running = controller;
  failure = null;
  show();
  const onWait = (reason) => {
    failure = reason;
    show();
  };
  try {
    for (let batch = nextBatch(); batch.length; batch = nextBatch()) {
      const reviews = batch.map((entry) => entry.text);
      const ask = () => at("getSentiments", isBatch(batch.length), { ...json({ reviews }), signal, timeout: 60_000 });
      const { predictions } = await patiently(ask, { signal, onWait });
      predictions.forEach((reply, i) => Object.assign(batch[i], "status" in reply && !("scores" in reply) ? { refused: true } : { reply }));
      failure = null;
      keep();
      show();
    }
  } catch (reason) {
    if (signal.aborted) return; // paused, or begun anew
    failure = reason;
  }
  running = null;
  show();
}

const nextBatch = () => entries.filter(({ reply, refused }) => !reply && !refused).slice(0, BATCH);

// --- keeping ---

/** Keeps all of it for a reload, receipts included; but no text that needs care. */
function keep() {
  const blank = ({ text: review, row }) => ({ text: "", reply: { care: true }, row: row.map((cell) => (cell.trim() === review ? "" : cell)) });
  visitStore.set("many", { names, entries: entries.map((entry) => (entry.reply?.care ? { ...entry, ...blank(entry) } : entry)) });
  if (entries.some(({ reply }) => reply?.care)) dropDraft();
}

function restore() {
  restoreText();
  ({ names, entries } = visitStore.get("many") ?? { names, entries });
  if (entries.length) show();
  else if (text.value) tellCount();
}

// --- judging ---

/** What somebody chose for a row: a label; "" takes back what was said before. */
function judge(entry, said) {
  const { judgement: before, state: was, text: review, after } = entry;
  const { receipt } = entry.reply;
  if (!said) {
    if (before && (after || !outbox.undo(before)) && receipt) outbox.withdraw(before, review, receipt);
    return;
  }
  Object.assign(entry, { said, judgement: uuid() });
  // As in visit.js: of what has left the service counts the last, so an earlier one must not arrive later.
  const left = before && !outbox.undo(before);
  if (left && was !== "saved") outbox.drop(before);
  entry.after = after || (left && was !== "refused");
  outbox.hold({ review, sentiment: said, judgement: entry.judgement, receipt });
}

function report(id, now) {
  const entry = entries.find(({ judgement }) => judgement === id);
  if (!entry) return;
  Object.assign(entry, now === "undone" ? { said: "", judgement: "", after: false, state: now } : { state: now });
  keep();
  const place = document.querySelector(`[data-judgement="${entry.order}"]`);
  if (!place) return;
  write(place, sayState(entry));
  const select = place.parentElement.firstElementChild;
  select.value = entry.said;
  write(select.firstElementChild, sayNothing(entry));
}

// --- showing ---

function sayReply({ reply, refused }) {
  if (refused) return say("refusedText");
  if (!reply) return "";
  if (reply.care) return say("careRow");
  return reply.classification ? sayLabel(reply.classification) : say("cannotTellShort");
}

const sayState = ({ state: now }) => (now === "undone" ? say(now) : now ? say(`state.${now === "sending" ? "held" : now}`) : "");
const sayNothing = ({ said }) => say(said ? "withdraw" : "choose");

function verdict(entry) {
  if (!entry.reply || entry.reply.care) return [];
  const option = (value, word) => make("option", { value, selected: value === (entry.said ?? "") }, word);
  const choose = (target) => {
    judge(entry, target.value);
    target.value = entry.said ?? ""; // until it is taken back, it stands
  };
  const select = make(
    "select",
    { "aria-label": `${say("columnSaid")} ${entry.order}`, onchange: ({ target }) => choose(target) },
    option("", sayNothing(entry)),
    ...labels.map((label) => option(label, sayLabel(label))),
    option("none", say("none")),
  );
  return [select, " ", make("span", { className: "quiet", role: "status", data: { judgement: entry.order } }, sayState(entry))];
}

function row(entry) {
  const sure = entry.reply && !entry.reply.care ? percent(entry.reply.confidence) : "";
  return make(
    "tr",
    { role: "row" },
    make("td", { role: "cell", className: "number quiet" }, count(entry.order)),
    make("td", { role: "cell", className: "text", lang: "en", dir: "auto" }, entry.text || say("notKept")),
    make("td", { role: "cell", className: "label", data: { label: entry.reply?.classification ?? "" } }, sayReply(entry)),
    make("td", { role: "cell", className: "sure" }, sure),
    make("td", { role: "cell", className: "said" }, ...verdict(entry)),
  );
}

function head(key, word) {
  const turn = () => {
    order = { key, descending: order.key === key && !order.descending };
    showTable();
    document.querySelector(`[data-key="${key}"]`).focus();
  };
  const sort = order.key === key ? (order.descending ? "descending" : "ascending") : "none";
  return make("th", { role: "columnheader", scope: "col", "aria-sort": sort }, make("button", { type: "button", data: { key }, onclick: turn }, say(word)));
}

function showTable() {
  const heads = [head("order", "columnOrder"), head("text", "columnText"), head("label", "columnLabel"), head("sure", "columnSure"), make("th", { role: "columnheader", scope: "col" }, say("columnSaid"))];
  const answered = sorted(entries, order.key, order.descending);
  const body = answered.slice(0, shownRows).map(row);
  // Its roles are said outright: on a phone its parts are laid out as something else.
  const group = (tag, ...rows) => make(tag, { role: "rowgroup" }, ...rows);
  byId("table").replaceChildren(...(entries.length ? [make("table", { role: "table", "aria-labelledby": "table-title" }, group("thead", make("tr", { role: "row" }, ...heads)), group("tbody", ...body))] : []));
  moreButton.hidden = answered.length <= shownRows;
}

function show() {
  const done = entries.filter(({ reply, refused }) => reply || refused).length;
  const unfinished = done < entries.length;
  progress.hidden = !unfinished;
  progress.max = Math.max(1, entries.length);
  progress.value = done;
  pauseButton.hidden = !unfinished;
  write(pauseButton, say(running ? "pause" : "resume"));
  downloadButton.hidden = !done;
  const held = failure ? (running ? say("manyWaiting", { reason: sayFailure(failure) }) : sayFailure(failure)) : running || !unfinished ? "" : say("manyPaused");
  showCare();
  if (entries.length) write(state, `${say("manyDone", { done: count(done), all: count(entries.length) })} ${held}`.trim());
  if (!byId("table").contains(document.activeElement) || document.activeElement.tagName !== "SELECT") showTable(); // not under somebody's hands
}

/** Help lines, where one of the texts needs them. */
async function showCare() {
  const place = byId("care");
  const serious = entries.filter(({ reply }) => reply?.care).length;
  place.hidden = !serious;
  if (serious) await (await import("./care.js")).showCare(place, say("careMany", { texts: count(serious) }));
}

// --- downloading ---

function download() {
  const url = URL.createObjectURL(writeCsv(withAnswers(names, labels, entries)));
  make("a", { href: url, download: "feelings.csv" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function listen() {
  byId("submit").addEventListener("click", classify);
  text.addEventListener("input", () => {
    table = null;
    byId("columns").hidden = true;
    tellCount();
  });
  column.addEventListener("change", tellCount);
  file.addEventListener("change", () => file.files[0] && readFile(file.files[0]));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    const [dropped] = event.dataTransfer.files;
    if (dropped) readFile(dropped);
  });
  pauseButton.addEventListener("click", () => {
    const was = running;
    was?.abort();
    running = null;
    if (was) show();
    else goOn();
  });
  downloadButton.addEventListener("click", download);
  moreButton.addEventListener("click", () => {
    shownRows += PAGE;
    showTable();
  });
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => translate(button.dataset.language).then(show));
  }
  addEventListener("pagehide", () => {
    if (!entries.some(({ reply }) => reply?.care)) noteDraft();
    outbox.flush();
  });
}

async function start() {
  document.documentElement.dataset.ready = "";
  byId("later").rel = "stylesheet";
  byId("lost").classList.remove("now"); // it was only slow
  await translate();
  byId("framed").hidden = window.top === window.self;
  if (window.top !== window.self) return;
  try {
    ({ labels } = await whenReady);
  } catch {
    return write(notice, say("configFailed"));
  }
  for (const control of document.querySelectorAll("button, input")) control.disabled = false;
  listen();
  restore();
  outbox.resume();
}

start();
