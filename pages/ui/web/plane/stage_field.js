// A field of scores over the plane: D's map, or a unit's. Fine over the extent, and ever coarser around it, as it is kept.

export const MARGIN = 13, GROWTH = 1.3, FIRST = 64; // as in gan_core/training/observe/scene.py: cells around, each so much wider than the last
const WIDTHS = Array.from({ length: MARGIN }, (_, k) => GROWTH ** (k + 1) / FIRST); // in extents
/** How far beyond the extent the margin reaches, in extents. */
export const REACH = WIDTHS.reduce((sum, width) => sum + width, 0);
const SAMPLES = 176; // of the picture, along the longer side of what is seen

/**
 * Centres along one axis: of n equal cells from low to high, with the margin's before and after them.
 * @param {number} low
 * @param {number} high
 * @param {number} n
 * @param {boolean} around whether there is a margin
 */
export function centresOf(low, high, n, around) {
  const side = high - low, inner = Array.from({ length: n }, (_, i) => low + ((i + 0.5) * side) / n);
  if (!around) return Float64Array.from(inner);
  let edge = 0;
  const out = WIDTHS.map((width) => { edge += width; return (edge - width / 2) * side; });
  return Float64Array.from([...out.map((d) => low - d).reverse(), ...inner, ...out.map((d) => high + d)]);
}

/**
 * A map with its margin as one field, row by row from the lowest: [(n + 26) ** 2], or the map alone where there is none.
 * @param {Float32Array} map [n * n]
 * @param {number} n
 * @param {Float32Array | undefined} margin [(n + 26) ** 2 - n * n]
 * @param {Float32Array} [into] of that size
 */
export function joined(map, n, margin, into) {
  if (!margin?.length) return map;
  const wide = n + 2 * MARGIN, field = into?.length === wide * wide ? into : new Float32Array(wide * wide), rest = wide - MARGIN;
  let from = MARGIN * wide;
  field.set(margin.subarray(0, from));
  for (let j = 0, to = from; j < n; j++, to += wide) {
    field.set(margin.subarray(from, from + MARGIN), to);
    field.set(map.subarray(j * n, j * n + n), to + MARGIN);
    field.set(margin.subarray(from + MARGIN, (from += 2 * MARGIN)), to + rest);
  }
  field.set(margin.subarray(from), (n + MARGIN) * wide);
  return field;
}

/** Where values stand among rising centres: index of the one before, and how far on to the next, from 0 to 1. */
function standings(values, centres) {
  const before = new Uint16Array(values.length), part = new Float32Array(values.length);
  let i = 0;
  for (let k = 0; k < values.length; k++) {
    while (i < centres.length - 2 && centres[i + 1] <= values[k]) i++;
    before[k] = i;
    part[k] = Math.min(1, Math.max(0, (values[k] - centres[i]) / (centres[i + 1] - centres[i])));
  }
  return { before, part };
}

/** The field's value at any place, the nearest known one beyond its edge. */
export function valueAt(field, xs, ys, x, y) {
  const { before: [i], part: [f] } = standings([x], xs), { before: [j], part: [g] } = standings([y], ys), at = j * xs.length + i, up = at + xs.length;
  return (1 - g) * ((1 - f) * field[at] + f * field[at + 1]) + g * ((1 - f) * field[up] + f * field[up + 1]);
}

/** @param {OffscreenCanvas} canvas */
function inkOf(canvas) {
  return /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true })); // stays in memory: it is written every frame
}

/** What is on the canvas of a field, as a small picture that is drawn large. */
export class FieldView {
  constructor() {
    this.key = "";
    this.step = 1;
    this.canvas = new OffscreenCanvas(1, 1);
    this.ink = inkOf(this.canvas);
    this.image = this.ink.createImageData(1, 1);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.across = this.up = { before: new Uint16Array(0), part: new Float32Array(0) };
  }

  /** Where the picture's pixels lie in the field: anew where plane or field have changed. */
  place(plane, xs, ys) {
    const { width, height, cx, cy, unit, extent } = plane, key = [width, height, cx, cy, unit, ...extent, xs.length].join();
    if (key === this.key) return;
    this.key = key;
    const step = Math.max(width, height) / SAMPLES, wide = Math.ceil(width / step), high = Math.ceil(height / step);
    if (this.canvas.width !== wide || this.canvas.height !== high) {
      this.canvas = new OffscreenCanvas(wide, high);
      this.ink = inkOf(this.canvas);
      this.image = this.ink.createImageData(wide, high);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    this.step = step;
    this.across = standings(Float64Array.from({ length: wide }, (_, p) => plane.world((p + 0.5) * step, 0)[0]), xs);
    this.up = standings(Float64Array.from({ length: high }, (_, p) => plane.world(0, (high - p - 0.5) * step)[1]), ys); // upwards, as the field
  }

  /**
   * Fill with a field, `line` being the middle of the scale, its ends so far above and below, and draw it wherever it is known.
   * @param {CanvasRenderingContext2D} ink
   */
  draw(ink, plane, { field, xs, ys, around }, shades, line, above, below = above) {
    this.place(plane, xs, ys);
    const { pixels, across, up } = this, wide = this.canvas.width, high = this.canvas.height, n = xs.length;
    const half = shades.length / 2, rise = half / (above || 1), fall = half / (below || 1), top = shades.length - 1;
    for (let q = 0; q < high; q++) {
      const g = up.part[q], row = up.before[q] * n;
      for (let p = 0, to = (high - 1 - q) * wide; p < wide; p++, to++) {
        const f = across.part[p], at = row + across.before[p], over = (1 - g) * ((1 - f) * field[at] + f * field[at + 1]) + g * ((1 - f) * field[at + n] + f * field[at + n + 1]) - line;
        const k = (half + over * (over < 0 ? fall : rise)) | 0;
        pixels[to] = shades[k < 0 ? 0 : k > top ? top : k];
      }
    }
    this.ink.putImageData(this.image, 0, 0);
    const [x0, x1, y0, y1] = plane.extent, far = around ? REACH * (x1 - x0) : 0, tall = around ? REACH * (y1 - y0) : 0;
    ink.save();
    ink.beginPath();
    ink.rect(plane.x(x0 - far), plane.y(y1 + tall), (x1 - x0 + 2 * far) * plane.unit, (y1 - y0 + 2 * tall) * plane.unit);
    ink.clip();
    ink.imageSmoothingEnabled = true;
    ink.imageSmoothingQuality = "low";
    ink.drawImage(this.canvas, 0, 0, wide * this.step, high * this.step);
    ink.restore();
  }
}
