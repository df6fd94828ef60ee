// Small pieces that several sections show: problems, copy buttons, commands.

import { announce, el, fill } from "./dom.js";
import { t } from "./language.js";

/** What went wrong, as its title and detail; nothing when there is no problem. */
export const problemNote = (problem) => {
  if (problem === null || problem === undefined) return null;
  const fields = problem.errors
    .filter((one) => typeof one?.detail === "string" && !problem.detail.includes(one.detail))
    .map((one) => el("li", {}, t("problem.field", { field: one.field ?? "", detail: one.detail })));
  return el(
    "div",
    { class: "notice bad", role: "alert" },
    el("strong", {}, problem.title),
    problem.detail === "" ? null : el("span", {}, problem.detail),
    fields.length > 0 ? el("ul", {}, fields) : null,
  );
};

/** Shows the problem in its place; the same one is not said again to those who listen. */
export const showProblem = (place, problem) => {
  const said = problem === null || problem === undefined ? "" : JSON.stringify([problem.title, problem.detail, problem.errors]);
  if ((place.dataset.said ?? "") === said) return;
  place.dataset.said = said;
  fill(place, problemNote(problem));
};

const copyByHand = (text) => {
  // Without https (a console on the local network) there is no clipboard interface.
  const area = el("textarea", { class: "off-screen", readonly: true, "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  return isCopied;
};

const copy = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByHand(text);
  }
};

export const copyButton = (text, what) => {
  const label = el("span", {}, t("copy"));
  const button = el("button", { type: "button", class: "copy", "aria-label": t("copy.what", { what }) }, label);
  button.addEventListener("click", async () => {
    const isCopied = await copy(text);
    announce(isCopied ? t("copied") : t("copy.failed"));
    label.textContent = isCopied ? t("copied") : t("copy.failed");
    button.classList.toggle("is-done", isCopied);
    setTimeout(() => {
      label.textContent = t("copy");
      button.classList.remove("is-done");
    }, 2_000);
  });
  return button;
};

/** A value to hand on, with its copy button. */
export const copyable = (name, value) =>
  el("div", { class: "copyable" }, el("span", { class: "label" }, name), el("code", {}, value), copyButton(value, name));

/** Lines for a shell, with their copy button. */
export const command = (lines, what) =>
  el("div", { class: "command" }, el("pre", { tabindex: "0" }, el("code", {}, lines)), copyButton(lines, what));
