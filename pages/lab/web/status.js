// The strip on top: what the run is doing, how far it is, how fast.

import { clock, compact, count, make, say } from "../../ui/web/words.js";

// A shape beside each word, so that the colour is never alone.
const STATES = {
  idle: ["○", "Ready", "quiet"],
  queued: ["◷", "Waiting", "quiet"],
  running: ["●", "Training", "good"],
  paused: ["❚❚", "Paused", "quiet"],
  stopping: ["◼", "Stopping", "quiet"],
  finished: ["✓", "Finished", "good"],
  stopped: ["◼", "Stopped", "quiet"],
  diverged: ["▲", "Diverged", "trouble"],
  failed: ["▲", "Failed", "trouble"],
  interrupted: ["◖", "Interrupted", "trouble"],
};

const REMARKS = {
  paused: "Held between two steps; nothing is lost",
  stopping: "Keeping a checkpoint first",
  finished: "It has seen all the images it was planned for",
  stopped: "A checkpoint is kept: it can go on from here",
  interrupted: "It can go on from its last checkpoint",
  failed: "Why is said above",
  diverged: "A number grew out of bounds; the last good weights are kept",
};

// How the game stands, by the share of images that D gets right (the mean over real and generated): first fit counts.
const STORY = [
  { from: 0.95, words: "The discriminator spots nearly every fake" },
  { from: 0.8, words: "The discriminator is ahead: it spots most fakes" },
  { from: 0.62, words: "An even match: each learns from the other" },
  { from: 0.45, words: "The discriminator can hardly tell fake from real" },
  { from: 0, words: "The generator is ahead: most of its fakes pass" },
];
const RUNAWAY_LOSS = 20; // of a cross-entropy whose guessing value is 1.39
const BAR_PARTS = 400;
const RECENT_ROWS = 8, BEGINNING_ROWS = 3, CALM_MS = 4000;

/** What is happening now, in a sentence, from the newest records. */
function story(series, probability) {
  const { d_accuracy_real, d_accuracy_fake } = series.columns, end = series.length;
  if (probability && series.last("d_loss") > RUNAWAY_LOSS) return "The losses have run away: lower learning rates help";
  if (end < BEGINNING_ROWS) return "Both networks have just begun: from noise";
  let sum = 0, n = 0;
  for (let i = Math.max(0, end - RECENT_ROWS); i < end; i++) {
    const right = (d_accuracy_real[i] + d_accuracy_fake[i]) / 2;
    if (Number.isFinite(right)) { sum += right; n += 1; }
  }
  return n ? STORY.find(({ from }) => sum / n >= from).words : "";
}

export class StatusStrip {
  constructor() {
    this.mark = make("span", { class: "gs-mark", "aria-hidden": "true" });
    this.word = make("span", { class: "gs-word", role: "status", "data-testid": "state" });
    this.name = make("span", { class: "gs-name" });
    this.note = make("span", { class: "gs-note", role: "status", "data-testid": "now" });
    this.bar = make("div", { class: "gs-bar-fill" });
    this.track = make("div", { class: "gs-bar", role: "progressbar", "aria-label": "Progress of the run", "aria-valuemin": "0", "aria-valuemax": "100" }, this.bar);
    const label = (words) => make("dt", {}, words), value = (name) => make("dd", { "data-testid": name });
    const figure = (named, shown) => make("div", { class: "gs-figure" }, named, shown);
    this.imagesLabel = label("Images seen");
    this.speedLabel = label("Images / s");
    this.step = value("step");
    this.images = value("images");
    this.epochs = value("epochs");
    this.speed = value("speed");
    this.elapsed = value("elapsed");
    this.eta = value("eta");
    this.root = make("section", { class: "gs-status", "aria-label": "Status of the run" },
      make("div", { class: "gs-state" }, this.mark, make("div", {}, make("div", { class: "gs-title" }, this.word, this.name), this.note)),
      make("dl", { class: "gs-figures" },
        figure(label("Step"), this.step), figure(this.imagesLabel, this.images), figure(label("Epochs"), this.epochs),
        figure(this.speedLabel, this.speed), figure(label("Elapsed"), this.elapsed), figure(label("Remaining"), this.eta)),
      this.track);
    this.view = null;
    this.told = { words: "", at: -Infinity };
  }

