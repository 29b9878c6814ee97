// How good a generator of images is: each measure of the run's evaluations over time, between two reference lines:
// real images against real ones (the floor), and the generator before its first step.

import { context2d } from "../../../ui/web/canvas/context.js";
import { titled } from "../../../ui/web/glossary.js";
import { compact, count, make, rgb, say, short } from "../../../ui/web/words.js";

const SHARES = new Set(["precision", "recall", "coverage"]);
const WIDE = new Set(["fid"]); // falls by powers of ten: its chart is logarithmic
const LEAST_LOGARITHMIC = 1e-3;

export class Quality {
  constructor() {
    this.title = titled("How good it is", "fid");
    this.about = make("p", { class: "gs-about", "data-testid": "quality-about" });
    this.kinds = make("select", { class: "gs-button", "aria-label": "Which evaluations", hidden: true, onChange: () => this.choose(this.kinds.value) });
    const key = (kind, words) => make("span", { class: "gs-quality-key", "data-kind": kind }, make("i", { "aria-hidden": "true" }), words);
    this.legend = make("div", { class: "gs-keys" }, key("now", "generated"), key("floor", "real against real"), key("untrained", "untrained"));
    this.cards = make("div", { class: "gs-quality-cards" });
    this.root = make("section", { class: "gs-chart gs-quality", "aria-label": "How good it is", "data-testid": "quality", hidden: true },
      make("header", {}, this.title, this.legend, this.kinds), this.about, this.cards);
    this.sizes = new ResizeObserver(() => this.soon());
    this.sizes.observe(this.root);
    this.onVisible = () => document.hidden || this.soon();
    document.addEventListener("visibilitychange", this.onVisible);
    this.reset();
  }

  reset() {
    /** @type {Map<string, any>} */
    this.found = new Map(); // "step features samples" -> evaluation
    this.measures = [];
    this.cursor = null;
    this.chosen = "";
    this.built = "";
    this.root.hidden = true;
    this.cards.replaceChildren();
  }

  /**
   * measures: [{name, label, unit, higher, help, source}], of which a run of points has none here; evaluations: all so
   * far. Again after every reconnection: what somebody looks at stays.
   */
  open(measures, evaluations, every) {
    const { chosen, cursor } = this;
    this.reset();
    this.chosen = chosen;
    this.cursor = cursor;
    this.measures = measures ?? [];
    this.every = every;
    this.root.hidden = !this.measures.length;
    for (const one of evaluations ?? []) this.add(one);
    this.soon();
  }

  /** One more; of a new kind it is what somebody has just asked for, and shown. */
  receive(one) {
    if (this.found.size && ![...this.found.values()].some((other) => kindOf(other) === kindOf(one))) this.chosen = kindOf(one);
    this.add(one);
  }

  add(one) {
    this.found.set(`${one.step} ${kindOf(one)}`, one);
    this.soon();
  }

  setLive(live) {
    this.live = live;
    this.soon();
  }

  setCursor(step) {
    this.cursor = step;
    this.soon();
  }

  choose(kind) {
    this.chosen = kind;
    this.soon();
  }

  soon() {
    this.timer ||= setTimeout(() => { this.timer = 0; this.draw(); }, 120);
  }

  /** The evaluations of one kind: those that may be compared. The kind of which there are most, unless another is chosen. */
  ofKind() {
    const kinds = new Map();
    for (const one of this.found.values()) kinds.set(kindOf(one), [...(kinds.get(kindOf(one)) ?? []), one]);
    const trained = (kind) => kinds.get(kind).filter((one) => one.step > 0).length;
    const known = [...kinds.keys()].sort((a, b) => trained(b) - trained(a) || kinds.get(a)[0].samples - kinds.get(b)[0].samples);
    const kind = kinds.has(this.chosen) ? this.chosen : known[0];
    this.kinds.hidden = known.length < 2;
    if (this.kinds.options.length !== known.length || known.some((k, i) => this.kinds.options[i].value !== k)) {
      this.kinds.replaceChildren(...known.map((k) => make("option", { value: k }, `${count(kinds.get(k)[0].samples)} samples`)));
    }
    if (kind) this.kinds.value = kind;
    return (kinds.get(kind) ?? []).sort((a, b) => a.step - b.step);
  }

  draw() {
    if (this.root.hidden || !this.root.clientWidth || document.hidden) return;
    const all = this.ofKind(), untrained = all.find((one) => one.step === 0), trained = all.filter((one) => one.step > 0);
    this.legend.hidden = this.cards.hidden = !all.length;
    if (!all.length) {
      return say(this.about, !this.live ? "Nothing was measured while it trained; ask for an evaluation below." : this.every
        ? `Measured first after ${compact(this.every)} images, as soon as 5% of the run's time pays for it.` : "Evaluations during training are switched off; ask for one below.");
    }
    const until = this.cursor ?? Infinity, now = trained.findLast((one) => one.step <= until) ?? (this.cursor === null ? undefined : untrained);
    const best = trained.findLast((one) => one.best), at = now ? (now.step ? `step ${count(now.step)}` : "untrained") : "no step yet";
    say(this.about, `${all[0].features}, ${count(all[0].samples)} samples, ${at}${best ? `; the best at step ${count(best.step)} is kept as a checkpoint` : ""}.`);
    this.about.title = this.about.textContent;
    this.build(all[0]);
    const ink = (name) => `rgb(${rgb(this.root, `var(${name})`).join()})`;
    const look = { line: ink("--gs-generated"), floor: ink("--gs-real"), low: ink("--gs-quiet-ink"), dot: ink("--st-text-color"), best: ink("--gs-good") };
    for (const card of this.made) this.fill(card, { now, trained, untrained, floor: all[0].floor, look });
    this.drawClasses(now ?? untrained);
  }

