// What somebody should look at, worst first, as the overview says.

import { accounts } from "./accounts.js";
import { $, el, fill, show } from "./dom.js";
import { age, whole } from "./formats.js";
import { hasText, t } from "./language.js";

const SHOWN = 5;
const SEVERITIES = new Set(["info", "warning", "critical"]);

/** Said by the next step already. */
const BEGINNINGS = new Set(["no_channel", "nothing_received"]);

const textOf = (item) => {
  const key = `attention.${item.kind}`;
  if (!hasText(key)) return String(item.detail ?? item.kind);
  const count = typeof item.count === "number" ? item.count : 0;
  return t(key, { count: whole(count), age: age(count) });
};

const row = (item) => {
  const severity = SEVERITIES.has(item.severity) ? item.severity : "info";
  const channel = accounts.channels.find((one) => one.id === item.channel_id);
  return el(
    "li",
    { class: severity },
    el("span", { class: "verdict" }, t(`severity.${severity}`)),
    el("span", {}, textOf(item)),
    channel === undefined ? null : el("span", { class: "soft" }, channel.name),
  );
};

export const renderAttention = (items) => {
  const shown = items.filter((item) => !BEGINNINGS.has(item?.kind));
  show($("attention"), shown.length > 0);
  const rest = shown.length - SHOWN;
  fill($("attention-list"), shown.slice(0, SHOWN).map(row), rest > 0 ? el("li", { class: "soft" }, t("attention.more", { count: rest })) : null);
};
