// Judgements on their way: held for a moment in which a slip can be undone, then sent until the API has said yes.
// Each is on the device before anything else happens, so that neither a reload nor a crash loses one. No words here.

import { delayBefore, isCount, isObject, json, pause } from "./api.js";
import { deviceStore } from "./dom.js";

export const GRACE = 4_000; // milliseconds in which a judgement can be taken back

/** A random UUID (version 4); crypto.randomUUID does not exist where the page came over plain HTTP. */
export function uuid() {
  const digit = (mark) => (mark ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (mark / 4)))).toString(16);
  return "10000000-1000-4000-8000-100000000000".replace(/[018]/g, digit);
}

const keyOf = (id) => `outbox.${id}`;

/**
 * Makes the outbox.
 * `at` calls the API; the same UUID may be sent twice, since it is stored once.
 * `report(id, state, failure, proved)` is told of each change: held, undone, sending, saved, waiting or refused; of one
 * that is taken back: withdrawing, then undone, or still when the service refuses that. What was saved and is not
 * `proved` came with a receipt that was too old: nobody can take it back by that.
 */
export function makeOutbox(at, report) {
  // keepalive: what is under way still arrives when the page is left.
  const send = ({ judgement, withdrawal }) =>
    withdrawal
      ? at("withdraw", (reply) => isObject(reply) && isCount(reply.withdrawn), { ...json(withdrawal), keepalive: true })
      : at("setSentiment", (reply) => isObject(reply) && reply.sentiment === judgement.sentiment, { ...json(judgement), keepalive: true });

  const timers = new Map();
  const sending = new Map();

  async function deliver(id) {
    clearTimeout(timers.get(id));
    timers.delete(id);
    let back = false;
    for (let tries = 0; ; tries += 1) {
      const kept = deviceStore.get(keyOf(id));
      if (!kept) return report(id, back ? "undone" : "saved"); // by another page, which found it on the device
      back = Boolean(kept.withdrawal);
      const replaced = () => !back && deviceStore.get(keyOf(id))?.withdrawal; // taken back while it was on its way
      try {
        if (tries === 0 || back) report(id, back ? "withdrawing" : "sending");
        const { verdict } = await send(kept);
        if (replaced()) continue;
        deviceStore.remove(keyOf(id));
        return report(id, back ? "undone" : "saved", undefined, verdict !== "unprompted");
      } catch (failure) {
        if (replaced()) continue;
        // It stays on the device either way: what is refused today may pass when the page is opened again.
        if (back && !failure.passing) deviceStore.remove(keyOf(id)); // this will not
        report(id, back ? (failure.passing ? "withdrawing" : "still") : failure.passing ? "waiting" : "refused", failure);
        if (!failure.passing) return;
        await pause(delayBefore(tries, failure));
      }
    }
  }

  function start(id) {
    if (!sending.has(id)) sending.set(id, deliver(id).finally(() => sending.delete(id)));
    return sending.get(id);
  }

  return {
    hold(judgement) {
      const id = judgement.judgement;
      deviceStore.set(keyOf(id), { judgement, due: Date.now() + GRACE });
      timers.set(id, setTimeout(() => start(id), GRACE));
      report(id, "held");
    },
    /** Takes a held judgement back; false when it is too late. */
    undo(id) {
      if (!timers.has(id)) return false;
      clearTimeout(timers.get(id));
      timers.delete(id);
      deviceStore.remove(keyOf(id));
      report(id, "undone");
      return true;
    },
    /** Takes back what was sent, by its receipt; it waits for the network as a judgement does. */
    withdraw(id, review, receipt) {
      deviceStore.set(keyOf(id), { withdrawal: { review, receipt, judgement: id }, due: Date.now() });
      report(id, "withdrawing");
      start(id);
    },
    /** Sends a refused one again. */
    retry: (id) => start(id),
    /** Gives up a refused one. */
    drop(id) {
      deviceStore.remove(keyOf(id));
      report(id, "undone");
    },
    /** Sends what is held, now. */
    flush: () => Promise.all([...timers.keys()].map(start)),
    /**
     * Sends what an earlier page left behind; what another tab still holds gets its moment first. Of `listed`, judgements
     * as this page remembers them, those that were under way and are not on the device any more have arrived.
     */
    resume(listed) {
      const left = deviceStore.keys().filter((key) => key.startsWith("outbox."));
      for (const key of left) setTimeout(() => start(key.slice("outbox.".length)), deviceStore.get(key).due - Date.now());
      for (const { id, state, review, receipt } of listed.filter((one) => !left.includes(keyOf(one.id)))) {
        if (["held", "sending", "waiting"].includes(state)) report(id, "saved");
        else if (state === "withdrawing") this.withdraw(id, review, receipt); // a second time does no harm
      }
    },
  };
}
