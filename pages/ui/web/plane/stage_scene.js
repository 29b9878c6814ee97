// A snapshot of a run of points as it arrives, and the way of everything in it from one snapshot to the next.

/** float16 as raw words to float32; not every browser has Float16Array. */
function fromHalves(words) {
  const out = new Float32Array(words.length);
  for (let i = 0; i < words.length; i++) {
    const w = words[i], exponent = (w >> 10) & 31, fraction = w & 1023, sign = w & 0x8000 ? -1 : 1;
    out[i] = sign * (exponent === 31 ? (fraction ? NaN : Infinity)
      : exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction);
  }
  return out;
}

/** Bytes (ArrayBuffer): uint32 length of the header, JSON, then the arrays that it lists; {header, arrays: name -> {values, shape}}. */
export function readArrays(buffer) {
  const length = new DataView(buffer).getUint32(0, true), start = 4 + length;
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const arrays = new Map(header.arrays.map(({ name, dtype, shape, offset, bytes }) => [name, { shape, values:
    dtype === "<f4" ? new Float32Array(buffer, start + offset, bytes / 4)
      : dtype === "<i2" ? Float32Array.from(new Int16Array(buffer, start + offset, bytes / 2), (whole) => whole * header.scales[name])
        : fromHalves(new Uint16Array(buffer, start + offset, bytes / 2)) }]));
  return { header, arrays };
}

/** An encoded scene; layers' arrays go into `networks`. */
export function readScene(buffer) {
  const scene = { networks: new Map() };
  for (const [name, array] of readArrays(buffer).arrays) {
    const layer = /([gd]\d+)\.(weight|bias)$/.exec(name);
    if (layer) scene.networks.set(layer[1], { ...scene.networks.get(layer[1]), [layer[2]]: array.values });
    else scene[name] = array;
  }
  scene.margin ??= NONE; // of earlier versions
  return scene;
}

const MOVING_PARTS = ["fakes", "scores", "arrows", "heat", "manifold", "margin"], NONE = { values: new Float32Array(0), shape: [0] };
const FIRST_SPAN_MS = 140, LEAST_SPAN_MS = 40, MOST_SPAN_MS = 700, PAUSE_MS = 1500;
const LATE = 1.15; // a glide lasts a little longer than the usual wait, so that it rarely stands still before the next
const ARRIVING = 0.6; // speed at a glide's end, as a part of its mean speed: the next one goes on from there

/**
 * Everything that moves, as one row of numbers: a cubic Hermite curve from where it is, with the speed it has, to the
 * newest snapshot. `parts` are views of the row as it stands now.
 */
export class Glide {
  constructor() {
    this.parts = null;
    this.clear();
  }

  clear() {
    this.key = "";
    this.moving = false;
    /** @type {number} */
    this.interval = FIRST_SPAN_MS;
    this.arrived = -Infinity;
  }

  /** Go to a scene; `jump` goes there at once. span: in so many milliseconds, and then stand still. */
  aim(scene, time, jump, span = 0) {
    const key = MOVING_PARTS.map((name) => (scene[name] ?? NONE).shape.join("x")).join();
    const gap = time - this.arrived, pausing = gap > PAUSE_MS;
    this.arrived = time;
    if (!pausing) this.interval += 0.3 * (gap - this.interval);
    if (key !== this.key) this.allot(scene, key);
    else if (!jump) return this.depart(scene, time, pausing || span > 0, span);
    this.fill(scene, this.now);
    this.moving = false;
  }

  allot(scene, key) {
    this.key = key;
    const size = MOVING_PARTS.reduce((sum, name) => sum + (scene[name] ?? NONE).values.length, 0);
    const row = () => new Float32Array(size);
    /** @type {Float32Array} */
    this.now = row();
    /** @type {Float32Array} */
    this.from = row();
    /** @type {Float32Array} */
    this.to = row();
    /** @type {Float32Array} */
    this.leaving = row(); // the curve's slopes at both ends
    /** @type {Float32Array} */
    this.arriving = row();
    this.parts = {};
    let at = 0;
    for (const name of MOVING_PARTS) this.parts[name] = this.now.subarray(at, (at += (scene[name] ?? NONE).values.length));
  }

  fill(scene, row) {
    let at = 0;
    for (const name of MOVING_PARTS) {
      const { values } = scene[name] ?? NONE;
      row.set(values, at);
      at += values.length;
    }
  }

  depart(scene, time, pausing, wanted) {
    const span = wanted || Math.min(MOST_SPAN_MS, Math.max(LEAST_SPAN_MS, LATE * (pausing ? FIRST_SPAN_MS : this.interval)));
    const { now, from, to, leaving, arriving } = this, s = this.moving ? (time - this.start) / this.span : 1;
    if (s < 1) { // under way: keep the speed (the curve's slope, per new span)
      this.at(time);
      const a = 6 * s * s - 6 * s, b = 3 * s * s - 4 * s + 1, d = 3 * s * s - 2 * s, times = span / this.span;
      for (let i = 0; i < now.length; i++) leaving[i] = times * (a * (from[i] - to[i]) + b * leaving[i] + d * arriving[i]);
    } else if (s < 1.5) for (let i = 0; i < now.length; i++) leaving[i] = arriving[i];
    else leaving.fill(0);
    from.set(now);
    this.fill(scene, to);
    const part = pausing ? 0 : ARRIVING;
    for (let i = 0; i < now.length; i++) {
      if (!Number.isFinite(from[i] + leaving[i])) [from[i], leaving[i]] = [to[i], 0]; // it was out of bounds: start anew
      const way = part * (to[i] - from[i]);
      arriving[i] = Number.isFinite(way) ? way : 0;
    }
    this.start = time;
    this.span = span;
    this.moving = true;
  }

  /** Bring `parts` to this moment. */
  at(time) {
    if (!this.moving) return;
    const s = Math.max(0, (time - this.start) / this.span), { now, from, to, leaving, arriving } = this;
    if (s >= 1) {
      now.set(to);
      this.moving = false;
      return;
    }
    const c = s * s * (3 - 2 * s), a = 1 - c, b = s * (1 - s) * (1 - s), d = s * s * (s - 1);
    for (let i = 0; i < now.length; i++) now[i] = a * from[i] + b * leaving[i] + c * to[i] + d * arriving[i];
  }
}
