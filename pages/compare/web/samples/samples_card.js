// One run's samples: a sample grid, or the plane with its points, at the moment that all runs are scrubbed to.

import { context2d } from "../../../ui/web/canvas/context.js";
import { rowAt } from "../../../ui/web/channel/feeds.js";
import { drawAtlas, drawNames, laidOut, place, sampleAt } from "../../../ui/web/channel/frames.js";
import { Shower } from "../../../ui/web/channel/shower.js";
import { httpUrl } from "../../../ui/web/channel/wire.js";
import { Stage } from "../../../ui/web/plane/stage.js";
import { clock, compact, count, make, say, short } from "../../../ui/web/words.js";
import { badge } from "../runs.js";
import { LEAST_HELD } from "./samples.js";

export class SampleCard {
  /** view: the SamplesView that it belongs to; run: what the page says of it. */
  constructor(view, run) {
    this.view = view;
    this.run = run;
    this.shown = null;
    /** @type {Stage | null} */
    this.stage = null;
    this.shower = new Shower({ held: LEAST_HELD, display: (frame) => this.display(frame), refused: (why) => this.tellEmpty(why) });
    this.canvas = make("canvas", { class: "gs-canvas", tabindex: "0", role: "img", "aria-label": `Samples of ${run.name}`, "data-testid": `grid-${run.letter}`,
      onPointermove: (e) => view.point(this.under(e)), onPointerleave: () => view.point(-1), onClick: (e) => view.enlarge(this.under(e)),
      onKeydown: (e) => this.walk(e) });
    this.cell = make("i", { class: "gc-cell", hidden: true, "aria-hidden": "true" });
    this.names = make("div", { class: "gs-names", hidden: true });
    this.caption = make("span", { class: "gs-caption", "data-testid": `moment-${run.letter}` });
    this.said = make("span", { class: "gc-said" });
    this.empty = make("div", { class: "gs-empty" }, make("p", {}, "Its samples are on their way."));
    this.title = make("span", { class: "gc-name" });
    this.place = make("div", { class: "gs-stage" }, this.canvas, this.cell, this.empty);
    this.root = make("figure", { class: "gc-card", style: `--ink: var(--gc-${run.place % 8})`, "data-testid": `card-${run.letter}` },
      make("figcaption", {}, badge(run), this.title, this.caption), this.names, this.place, this.said);
    this.sizes = new ResizeObserver(() => this.redraw());
    this.sizes.observe(this.canvas);
    this.update(run);
  }

  get feed() {
    return this.view.feeds.all.get(this.run.id);
  }

  update(run) {
    this.run = run;
    say(this.title, run.name);
    this.title.title = run.id;
    if (run.points && !this.stage) this.addStage();
  }

  /** A run of points is looked at on a stage, as in the Lab. */
  addStage() {
    const [like] = this.view.stages();
    const stage = new Stage({ threshold: (step) => this.threshold(step), onClose: () => {} });
    this.stage = stage;
    if (like) stage.showLayers(like.shown);
    stage.probability = this.run.probability;
    stage.toggle = (id) => this.view.toggleLayer(id);
    stage.plane.changed = () => { stage.soon(); stage.showZoom(); this.view.follow(stage); };
    this.canvas.replaceWith(stage.root);
    stage.canvas.dataset.testid = `grid-${this.run.letter}`;
    if (this.feed?.stage) stage.setStage(this.feed.stage);
  }

  /** The score above which D took a sample for real at a step. */
  threshold(step) {
    return this.feed.threshold(step, this.run.threshold);
  }

  // Which moments there are

  /** [x, step] of every moment that can be shown, rising; drawn: of the checkpoints. */
  moments() {
    const { feed } = this, { axis, drawn } = this.view.memory;
    if (!feed) return [];
    const { columns } = feed.series, at = (name, step) => columns[name][Math.max(0, rowAt(columns.step, step))] ?? 0;
    const steps = drawn ? this.run.checkpoints.map((step) => [step, at("images", step)]) : feed.kept;
    if (axis === "step") return steps.map(([step]) => [step, step]);
    if (axis === "images") return steps.map(([step, images]) => [images, step]);
    return steps.map(([step]) => [at("elapsed_seconds", step), step]);
  }

  /** The step of the moment nearest to `x`, the newest for null; null where there is none. */
  nearest(x) {
    const moments = this.moments();
    if (!moments.length) return null;
    if (x === null) return moments[moments.length - 1][1];
    let best = moments[0];
    for (const moment of moments) if (Math.abs(moment[0] - x) < Math.abs(best[0] - x)) best = moment;
    return best[1];
  }

