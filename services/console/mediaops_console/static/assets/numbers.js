// Shows today's numbers against yesterday's.

import { Problem } from "./api.js";
import { renderAttention } from "./attention.js";
import { $, el, fill, show, svg } from "./dom.js";
import { METRICS, NOTHING, readMetrics, readPeople } from "./figures.js";
import { dayText, percent, percentChange, short, signed } from "./formats.js";
import { t } from "./language.js";
import { showProblem } from "./parts.js";

const state = { day: null, skew: 0, zone: "", tiles: new Map(), attention: [], problem: null };

export const today = () => state.day;

/** How far the server's clock is ahead of the browser's, in milliseconds; 0 while unknown. */
export const skew = () => state.skew;

export const setZone = (zone) => {
  state.zone = zone;
};

const take = ({ day, now, tiles, attention }) => {
  state.day = day ?? state.day;
  tiles.forEach((tile, name) => state.tiles.set(name, tile));
  if (attention !== undefined) state.attention = attention;
  if (Number.isFinite(now)) state.skew = now - Date.now();
};

/** Asks again and shows. A service that fails takes only its own numbers away. */
export const askNumbers = async () => {
  const asked = await Promise.allSettled([readMetrics(), readPeople()]);
  const failures = asked.filter((one) => one.status === "rejected").map((one) => one.reason);
  const unknown = failures.find((reason) => !(reason instanceof Problem));
  if (unknown !== undefined) throw unknown;
  // crm's day comes second, so that both agree on insights' when both answer.
  const [metrics, people] = asked;
  if (people.status === "fulfilled") take(people.value);
  if (metrics.status === "fulfilled") take(metrics.value);
  state.problem = failures.find((problem) => !problem.isUnreachable) ?? null;
  renderNumbers();
};

const shown = (name, value) =>
  name === "stickiness" ? percent(value, 1) : name === "followers_net" ? signed(value) : short(value);

const isSum = (name) => name !== "followers_net" && name !== "stickiness";

/** Today is not over: what yesterday had by now says more than a loss that is none. */
const against = (name, { now, before, soFar }) => {
  if (before === null) return [t("tile.noYesterday")];
  const lines = [t("tile.yesterday", { value: shown(name, before) })];
  if (soFar !== null && before !== 0) lines.push(t("tile.soFar", { value: shown(name, soFar) }));
  else if (now !== null && isSum(name) && before > 0) lines.push(t("tile.share", { share: percent(now / before) }));
  return lines;
};

const change = (name, { now, soFar }) => {
  if (!isSum(name) || now === null || soFar === null || soFar <= 0) return null;
  const by = now / soFar - 1;
  const said = t("tile.change", { change: percentChange(by) });
  return el(
    "span",
    { class: `change ${by >= 0 ? "up" : "down"}`, title: said },
    el("span", { "aria-hidden": "true" }, percentChange(by)),
    el("span", { class: "hidden-text" }, said),
  );
};

const sparkline = (name, trend) => {
  const values = trend.filter((value) => value !== null);
  const frame = { class: "spark", viewBox: "0 0 100 28", preserveAspectRatio: "none" };
  if (values.length < 2 || values.every((value) => value === 0)) return svg("svg", { ...frame, "aria-hidden": "true" });
  const low = Math.min(0, ...values);
  const high = Math.max(...values, low + 1e-9);
  const at = (value, index) => [(index / (values.length - 1)) * 94 + 2, 25 - ((value - low) / (high - low)) * 22];
  const places = values.map(at);
  const along = places.map(([x, y]) => `L${x.toFixed(2)} ${y.toFixed(2)}`).join("");
  const [lastX, lastY] = places.at(-1);
  const under = `M0 28L0 ${places[0][1].toFixed(2)}${along}L100 ${lastY.toFixed(2)}L100 28Z`;
  const label = t("tile.trend", { name: t(`tile.${name}`), days: values.length });
  return svg(
    "svg",
    { ...frame, role: "img", "aria-label": label },
    svg("path", { class: "under", d: under }),
    svg("path", { class: "line", d: `M${along.slice(1)}`, "vector-effect": "non-scaling-stroke" }),
    svg("path", { class: "end", d: `M${lastX.toFixed(2)} ${lastY.toFixed(2)}h0.01`, "vector-effect": "non-scaling-stroke" }),
  );
};

const tileCard = (name, tile) =>
  el(
    "article",
    { class: "tile card", "data-tile": name },
    el("div", { class: "tile-head" }, el("h3", {}, t(`tile.${name}`)), change(name, tile)),
    el("p", { class: "soft small" }, t(`tile.${name}.note`)),
    el("p", { class: "number" }, tile.now === null ? "–" : shown(name, tile.now)),
    el("p", { class: "against" }, against(name, tile).map((line) => el("span", {}, line))),
    sparkline(name, tile.trend),
  );

const renderGrade = () => {
  const grades = [...state.tiles.values()].map((tile) => tile.grade).filter((grade) => grade === "provisional" || grade === "final");
  const grade = grades.includes("provisional") ? "provisional" : grades[0];
  $("today-grade").textContent = grade === undefined ? "" : t(`grade.${grade}`);
  show($("today-grade"), grade !== undefined);
};

export const renderNumbers = () => {
  showProblem($("today-problem"), state.problem);
  $("today-day").textContent = state.day === null ? "" : t("today.zone", { day: dayText(state.day), zone: state.zone });
  renderGrade();
  fill($("tiles"), [...METRICS, "people", "stickiness"].map((name) => tileCard(name, state.tiles.get(name) ?? NOTHING)));
  renderAttention(state.attention);
};
