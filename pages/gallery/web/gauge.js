// One number under each picture, and how it went, on one scale for both sides.

import { context2d } from "../../ui/web/canvas/context.js";
import { count, make, say, short } from "../../ui/web/words.js";

export class Gauge {
  constructor() {
    this.value = make("b", { "data-testid": "gauge" }, "–");
    this.label = make("span", { class: "gg-gauge-label" });
    this.canvas = make("canvas", { class: "gg-spark", "aria-hidden": "true" });
    this.root = make("div", { class: "gg-gauge" }, make("div", { class: "gg-gauge-words" }, this.value, this.label), this.canvas);
  }

  describe({ label, about }) {
    say(this.label, label);
    this.root.title = about;
  }

  /** value: now; whole: a count. rows: [step, value] from the start. ends: {low, high, last} of both sides; log: the scale. */
  show({ value, unit, whole, rows, ends, log, ink, at }) {
    say(this.value, Number.isFinite(value) ? `${whole ? count(value) : short(value)}${unit}` : "–");
    const ratio = window.devicePixelRatio || 1, width = Math.round(this.canvas.clientWidth * ratio), height = Math.round(this.canvas.clientHeight * ratio);
    if (!width || !height) return;
    Object.assign(this.canvas, { width, height });
    const out = context2d(this.canvas), scale = log ? (v) => Math.log10(Math.max(v, 1e-6)) : (v) => v;
    const low = scale(ends.low), high = scale(ends.high), pad = 3 * ratio;
    const x = (step) => (step / Math.max(1, ends.last)) * (width - 2 * pad) + pad;
    const y = (v) => height - pad - ((scale(v) - low) / Math.max(1e-9, high - low)) * (height - 2 * pad);
    out.strokeStyle = ink;
    out.lineWidth = 2 * ratio;
    out.lineJoin = "round";
    out.beginPath();
    for (const [step, v] of rows) if (Number.isFinite(v)) out.lineTo(x(step), y(v));
    out.stroke();
    if (at === null || !Number.isFinite(value)) return;
    out.fillStyle = ink;
    out.beginPath();
    out.arc(x(at), y(value), 3.5 * ratio, 0, 2 * Math.PI);
    out.fill();
  }
}
