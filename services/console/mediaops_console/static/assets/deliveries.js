// The newest deliveries and what became of them.

import { originOf } from "./accounts.js";
import { get } from "./api.js";
import { $, el, fill } from "./dom.js";
import { clock, dateAndClock, isSameDay, whole } from "./formats.js";
import { hasText, t } from "./language.js";

const STATUSES = new Set(["pending", "done", "duplicate", "conflict", "failed"]);

let rows = null;

export const hasDeliveries = () => rows !== null && rows.length > 0;

export const askDeliveries = async () => {
  const answer = await get("/ingest/v1/deliveries?limit=20");
  rows = Array.isArray(answer?.items) ? answer.items : [];
  renderDeliveries();
};

const verdict = (status) => {
  const isKnown = STATUSES.has(status);
  return el("span", { class: `verdict ${isKnown ? status : "pending"}` }, isKnown ? t(`verdict.${status}`) : String(status));
};

const received = (text) => {
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime())) return "–";
  const said = isSameDay(moment, new Date()) ? clock(moment, true) : dateAndClock(moment);
  return el("time", { datetime: moment.toISOString() }, said);
};

/** What became of the items; how many came in is said only while nothing else is. */
const counts = (values) => {
  const known = Object.entries(values ?? {}).filter(([name, count]) => typeof count === "number" && count !== 0 && name !== "residual");
  const outcomes = known.filter(([name]) => name !== "received");
  return (outcomes.length > 0 ? outcomes : known).map(([name, count]) => {
    const key = `count.${name}`;
    return el("span", { class: "count" }, hasText(key) ? t(key, { count: whole(count) }) : `${name} ${whole(count)}`);
  });
};

const cell = (label, ...children) => el("td", { "data-label": t(label) }, children);

const row = (delivery) => {
  const { channel, adapter } = originOf(delivery);
  return el(
    "tr",
    {},
    cell("deliveries.time", received(delivery.received_at)),
    cell("deliveries.verdict", verdict(delivery.status)),
    cell(
      "deliveries.source",
      el("span", { class: "who" }, channel ?? "–"),
      adapter === null ? null : el("span", { class: "soft small" }, adapter === "api" ? t("deliveries.api") : adapter),
    ),
    cell("deliveries.counts", el("div", { class: "counts" }, counts(delivery.counts))),
    cell("deliveries.reason", typeof delivery.reason === "string" ? delivery.reason : ""),
  );
};

export const renderDeliveries = () => {
  if (rows === null) return;
  if (rows.length === 0) {
    fill($("deliveries-list"), el("p", { class: "nothing" }, t("deliveries.none")));
    return;
  }
  const heads = ["time", "verdict", "source", "counts", "reason"];
  fill(
    $("deliveries-list"),
    el(
      "table",
      {},
      el("thead", {}, el("tr", {}, heads.map((name) => el("th", { scope: "col" }, t(`deliveries.${name}`))))),
      el("tbody", {}, rows.map(row)),
    ),
  );
};
