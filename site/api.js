// The calls to the API: a time limit on each, failures sorted into kinds, and patience for what is safe to repeat.
// It knows neither words nor the page.

/** Why a call failed, by status code alone: some answers come from the gateway, whose bodies nobody can shape. */
const KINDS = {
  400: "refused",
  401: "token",
  403: "token",
  404: "mismatch",
  405: "mismatch",
  408: "timeout",
  413: "refused",
  415: "mismatch",
  429: "throttled",
  503: "busy",
  504: "timeout",
};

/** For how many milliseconds a question is asked again; offline, until the network is back. */
const PATIENCE = { busy: 180_000, throttled: 60_000, timeout: 20_000, unreachable: 8_000, server: 4_000, offline: Infinity };

/** A call that brought no answer: its kind, and the seconds after which the server wants to be asked again. */
export class Failure extends Error {
  constructor(kind, { retryAfter = 0, detail = "" } = {}) {
    super(detail || kind);
    Object.assign(this, { kind, retryAfter, detail });
  }

  /** Whether the same call can succeed later. */
  get passing() {
    return this.kind in PATIENCE;
  }
}

async function failureOf(response) {
  const problem = await response.json().catch(() => ({}));
  const kind = KINDS[response.status] ?? "server";
  const retryAfter = Number(response.headers.get("Retry-After")) || 0;
  return new Failure(kind, { retryAfter, detail: typeof problem?.detail === "string" ? problem.detail : "" });
}

/** Sends one request and reads its reply with `read`, all within `timeout` milliseconds. */
async function call(url, { timeout = 20_000, signal, read = (response) => response.json(), ...options } = {}) {
  const limit = AbortSignal.timeout(timeout);
  try {
    const response = await fetch(url, { ...options, signal: signal ? AbortSignal.any([signal, limit]) : limit });
    if (!response.ok) throw await failureOf(response);
    return await read(response);
  } catch (error) {
    if (error instanceof Failure || signal?.aborted) throw error;
    if (limit.aborted) throw new Failure("timeout");
    if (error instanceof SyntaxError) throw new Failure("server");
    throw new Failure(navigator.onLine ? "unreachable" : "offline");
  }
}

const json = (body) => ({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/** The four routes. `load` gives the address of the API, which the page learns from config.json. */
export function makeApi(load) {
  const at = async (path) => `${(await load()).apiUrl.replace(/\/$/, "")}/${path}`;
  return {
    predict: async (review, { signal, explain } = {}) => call(await at("getSentiment"), { ...json({ review, explain }), signal }),
    // keepalive: a judgement under way still arrives when the page is left.
    judge: async (judgement) => call(await at("setSentiment"), { ...json(judgement), keepalive: true }),
    stats: async () => call(await at("getStats"), { cache: "no-store" }),
    /** The export as a Blob, or how far a large one is; `query` asks again. */
    csv: async (token, query) =>
      call((await at("getcsv")) + query, {
        headers: { Accept: "application/json", ...(token && { Authorization: `Bearer ${token}` }) },
        timeout: 60_000,
        read: (response) => (response.headers.get("Content-Type").startsWith("text") ? response.blob() : response.json()),
      }),
  };
}

export const loadConfig = () => call("config.json", { cache: "no-cache" });

/** Waits; ends early when the network comes back. Rejects when `signal` ends it. */
export function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const cleanUp = new AbortController();
    const end = (settle) => () => {
      clearTimeout(timer);
      cleanUp.abort();
      settle(signal?.reason);
    };
    const timer = Number.isFinite(milliseconds) ? setTimeout(end(resolve), milliseconds) : 0;
    addEventListener("online", end(resolve), { signal: cleanUp.signal });
    signal?.addEventListener("abort", end(reject), { signal: cleanUp.signal });
  });
}

/** Milliseconds before the next try: doubling, and spread so that clients do not return all at once. */
export function delayBefore(tries, failure) {
  const longest = failure.kind === "busy" ? 5_000 : 30_000; // who wakes up should be seen soon
  const backoff = Math.min(longest, 500 * 2 ** tries) * (0.75 + Math.random() / 2);
  return Math.max(backoff, failure.retryAfter * 1000);
}

/** Repeats `action` while its failure may pass; tells `onWait` of each such failure. */
export async function patiently(action, { signal, onWait }) {
  const start = Date.now();
  for (let tries = 0; ; tries += 1) {
    try {
      return await action();
    } catch (failure) {
      const wait = delayBefore(tries, failure);
      if (!failure.passing || Date.now() - start + wait > PATIENCE[failure.kind]) throw failure;
      onWait(failure);
      await pause(failure.kind === "offline" ? Infinity : wait, signal);
    }
  }
}
