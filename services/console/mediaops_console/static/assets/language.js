// Which language the page speaks: remembered, else the browser's.

import { TEXTS } from "./texts.js";

const KEY = "mediaops.language";
const LOCALES = { en: "en-GB", zh: "zh-CN" };

const remembered = () => {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
};

const preferred = () => {
  for (const tag of navigator.languages ?? [navigator.language]) {
    if (/^zh\b/i.test(tag)) return "zh";
    if (/^en\b/i.test(tag)) return "en";
  }
  return "en";
};

let current = remembered() in TEXTS ? remembered() : preferred();

export const language = () => current;
export const locale = () => LOCALES[current];

/** The text of a key, with {names} filled in. An unknown key shows itself. */
export const t = (key, values = {}) =>
  (TEXTS[current][key] ?? key).replace(/\{(\w+)\}/g, (whole, name) =>
    name in values ? String(values[name]) : whole,
  );

export const hasText = (key) => key in TEXTS[current];

const listeners = [];
export const whenLanguageChanges = (listener) => listeners.push(listener);

export const speak = (wanted) => {
  if (!(wanted in TEXTS)) return;
  current = wanted;
  try {
    localStorage.setItem(KEY, wanted);
  } catch {
    // Not remembered then.
  }
  applyTexts();
  listeners.forEach((listener) => listener());
};

/** Fills everything that is marked in the page itself. */
export const applyTexts = () => {
  document.documentElement.lang = current === "zh" ? "zh-CN" : "en";
  for (const element of document.querySelectorAll("[data-t]")) {
    element.textContent = t(element.dataset.t);
  }
  for (const element of document.querySelectorAll("[data-t-label]")) {
    element.setAttribute("aria-label", t(element.dataset.tLabel));
  }
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === current));
  }
};
