// Reads today's numbers, yesterday's and the trend behind them.

import { get } from "./api.js";

export const METRICS = ["activities", "views", "engagements", "followers_net"];
const TREND_DAYS = 14;
const TREND_MS = 60_000;

/** What a tile shows: null where a number is not known. */
export const NOTHING = { now: null, before: null, soFar: null, grade: null, trend: [] };

const rowsOf = (answer) => (Array.isArray(answer?.items) ? answer.items : []);

const numberOr = (value, otherwise) => (typeof value === "number" ? value : otherwise);

/** A number, or a ratio's value, or null. */
const valueOf = (value) =>
  numberOr(value, value !== null && typeof value === "object" ? numberOr(value.value, null) : null);

const queryOf = (values) => {
  const query = new URLSearchParams(METRICS.map((metric) => ["metric", metric]));
  for (const [name, value] of Object.entries(values)) query.set(name, value);
  return `/insights/v1/metrics/query?${query}`;
};

let trends = { askedAt: -TREND_MS, rows: [] };

/** The series behind the sparklines changes little: it is asked for once a minute. */
const readTrends = async () => {
  if (performance.now() - trends.askedAt < TREND_MS) return trends.rows;
  // Without a range the series ends today, in the workspace's zone and by the server's clock.
  const rows = rowsOf(await get(queryOf({ granularity: "day" })));
  trends = { askedAt: performance.now(), rows };
  return rows;
};

const fromOverview = (overview) =>
  new Map(
    overview.metrics.map((row) => [
      row.metric,
      { now: valueOf(row.today), before: valueOf(row.yesterday), soFar: valueOf(row.yesterday_so_far), grade: row.grade ?? null },
    ]),
  );

const fromComparison = async (day) => {
  const rows = rowsOf(await get(queryOf({ granularity: "day", from: day, to: day, compare: "previous_period" })));
  return new Map(
    rows.map((row) => [row.metric, { now: valueOf(row.value), before: valueOf(row.compare?.value), soFar: null, grade: row.grade ?? null }]),
  );
};

const trendOf = (rows, metric, day, now) => {
  const days = new Map(rows.filter((row) => row.metric === metric).map((row) => [row.start, valueOf(row.value)]));
  if (day !== null && now !== null) days.set(day, now);
  return [...days].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, value]) => value).slice(-TREND_DAYS);
};

/** From the overview, and from a comparison of today with yesterday where that fails. */
export const readMetrics = async () => {
  const [rows, overview] = await Promise.all([
    readTrends(),
    get("/insights/v1/overview").catch((problem) => {
      if (problem.isUnreachable || problem.status === 401) throw problem;
      return null;
    }),
  ]);
  const day = overview?.day ?? rows.map((row) => row.start).sort().at(-1) ?? null;
  const known = Array.isArray(overview?.metrics) ? fromOverview(overview) : day === null ? new Map() : await fromComparison(day);
  const tiles = new Map(
    METRICS.map((metric) => {
      const found = { ...NOTHING, ...known.get(metric) };
      return [metric, { ...found, trend: trendOf(rows, metric, day, found.now) }];
    }),
  );
  const attention = Array.isArray(overview?.attention) ? overview.attention : [];
  return { day, now: Date.parse(overview?.now ?? ""), tiles, attention };
};

/** Active people and stickiness, as crm counts them. */
export const readPeople = async () => {
  const rows = rowsOf(await get("/crm/v1/stickiness"));
  const tileOf = (pick) => {
    const trend = rows.map((row) => valueOf(pick(row)));
    const grade = rows.at(-1)?.stickiness?.grade ?? null;
    return { ...NOTHING, now: trend.at(-1) ?? null, before: trend.at(-2) ?? null, grade, trend: trend.slice(-TREND_DAYS) };
  };
  return {
    day: rows.at(-1)?.day ?? null,
    tiles: new Map([
      ["people", tileOf((row) => row.dau)],
      ["stickiness", tileOf((row) => row.stickiness)],
    ]),
  };
};
