// What the stage is painted with: colour scales, and one function a layer. `ink` is a 2D context, `plane` a Plane.

import { ticks } from "./stage_plane.js";
import { context2d } from "../canvas/context.js";

const SHADES = 256;

/** Colours from `low` over `middle` to `high` ([r, g, b] each) as packed pixels, evenly spaced over -1 ... 1. */
export function scaleOf(low, middle, high) {
  const shades = new Uint32Array(SHADES), bytes = new Uint8Array(shades.buffer);
  for (let i = 0; i < SHADES; i++) {
    const t = (2 * i) / (SHADES - 1) - 1, end = t < 0 ? low : high, part = Math.abs(t) ** 0.85;
    for (let c = 0; c < 3; c++) bytes[4 * i + c] = Math.round(middle[c] + part * (end[c] - middle[c]));
    bytes[4 * i + 3] = 255;
  }
  return shades;
}

export const shadeAt = (shades, t) => {
  const [r, g, b] = new Uint8Array(shades.buffer, 4 * Math.round((Math.max(-1, Math.min(1, t)) + 1) / 2 * (SHADES - 1)), 3);
  return `rgb(${r}, ${g}, ${b})`;
};

/** A small picture of a square field [n * n], row 0 lowest; `line` is the middle of the scale, its ends so far above and below. */
export class FieldPicture {
  constructor(n) {
    this.n = n;
    /** @type {OffscreenCanvas} */
    this.canvas = new OffscreenCanvas(n, n);
    /** @type {OffscreenCanvasRenderingContext2D} */
    this.ink = context2d(this.canvas, { willReadFrequently: true }); // stays in memory: it is written every frame
    /** @type {ImageData} */
    this.image = this.ink.createImageData(n, n);
    /** @type {Uint32Array} */
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  fill(field, shades, line, above, below = above) {
    const { n, pixels } = this, half = SHADES / 2, up = half / (above || 1), down = half / (below || 1), top = SHADES - 1;
    for (let j = 0, at = 0; j < n; j++) {
      for (let i = 0, to = (n - 1 - j) * n; i < n; i++, at++, to++) {
        const over = field[at] - line, k = (half + over * (over < 0 ? down : up)) | 0;
        pixels[to] = shades[k < 0 ? 0 : k > top ? top : k];
      }
    }
    this.ink.putImageData(this.image, 0, 0);
  }
}

/** Marching squares: the segments where a field, given at the crossings of columns and rows (canvas pixels), meets `level`; dashed: every other one. */
export function traceLevel(ink, columns, rows, field, level, dashed = false) {
  const n = columns.length;
  for (let j = 0; j < rows.length - 1; j++) {
    const low = rows[j], tall = rows[j + 1] - low;
    for (let i = 0; i < n - 1; i++) {
      const at = j * n + i;
      const a = field[at] - level, b = field[at + 1] - level, c = field[at + n + 1] - level, d = field[at + n] - level;
      const kind = (a > 0 ? 1 : 0) | (b > 0 ? 2 : 0) | (c > 0 ? 4 : 0) | (d > 0 ? 8 : 0);
      if (kind === 0 || kind === 15 || (dashed && (i + j) % 2)) continue;
      const left = columns[i], wide = columns[i + 1] - left;
      const south = () => [left + (a / (a - b)) * wide, low], north = () => [left + (d / (d - c)) * wide, low + tall];
      const west = () => [left, low + (a / (a - d)) * tall], east = () => [left + wide, low + (b / (b - c)) * tall];
      const cut = (p, q) => { ink.moveTo(p[0], p[1]); ink.lineTo(q[0], q[1]); };
      if (kind === 1 || kind === 14) cut(west(), south());
      else if (kind === 2 || kind === 13) cut(south(), east());
      else if (kind === 3 || kind === 12) cut(west(), east());
      else if (kind === 4 || kind === 11) cut(east(), north());
      else if (kind === 6 || kind === 9) cut(south(), north());
      else if (kind === 7 || kind === 8) cut(west(), north());
      else { // a saddle: the mean says which corners belong together
        const joined = a + b + c + d > 0;
        if ((kind === 5) === joined) { cut(west(), north()); cut(south(), east()); } else { cut(west(), south()); cut(north(), east()); }
      }
    }
  }
}

/** Rows and columns of a lattice of points [r, c, 2] as lines. */
export function traceManifold(ink, plane, points, [rows, columns]) {
  const { unit } = plane, left = plane.x(0), low = plane.y(0);
  const go = (at, first) => ink[first ? "moveTo" : "lineTo"](left + points[2 * at] * unit, low - points[2 * at + 1] * unit);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) go(r * columns + c, c === 0);
  if (rows > 1) for (let c = 0; c < columns; c++) for (let r = 0; r < rows; r++) go(r * columns + c, r === 0);
}

