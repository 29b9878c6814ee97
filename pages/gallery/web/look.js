// What the gallery reads off a picture itself: copies of training images, and checkerboards.

import { context2d } from "../../ui/web/canvas/context.js";
import { rgb } from "../../ui/web/words.js";

/** Grey values from 0 to 1 of each sample of an atlas: Float32Array [size * size] each. */
export function greys({ bitmap, columns, rows, size }) {
  const canvas = new OffscreenCanvas(columns * size, rows * size), ink = context2d(canvas, { willReadFrequently: true });
  ink.drawImage(bitmap, 0, 0);
  const { data } = ink.getImageData(0, 0, canvas.width, canvas.height);
  return Array.from({ length: columns * rows }, (_, i) => {
    const left = (i % columns) * size, top = Math.floor(i / columns) * size, grey = new Float32Array(size * size);
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const at = 4 * ((top + y) * canvas.width + left + x);
        grey[y * size + x] = (data[at] + data[at + 1] + data[at + 2]) / 765;
      }
    }
    return grey;
  });
}

/** For each sample: the nearest of `known` by root mean square difference, as {index, far}. */
export function nearestOf(samples, known) {
  return samples.map((sample) => {
    let index = -1, best = Infinity;
    known.forEach((other, k) => {
      let sum = 0;
      for (let i = 0; i < sample.length && sum < best; i++) sum += (sample[i] - other[i]) ** 2;
      if (sum < best) [index, best] = [k, sum];
    });
    return { index, far: Math.sqrt(best / sample.length) };
  });
}

/** How far the samples are, in the median, from the nearest of `known`: in grey levels out of 255. */
export function distanceTo(samples, known) {
  const far = nearestOf(samples, known).map((n) => n.far).sort((a, b) => a - b);
  return 255 * far[far.length >> 1];
}

/**
 * The energy of patterns that repeat every two pixels, for each unit of energy at all other frequencies: the squared
 * amplitudes of (-1)^x, (-1)^y and (-1)^(x+y), windowed, over the variance.
 */
export function checkerboard(samples, size) {
  const hann = Float32Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / size));
  let alternating = 0, all = 0;
  for (const sample of samples) {
    let mean = 0;
    for (const v of sample) mean += v / sample.length;
    let a = 0, b = 0, c = 0;
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const v = (sample[y * size + x] - mean) * hann[x] * hann[y];
        all += v * v;
        a += x & 1 ? -v : v;
        b += y & 1 ? -v : v;
        c += (x + y) & 1 ? -v : v;
      }
    }
    alternating += (a * a + b * b + c * c) / (size * size);
  }
  return all ? alternating / all : NaN;
}

/** The colours of generated and of real images, as the page has them now. */
export const rgbOf = (root) => ["--gs-generated", "--gs-real"].map((name) => `rgb(${rgb(root, `var(${name})`).join()})`);

/** Samples [sheet, index] in a square, each enlarged to whole pixels; marks: a bar in one of two colours left of each row. */
export function drawCells(canvas, cells, across, marks) {
  const ratio = window.devicePixelRatio || 1, side = Math.round(canvas.clientWidth * ratio);
  if (!side) return;
  canvas.style.aspectRatio = "1 / 1";
  Object.assign(canvas, { width: side, height: side });
  const ink = context2d(canvas), left = marks ? Math.round(5 * ratio) : 0, gap = Math.max(1, Math.round(side * 0.006)), pair = marks ? 3 * gap : 0;
  const wide = (side - left - gap * (across - 1)) / across, high = (side - gap * (across - 1) - (pair * (across - 2)) / 2) / across;
  ink.imageSmoothingEnabled = false;
  cells.forEach(([sheet, index], i) => {
    const c = i % across, r = Math.floor(i / across), { size, columns, bitmap } = sheet;
    const x = Math.round(left + c * (wide + gap)), y = Math.round(r * (high + gap) + (marks ? Math.floor(r / 2) * pair : 0));
    if (marks && !c) {
      ink.fillStyle = marks[r & 1];
      ink.fillRect(0, y, left - ratio, Math.round(high));
    }
    ink.drawImage(bitmap, (index % columns) * size, Math.floor(index / columns) * size, size, size, x, y, Math.round(wide), Math.round(high));
  });
}
