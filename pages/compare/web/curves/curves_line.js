// One run's line of one measure: read against steps, images or seconds, smoothed, and thinned for the screen.

import { axisOf, rowAt } from "../../../ui/web/channel/feeds.js";

const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];

/** The dash of the run at a place: it changes with every place, and differs where the colour comes again. */
export const dashOf = (place) => DASHES[(place + 3 * Math.floor(place / 8)) % DASHES.length];

/**
 * Exponential moving average as TensorBoard draws it (Kingma & Ba 2014, equation 4 for its start):
 * s_i = w s_(i-1) + (1 - w) y_i, divided by 1 - w^i. values: numbers, null where there is none.
 */
export function smoothed(values, weight) {
  if (!weight) return values;
  let sum = 0, share = 1;
  return values.map((y) => {
    if (y === null || !Number.isFinite(y)) return y;
    sum = weight * sum + (1 - weight) * y;
    share *= weight;
    return sum / (1 - share);
  });
}

/** {x, y} of a measure, rising in x; rows without it are left out, so that what is measured rarely is joined. */
export function lineOf(columns, name, axis) {
  const xs = columns[axisOf(axis).column], ys = columns[name] ?? [], x = [], y = [];
  for (let i = 0; i < ys.length; i++) {
    const v = ys[i];
    if (v === null || !Number.isFinite(v) || !Number.isFinite(xs[i])) continue;
    if (x.length && xs[i] < x[x.length - 1]) continue; // a clock that went back to a checkpoint
    x.push(xs[i]);
    y.push(v);
  }
  return { x, y };
}

/** At most about `most` points of a line between two x (null: everywhere), each the mean of its neighbours. */
export function thinned({ x, y }, range, most) {
  const from = range ? Math.max(0, rowAt(x, range[0])) : 0, to = range ? Math.min(x.length, rowAt(x, range[1]) + 2) : x.length;
  const stride = Math.max(1, Math.ceil((to - from) / most));
  if (stride === 1) return { x: x.slice(from, to), y: y.slice(from, to) };
  /** @type {{x: number[], y: number[]}} */
  const found = { x: [], y: [] };
  // Bins are counted from the first row, so that the same rows fall together while more arrive.
  for (let start = from - (from % stride); start < to; start += stride) {
    const end = Math.min(start + stride, x.length);
    let sum = 0;
    for (let i = start; i < end; i++) sum += y[i];
    found.x.push(x[end - 1]);
    found.y.push(sum / (end - start));
  }
  return found;
}

/** The value of a line at its point nearest to `at` (null: the newest), NaN beyond both ends. */
export function valueAt({ x, y }, at) {
  if (at === null || !x.length) return y.length ? y[y.length - 1] : NaN;
  const row = Math.max(0, rowAt(x, at)), next = Math.min(row + 1, x.length - 1), near = Math.abs(x[next] - at) < Math.abs(x[row] - at) ? next : row;
  const gap = x.length > 1 ? (x[x.length - 1] - x[0]) / (x.length - 1) : 0;
  return at < x[0] - gap || at > x[x.length - 1] + gap ? NaN : y[near];
}