  /** What one sample is called: an image, or a point in the plane. */
  setPoints(on) {
    this.points = on;
    say(this.imagesLabel, on ? "Points seen" : "Images seen");
    this.nameSpeed();
  }

  /** Of compiled steps it says so: they are why it is so fast. */
  nameSpeed() {
    const compiled = this.view?.backend === "compiled";
    say(this.speedLabel, `${this.points ? "Points" : "Images"} / s${compiled ? " · C++" : ""}`);
    this.speedLabel.title = compiled ? "Its steps are C++, made for the sizes of these networks" : "";
  }

  show(view, { name, epochImages, down, series, probability }) {
    if (view?.id !== this.view?.id) this.told.at = -Infinity;
    this.view = view;
    const [mark, word, tone] = STATES[view ? view.state : "idle"] ?? STATES.idle;
    this.root.dataset.tone = down ? "quiet" : tone;
    this.root.dataset.state = view ? view.state : "idle";
    say(this.mark, mark);
    say(this.word, word);
    say(this.name, view ? name : "");
    say(this.note, down ? "Connection lost, trying again" : this.remark(view, series, probability));
    this.note.title = this.note.textContent;
    say(this.step, view ? count(view.step) : "–");
    say(this.images, view ? compact(view.images) : "–");
    this.nameSpeed();
    say(this.epochs, view && epochImages ? (view.images / epochImages).toFixed(view.images < 100 * epochImages ? 1 : 0) : "–");
    const moving = view && (view.state === "running" || view.state === "stopping");
    say(this.speed, view && view.images_per_second > 0 ? count(view.images_per_second) : "–");
    say(this.elapsed, view ? clock(view.elapsed_seconds) : "–");
    say(this.eta, moving ? clock(view.eta_seconds) : "–");
    const done = view ? Math.min(1, view.images / Math.max(1, view.total_images)) : 0;
    this.fill(done);
  }

  /** A step of the bar eases, which draws the page sixty times a second: only where it is far enough to be seen. */
  fill(done) {
    const part = done < 1 ? Math.floor(done * BAR_PARTS) / BAR_PARTS : 1;
    if (part === this.filled) return;
    this.filled = part;
    this.bar.style.transform = `scaleX(${part})`;
    this.track.setAttribute("aria-valuenow", String(Math.floor(100 * done)));
  }

  remark(view, series, probability) {
    if (!view) return `Press Train: one network learns to ${this.points ? "make points" : "draw pictures"} like these, another to tell them from the real ones.`;
    if (view.state === "queued") return view.queue_place > 0 ? `Number ${view.queue_place} in the queue` : "It starts at once";
    if (view.state === "running" && view.step < view.parent_step) return `Its parent's steps are trained again, exactly, up to step ${count(view.parent_step)}`;
    if (view.state !== "running") return (REMARKS[view.state] ?? "").replace("images", this.points ? "points" : "images");
    const now = performance.now();
    if (now - this.told.at > CALM_MS) this.told = { words: story(series, probability), at: now };
    return this.told.words;
  }

  /** Between two state messages the records say how far it is. */
  advance(series) {
    if (!this.view || !series.length || series.last("step") < this.view.step) return this.view;
    const speed = series.last("images_per_second"), images = series.last("images");
    return Object.assign(this.view, {
      step: series.last("step"),
      images,
      elapsed_seconds: series.last("elapsed_seconds"),
      images_per_second: speed > 0 ? speed : this.view.images_per_second,
      eta_seconds: speed > 0 ? Math.max(0, this.view.total_images - images) / speed : this.view.eta_seconds,
    });
  }
}