/** The points that wear an arrow: every so many, at most `most`. */
export const strideFor = (points, most) => Math.max(1, Math.ceil(points / most));

/**
 * Arrows from points along `ways`: their length tells how strong the pull is, up to `longest` pixels. One unit of
 * strength is one of the loss over a tenth of the stage, so that a gradient that vanishes is seen to vanish. They begin
 * `gap` pixels from the points.
 */
export function traceArrows(ink, plane, points, ways, longest, indices, gap = 0) {
  const { unit } = plane, left = plane.x(0), low = plane.y(0), tenth = (plane.extent[1] - plane.extent[0]) / 10;
  for (const i of indices) {
    const wx = ways[2 * i], wy = ways[2 * i + 1], strength = Math.hypot(wx, wy) * tenth;
    if (!(strength > 0.002)) continue;
    const length = longest * Math.tanh(strength), times = (length * tenth) / strength;
    const dx = wx * times, dy = -wy * times, x = left + points[2 * i] * unit + (gap / length) * dx, y = low - points[2 * i + 1] * unit + (gap / length) * dy;
    const head = Math.min(0.45, 4 / length + 0.14), tx = x + dx, ty = y + dy;
    ink.moveTo(x, y);
    ink.lineTo(tx, ty);
    ink.moveTo(tx - head * (dx + 0.6 * dy), ty - head * (dy - 0.6 * dx));
    ink.lineTo(tx, ty);
    ink.lineTo(tx - head * (dx - 0.6 * dy), ty - head * (dy + 0.6 * dx));
  }
}

const PHASES = 4; // a stamp stands at quarters of a pixel, so that slow points glide too

/** A shape drawn once and stamped often: "circle" or "diamond", of so many pixels' radius; one picture for each phase. */
export function stampOf(shape, radius, fill, edge, edgeWidth) {
  const side = 2 * Math.ceil(radius * 1.2 + edgeWidth / 2) + 2, ink = context2d(new OffscreenCanvas(side, side), { willReadFrequently: true });
  const phases = Array.from({ length: PHASES * PHASES }, (_, phase) => {
    const x = side / 2 + (phase % PHASES) / PHASES - 0.5, y = side / 2 + Math.floor(phase / PHASES) / PHASES - 0.5, r = radius * 1.2;
    ink.clearRect(0, 0, side, side);
    ink.beginPath();
    if (shape === "circle") ink.arc(x, y, radius, 0, 2 * Math.PI);
    else for (const [dx, dy] of [[0, -r], [r, 0], [0, r], [-r, 0]]) ink.lineTo(x + dx, y + dy);
    ink.closePath();
    ink.fillStyle = fill;
    ink.fill();
    Object.assign(ink, { strokeStyle: edge, lineWidth: edgeWidth });
    ink.stroke();
    return new Uint32Array(ink.getImageData(0, 0, side, side).data.buffer);
  });
  return { side, phases };
}

/**
 * Thousands of stamps on a transparent sheet. They are laid down here, pixel by pixel: a tenth of the time that as many
 * drawImage calls take where no graphics processor helps.
 */
export class PointSheet {
  constructor() {
    this.make(1, 1);
  }

