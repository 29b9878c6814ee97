// One side of the gallery: a run's picture, at the step that both are looked at, and its number.

import { drawAtlas } from "../../ui/web/channel/frames.js";
import { Shower } from "../../ui/web/channel/shower.js";
import { httpUrl } from "../../ui/web/channel/wire.js";
import { Stage } from "../../ui/web/plane/stage.js";
import { missedPlaces } from "../../ui/web/plane/stage_places.js";
import { count, make, say } from "../../ui/web/words.js";
import { Gauge } from "./gauge.js";
import { checkerboard, distanceTo, drawCells, greys, nearestOf, rgbOf } from "./look.js";

const FRAMES_HELD = 100, MOST_READ = 16;

const ON_ITS_WAY = "The first picture is on its way.", NOTHING = "This run has nothing to show. Press “Watch it again”.";
const WITHOUT_PICTURE = { queued: "It starts as soon as the device is free.", failed: NOTHING, interrupted: NOTHING };

export class Side {
  /** duo: what it belongs to; id: "failing" or "fixed". */
  constructor(duo, id) {
    this.duo = duo;
    this.id = id;
    this.run = "";
    this.shown = null;
    /** @type {Stage | null} */
    this.stage = null;
    this.shower = new Shower({ held: FRAMES_HELD, display: (frame) => this.display(frame) });
    this.mark = make("i", { class: "gg-mark", "aria-hidden": "true" }, id === "failing" ? "✕" : "✓");
    this.caption = make("span", { class: "gs-caption", "data-testid": `step-${id}` });
    this.state = make("span", { class: "gg-state", role: "status", "data-testid": `state-${id}` });
    this.canvas = make("canvas", { class: "gs-canvas", role: "img", "aria-label": "Samples", "data-testid": `picture-${id}` });
    this.empty = make("div", { class: "gs-empty" }, make("p", {}, ON_ITS_WAY));
    this.place = make("div", { class: "gs-stage gg-picture" }, this.canvas, this.empty);
    this.legend = make("p", { class: "gg-legend", hidden: true });
    this.gauge = new Gauge();
    this.root = make("section", { class: `gg-side gg-${id}`, "data-testid": id, "aria-label": id === "failing" ? "As it is" : "With the fix" },
      make("header", {}, this.mark, make("h3", {}, id === "failing" ? "As it is" : "With the fix"), this.caption, this.state), this.place, this.legend, this.gauge.root);
    this.sizes = new ResizeObserver(() => this.redraw());
    this.sizes.observe(this.canvas);
  }

  get feed() {
    return this.duo.feeds.all.get(this.run);
  }

  /** Turn to another run, or to none. */
  open(run, scene) {
    if (run === this.run && scene === this.scene) return;
    this.run = run;
    this.scene = scene;
    this.shown = null;
    /** @type {Map<number, any>} */
    this.measured = new Map();
    this.shower.forget();
    this.empty.hidden = false;
    this.root.hidden = !run;
    this.setPoints(scene.points);
    this.gauge.describe(scene.gauge);
    this.legend.hidden = !scene.picture;
    this.legend.replaceChildren(...(scene.picture?.legend ?? []).map(([kind, words]) => make("span", { "data-kind": kind }, words)));
    say(this.caption, "");
    this.redraw();
  }

  setPoints(on) {
    const { stage } = this;
    if (!on === !stage) return stage?.reset();
    if (stage) {
      stage.end();
      stage.root.replaceWith(this.canvas);
      this.stage = null;
    } else {
      this.stage = new Stage({ threshold: (step) => this.threshold(step), onClose: () => {} });
      this.stage.canvas.dataset.testid = `picture-${this.id}`;
      this.canvas.replaceWith(this.stage.root);
    }
  }

  threshold(step) {
    return this.feed.threshold(step, this.scene.threshold);
  }

  /** The last kept step that is at most `step`; the first where there is none. */
  keptAt(step) {
    const kept = this.feed?.kept ?? [], at = kept.findLastIndex(([s]) => s <= step);
    return kept[Math.max(0, at)]?.[0] ?? null;
  }

  /** Show a step (null: the newest, as it comes). */
  async goTo(step) {
    const { feed } = this;
    if (!feed) return;
    this.tell();
    if (step === null && feed.newest) return this.shower.showNewest(feed.newest);
    const kept = this.keptAt(step ?? Infinity);
    if (kept !== null) await this.shower.show(this.address(kept));
  }

