// Many texts at once: read from lines or a CSV file, classified a hundred at a time, shown with the unsure first,
// judged in the table and downloaded beside the input.

import { isObject, isPrediction, json, loadConfig, makeApi, patiently } from "./api.js";
import { byId, make, visitStore, write } from "./dom.js";
import { makeOutbox, uuid } from "./outbox.js";
import { makeRow, showSaid } from "./row.js";
import { longestColumn, readCsv, sorted, withAnswers, writeCsv } from "./table.js";
import { dropDraft, noteDraft, restoreText, text } from "./text.js";
import "./many-words.js";
import { count, say, sayFailure, translate } from "./words.js";

const MOST = 1_000;
const BATCH = 100; // as many as the API takes at once
const PAGE = 100; // rows shown at first

const [file, column, notice, state, progress, pauseButton, downloadButton, moreButton] = ["file", "column", "notice", "state", "progress", "pause", "download", "more"].map(byId);
const whenReady = patiently(loadConfig, { onWait: () => {} });
const at = makeApi(() => whenReady);
const outbox = makeOutbox(at, report);
let config = null;
let table = null; // the rows of a CSV file, its first line included
let names = []; // of the columns that came in
let entries = []; // {order, text, row (of a CSV file), reply or refused; of what is said: said, judgement, state, failure, after, unproved}
let running = null; // AbortController
let failure = null; // what holds it up
let order = { key: "sure", descending: false };
let shownRows = PAGE;
let stale = false; // whether the table is behind, because somebody is at work in it

// --- reading ---

function readTexts() {
  const rows = table ? table.slice(1).map((row) => ({ row, text: row[column.selectedIndex] ?? "" })) : text.value.split(/\r?\n/).map((line) => ({ text: line }));
  return rows.map((row) => ({ ...row, text: row.text.trim().toWellFormed() })).filter((row) => row.text);
}

async function readFile(chosen) {
  let content = "";
  try {
    content = new TextDecoder("utf-8", { fatal: true }).decode(await chosen.arrayBuffer());
  } catch {
    file.value = ""; // or else choosing it again would do nothing
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
  handOver();
  names = table ? table[0] : ["text"];
  // What is too long would at worst take the whole batch with it.
  const refused = (each) => [...each.text].length > config.maxReviewCharacters || undefined;
  entries = texts.slice(0, MOST).map((each, i) => ({ ...each, order: i + 1, refused: refused(each) }));
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
      predictions.forEach((reply, i) => Object.assign(batch[i], "status" in reply && !("scores" in reply) ? { refused: true } : { reply: { ...reply, review: undefined } })); // the text is kept once
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
  const blank = ({ text: review, row: cells }) => ({ text: "", reply: { care: true }, row: cells?.map((cell) => (cell.trim().toWellFormed() === review ? "" : cell)) });
  visitStore.set("many", { names, entries: entries.map((entry) => (entry.reply?.care ? { ...entry, ...blank(entry) } : entry)) });
  if (entries.some(({ reply }) => reply?.care)) dropDraft();
}

/** What was judged, as the list of this visit on the first page has it: there it can be taken back. */
const judged = () =>
  entries
    .filter(({ judgement }) => judgement)
    .map(({ judgement: id, text: review, reply, said, state: was, failure: reason, after, unproved }) => ({ id, review, receipt: unproved ? undefined : reply.receipt, predicted: reply.classification, said, state: was, failure: reason, after }));

/** Leaves what was judged to that list, before other texts take its place here. */
const handOver = () => visitStore.set("visit", [...judged(), ...(visitStore.get("visit") ?? [])]);

/** For when the page may end: on a phone this is the last that it hears. */
function leave() {
  const box = text.value.toWellFormed();
  if (!entries.some(({ reply, text: one }) => reply?.care && one && box.includes(one))) noteDraft();
  outbox.flush();
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
    if (was === "refused" && !after) outbox.drop(before); // it never arrived
    else if (before && (after || !outbox.undo(before)) && receipt) outbox.withdraw(before, review, receipt);
    return;
  }
  Object.assign(entry, { said, judgement: uuid(), failure: undefined });
  // As in visit.js: of what has left the service counts the last, so an earlier one must not arrive later.
  const left = before && !outbox.undo(before);
  if (left && was !== "saved") outbox.drop(before);
  entry.after = after || (left && was !== "refused");
  outbox.hold({ review, sentiment: said, judgement: entry.judgement, receipt });
}

