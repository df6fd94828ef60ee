// The section with lines for a shell.

import { accounts } from "./accounts.js";
import { lastMade } from "./connect.js";
import { $, el, fill } from "./dom.js";
import { t } from "./language.js";
import { activityLines, hookLines } from "./lines.js";
import { command } from "./parts.js";

let workspace = "default";
let chosen = null;
let shown = "";

export const setWorkspace = (slug) => {
  workspace = slug;
};

const activities = () => {
  const channel = accounts.channels.find((one) => one.id === chosen) ?? accounts.channels[0];
  if (channel === undefined) return el("p", { class: "nothing" }, t("lines.noChannel"));
  const choice = el(
    "select",
    { id: "lines-channel", change: (event) => { chosen = event.target.value; renderLines(true); $("lines-channel").focus(); } },
    accounts.channels.map((one) => el("option", { value: one.id, selected: one.id === channel.id }, `${one.name} · ${one.platform}`)),
  );
  const lines = activityLines({ origin: location.origin, workspace, channelId: channel.id });
  return [
    el("div", { class: "field inline" }, el("label", { for: "lines-channel" }, t("lines.channel")), choice),
    command(lines, t("lines.activities")),
  ];
};

const hook = () => {
  const made = lastMade();
  const secret = [made?.source.secrets?.secret ?? made?.source.secrets?.secrets].flat()[0];
  const isReady = made?.adapter === "standard-webhooks" && typeof secret === "string";
  const known = accounts.sources.find((source) => source.adapter === "standard-webhooks" && typeof source.hook_url === "string");
  const values = isReady
    ? { hookUrl: made.source.hook_url, secret }
    : { hookUrl: known?.hook_url ?? `${location.origin}/ingest/hooks/…`, secret: "whsec_…" };
  return [isReady ? null : el("p", { class: "soft" }, t("lines.hook.template")), command(hookLines(values), t("lines.hook"))];
};

export const renderLines = (isForced = false) => {
  const now = JSON.stringify([accounts.channels, accounts.sources, lastMade(), workspace]);
  if (now === shown && !isForced) return;
  shown = now;
  fill(
    $("lines-body"),
    el("div", { class: "lines" }, el("h3", {}, t("lines.activities")), el("p", { class: "soft" }, t("lines.activities.detail")), activities()),
    el("div", { class: "lines" }, el("h3", {}, t("lines.hook")), el("p", { class: "soft" }, t("lines.hook.detail")), hook()),
  );
};
