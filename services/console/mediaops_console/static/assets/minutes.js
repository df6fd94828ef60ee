// What the live chart shows: a value per minute for the last hour.

export const MINUTES = 60;
export const SERIES = ["activities", "views", "engagements"];

const minuteOf = (text) => {
  const moment = Date.parse(text);
  return Number.isNaN(moment) ? null : Math.floor(moment / 60_000);
};

export class Minutes {
  constructor() {
    this.values = new Map();
    this.told = new Set();
  }

  /** Rows are asked for: what the stream tells from now on is newer than they are. */
  beforeRows() {
    this.told.clear();
  }

  /** Rows of `metrics/query` with granularity minute. */
  takeRows(rows) {
    for (const row of rows) {
      const minute = minuteOf(row?.start);
      if (minute === null || typeof row.value !== "number" || this.told.has(`${minute} ${row.metric}`)) continue;
      this.#put(minute, row.metric, row.value);
    }
  }

  /** One message of the stream: the new totals of a minute. False when it tells of something else. */
  takeMessage(message) {
    const minute = minuteOf(message?.start);
    if (minute === null) return false;
    const known = SERIES.filter((name) => typeof message.metrics?.[name] === "number");
    for (const name of known) {
      this.#put(minute, name, message.metrics[name]);
      this.told.add(`${minute} ${name}`);
    }
    return known.length > 0;
  }

  #put(minute, name, value) {
    const entry = this.values.get(minute) ?? {};
    entry[name] = value;
    this.values.set(minute, entry);
  }

  get newest() {
    return Math.max(0, ...this.values.keys());
  }

  /** The last hour up to `minute`, with 0 where nothing is known; what is older is forgotten. */
  until(minute, name) {
    for (const known of this.values.keys()) if (known <= minute - 2 * MINUTES) this.values.delete(known);
    return Array.from({ length: MINUTES }, (_, index) => {
      const at = minute - MINUTES + 1 + index;
      return { at: new Date(at * 60_000), value: this.values.get(at)?.[name] ?? 0 };
    });
  }
}
