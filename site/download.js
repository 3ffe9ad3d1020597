// The download of all judgements as CSV: progress while it comes, and the token where the stage demands one.
// The token lives as long as the page and is never stored.

import { byId, write } from "./dom.js";
import { say, sayFailure, size } from "./words.js";

/** Reads a reply piece by piece; `progress(received, total)` counts bytes; total 0: not known. */
async function readWithProgress(response, progress) {
  // A compressed reply's length counts other bytes than those that arrive here.
  const total = response.headers.get("Content-Encoding") ? 0 : Number(response.headers.get("Content-Length")) || 0;
  const pieces = [];
  let received = 0;
  const reader = response.body.getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    pieces.push(piece.value);
    received += piece.value.length;
    progress(received, total);
  }
  return new Blob(pieces, { type: "text/csv" });
}

function saveAs(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Wires the button; `fetchCsv(token, read)` brings the reply, `before()` sends what is still held. */
export function makeDownload(fetchCsv, before) {
  const [button, state, bar, dialog, input] = ["download", "download-state", "download-progress", "token", "token-input"].map(byId);
  let token = "";
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

  function progress(received, total) {
    if (total) bar.value = received / total;
    show(() => say("downloading", { size: size(received) }));
  }

  async function download() {
    if (busy) return;
    busy = true;
    bar.removeAttribute("value");
    bar.hidden = false;
    show(() => say("downloadStarts"));
    try {
      await before();
      const blob = await fetchCsv(token, (response) => readWithProgress(response, progress));
      saveAs(blob, "sentiment.csv");
      show(() => say("downloaded", { size: size(blob.size) }));
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