  address(step) {
    return httpUrl(this.run, `grid/${step}`, this.duo.token);
  }

  display(frame) {
    this.shown = frame;
    this.empty.hidden = true;
    say(this.caption, `step ${count(frame.step)}`);
    if (this.stage) this.showScene(frame);
    this.readPicture(frame);
    this.redraw();
    this.duo.showGauges();
    if (this.measured.size === 1) this.readKept();
  }

  showScene(frame) {
    if (!this.stage || !this.feed.stage) return;
    if (this.stage.stage !== this.feed.stage) this.stage.setStage(this.feed.stage);
    this.stage.probability = this.scene.probability;
    this.stage.show(frame, this.duo.at === null);
  }

  /** What the gauge of some scenes needs of the picture itself; once for each step. */
  readPicture(frame) {
    const { reads } = this.scene.gauge, value = reads && this.read(frame, reads);
    if (Number.isFinite(value)) this.measured.set(frame.step, value);
  }

  /** NaN where that is still on its way which it is held against. */
  read(frame, reads) {
    const { known } = this.duo, modes = this.feed?.stage?.modes;
    if (reads === "places") return modes ? modes.centres.length - missedPlaces(frame.scene.fakes.values, modes).length : NaN;
    frame.greys ??= greys(frame);
    if (reads === "checkerboard") return 1000 * checkerboard(frame.greys, frame.size);
    return known ? distanceTo(frame.greys, known.greys) : NaN;
  }

  /** The gauge on the way of a run that was there before we came: from a few of its kept frames. */
  async readKept() {
    const { run, feed } = this, { reads } = this.scene.gauge;
    if (!reads || this.reading || !feed || (reads === "nearest" && !this.duo.known)) return;
    this.reading = true;
    const { kept } = feed, first = Math.min(...this.measured.keys(), Infinity), stride = Math.max(1, Math.ceil(kept.length / MOST_READ));
    for (const [step] of kept.filter((_, i) => i % stride === 0)) {
      if (step >= first || run !== this.run) break;
      const frame = await this.shower.frame(this.address(step));
      if (frame && run === this.run) this.readPicture(frame);
    }
    this.reading = false;
    this.duo.showGauges();
  }

  /** [step, value] of the gauge, rising. */
  rows() {
    const { column, reads, size } = this.scene.gauge;
    if (reads) return [...this.measured].sort((a, b) => a[0] - b[0]);
    const table = this.feed?.series.columns, values = table?.[column] ?? [];
    return values.map((v, i) => [table.step[i], size ? Math.abs(v) : v]).filter(([, v]) => Number.isFinite(v));
  }

  redraw() {
    if (this.stage) return;
    const { picture } = this.scene ?? {};
    if (!this.shown || !picture || (picture.kind === "pairs" && !this.duo.known)) return drawAtlas(this.canvas, this.shown);
    const cells = picture.kind === "pairs" ? this.pairs(picture.across) : Array.from({ length: picture.across ** 2 }, (_, i) => [this.shown, i]);
    drawCells(this.canvas, cells, picture.across, picture.kind === "pairs" && rgbOf(this.root));
  }

  /** Rows in turn: samples, and under each of them the nearest of the pictures that the failing run was trained on. */
  pairs(across) {
    const samples = (this.shown.greys ??= greys(this.shown)).slice(0, (across * across) / 2), near = nearestOf(samples, this.duo.known.greys);
    return Array.from({ length: across * across }, (_, i) => {
      const row = Math.floor(i / across), sample = (row >> 1) * across + (i % across);
      return row & 1 ? [this.duo.known, near[sample].index] : [this.shown, sample];
    });
  }

  /** In a word, how the run stands. */
  tell() {
    const view = this.feed?.view, words = { queued: "waits for the device", running: "training", stopping: "stopping", finished: "finished", stopped: "stopped", diverged: "diverged: its numbers are no longer finite",
      failed: "failed", paused: "paused", interrupted: "interrupted" };
    this.root.dataset.state = view?.state ?? "";
    say(this.state, this.feed?.refused || (this.feed?.down ? "connection lost, trying again" : words[view?.state] ?? ""));
    if (view && !this.shown) say(this.empty.firstChild, WITHOUT_PICTURE[view.state] ?? ON_ITS_WAY);
  }

  restyle() {
    this.stage?.restyle();
    this.redraw();
  }

  close() {
    this.run = "";
    this.shower.forget();
    this.sizes.disconnect();
    this.stage?.end();
  }
}