  /** Go to a moment (null: the newest, live where it trains). */
  async goTo(x) {
    const { memory, token } = this.view, newest = this.feed?.newest;
    if (x === null && !memory.drawn && newest) return this.shower.showNewest(newest);
    const step = this.nearest(x);
    if (step === null) return this.tellEmpty();
    await this.shower.show(memory.drawn ? `${httpUrl(this.run.id, `drawn/${step}`, token)}&seed=${memory.seed}` : httpUrl(this.run.id, `grid/${step}`, token));
  }

  tellEmpty(why = "") {
    const waiting = !this.feed?.view && !this.feed?.refused;
    this.shower.wanted = "";
    this.shown = null;
    this.redraw();
    say(this.caption, "");
    this.empty.hidden = false;
    say(this.empty.firstChild, why || this.feed?.refused || (waiting ? "Its samples are on their way."
      : this.view.memory.drawn ? "It has no checkpoint yet." : "It has no sample grid yet."));
  }

  // What is drawn

  display(frame) {
    this.shown = frame;
    this.empty.hidden = true;
    this.run.points ? this.showScene(frame) : this.redraw();
    const { series } = this.feed, seconds = series.columns.elapsed_seconds[Math.max(0, rowAt(series.columns.step, frame.step))];
    const what = this.run.points ? "points" : "images";
    say(this.caption, `step ${count(frame.step)} · ${compact(frame.images)} ${what}${Number.isFinite(seconds) ? ` · ${clock(seconds)}` : ""}`);
    this.canvas.setAttribute("aria-label", `Samples of ${this.run.name} at step ${frame.step}`);
    this.mark();
  }

  showScene(frame) {
    if (!this.stage) return;
    if (this.feed.stage && this.stage.stage !== this.feed.stage) this.stage.setStage(this.feed.stage);
    if (this.stage.stage) this.stage.show(frame, this.view.memory.at === null);
  }

  redraw() {
    if (this.run.points) return;
    const { enlarged } = this.view, frame = this.shown;
    if (frame && enlarged >= 0 && enlarged < frame.columns * frame.rows) this.drawOne(frame, enlarged);
    else drawAtlas(this.canvas, frame);
    drawNames(this.names, this.canvas, enlarged < 0 ? frame : null, this.run.classes);
  }

  /** One sample over the whole picture, its pixels as they are. */
  drawOne({ bitmap, columns, size }, index) {
    const side = Math.round(this.canvas.clientWidth * (window.devicePixelRatio || 1)), ink = context2d(this.canvas);
    if (!side) return;
    this.canvas.style.aspectRatio = "1";
    Object.assign(this.canvas, { width: side, height: side });
    ink.imageSmoothingEnabled = false;
    ink.drawImage(bitmap, (index % columns) * size, Math.floor(index / columns) * size, size, size, 0, 0, side, side);
  }

  /** The sample at the shared pointer, and what D says of it. */
  mark() {
    const { pointed, enlarged } = this.view, frame = this.shown, index = pointed >= 0 ? pointed : enlarged;
    const there = !!frame && !this.run.points && index >= 0 && index < frame.columns * frame.rows;
    this.cell.hidden = !there || enlarged >= 0;
    const score = there ? frame.scores[index] : NaN, line = this.feed ? this.threshold(frame?.step ?? 0) : NaN;
    const verdict = Number.isFinite(line) ? (score > line ? "real" : "generated") : "";
    say(this.said, Number.isFinite(score) ? `D takes sample ${index + 1} for ${verdict}: ${this.run.probability ? `${Math.round(100 * score)}% real` : `score ${short(score)}`}` : "");
    if (this.cell.hidden) return;
    const { across, down } = laidOut(frame), [c, r] = place(frame, index);
    Object.assign(this.cell.style, { left: `${(100 * c) / across}%`, top: `${(100 * r) / down}%`, width: `${100 / across}%`, height: `${100 / down}%` });
  }

  under(event) {
    const box = this.canvas.getBoundingClientRect(), frame = this.shown;
    if (!frame || this.view.enlarged >= 0) return -1;
    const { across, down } = laidOut(frame);
    return sampleAt(frame, Math.floor(((event.clientX - box.left) / box.width) * across), Math.floor(((event.clientY - box.top) / box.height) * down));
  }

  /** Arrow keys go from sample to sample, Enter enlarges; Escape, which goes back, is the view's. */
  walk(event) {
    const frame = this.shown, by = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
    if (event.key === "Enter") this.view.enlarge(this.view.pointed);
    if (!frame || !by) return;
    event.preventDefault();
    const [c, r] = this.view.pointed < 0 ? [-by[0], -by[1]] : place(frame, this.view.pointed), next = sampleAt(frame, c + by[0], r + by[1]);
    if (next >= 0) this.view.point(next);
  }

  close() {
    this.shower.forget();
    this.sizes.disconnect();
    this.stage?.end();
    this.root.remove();
  }
}
