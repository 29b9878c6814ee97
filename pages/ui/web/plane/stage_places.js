// Which of the data's places a generator leaves empty, and the one place that it puts everything in when it collapses.

const LEAST_STEP = 100; // until then it has hardly moved from where chance put it
const NEAR = 3, FOUND = 0.1; // as the measure "places found": so many standard deviations; of the points that a place should have
const TIGHT = 0.05, MOST = 0.9; // one place: so many of the points in a circle of so much of the stage's width
const JUMPS = 14;

/**
 * How points [n, 2] fall on the places of the data.
 * @param {Float32Array} points
 * @param {{centres: number[][], std: number, weights?: number[]}} modes weights: their shares of the data; equal where none are told
 * @returns {{place: number[], points: number}[]} the places that are not found, and how many points each has
 */
export function missedPlaces(points, { centres, std, weights }) {
  const far = (NEAR * std) ** 2, hits = centres.map(() => 0);
  for (let i = 0; i < points.length; i += 2) {
    let best = Infinity, at = -1;
    centres.forEach(([x, y], k) => {
      const square = (points[i] - x) ** 2 + (points[i + 1] - y) ** 2;
      if (square < best) [best, at] = [square, k];
    });
    if (best <= far) hits[at] += 1;
  }
  const least = (k) => Math.max(1, FOUND * (weights?.[k] ?? 1 / centres.length) * (points.length / 2));
  return centres.map((place, k) => ({ place, points: hits[k], least: least(k) })).filter((one) => one.points < one.least);
}

/** The circle that holds nearly all points, {x, y, radius, share}; null where they are not in one place. */
export function onePlace(points, extent) {
  const middle = (axis) => Float32Array.from({ length: points.length / 2 }, (_, i) => points[2 * i + axis]).sort()[points.length >> 2];
  const x = middle(0), y = middle(1), within = TIGHT * (extent[1] - extent[0]);
  const far = Float32Array.from({ length: points.length / 2 }, (_, i) => Math.hypot(points[2 * i] - x, points[2 * i + 1] - y)).sort();
  const share = far.filter((d) => d < within).length / far.length;
  return share >= MOST ? { x, y, radius: far[Math.floor(MOST * (far.length - 1))], share } : null;
}

export class Places {
  constructor() {
    /** @type {Float32Array | null} */
    this.real = null;
    this.realInOne = false;
    this.clear();
  }

  clear() {
    this.step = -1;
    /** @type {[number, number][]} */
    this.path = []; // centres of the one place, oldest first
    this.one = null;
    /** @type {any[]} */
    this.empty = [];
    this.bare = true; // and no point at all lies at any of them
    /** @type {string[]} */
    this.words = [];
  }

  /** A snapshot's points; stage: {extent, modes or null, real}. Where the real points are in one place, so may others be. */
  look(step, points, { extent, modes, real = null }) {
    if (step < this.step) this.clear();
    this.step = step;
    const judged = step >= LEAST_STEP;
    if (this.real !== real) [this.real, this.realInOne] = [real, !!real && !!onePlace(real, extent)];
    this.one = judged && !this.realInOne ? onePlace(points, extent) : null;
    const missed = judged && modes ? missedPlaces(points, modes) : [];
    this.empty = missed.map(({ place }) => place);
    this.bare = missed.every((one) => one.points === 0);
    if (!this.one) this.path = [];
    else this.follow(this.one, TIGHT * (extent[1] - extent[0]));
    this.words = this.say(modes?.centres.length ?? 0, extent);
  }

  /** A new place where it has left the last one. */
  follow({ x, y }, least) {
    const last = this.path[this.path.length - 1];
    if (last && Math.hypot(x - last[0], y - last[1]) < least) return;
    this.path.push([x, y]);
    if (this.path.length > JUMPS) this.path.shift();
  }

  say(count, [x0, x1, y0, y1]) {
    const { one: place } = this, out = place && !(place.x > x0 && place.x < x1 && place.y > y0 && place.y < y1);
    const one = place && `${place.share > 0.995 ? "All" : "Nearly all"} points in one place${out ? ", far outside" : ""}`;
    const left = this.empty.length, none = left ? `${left} of ${count} places ${left === 1 ? "is" : "are"} empty${this.bare ? "" : " or nearly so"}` : "";
    return [one || "", none].filter(Boolean);
  }

  /** The halo keeps its least size however tight the place is. */
  draw(ink, plane, { px, large, radius, casing, ink: words, trouble }, modes) {
    const color = this.one ? trouble : words;
    const stroke = (width) => {
      Object.assign(ink, { strokeStyle: casing, lineWidth: width + 3 * px });
      ink.stroke();
      Object.assign(ink, { strokeStyle: color, lineWidth: width });
      ink.stroke();
    };
    const circle = (x, y, r) => { ink.moveTo(plane.x(x) + r, plane.y(y)); ink.arc(plane.x(x), plane.y(y), r, 0, 2 * Math.PI); };
    ink.beginPath();
    for (const [x, y] of this.empty) circle(x, y, Math.max(9 * px * large, NEAR * modes.std * plane.unit));
    ink.setLineDash([5 * px, 5 * px]);
    stroke(1.8 * px * large);
    ink.setLineDash([]);
    if (!this.one) return;
    ink.beginPath();
    this.path.forEach(([x, y], i) => ink[i ? "lineTo" : "moveTo"](plane.x(x), plane.y(y)));
    stroke(1.6 * px * large);
    ink.beginPath();
    for (const [x, y] of this.path.slice(0, -1)) circle(x, y, 1.6 * radius);
    stroke(1.6 * px * large);
    ink.beginPath();
    circle(this.one.x, this.one.y, Math.max(15 * px * large, this.one.radius * plane.unit + 6 * px));
    stroke(3.5 * px * large);
  }
}
