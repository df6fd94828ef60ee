// Numbers, days and ages as people of each language write them.

import { language, locale } from "./language.js";

let zone;

/** Times are shown in the workspace's zone, whatever the browser's is. */
export const useZone = (name) => {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    zone = name;
  } catch {
    zone = undefined;
  }
};

const COMPACT_FROM = 1_000_000;

export const whole = (value) => new Intl.NumberFormat(locale()).format(value);

export const short = (value) =>
  Math.abs(value) < COMPACT_FROM
    ? whole(value)
    : new Intl.NumberFormat(language(), { notation: "compact", maximumFractionDigits: 2 }).format(value);

export const signed = (value) =>
  new Intl.NumberFormat(locale(), { signDisplay: "exceptZero" }).format(value);

export const percent = (value, digits = 0) =>
  new Intl.NumberFormat(locale(), { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);

export const percentChange = (value) =>
  new Intl.NumberFormat(locale(), { style: "percent", signDisplay: "exceptZero", maximumFractionDigits: 0 }).format(value);

/** A day of the form YYYY-MM-DD, which belongs to no zone. */
export const dayText = (day) => {
  const moment = new Date(`${day}T12:00:00Z`);
  if (Number.isNaN(moment.getTime())) return String(day);
  return new Intl.DateTimeFormat(locale(), { weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: "UTC" }).format(moment);
};

export const clock = (moment, withSeconds = false) => {
  const parts = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone };
  if (withSeconds) parts.second = "2-digit";
  return new Intl.DateTimeFormat(locale(), parts).format(moment);
};

export const dateAndClock = (moment) =>
  new Intl.DateTimeFormat(locale(), {
    month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: zone,
  }).format(moment);

export const isSameDay = (one, other) => {
  const day = new Intl.DateTimeFormat("en-CA", { timeZone: zone });
  return day.format(one) === day.format(other);
};

/** 5 s, 3 min, 2 h, 4 d. */
export const age = (seconds) => {
  const [value, unit] =
    seconds < 90 ? [seconds, "second"]
    : seconds < 5_400 ? [seconds / 60, "minute"]
    : seconds < 172_800 ? [seconds / 3_600, "hour"]
    : [seconds / 86_400, "day"];
  return new Intl.NumberFormat(locale(), { style: "unit", unit, unitDisplay: "narrow", maximumFractionDigits: unit === "second" && value < 10 ? 1 : 0 }).format(value);
};
