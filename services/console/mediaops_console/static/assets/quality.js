// The line that says how fresh today's data is and whether all of it is accounted for.

import { get } from "./api.js";
import { $, el, fill } from "./dom.js";
import { age, whole } from "./formats.js";
import { t } from "./language.js";

const COUNTS = ["received", "normalised", "duplicates", "conflicts", "rejected", "failed", "pending", "residual"];

let sums = null;

export const askQuality = async (day) => {
  if (day === null) return;
  const answer = await get(`/ingest/v1/quality?from=${day}&to=${day}`);
  const rows = Array.isArray(answer?.items) ? answer.items : [];
  sums = Object.fromEntries(COUNTS.map((name) => [name, rows.reduce((sum, row) => sum + (Number(row[name]) || 0), 0)]));
  const ages = rows.map((row) => row.freshness_seconds).filter((value) => typeof value === "number");
  sums.freshness = ages.length > 0 ? Math.max(0, Math.min(...ages)) : null;
  // Opposite signs must not hide each other.
  sums.residual = rows.reduce((sum, row) => sum + Math.abs(Number(row.residual) || 0), 0);
  renderQuality();
};

export const renderQuality = () => {
  if (sums === null) return;
  if (sums.received === 0) {
    fill($("quality"), el("span", {}, t("quality.none")));
    return;
  }
  const part = (name, kind) =>
    sums[name] === 0 && name !== "normalised" ? null : el("span", { class: kind }, t(`quality.${name}`, { count: whole(sums[name]) }));
  fill(
    $("quality"),
    sums.residual === 0
      ? el("span", { class: "good" }, t("quality.whole"))
      : el("span", { class: "bad" }, t("quality.residual", { count: whole(sums.residual) })),
    sums.freshness === null ? null : el("span", {}, t("quality.fresh", { age: age(sums.freshness) })),
    el("span", {}, t("quality.received", { count: whole(sums.received) })),
    part("normalised", ""),
    part("duplicates", ""),
    part("pending", ""),
    part("conflicts", "warn"),
    part("rejected", "warn"),
    part("failed", "bad"),
  );
};
