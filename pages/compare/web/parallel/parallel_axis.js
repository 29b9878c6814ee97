// One axis of the parallel coordinates: where a value stands on it, its marks, and the part that was brushed.

export const NOWHERE = -0.13;
const SVG = "http://www.w3.org/2000/svg";

/** A new SVG element; `parts` are children or text. */
export function draw(tag, attributes = {}, ...parts) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2).toLowerCase(), value);
    else if (value !== false && value != null) element.setAttribute(name, String(value));
  }
  element.append(...parts);
  return element;
}

/** Round numbers from `low` to `high`, about `wanted` of them. */
function roundNumbers(low, high, wanted) {
  const rough = (high - low) / wanted || 1, power = 10 ** Math.floor(Math.log10(rough)), step = power * ([1, 2, 5].find((k) => k * power >= rough) ?? 10);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(Number((k * step).toPrecision(12)));
  return found;
}

/** Where values lie from 0 (bottom) to 1 (top). Kinds: numbers evenly, numbers by their logarithm, and words in order. */
export class Axis {
  constructor(spec) {
    this.spec = spec;
    /** @type {number[] | null} */
    this.brush = null;
    /** @type {any} */
    this.box = null; // shows the part that is brushed, once it is drawn
    const values = spec.values.filter((v) => v !== null && v !== undefined);
    this.gap = values.length < spec.values.length; // below the axis there is a place for runs without the value
    this.words = spec.kind === "words" ? spec.words : null;
    if (this.words) return;
    const positive = values.filter((v) => v > 0);
    this.log = spec.scale === "log" && positive.length > 1 && Math.max(...positive) / Math.min(...positive) > 2;
    this.zero = this.log && positive.length < values.length; // "off" stands below the smallest
    const known = this.log ? positive.map(Math.log10) : values;
    let [low, high] = [Math.min(...known), Math.max(...known)];
    if (low === high) [low, high] = [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
    /** @type {number} */
    this.low = low;
    /** @type {number} */
    this.high = high;
  }

  /** From 0 to 1; NOWHERE, below the axis, where the run has no such value. */
  at(value) {
    if (value === null || value === undefined || (typeof value === "number" && !Number.isFinite(value))) return NOWHERE;
    if (this.words) return this.words.length < 2 ? 0.5 : this.words.indexOf(value) / (this.words.length - 1);
    if (this.zero && !(value > 0)) return 0;
    const share = ((this.log ? Math.log10(value) : value) - this.low) / (this.high - this.low);
    return this.zero ? 0.12 + 0.88 * share : share;
  }

  /** [place, words] of the marks. */
  marks() {
    return [...(this.gap ? [[NOWHERE, "absent"]] : []), ...this.ownMarks()];
  }

  ownMarks() {
    if (this.words) return this.words.map((word) => [this.at(word), word.length > 16 ? `${word.slice(0, 15)}…` : word]);
    if (!this.log) return roundNumbers(this.low, this.high, 5).map((v) => [this.at(v), markOf(v)]);
    const found = this.zero ? [[0, "off"]] : [], few = this.high - this.low < 2.2 ? [1, 2, 5] : [1];
    for (let p = Math.floor(this.low); p <= Math.ceil(this.high); p++) {
      for (const k of few) {
        const value = k * 10 ** p, place = Math.log10(value);
        if (place >= this.low - 1e-9 && place <= this.high + 1e-9) found.push([this.at(value), markOf(value)]);
      }
    }
    return found.length - Number(this.zero) > 1 ? found : [...found.slice(0, Number(this.zero)), [this.at(10 ** this.low), markOf(10 ** this.low)], [1, markOf(10 ** this.high)]];
  }

  /** Whether a value lies in the brushed part. */
  takes(value) {
    if (!this.brush) return true;
    const place = this.at(value);
    return place >= this.brush[0] - 1e-9 && place <= this.brush[1] + 1e-9;
  }
}

export const markOf = (v) => {
  const size = Math.abs(v);
  return (size !== 0 && (size < 0.0001 || size >= 1e5) ? v.toExponential(size >= 1e5 ? 1 : 0).replace("e+", "e").replace(".0e", "e") : String(Number(v.toPrecision(4)))).replace("-", "−");
};
