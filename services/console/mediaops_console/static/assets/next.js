// What a newcomer does next, until the first webhook has been counted.

import { accounts, isOwn } from "./accounts.js";
import { hasDeliveries } from "./deliveries.js";
import { $, el, fill, show } from "./dom.js";
import { t } from "./language.js";

const STEPS = ["channel", "source", "webhook", "numbers"];

const present = () => {
  if (accounts.channels.length === 0) return { name: "connect", done: 0 };
  if (!accounts.sources.some(isOwn)) return { name: "source", done: 1 };
  return { name: "test", done: 2 };
};

const toForm = () => {
  $("connect").scrollIntoView();
  $("connect-form").querySelector("input, select, textarea")?.focus({ preventScroll: true });
};

const sendTest = () => {
  const button = document.querySelector("[data-test]");
  button?.scrollIntoView({ block: "center" });
  button?.focus({ preventScroll: true });
  button?.click();
};

export const renderNext = () => {
  const isNeeded = accounts.isKnown && !hasDeliveries();
  show($("next"), isNeeded);
  if (!isNeeded) return;
  const { name, done } = present();
  $("next-title").textContent = t(`next.${name}`);
  $("next-detail").textContent = t(`next.${name}.detail`);
  const button = $("next-do");
  button.textContent = t(`next.${name}.do`);
  button.onclick = name === "test" ? sendTest : toForm;
  fill(
    $("next-steps"),
    STEPS.map((step, index) =>
      el("li", { class: index < done ? "done" : index === done ? "now" : "", "aria-current": index === done ? "step" : null }, t(`next.step.${step}`)),
    ),
  );
};
