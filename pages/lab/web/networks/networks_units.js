// What single units of a network say: forward passes over many inputs, in a thread of their own.

/**
 * layers: [{weight [out * in], bias [out], in, out, activation}], x: [count * in]; drawn: per layer the units wanted.
 * -> per layer per wanted unit a Float32Array of `count`. Stands alone: it also runs inside the worker.
 */
export function unitValues({ layers, x, count, drawn }) {
  const erf = (v) => { // Abramowitz and Stegun 7.1.26
    const t = 1 / (1 + 0.3275911 * Math.abs(v));
    const tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * Math.exp(-v * v);
    return v < 0 ? tail - 1 : 1 - tail;
  };
  const bends = {
    relu: (v) => (v > 0 ? v : 0), leakyrelu: (v) => (v > 0 ? v : 0.2 * v), tanh: Math.tanh, sigmoid: (v) => 1 / (1 + Math.exp(-v)),
    silu: (v) => v / (1 + Math.exp(-v)), gelu: (v) => 0.5 * v * (1 + erf(v / Math.SQRT2)),
  };
  return layers.map(({ weight, bias, in: ins, out, activation }, l) => {
    const y = new Float32Array(count * out), bend = bends[activation];
    for (let p = 0; p < count; p++) {
      for (let o = 0; o < out; o++) {
        let sum = bias ? bias[o] : 0;
        for (let i = 0, w = o * ins, a = p * ins; i < ins; i++, w++, a++) sum += weight[w] * x[a];
        y[p * out + o] = bend ? bend(sum) : sum;
      }
    }
    x = y;
    return drawn[l].map((unit) => Float32Array.from({ length: count }, (_, p) => y[p * out + unit]));
  });
}

/** The name under which `unitValues` knows a layer's bend: LeakyReLU, leaky_relu -> leakyrelu. */
export const activationOf = (name) => String(name ?? "").toLowerCase().replace(/[^a-z]/g, "");

/** Asks for `unitValues` without holding up the page; only the newest question of each name waits. */
export class UnitWorker {
  constructor() {
    this.waiting = new Map(); // name -> [question, done]
    this.busy = null;
    try {
      const code = `${unitValues.toString()}; onmessage = (e) => postMessage(unitValues(e.data));`;
      this.worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
      this.worker.onmessage = (e) => this.answer(e.data);
      this.worker.onerror = () => { this.worker = null; this.busy = null; this.next(); };
    } catch {
      this.worker = null; // forbidden here: the page does it itself, between two frames
    }
  }

  ask(name, question, done) {
    this.waiting.set(name, [question, done]);
    this.next();
  }

  next() {
    const [first] = this.waiting;
    if (this.busy || !first) return;
    const [name, [question, done]] = first;
    this.waiting.delete(name);
    this.busy = done;
    if (this.worker) this.worker.postMessage(question);
    else setTimeout(() => this.answer(unitValues(question)), 0);
  }

  answer(values) {
    const done = this.busy;
    this.busy = null;
    done?.(values);
    this.next();
  }

  forget() {
    this.waiting.clear();
    if (this.busy) this.busy = () => {};
  }

  close() {
    this.forget();
    this.worker?.terminate();
  }
}

/**
 * Points of a square plane, row 0 lowest, as x for `unitValues`. One dimension: a line, the same on every row.
 * @param {number} n
 * @param {number[]} extent x0, x1, y0, y1
 * @param {number} dim
 */
export function planeInputs(n, extent, dim) {
  const [x0, x1, y0, y1] = extent;
  const x = new Float32Array(n * n * dim);
  for (let j = 0, at = 0; j < n; j++) {
    for (let i = 0; i < n; i++) {
      x[at++] = x0 + ((i + 0.5) * (x1 - x0)) / n;
      if (dim > 1) x[at++] = y0 + ((j + 0.5) * (y1 - y0)) / n;
    }
  }
  return x;
}

/**
 * The crossings of columns and rows as x for `unitValues`, row by row from the lowest.
 * @param {ArrayLike<number>} xs
 * @param {ArrayLike<number>} ys
 */
export function gridInputs(xs, ys) {
  const x = new Float32Array(2 * xs.length * ys.length);
  for (let j = 0, at = 0; j < ys.length; j++) {
    for (let i = 0; i < xs.length; i++) {
      x[at++] = xs[i];
      x[at++] = ys[j];
    }
  }
  return x;
}

/** How far from 0 a unit gets: the end of its colour scale. */
export const reachOf = (values) => values.reduce((most, v) => (Math.abs(v) > most ? Math.abs(v) : most), 0) || 1;
