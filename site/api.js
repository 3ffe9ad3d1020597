// The calls to the API: a time limit on each, replies checked, failures sorted into kinds, and patience for what is safe
// to repeat. It knows neither words nor the page.

/** Why a call failed, by status code alone: some answers come from the gateway, whose bodies nobody can shape. */
const KINDS = {
  400: "refused",
  401: "token",
  403: "forbidden",
  408: "timeout",
  409: "conflict",
  410: "erased",
  413: "refused",
  422: "refused",
  429: "throttled",
  503: "busy",
  504: "timeout",
};

const kindOf = (status) => KINDS[status] ?? (status < 500 ? "mismatch" : "server");

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
  const retryAfter = Number(response.headers.get("Retry-After")) || 0;
  return new Failure(kindOf(response.status), { retryAfter, detail: typeof problem?.detail === "string" ? problem.detail : "" });
}

// What a reply must be. Networks of hotels answer 200 with a page of their own, and services change.
export const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
export const isShare = (value) => typeof value === "number" && value >= 0 && value <= 1;
export const isCount = (value) => Number.isInteger(value) && value >= 0;
export const isText = (value) => typeof value === "string" && value !== "";

/** Whether a reply is a prediction that can be shown, judged and explained; or a text that needs care. */
export function isPrediction(reply, labels) {
  if (!isObject(reply)) return false;
  if (reply.care === true) return true;
  return (
    (reply.classification === null || labels.includes(reply.classification)) &&
    isShare(reply.confidence) &&
    isObject(reply.scores) &&
    labels.every((label) => isShare(reply.scores[label])) &&
    isText(reply.model) &&
    (reply.receipt === undefined || isText(reply.receipt))
  );
}

const isConfig = (reply) => isObject(reply) && isText(reply.apiUrl) && Array.isArray(reply.labels) && reply.labels.every(isText);

/** Sends one request and reads its reply with `read`, all within `timeout` milliseconds; `is` says what it must be. */
async function call(url, is, { timeout = 20_000, signal, read = (response) => response.json(), ...options } = {}) {
  const limit = AbortSignal.timeout(timeout);
  try {
    const response = await fetch(url, { ...options, signal: signal ? AbortSignal.any([signal, limit]) : limit });
    if (!response.ok) throw await failureOf(response);
    const reply = await read(response);
    if (!is(reply)) throw new Failure("malformed");
    return reply;
  } catch (error) {
    if (error instanceof Failure || signal?.aborted) throw error;
    if (limit.aborted) throw new Failure("timeout");
    if (error instanceof SyntaxError) throw new Failure("malformed");
    throw new Failure(navigator.onLine ? "unreachable" : "offline");
  }
}

export const json = (body) => ({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/** Calls a route: its path, `is(reply, labels)`, options. `load` gives the page's settings, out of config.json. */
export function makeApi(load) {
  return async (path, is, options) => {
    const { apiUrl, labels } = await load();
    return call(`${apiUrl.replace(/\/$/, "")}/${path}`, (reply) => is(reply, labels), options);
  };
}

export const loadConfig = () => call("config.json", isConfig);

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
