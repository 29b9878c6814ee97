// How good a generator of points is: each measure's newest value and its way there, with what a perfect generator scores.

import { context2d } from "../../../ui/web/canvas/context.js";
import { make, rgb, say, short } from "../../../ui/web/words.js";

const NEXT_TO_NOTHING = 0.001;
const FORMATS = { modes_covered: (v, modes) => `${Math.round(v)} / ${modes}`, high_quality_share: (v) => `${(100 * v).toFixed(v > 0.995 ? 1 : 0)}%` };

export class Measures {
  constructor() {
    this.root = make("section", { class: "gs-measures", "aria-label": "How good it is", "data-testid": "measures", hidden: true });
    this.cards = [];
    this.series = null;
    this.cursor = null;
    this.evaluations = []; // by step; of a run's end among others, which need not fall on a point of the curves
    this.sizes = new ResizeObserver(() => this.soon());
    this.sizes.observe(this.root);
  }

  /** measures: [{name, label, unit, higher, help, source}]; floors: {name: {mean, low, high}}, what perfect samples score. */
  setStage({ measures, floors, modes }) {
    this.root.hidden = !measures?.length;
    this.cards = (measures ?? []).map((measure) => {
      const format = (v) => FORMATS[measure.name]?.(v, modes?.centres.length) ?? (Math.abs(v) < NEXT_TO_NOTHING ? "0" : short(v)), floor = floors[measure.name];
      const value = make("b", { "data-testid": `measure-${measure.name}` }, "–"), canvas = make("canvas", { class: "gs-spark", "aria-hidden": "true" });
      const range = floor ? `A perfect generator scores ${format(floor.mean)} (90% of its samples: ${format(floor.low)} to ${format(floor.high)}).` : "";
      const root = make("div", { class: "gs-measure", title: [measure.help, measure.unit && `In ${measure.unit}.`, range, measure.source].filter(Boolean).join("\n") },
        make("span", { class: "gs-measure-name" }, measure.label), value, canvas, make("small", {}, make("i", { "aria-hidden": "true" }), floor ? `perfect ${format(floor.mean).split(" / ")[0]}` : ""));
      return { measure, floor, format, value, canvas, root };
    });
    this.root.replaceChildren(...this.cards.map(({ root }) => root));
    this.soon();
  }

  reset() {
    this.evaluations = [];
    this.setStage({ measures: [], floors: {}, modes: null });
  }

  /** What was measured beside the curves. */
  addEvaluations(evaluations) {
    this.evaluations = [...this.evaluations, ...evaluations].filter(({ step }) => step > 0).sort((a, b) => a.step - b.step);
    this.soon();
  }

  /** A measure's value at the cursor: of the curves, or of an evaluation that is newer than they are. */
  valueOf({ name }, at) {
    const curve = at === undefined ? NaN : this.series.columns[name][at], since = at === undefined ? 0 : this.series.columns.step[at];
    const newer = this.evaluations.findLast((one) => one.step > since && one.step <= (this.cursor ?? Infinity) && Number.isFinite(one.values[name]));
    return newer ? newer.values[name] : curve;
  }

  soon() {
    this.timer ||= setTimeout(() => { this.timer = 0; this.draw(); }, 250);
  }

  draw() {
    if (!this.series || !this.cards.length || !this.root.clientWidth || document.hidden) return;
    const until = this.cursor === null ? this.series.length - 1 : this.series.row(this.cursor);
    const ink = (name) => `rgb(${rgb(this.root, `var(${name})`).join()})`, look = { line: ink("--gs-generated"), floor: ink("--gs-good"), dot: ink("--st-text-color") };
    for (const card of this.cards) {
      const values = this.series.columns[card.measure.name] ?? [], rows = [];
      for (let i = 0; i < values.length; i++) if (Number.isFinite(values[i])) rows.push(i);
      const now = rows.findLast((row) => row <= until);
      const value = this.valueOf(card.measure, now);
      say(card.value, Number.isFinite(value) ? card.format(value) : "–");
      card.root.dataset.good = String(Number.isFinite(value) && !!card.floor && this.asGood(card, value));
      this.drawSpark(card, rows, values, now, look);
    }
  }

  asGood({ measure, floor }, value) {
    return measure.higher ? value >= floor.low : value <= floor.high;
  }

  drawSpark({ canvas, floor }, rows, values, now, look) {
    const px = Math.min(2, window.devicePixelRatio || 1), wide = Math.round(canvas.clientWidth * px), high = Math.round(canvas.clientHeight * px);
    if (!wide || !high) return;
    Object.assign(canvas, { width: wide, height: high });
    if (!rows.length) return;
    const ink = context2d(canvas), steps = this.series.columns.step, shown = rows.map((row) => values[row]);
    const all = floor ? [...shown, floor.low, floor.high] : shown, low = Math.min(...all), span = Math.max(...all) - low || 1;
    const y = (v) => 2 * px + (1 - (v - low) / span) * (high - 4 * px), first = steps[rows[0]] ?? 0, last = steps[rows[rows.length - 1]] ?? 1;
    const x = (row) => 2 * px + ((steps[row] - first) / (last - first || 1)) * (wide - 5 * px);
    if (floor) {
      const top = y(floor.high), deep = Math.max(2 * px, y(floor.low) - top);
      ink.globalAlpha = 0.35;
      ink.fillStyle = look.floor;
      ink.fillRect(0, Math.min(top, high - deep), wide, deep);
      ink.globalAlpha = 1;
    }
    ink.strokeStyle = look.line;
    ink.lineWidth = 1.6 * px;
    ink.lineJoin = "round";
    ink.beginPath();
    const stride = Math.max(1, Math.floor(rows.length / wide));
    for (let i = rows.length - 1; i >= 0; i -= stride) ink.lineTo(x(rows[i]), y(values[rows[i]]));
    ink.stroke();
    if (now === undefined) return;
    ink.fillStyle = look.dot;
    ink.beginPath();
    ink.arc(x(now), y(values[now]), 2.2 * px, 0, 2 * Math.PI);
    ink.fill();
  }

  end() {
    clearTimeout(this.timer);
    this.sizes.disconnect();
  }
}