  /** One card a measure that these evaluations have, and one for the classes. */
  build({ features, values, classes }) {
    const shown = this.measures.filter(({ name }) => Number.isFinite(values[name]));
    const built = [features, ...shown.map(({ name }) => name), !!classes].join();
    if (built === this.built) return;
    this.built = built;
    this.made = shown.map((measure) => {
      const value = make("b", { "data-testid": `quality-${measure.name}` }, "–"), canvas = make("canvas", { class: "gs-spark", "aria-hidden": "true" }), lines = make("small", {});
      const toward = { true: "Higher is better.", false: "Lower is better.", null: "Best where real images are." }[String(measure.higher)];
      const root = make("div", { class: "gs-measure", title: [measure.help, measure.unit && `In ${measure.unit}.`, toward, measure.source].filter(Boolean).join("\n") },
        make("span", { class: "gs-measure-name" }, measure.label), value, canvas, lines);
      return { measure, value, canvas, lines, root };
    });
    this.bars = classes ? make("div", { class: "gs-classes", role: "img", "aria-label": "Classes" }) : null;
    const share = this.bars && make("div", { class: "gs-measure gs-measure-classes", title: "Into which classes a classifier puts the generated images (bars) and real ones (lines)." },
      make("span", { class: "gs-measure-name" }, "Classes of the generated images"), this.bars);
    this.cards.replaceChildren(...this.made.map(({ root }) => root), ...(share ? [share] : []));
  }

  fill({ measure: { name }, value, canvas, lines }, { now, trained, untrained, floor, look }) {
    const words = (v) => (SHARES.has(name) ? `${(100 * v).toFixed(v > 0 && v < 0.1 ? 1 : 0)}%` : short(v));
    say(value, Number.isFinite(now?.values[name]) ? words(now.values[name]) : "–");
    const start = untrained?.values[name];
    say(lines, `real ${Number.isFinite(floor[name]) ? words(floor[name]) : "–"}${Number.isFinite(start) ? ` · untrained ${words(start)}` : ""}`);
    drawQuality(canvas, { rows: trained.filter((one) => Number.isFinite(one.values[name])), name, floor: floor[name], start, now, look });
  }

  drawClasses(one) {
    if (!this.bars || !one?.classes) return;
    const { names, generated, real } = one.classes, most = Math.max(...generated, ...real);
    this.bars.setAttribute("aria-label", names.map((name, i) => `${name} ${Math.round(100 * generated[i])}%, real ${Math.round(100 * real[i])}%`).join("; "));
    this.bars.replaceChildren(...names.map((name, i) => make("span", { title: `${name}: ${(100 * generated[i]).toFixed(1)}% of the generated, ${(100 * real[i]).toFixed(1)}% of real images` },
      make("i", { style: `height: ${(100 * generated[i]) / most}%` }), make("u", { style: `bottom: ${(100 * real[i]) / most}%` }))));
  }

  end() {
    clearTimeout(this.timer);
    this.sizes.disconnect();
    document.removeEventListener("visibilitychange", this.onVisible);
  }
}

const kindOf = (one) => `${one.features} ${one.samples}`;

/** Values over steps with both reference lines: real dashed, untrained dotted; the best with a ring. */
function drawQuality(canvas, { rows, name, floor, start, now, look }) {
  const px = Math.min(2, window.devicePixelRatio || 1), wide = Math.round(canvas.clientWidth * px), high = Math.round(canvas.clientHeight * px);
  if (!wide || !high) return;
  Object.assign(canvas, { width: wide, height: high });
  const ink = context2d(canvas), bend = WIDE.has(name) ? (v) => Math.log10(Math.max(LEAST_LOGARITHMIC, v)) : (v) => v;
  const all = [...rows.map((one) => one.values[name]), floor, start].filter(Number.isFinite).map(bend);
  if (!all.length) return;
  const low = Math.min(...all), span = Math.max(...all) - low || 1, edge = 3 * px;
  const y = (v) => edge + (1 - (bend(v) - low) / span) * (high - 2 * edge), last = rows.at(-1)?.step ?? 1;
  const x = (step) => edge + (step / last) * (wide - 2 * edge);
  const level = (v, color, dash) => {
    if (!Number.isFinite(v)) return;
    ink.strokeStyle = color;
    ink.lineWidth = 1.25 * px;
    ink.setLineDash(dash.map((d) => d * px));
    ink.beginPath();
    ink.moveTo(0, y(v));
    ink.lineTo(wide, y(v));
    ink.stroke();
    ink.setLineDash([]);
  };
  level(floor, look.floor, [5, 3]);
  level(start, look.low, [1.5, 3]);
  ink.strokeStyle = look.line;
  ink.lineWidth = 1.8 * px;
  ink.lineJoin = "round";
  ink.beginPath();
  if (Number.isFinite(start)) ink.moveTo(x(0), y(start));
  for (const one of rows) ink.lineTo(x(one.step), y(one.values[name]));
  ink.stroke();
  const dot = (one, color, filled) => {
    ink.beginPath();
    ink.arc(x(one.step), y(one.values[name]), (filled ? 2.2 : 4) * px, 0, 2 * Math.PI);
    ink.fillStyle = ink.strokeStyle = color;
    ink[filled ? "fill" : "stroke"]();
  };
  const best = rows.findLast((one) => one.best);
  if (best && name === "fid") dot(best, look.best, false);
  if (now?.step && Number.isFinite(now.values[name])) dot(now, look.dot, true);
}