  /** A sheet of this size. */
  make(width, height) {
    /** @type {OffscreenCanvas} */
    this.canvas = new OffscreenCanvas(width, height);
    /** @type {OffscreenCanvasRenderingContext2D} */
    this.ink = context2d(this.canvas, { willReadFrequently: true });
    /** @type {ImageData} */
    this.image = this.ink.createImageData(width, height);
    /** @type {Uint32Array} */
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  /** Start a clean sheet. */
  clear(width, height) {
    if (this.canvas.width !== width || this.canvas.height !== height) this.make(width, height);
    else this.pixels.fill(0);
  }

  /**
   * Stamp every point [n, 2]; `pick(i)` may choose among stamps of one size.
   * @param {any} plane @param {ArrayLike<number>} points @param {any} stamp @param {((i: number) => any) | null} pick
   */
  put(plane, points, stamp, pick = null) {
    const { unit } = plane, { width, height } = this.canvas, half = (pick ? pick(0) : stamp).side / 2 - 0.5, left = plane.x(0) - half, low = plane.y(0) - half;
    for (let i = 0; 2 * i < points.length; i++) {
      const x = left + points[2 * i] * unit, y = low - points[2 * i + 1] * unit, { side, phases } = pick ? pick(i) : stamp;
      if (!(x > -side && y > -side && x < width && y < height)) continue;
      const px = Math.floor(x), py = Math.floor(y);
      this.press(px, py, side, phases[((y - py) * PHASES | 0) * PHASES + ((x - px) * PHASES | 0)]);
    }
  }

  /** One stamp over what is there; colours are not multiplied by their alpha. */
  press(x, y, side, stamp) {
    const { pixels } = this, { width, height } = this.canvas, from = Math.max(0, -x), to = Math.min(side, width - x);
    for (let j = Math.max(0, -y); j < side && y + j < height; j++) {
      let at = (y + j) * width + x + from;
      for (let k = j * side + from; k < j * side + to; k++, at++) {
        const over = stamp[k], a = over >>> 24;
        if (a === 0) continue;
        const under = pixels[at], b = ((under >>> 24) * (255 - a)) / 255, sum = a + b;
        if (a === 255 || b === 0) { pixels[at] = over; continue; }
        const mix = (shift) => ((((over >>> shift) & 255) * a + ((under >>> shift) & 255) * b) / sum) << shift;
        pixels[at] = ((sum << 24) | mix(16) | mix(8) | mix(0)) >>> 0;
      }
    }
  }

  show() {
    this.ink.putImageData(this.image, 0, 0);
    return this.canvas;
  }
}

/** Numbers along the lower and left edges, and the lines through zero. over: what lies on the left edge; numbers stand beside it. */
export function drawAxes(ink, plane, { text, line, font, px, halo, over }) {
  const { width, height } = plane, [wx0, wy1] = plane.world(0, 0), [wx1, wy0] = plane.world(width, height);
  ink.lineWidth = px;
  ink.strokeStyle = line;
  ink.beginPath();
  const zx = Math.round(plane.x(0)) + 0.5, zy = Math.round(plane.y(0)) + 0.5;
  ink.moveTo(zx, 0);
  ink.lineTo(zx, height);
  ink.moveTo(0, zy);
  ink.lineTo(width, zy);
  ink.stroke();
  ink.font = font;
  ink.fillStyle = text;
  ink.strokeStyle = halo;
  ink.lineJoin = "round";
  ink.lineWidth = 3 * px;
  const put = (words, x, y) => { ink.strokeText(words, x, y); ink.fillText(words, x, y); };
  ink.textAlign = "center";
  ink.textBaseline = "bottom";
  for (const [value, words] of ticks(wx0, wx1, 5)) {
    const x = plane.x(value);
    if (x > 34 * px && x < width - 14 * px) put(words, x, height - 4 * px);
  }
  ink.textAlign = "left";
  ink.textBaseline = "middle";
  for (const [value, words] of ticks(wy0, wy1, 5)) {
    const y = plane.y(value);
    const left = over && y > over.top - 8 * px && y < over.bottom + 8 * px ? over.right : 0;
    if (y > 14 * px && y < height - 22 * px) put(words, left + 5 * px, y);
  }
}

/** Where a point has been, fading with age: `path` is [[x, y], ...], oldest first. */
export function drawTrail(ink, plane, path, color, width) {
  const fades = 8;
  ink.strokeStyle = color;
  ink.lineWidth = width;
  ink.lineCap = ink.lineJoin = "round";
  for (let f = 0; f < fades; f++) {
    const from = Math.floor(((path.length - 1) * f) / fades), to = Math.floor(((path.length - 1) * (f + 1)) / fades);
    if (to <= from) continue;
    ink.globalAlpha = (f + 1) / fades;
    ink.beginPath();
    for (let i = from; i <= to; i++) ink[i === from ? "moveTo" : "lineTo"](plane.x(path[i][0]), plane.y(path[i][1]));
    ink.stroke();
  }
  ink.globalAlpha = 1;
}
