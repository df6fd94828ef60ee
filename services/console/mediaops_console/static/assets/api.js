// Talks to the services. Every failure is a Problem with a title and a detail.

import { token } from "./session.js";
import { t } from "./language.js";

export const SERVICES = ["ingest", "content", "crm", "insights"];

export class Problem extends Error {
  constructor({ status, title, detail, errors }) {
    super(title);
    this.status = status;
    this.title = title;
    this.detail = detail ?? "";
    this.errors = Array.isArray(errors) ? errors : [];
  }

  /** Nothing answered at all, or only a proxy that has nothing behind it. */
  get isUnreachable() {
    return this.status === 0;
  }
}

const text = (value) => (typeof value === "string" ? value : "");

const BEHIND_A_PROXY = new Set([502, 503, 504]);

export const problemOf = async (answer) => {
  let body = null;
  try {
    body = await answer.json();
  } catch {
    // Not JSON: a proxy speaks, not a service.
  }
  const isOurs = body !== null && typeof body === "object" && typeof body.title === "string";
  if (!isOurs && BEHIND_A_PROXY.has(answer.status)) return unreachable();
  return new Problem({
    status: answer.status,
    title: isOurs ? body.title : `HTTP ${answer.status}`,
    detail: isOurs ? text(body.detail) : "",
    errors: isOurs ? body.errors : [],
  });
};

const unreachable = () =>
  new Problem({ status: 0, title: t("unreachable.title"), detail: t("unreachable.detail") });

export const authorised = (headers = {}) => {
  const held = token();
  return held === null ? headers : { ...headers, Authorization: `Bearer ${held}` };
};

const onSignedOut = [];
export const whenRefused = (listener) => onSignedOut.push(listener);
export const refused = () => onSignedOut.forEach((listener) => listener());

const FAST = { cache: "no-store", credentials: "omit", redirect: "error" };

export const send = async (path, options = {}) => {
  const timeout = AbortSignal.timeout(20_000);
  try {
    return await fetch(path, { ...FAST, signal: timeout, ...options });
  } catch {
    throw unreachable();
  }
};

const answered = async (answer) => {
  if (answer.ok) {
    try {
      return await answer.json();
    } catch {
      throw new Problem({ status: answer.status, title: t("problem.unreadable") });
    }
  }
  const problem = await problemOf(answer);
  if (problem.status === 401) refused();
  throw problem;
};

export const get = async (path) =>
  answered(await send(path, { headers: authorised({ Accept: "application/json" }) }));

const randomKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

export const post = async (path, body) => {
  const headers = authorised({ Accept: "application/json", "Idempotency-Key": randomKey() });
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const payload = body === undefined ? undefined : JSON.stringify(body);
  return answered(await send(path, { method: "POST", headers, body: payload }));
};
