// What a first question does not need, put together: it is loaded once the page can be used.

import { byId } from "./dom.js";
import { makeDownload } from "./download.js";
import { plainlyNotEnglish } from "./english.js";
import { makeFooter } from "./footer.js";
import { makeOutbox } from "./outbox.js";
import { makeStats } from "./stats.js";
import { makeVisit } from "./visit.js";
import { makeWhy } from "./why.js";

/** Makes them; `at` calls the API, `config` are the page's settings, `report` hears of judgements, `moved` of new ones. */
export function makeParts(at, config, report, moved) {
  byId("later").rel = "stylesheet";
  const outbox = makeOutbox(at, report);
  const flushed = () => Promise.race([outbox.flush(), new Promise((done) => setTimeout(done, 3_000))]);
  return {
    outbox,
    plainlyNotEnglish,
    visit: makeVisit(byId("visit"), byId("visit-told"), config.labels, outbox, moved),
    why: makeWhy(at),
    stats: makeStats(byId("stats"), config.labels, at),
    download: makeDownload(at, flushed),
    footer: makeFooter(config),
  };
}
