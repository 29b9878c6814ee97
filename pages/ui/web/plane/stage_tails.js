// The short way that moving points have just come.

const TAILS = 70, SNAPSHOTS = 7, FARTHEST = 0.12; // of the stage's width: who goes farther has jumped

export class Tails {
  constructor() {
    this.clear();
  }

  clear() {
    this.step = -1;
    /** @type {any[]} */
    this.rows = []; // places of every so many points, [x, y, x, y, ...], oldest first
  }

  /** Where the points [n, 2] are at `step`; from an earlier one it begins anew. */
  add(step, points) {
    if (step < this.step || points.length !== this.length) this.clear();
    if (step === this.step) return;
    this.step = step;
    this.length = points.length;
    /** @type {number} */
    this.stride = Math.max(1, Math.ceil(points.length / 2 / TAILS));
    this.rows.push(this.some(points));
    if (this.rows.length > SNAPSHOTS) this.rows.shift();
  }

  some(points) {
    const { stride } = this, n = Math.ceil(points.length / 2 / stride);
    return Float32Array.from({ length: 2 * n }, (_, k) => points[2 * stride * (k >> 1) + (k & 1)]);
  }

  /** From where they were to where they are now, on their way to the newest snapshot; older parts are fainter. */
  draw(ink, plane, points, width) {
    if (this.rows.length < 2 || points.length !== this.length) return;
    const path = [...this.rows.slice(0, -1), this.some(points)], far = FARTHEST * (plane.extent[1] - plane.extent[0]);
    ink.lineWidth = width;
    for (let age = 1; age < path.length; age++) {
      const from = path[age - 1], to = path[age];
      ink.globalAlpha = (0.85 * age) / (path.length - 1);
      ink.beginPath();
      for (let k = 0; k < to.length; k += 2) {
        if (!(Math.hypot(to[k] - from[k], to[k + 1] - from[k + 1]) < far)) continue;
        ink.moveTo(plane.x(from[k]), plane.y(from[k + 1]));
        ink.lineTo(plane.x(to[k]), plane.y(to[k + 1]));
      }
      ink.stroke();
    }
    ink.globalAlpha = 1;
  }
}
