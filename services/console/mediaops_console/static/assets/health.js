// Whether each of the four services is ready.

import { SERVICES, send } from "./api.js";
import { $, el, fill } from "./dom.js";
import { t } from "./language.js";

const states = Object.fromEntries(SERVICES.map((name) => [name, { state: "unknown", reasons: [] }]));

const ask = async (name) => {
  try {
    const answer = await send(`/${name}/health/ready`, { headers: { Accept: "application/json" } });
    let body = null;
    try {
      body = await answer.json();
    } catch {
      // A proxy without a service behind it answers in its own words.
    }
    if (typeof body?.ok !== "boolean") return { state: answer.ok ? "ready" : "silent", reasons: [] };
    const failed = Array.isArray(body.checks) ? body.checks.filter((check) => check?.ok === false) : [];
    return {
      state: body.ok ? "ready" : "troubled",
      reasons: failed.map((check) => [check.name, check.reason, check.repair].filter(Boolean).join(" · ")),
    };
  } catch {
    return { state: "silent", reasons: [] };
  }
};

/** Asks all four. False when none of them answers. */
export const askHealth = async () => {
  await Promise.all(
    SERVICES.map(async (name) => {
      states[name] = await ask(name);
    }),
  );
  renderHealth();
  return SERVICES.some((name) => states[name].state !== "silent");
};

export const renderHealth = () =>
  fill(
    $("health"),
    SERVICES.map((name) => {
      const { state, reasons } = states[name];
      const said = t("health.one", { service: name, state: t(`health.${state}`) });
      const why = [said, ...reasons].join("\n");
      return el(
        "li",
        { class: `pill ${state}`, title: why },
        el("span", { class: "dot", "aria-hidden": "true" }),
        el("span", { "aria-hidden": "true" }, name),
        el("span", { class: "hidden-text" }, why),
      );
    }),
  );
