// Puts the page together: who is signed in, what is asked for, and when.

import { accounts, askAccounts, askAdapters } from "./accounts.js";
import { Problem, get, whenRefused } from "./api.js";
import { renderChannels, renderForm, startForm, whenMade } from "./connect.js";
import { renderConnections, whenTested } from "./connections.js";
import { askDeliveries, renderDeliveries } from "./deliveries.js";
import { $, fill, show } from "./dom.js";
import { useZone } from "./formats.js";
import { askHealth, renderHealth } from "./health.js";
import { applyTexts, speak, t, whenLanguageChanges } from "./language.js";
import { Live } from "./live.js";
import { renderNext } from "./next.js";
import { askNumbers, renderNumbers, setZone, today } from "./numbers.js";
import { command, showProblem } from "./parts.js";
import { askQuality, renderQuality } from "./quality.js";
import { forgetToken, takeToken, token, whySignedOut } from "./session.js";
import { renderLines, setWorkspace } from "./shell.js";

const ROUND_MS = 5_000;
const HEALTH_MS = 10_000;
const NEWS_MS = 1_500;
const ACCOUNTS_MS = 10_000;

let signedOut = { why: "none", workspace: null };
let isLeaving = false;
let caller = null;
let newsTimer = null;
let roundTimer = null;

const live = new Live(() => {
  // A busy stream must not become a busy page.
  newsTimer ??= setTimeout(() => {
    newsTimer = null;
    round();
  }, NEWS_MS);
});

/** Runs one part of a round; its problem shows in its own place and stops nothing else. */
const part = async (place, ask) => {
  try {
    await ask();
    if (place !== null) showProblem(place, null);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (place !== null && problem.status !== 401 && !problem.isUnreachable) showProblem(place, problem);
  }
};

const learnCaller = async () => {
  if (caller !== null) return;
  caller = await get("/ingest/v1/me");
  useZone(caller.timezone);
  setZone(String(caller.timezone ?? ""));
  setWorkspace(String(caller.workspace ?? "default"));
  $("workspace").textContent = String(caller.workspace ?? "");
  live.render();
};

let isBusy = false;
let isWanted = false;
let accountsAt = -ACCOUNTS_MS;

/** Channels and sources seldom change: asked for now and then, and after a change made here. */
const learnAccounts = async () => {
  if (performance.now() - accountsAt < ACCOUNTS_MS) return;
  await askAccounts();
  accountsAt = performance.now();
};

const afterMaking = () => {
  accountsAt = -ACCOUNTS_MS;
  round();
};

const again = () => {
  roundTimer = setTimeout(round, isWanted ? 0 : ROUND_MS);
  isWanted = false;
};

/** Asks for everything once; a call while that is under way is one more round after it. */
const round = async () => {
  clearTimeout(roundTimer);
  if (token() === null) return;
  if (isBusy) {
    isWanted = true;
    return;
  }
  if (!document.hidden) {
    isBusy = true;
    try {
      await part(null, learnCaller);
      await Promise.all([
        part(null, askNumbers).then(() => part($("quality-problem"), () => askQuality(today()))),
        part($("connections-problem"), learnAccounts),
        part($("deliveries-problem"), askDeliveries),
        accounts.adapters.length === 0 ? part($("connect-problem"), () => askAdapters().then(renderForm)) : null,
        live.stale ? part(null, () => live.ask()) : null,
      ]);
      renderNumbers();
      renderConnections();
      renderChannels();
      renderDeliveries();
      renderNext();
      renderLines();
    } finally {
      isBusy = false;
      again();
    }
  } else {
    again();
  }
};

const health = async () => {
  if (!document.hidden) show($("unreachable"), !(await askHealth()));
  setTimeout(health, HEALTH_MS);
};

const enter = () => {
  show($("dashboard"), true);
  show($("sign-out"), true);
  live.stale = true;
  live.render();
  live.start();
  round();
};

/** What was shown belongs to the token that showed it: the page begins anew without it. */
const leave = (why) => {
  if (isLeaving) return;
  isLeaving = true;
  forgetToken(why);
  location.reload();
};

const renderDoor = () => {
  show($("signed-out"), token() === null);
  $("door-reason").textContent = t(`door.${signedOut.why}`);
  const { workspace } = signedOut;
  const line = workspace === null || workspace === "default" ? "./run link" : `./run link --workspace ${workspace}`;
  fill($("door-command"), command(line, line));
};

const renderAll = () => {
  renderHealth();
  renderDoor();
  renderNumbers();
  renderQuality();
  renderConnections(true);
  renderDeliveries();
  renderNext();
  renderForm();
  renderLines(true);
  live.render();
};

const start = () => {
  takeToken();
  applyTexts();
  startForm();
  renderForm();
  renderNumbers();
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => speak(button.dataset.language));
  }
  $("sign-out").addEventListener("click", () => leave("left"));
  whenLanguageChanges(renderAll);
  whenRefused(() => leave("expired"));
  whenMade(afterMaking);
  whenTested(round);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) round();
  });
  window.addEventListener("hashchange", () => {
    if (takeToken()) location.reload();
  });
  health();
  signedOut = whySignedOut();
  renderDoor();
  if (token() !== null) enter();
};

start();
