// Where points lie thickly: a smoothed count over the plane, and the lines around half and nine tenths of them.

export const CELLS = 64;
const MASSES = [0.5, 0.9];
const SIGMA = 1.2; // cells
const REACH = 4, KERNEL = Float32Array.from({ length: 2 * REACH + 1 }, (_, i) => Math.exp(-((i - REACH) ** 2) / (2 * SIGMA ** 2)));

/** Gaussian kernel density of points [n, 2] at the cells' centres, row 0 lowest, not normalised. */
export class Density {
  constructor() {
    this.field = new Float32Array(CELLS * CELLS);
    this.counts = new Float32Array(CELLS * CELLS);
    this.across = new Float32Array(CELLS * CELLS);
    this.levels = [];
  }

  /** Count anew; `field` and `levels` are what `traceLevel` draws. */
  of(points, [x0, x1, y0, y1]) {
    const { counts, across, field } = this, wide = CELLS / (x1 - x0), high = CELLS / (y1 - y0);
    counts.fill(0);
    for (let i = 0; i < points.length; i += 2) {
      const c = Math.floor((points[i] - x0) * wide), r = Math.floor((points[i + 1] - y0) * high);
      if (c >= 0 && c < CELLS && r >= 0 && r < CELLS) counts[r * CELLS + c]++;
    }
    blur(counts, across, 1, CELLS);
    blur(across, field, CELLS, 1);
    this.levels = levelsOf(field);
    return this;
  }
}

/** Along rows (stride 1, next row after CELLS) or columns (the other way round). */
function blur(from, to, stride, next) {
  for (let line = 0; line < CELLS; line++) {
    for (let i = 0; i < CELLS; i++) {
      let sum = 0;
      for (let k = Math.max(-REACH, -i); k <= Math.min(REACH, CELLS - 1 - i); k++) sum += KERNEL[k + REACH] * from[line * next + (i + k) * stride];
      to[line * next + i * stride] = sum;
    }
  }
}

/** The heights above which a field holds half of its sum, and nine tenths. */
function levelsOf(field) {
  const sorted = Float32Array.from(field).sort(), all = sorted.reduce((sum, v) => sum + v, 0);
  if (!all) return [];
  let held = 0, at = sorted.length;
  return MASSES.map((mass) => {
    while (at > 0 && held < mass * all) held += sorted[--at];
    return sorted[at];
  });
}
