// Today's numbers against yesterday's.

import { Problem, get } from "./api.js";
import { $, el, fill, show, svg } from "./dom.js";
import { dayText, percent, points, short, signed } from "./formats.js";
import { t } from "./language.js";
import { showProblem } from "./parts.js";

const METRICS = ["activities", "views", "engagements", "followers_net"];
const TREND_DAYS = 14;

const state = { day: null, zone: "", tiles: new Map(), problem: null };

export const today = () => state.day;

const queryOf = (values) => {
  const query = new URLSearchParams(METRICS.map((metric) => ["metric", metric]));
  for (const [name, value] of Object.entries(values)) query.set(name, value);
  return `/insights/v1/metrics/query?${query}`;
};

const numberOr = (value, otherwise) => (typeof value === "number" ? value : otherwise);

/** A value, or a ratio's value, or null. */
const valueOf = (value) =>
  numberOr(value, value !== null && typeof value === "object" ? numberOr(value.value, null) : null);

const rowsOf = (answer) => (Array.isArray(answer?.items) ? answer.items : []);

const tileOf = (trend, day) => {
  const now = trend.find((row) => row.day === day);
  const before = trend[trend.indexOf(now) - 1];
  return { now: now?.value ?? null, before: before?.value ?? null, grade: now?.grade ?? null, trend: trend.slice(-TREND_DAYS) };
};

const TREND_MS = 60_000;
let trends = { askedAt: -TREND_MS, day: null, rows: [] };

/** The series behind the sparklines changes little: it is asked for once a minute. */
const readTrends = async () => {
  if (performance.now() - trends.askedAt < TREND_MS) return trends;
  const overview = await get("/insights/v1/overview").catch((problem) => {
    if (problem.isUnreachable || problem.status === 401) throw problem;
    return null;
  });
  // Without a range the series ends today, in the workspace's zone and by the server's clock.
  const rows = rowsOf(await get(queryOf({ granularity: "day" })));
  const day = overview?.day ?? rows.map((row) => row.start).sort().at(-1) ?? null;
  trends = { askedAt: performance.now(), day, rows };
  return trends;
};

const readMetrics = async () => {
  const { day, rows: series } = await readTrends();
  const tiles = new Map();
  for (const metric of METRICS) {
    const trend = series
      .filter((row) => row.metric === metric)
      .map((row) => ({ day: row.start, value: valueOf(row.value), grade: row.grade }))
      .sort((one, other) => (one.day < other.day ? -1 : 1));
    tiles.set(metric, tileOf(trend, day));
  }
  if (day !== null) {
    const compared = rowsOf(await get(queryOf({ granularity: "day", from: day, to: day, compare: "previous_period" })));
    for (const row of compared) {
      const tile = tiles.get(row.metric);
      if (tile === undefined) continue;
      tile.now = valueOf(row.value) ?? tile.now;
      tile.before = valueOf(row.compare?.value) ?? tile.before;
      tile.grade = row.grade ?? tile.grade;
    }
  }
  return { day, tiles };
};

const readPeople = async () => {
  const rows = rowsOf(await get("/crm/v1/stickiness"));
  const trendOf = (pick) => rows.map((row) => ({ day: row.day, value: valueOf(pick(row)), grade: row.stickiness?.grade ?? row.grade }));
  const day = rows.at(-1)?.day ?? null;
  return {
    day,
    people: tileOf(trendOf((row) => row.dau), day),
    stickiness: tileOf(trendOf((row) => row.stickiness), day),
  };
};

