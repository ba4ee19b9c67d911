// Numbers, times and sizes as the language writes them.

import { localeNow } from "./i18n.js";

const kept = new Map();

function formatter(kind, options) {
  const key = `${kind}/${localeNow()}/${JSON.stringify(options)}`;
  if (!kept.has(key)) kept.set(key, new Intl[kind](localeNow(), options));
  return kept.get(key);
}

/** Return a number with separators. */
export function num(value, options = { maximumFractionDigits: 1 }) {
  return typeof value === "number" || typeof value === "bigint" ? formatter("NumberFormat", options).format(value) : "–";
}

/** Return a unix time (seconds) as date and time of this browser's zone, "–" for 0. */
export function when(seconds) {
  if (!seconds) return "–";
  return formatter("DateTimeFormat", { dateStyle: "medium", timeStyle: "medium" }).format(new Date(seconds * 1000));
}

/** Return a unix time (seconds) as time of day. */
export function clock(seconds) {
  if (!seconds) return "–";
  return formatter("DateTimeFormat", { timeStyle: "medium" }).format(new Date(seconds * 1000));
}

/** Return seconds in one or two units: 90 is "1 min 30 sec". */
export function span(seconds) {
  const words = [];
  let left = Math.max(0, Math.round(seconds));
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]]) {
    if (left >= size && words.length < 2) words.push(num(Math.floor(left / size), { style: "unit", unit, unitDisplay: "short" }));
    left %= size;
  }
  return words.join(" ") || num(0, { style: "unit", unit: "second", unitDisplay: "short" });
}

/** Return a number of bytes in the unit in which it is readable. */
export function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes, unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${num(value, { maximumFractionDigits: unit ? 1 : 0 })} ${units[unit]}`;
}

/** Return how many bytes of UTF-8 a text has: the server's limits are counted so. */
export function bytesOf(text) {
  return new TextEncoder().encode(text).length;
}

/** Return JSON with line breaks; what is none, or has numbers that this language cannot hold, as it is. */
export function pretty(text) {
  if (/[^\w".-]\d{16,}/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