function report(id, now, why, proved = true) {
  const entry = entries.find(({ judgement }) => judgement === id);
  if (!entry) return;
  Object.assign(entry, now === "undone" ? { said: "", judgement: "", after: false } : {}, { state: now, failure: why && { kind: why.kind, detail: why.detail }, unproved: entry.unproved || !proved });
  keep();
  showSaid(entry);
}

// --- showing ---

function head(key, word) {
  const turn = () => {
    order = { key, descending: order.key === key && !order.descending };
    showTable();
  };
  const sort = order.key === key ? (order.descending ? "descending" : "ascending") : "none";
  return make("th", { role: "columnheader", scope: "col", "aria-sort": sort }, make("button", { type: "button", data: { key }, onclick: turn }, say(word)));
}

function showTable() {
  const { key } = document.activeElement?.dataset ?? {}; // the head where somebody is
  stale = false;
  const heads = [head("order", "columnOrder"), head("text", "columnText"), head("label", "columnLabel"), head("sure", "columnSure"), make("th", { role: "columnheader", scope: "col" }, say("columnSaid"))];
  const answered = sorted(entries, order.key, order.descending);
  const body = answered.slice(0, shownRows).map((entry) => makeRow(entry, config, judge));
  // Its roles are said outright: on a phone its parts are laid out as something else.
  const group = (tag, ...rows) => make(tag, { role: "rowgroup" }, ...rows);
  byId("table").replaceChildren(...(entries.length ? [make("table", { role: "table", "aria-labelledby": "table-title" }, group("thead", make("tr", { role: "row" }, ...heads)), group("tbody", ...body))] : []));
  moreButton.hidden = answered.length <= shownRows;
  if (key) document.querySelector(`[data-key="${key}"]`)?.focus();
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
  const serious = entries.filter(({ reply }) => reply?.care).length;
  showCare(serious).catch(lost);
  const words = [say("manyDone", { done: count(done), all: count(entries.length) }), held, serious ? say("careTold") : ""];
  if (entries.length) write(state, words.filter(Boolean).join(" "));
  stale = byId("table").contains(document.activeElement) && !document.activeElement.dataset.key;
  if (!stale) showTable(); // not under somebody's hands
}

/** Help lines, where `serious` texts need them. */
async function showCare(serious) {
  const place = byId("care");
  place.hidden = !serious;
  if (serious && !place.contains(document.activeElement)) await (await import("./care.js")).showCare(place, serious);
}

// --- downloading ---

function download() {
  const url = URL.createObjectURL(writeCsv(withAnswers(names, config.labels, entries)));
  make("a", { href: url, download: "feelings.csv" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function listen() {
  byId("submit").addEventListener("click", classify);
  text.addEventListener("input", () => {
    table = null;
    file.value = "";
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
  byId("table").addEventListener("focusout", ({ relatedTarget }) => {
    if (stale && document.hasFocus() && !byId("table").contains(relatedTarget)) showTable();
  });
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => translate(button.dataset.language).then(show, lost));
  }
  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && leave());
}

const lost = () => byId("lost").classList.add("now");

async function start() {
  document.documentElement.dataset.ready = "";
  byId("later").rel = "stylesheet";
  byId("lost").classList.remove("now"); // it was only slow
  await translate();
  byId("framed").hidden = window.top === window.self;
  if (window.top !== window.self) return;
  try {
    config = await whenReady;
  } catch {
    return lost(); // with a way to try again
  }
  for (const control of document.querySelectorAll("button, input")) control.disabled = false;
  listen();
  restore();
  outbox.resume(judged());
}

start();