/** Asks again and shows. A service that fails takes only its own numbers away. */
export const askNumbers = async () => {
  const asked = await Promise.allSettled([
    readMetrics(),
    readPeople(),
  ]);
  const [metrics, people] = asked;
  state.problem = null;
  if (metrics.status === "fulfilled") {
    state.day = metrics.value.day ?? state.day;
    metrics.value.tiles.forEach((tile, name) => state.tiles.set(name, tile));
  }
  if (people.status === "fulfilled") {
    state.day ??= people.value.day;
    state.tiles.set("people", people.value.people);
    state.tiles.set("stickiness", people.value.stickiness);
  }
  const failed = asked.find((one) => one.status === "rejected");
  if (failed !== undefined) {
    if (!(failed.reason instanceof Problem)) throw failed.reason;
    if (!failed.reason.isUnreachable) state.problem = failed.reason;
  }
  renderNumbers();
};

const isRatio = (name) => name === "stickiness";
const shown = (name, value) => (isRatio(name) ? percent(value, 1) : name === "followers_net" ? signed(value) : short(value));

const sparkline = (name, trend) => {
  const known = trend.filter((row) => row.value !== null);
  if (known.length < 2) return svg("svg", { class: "spark", viewBox: "0 0 100 28", "aria-hidden": "true" });
  const values = known.map((row) => row.value);
  const low = Math.min(0, ...values);
  const high = Math.max(...values, low + 1e-9);
  const at = (value, index) => [(index / (values.length - 1)) * 94 + 2, 25 - ((value - low) / (high - low)) * 22];
  const places = values.map(at);
  const along = places.map(([x, y]) => `L${x.toFixed(2)} ${y.toFixed(2)}`).join("");
  const [lastX, lastY] = places.at(-1);
  const under = `M0 28L0 ${places[0][1].toFixed(2)}${along}L100 ${lastY.toFixed(2)}L100 28Z`;
  const label = t("tile.trend", { name: t(`tile.${name}`), days: known.length });
  return svg(
    "svg",
    { class: "spark", viewBox: "0 0 100 28", preserveAspectRatio: "none", role: "img", "aria-label": label },
    svg("path", { class: "under", d: under }),
    svg("path", { class: "line", d: `M${along.slice(1)}`, "vector-effect": "non-scaling-stroke" }),
    svg("path", { class: "end", d: `M${lastX.toFixed(2)} ${lastY.toFixed(2)}h0.01`, "vector-effect": "non-scaling-stroke" }),
  );
};

const against = (name, { now, before }) => {
  if (before === null) return [t("tile.noYesterday")];
  const lines = [t("tile.yesterday", { value: shown(name, before) })];
  if (now === null) return lines;
  // Today is not over: a share of yesterday says more than a loss that is none.
  if (isRatio(name)) lines.push(t("points", { value: points(now - before) }));
  else if (name !== "followers_net" && before > 0) lines.push(t("tile.share", { share: percent(now / before) }));
  return lines;
};

const tileCard = (name, tile) =>
  el(
    "article",
    { class: `tile card`, "data-tile": name },
    el("h3", {}, t(`tile.${name}`)),
    el("p", { class: "soft small" }, t(`tile.${name}.note`)),
    el("p", { class: "number" }, tile.now === null ? "–" : shown(name, tile.now)),
    el("p", { class: "against" }, against(name, tile).map((line) => el("span", {}, line))),
    sparkline(name, tile.trend),
  );

export const renderNumbers = () => {
  showProblem($("today-problem"), state.problem);
  $("today-day").textContent = state.day === null ? "" : t("today.zone", { day: dayText(state.day), zone: state.zone });
  const grades = [...state.tiles.values()].map((tile) => tile.grade).filter((grade) => grade === "provisional" || grade === "final");
  const grade = grades.includes("provisional") ? "provisional" : grades[0];
  $("today-grade").textContent = grade === undefined ? "" : t(`grade.${grade}`);
  show($("today-grade"), grade !== undefined);
  const empty = { now: null, before: null, grade: null, trend: [] };
  fill($("tiles"), [...METRICS, "people", "stickiness"].map((name) => tileCard(name, state.tiles.get(name) ?? empty)));
};

export const setZone = (zone) => {
  state.zone = zone;
};
