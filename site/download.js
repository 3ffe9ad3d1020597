// The download of all judgements as CSV: progress while it comes, and the token where the stage demands one.
// The token lives as long as the page and is never stored.

import { isCount, isObject, isText, patiently, pause } from "./api.js";
import { byId, write } from "./dom.js";
import { learn, say, sayFailure, size } from "./words.js";

learn({
  en: {
    downloadStarts: "Preparing the file …",
    downloading: "{size} so far …",
    downloaded: "Downloaded: {size}.",
    "download.busy": "The export is busy. Please try again in a moment.",
    tokenWrong: "That token does not open it.",
  },
});

function save(url) {
  const link = document.createElement("a");
  link.href = url;
  link.download = "sentiment.csv";
  link.click();
}

const isExport = (reply) => reply instanceof Blob || (isObject(reply) && (isText(reply.url) || isText(reply.export)) && isCount(reply.bytes));

/** Wires the button; `at` calls the API, `before()` sends what is still held. */
export function makeDownload(at, before) {
  const [button, state, bar, dialog, input] = ["download", "download-state", "download-progress", "token", "token-input"].map(byId);
  let token = "";

  /** The export as a Blob, or how far a large one is; `query` asks again. */
  const fetchCsv = (query) =>
    at(`getcsv${query}`, isExport, {
      headers: { Accept: "application/json", ...(token && { Authorization: `Bearer ${token}` }) },
      timeout: 60_000,
      read: (response) => (response.headers.get("Content-Type")?.startsWith("text/csv") ? response.blob() : response.json()),
    });
  let last = null; // what to say, so that it can be said in another language
  let busy = false;

  function show(sentence = last) {
    last = sentence;
    write(state, last ? last() : "");
  }

  function ask(again) {
    show(null);
    write(byId("token-state"), again ? say("tokenWrong") : "");
    dialog.showModal();
    input.select();
  }

  /** The address of the file and its bytes: here, or where a large one has been written. */
  async function bring() {
    for (let query = ""; ; await pause(1_000)) {
      const ask = () => fetchCsv(query);
      const reply = await (query ? patiently(ask, { onWait: () => {} }) : ask());
      if (reply instanceof Blob) return { url: URL.createObjectURL(reply), bytes: reply.size };
      if (reply.url) return reply;
      show(() => say("downloading", { size: size(reply.bytes) }));
      query = `?export=${reply.export}`;
    }
  }

  async function download() {
    if (busy) return;
    busy = true;
    bar.hidden = false;
    show(() => say("downloadStarts"));
    try {
      await before();
      const { url, bytes } = await bring();
      save(url);
      show(() => say("downloaded", { size: size(bytes) }));
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    } catch (failure) {
      if (failure.kind === "token") ask(Boolean(token));
      else show(() => sayFailure(failure, "download"));
    } finally {
      busy = false;
      bar.hidden = true;
    }
  }

  button.addEventListener("click", download);
  byId("token-cancel").addEventListener("click", () => dialog.close());
  byId("token-form").addEventListener("submit", (event) => {
    event.preventDefault();
    token = input.value.trim();
    dialog.close();
    download();
  });
  return { show };
}
