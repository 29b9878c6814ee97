// How D's scores become colours: by their own range, so that both sides of D's decision are seen however small it is.

import { short } from "../words.js";

const SUREST = 8; // logits; half precision tells no surer ones apart
const EVERY = 3, OUTER = 0.02, FEW = 0.001; // of all cells: looked at, left out at each end, too few to be a side
const LEAST = 0.04, LEAST_PART = 0.004; // below this a difference is half precision's, not D's

/**
 * What the colours follow: the logit of a probability, so that "surely" and "most surely" differ too; else the score. On
 * its way from one picture to the next a score may lie a little beyond 0 or 1.
 */
export const seen = (score, probability) => (probability ? Math.max(-SUREST, Math.min(SUREST, Math.log(Math.max(0, score) / Math.max(0, 1 - score)))) : score);
const told = (v, probability) => (probability ? 1 / (1 + Math.exp(-v)) : v);

/**
 * Where the colours of a field of scores begin, turn and end, as `seen`. With enough of the field on both sides of `line`
 * they turn there and each side reaches as far as its own scores do, but for the outermost 2%; else they turn half-way.
 * @param {ArrayLike<number>} field
 * @param {number} line the score from which D says real
 * @param {boolean} probability
 * @returns {{middle: number, below: number, above: number, side: "" | "real" | "fake", nearly: boolean, probability: boolean}} side: D says this alone, or nearly
 */
export function rangeOf(field, line, probability) {
  const some = new Float32Array(Math.ceil(field.length / EVERY));
  let n = 0, reals = 0, fakes = 0, least = Infinity, most = -Infinity;
  for (let i = 0; i < field.length; i++) {
    if (field[i] > line) reals++;
    else if (field[i] <= line) fakes++;
    if (field[i] < least) least = field[i];
    if (field[i] > most) most = field[i];
    const v = i % EVERY ? NaN : seen(field[i], probability);
    if (Number.isFinite(v)) some[n++] = v;
  }
  if (!n) return { middle: seen(line, probability), below: 1, above: 1, side: "", nearly: false, probability };
  const sorted = some.subarray(0, n).sort(), at = (from, to, part) => sorted[Math.round(from + part * (to - from))];
  const finest = probability ? LEAST : LEAST_PART * Math.max(Math.abs(sorted[0]), Math.abs(sorted[n - 1])) || 1;
  const turn = seen(line, probability), border = sorted.filter((v) => v <= turn).length;
  const side = reals < FEW * field.length ? "fake" : fakes < FEW * field.length ? "real" : "";
  const low = side ? at(0, n - 1, OUTER) : border ? at(0, border - 1, OUTER) : seen(least, probability);
  const high = side ? at(0, n - 1, 1 - OUTER) : border < n ? at(border, n - 1, 1 - OUTER) : seen(most, probability), middle = side ? (low + high) / 2 : turn;
  return { middle, below: Math.max(finest, middle - low), above: Math.max(finest, high - middle), side, nearly: reals > 0 && fakes > 0, probability };
}

/** A score on a range, from -1 to 1 and beyond. */
export function along({ middle, below, above, probability }, score) {
  const over = seen(score, probability) - middle;
  return over / (over < 0 ? below : above);
}

/** What stands before, left and right of the colours, and all of it in a sentence. */
export function legendOf({ middle, below, above, side, nearly, probability }) {
  const [low, turn, high] = [middle - below, middle, middle + above].map((v) => told(v, probability));
  const digits = high - low < 0.1 ? 1 : 0, say = (v) => (probability ? `${(100 * v).toFixed(digits)}%` : short(v));
  const ends = `Colours span what D says in this picture, from ${say(low)} to ${say(high)}${probability ? " real" : ""}`;
  if (side) return { lead: `D: ${side} ${nearly ? "nearly everywhere" : "everywhere"}`, low: say(low), high: say(high), about: `${ends}: ${nearly ? "nearly all" : "all"} of it counts as ${side}.` };
  return { lead: "D:", low: `fake ${say(low)}`, high: `${say(high)} real`, about: `${ends}; they turn at its decision, ${say(turn)}.` };
}
