// The sources that exist, each with a test webhook that goes through its real hook URL.

import { accounts, channelOf, isOwn } from "./accounts.js";
import { Problem, post } from "./api.js";
import { $, announce, el, fill } from "./dom.js";
import { t } from "./language.js";
import { problemNote } from "./parts.js";

const SHOWN = 8;

/** Called after a test was sent, so that its effect is seen at once. */
let onTest = () => {};
export const whenTested = (listener) => {
  onTest = listener;
};

const answerText = (answer) => {
  const said = answer?.answer;
  if (said === null || said === undefined) return "";
  return (typeof said === "string" ? said : JSON.stringify(said)).slice(0, 300);
};

const sent = (answer) => {
  const status = Number(answer?.status);
  const isGood = status >= 200 && status < 300;
  const body = answerText(answer);
  return el(
    "p",
    { class: `sent ${isGood ? "good" : "bad"}` },
    el("strong", {}, t("connections.sent", { status: Number.isNaN(status) ? "?" : status })),
    body === "" ? null : el("code", {}, body),
  );
};

/** A button that sends a test webhook to a source, and the place where the answer shows. */
export const testControl = (sourceId, look = "small-button") => {
  const said = el("div", { class: "said", role: "status" });
  const button = el("button", { type: "button", class: look, "data-test": sourceId }, t("connections.test"));
  button.addEventListener("click", async () => {
    button.disabled = true;
    button.textContent = t("connections.testing");
    try {
      const answer = await post(`/ingest/v1/sources/${encodeURIComponent(sourceId)}/send-test`);
      fill(said, sent(answer));
      announce(t("connections.sent", { status: String(answer?.status ?? "?") }));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      fill(said, problemNote(problem));
    } finally {
      button.disabled = false;
      button.textContent = t("connections.test");
      onTest();
    }
  });
  return { button, said };
};

let shown = "";

/** Draws the list again only when it changed, so that focus and answers stay where they are. */
export const renderConnections = (isForced = false) => {
  const own = accounts.sources.filter(isOwn);
  const now = JSON.stringify([own, accounts.channels]);
  if (now === shown && !isForced) return;
  shown = now;
  if (own.length === 0) {
    fill($("connections-list"), el("li", { class: "nothing" }, t("connections.none")));
    return;
  }
  const rows = own.slice(0, SHOWN).map((source) => {
    const channel = channelOf(source);
    const { button, said } = testControl(source.id);
    const isDisabled = source.enabled === false;
    return el(
      "li",
      {},
      el(
        "div",
        { class: "connection" },
        el(
          "div",
          { class: "connection-name" },
          el("strong", {}, channel?.name ?? source.id),
          el("span", { class: "soft small" }, [channel?.platform, source.adapter].filter(Boolean).join(" · ")),
        ),
        isDisabled ? el("span", { class: "soft small" }, t("connections.disabled")) : button,
      ),
      said,
    );
  });
  const rest = own.length - SHOWN;
  fill($("connections-list"), rows, rest > 0 ? el("li", { class: "soft small" }, t("connections.more", { count: rest })) : null);
};
