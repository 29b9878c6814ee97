// What stands in the table of runs: texts of a row, its sort keys, and whether it passes the filter.

import { count, short } from "../../../ui/web/words.js";

export const STATE_MARKS = { queued: "◌", running: "●", paused: "Ⅱ", stopping: "◍", finished: "✓", stopped: "■", diverged: "▲", failed: "▲", interrupted: "⚡" };
export const TONES = { running: "good", finished: "good", diverged: "trouble", failed: "trouble", interrupted: "trouble" };

/** Bytes as people read them. */
export function bytesWords(n) {
  if (n < 1e6) return `${Math.max(1, Math.round(n / 1e3))} kB`;
  return n < 1e9 ? `${(n / 1e6).toFixed(n < 1e7 ? 1 : 0)} MB` : `${(n / 1e9).toFixed(2)} GB`;
}

/** A run's time on this clock: 14:05 today, 1 Mar 14:05, 1 Mar 2025. */
export function whenWords(utc) {
  const then = new Date(utc), now = new Date();
  const clock = then.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  if (then.toDateString() === now.toDateString()) return `today ${clock}`;
  const day = then.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  return then.getFullYear() === now.getFullYear() ? `${day} ${clock}` : `${day} ${then.getFullYear()}`;
}

/** A measure's value: a share in percent, anything else in three digits. */
export function measureWords(column, value) {
  if (value === undefined || value === null) return "–";
  if (column.share) return `${(100 * value).toFixed(value > 0.0995 && value < 0.9995 ? 0 : 1)}%`;
  return Number.isInteger(value) && Math.abs(value) < 1e6 ? count(value) : short(value);
}

/** Of which step a measure's last value is, and which was the best where that is another. */
export function stepWords(column, found) {
  const [, , , , step, best, bestStep] = found ?? [];
  if (step === null || step === undefined) return [];
  const better = bestStep !== null && bestStep !== step && measureWords(column, best) !== measureWords(column, found[0]);
  return [`step ${count(step)}`, ...(better ? [`best ${measureWords(column, best)}, step ${count(bestStep)}`] : [])];
}

export const differsWords = (row) => row.differs.map(([label, value]) => `${label}: ${value}`).join(" · ");

/** Fixed columns: name, label, and what they are sorted by. Measures come between them. */
export const BEFORE = [
  { name: "run", label: "Run", key: (row) => row.created + row.id, first: "descending" },
  { name: "state", label: "State", key: (row) => row.state },
  { name: "step", label: "Steps", key: (row) => row.step, number: true },
  { name: "differs", label: "What differs", key: (row) => differsWords(row) },
];
export const AFTER = [
  { name: "tags", label: "Tags", key: (row) => row.tags.join(",").toLowerCase() },
  { name: "bytes", label: "On disk", key: (row) => row.bytes, number: true },
];

/** By a measure: values on different features or sample counts are not mixed; what has none comes last. */
export function measureKey(name) {
  return (row) => {
    const found = row.metrics[name];
    return found ? [found[1], found[0]] : null;
  };
}

export function compareKeys(a, b, sign) {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  if (Array.isArray(a)) return a[0] === b[0] ? sign * (a[1] - b[1]) : a[0] < b[0] ? -1 : 1;
  return sign * (typeof a === "number" ? a - b : a < b ? -1 : a > b ? 1 : 0);
}

/** All that can be searched of a run. */
const textOf = (row) =>
  [row.name, row.id, row.preset, row.state, row.notes, row.tags.join(" "), differsWords(row), row.parent_name].join(" ").toLowerCase();

/** Every word must be found; each choice ("" is any) must hold. */
export function passes(row, filter) {
  if (filter.state === "live" ? !row.live : filter.state && row.state !== filter.state) return false;
  if (filter.preset && row.preset !== filter.preset) return false;
  if (filter.tag && !row.tags.includes(filter.tag)) return false;
  const words = filter.words.toLowerCase().split(/\s+/).filter(Boolean);
  const text = words.length ? textOf(row) : "";
  return words.every((word) => text.includes(word));
}

/** A, B, ... by place among the chosen. */
export const letterOf = (place) => (place > 25 ? String.fromCharCode(64 + Math.floor(place / 26)) : "") + String.fromCharCode(65 + (place % 26));
