// The strip on top: what the run is doing, how far it is, how fast.

import { clock, compact, count, make, say } from "../../ui/web/words.js";

// A shape beside each word, so that the colour is never alone.
const STATES = {
  idle: ["○", "Ready", "quiet"],
  starting: ["○", "One moment", "quiet"],
  recording: ["◉", "Recording", "quiet"],
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

const CUT_SHORT = ["◼", "Stopped as asked", "good"];

const REMARKS = {
  paused: "Held between two steps; nothing is lost",
  stopping: "Keeping a checkpoint first",
  finished: "It has seen all the images it was planned for",
  stopped: "A checkpoint is kept: it can go on from here",
  interrupted: "It can go on from its last checkpoint",
  failed: "Why is said above",
  diverged: "A number grew out of bounds; the last good weights are kept",
};

const BAR_PARTS = 400;

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
      this.figures = make("dl", { class: "gs-figures" },
        figure(label("Step"), this.step), figure(this.imagesLabel, this.images), figure(label("Epochs"), this.epochs),
        figure(this.speedLabel, this.speed), figure(label("Elapsed"), this.elapsed), figure(label("Remaining"), this.eta)),
      this.track);
    this.view = null;
    /** @type {number | null} */
    this.seen = null; // the step of the picture, while a recording runs
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

  /** blank: nothing is drawn yet that could be learned. starting: there is a run, which has not told anything yet. */
  show(view, { name, epochImages, down, blank = false, starting = false }) {
    this.blank = blank;
    this.starting = starting;
    this.view = view;
    const state = view ? view.state : starting ? "starting" : "idle", [mark, word, tone] = (view?.cut_short ? CUT_SHORT : STATES[state]) ?? STATES.idle;
    this.root.dataset.tone = down ? "quiet" : tone;
    this.root.dataset.state = state;
    say(this.mark, mark);
    say(this.word, word);
    say(this.name, view ? name : "");
    say(this.note, down ? "Connection lost, trying again" : this.remark(view));
    this.note.title = this.note.textContent;
    if (state !== "recording") this.seen = null;
    say(this.step, view ? count(this.seen ?? view.step) : "–");
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

  /** A recording stands where its picture does. @param {number} step */
  moment(step) {
    this.seen = step;
    say(this.step, count(step));
  }

  /** A step of the bar eases, which draws the page sixty times a second: only where it is far enough to be seen. */
  fill(done) {
    const part = done < 1 ? Math.floor(done * BAR_PARTS) / BAR_PARTS : 1;
    if (part === this.filled) return;
    this.filled = part;
    this.bar.style.transform = `scaleX(${part})`;
    this.track.setAttribute("aria-valuenow", String(Math.floor(100 * done)));
  }

  /** How the run stands; what its networks are doing is the caption's to say. */
  remark(view) {
    if (!view && this.starting) return "The run is being opened.";
    if (!view && this.blank) return "Draw what is to be learned, right on the stage.";
    if (!view) return `Press Train: one network learns to ${this.points ? "make points" : "draw pictures"} like these, another to tell them from the real ones.`;
    if (view.state === "recording") return `${view.recorded_seconds} s of training in ${view.played_seconds} s. Press Train: it learns anew, here`;
    if (view.state === "queued") return starting(view);
    if (view.state === "running" && view.step >= view.parent_step) return view.slot ? `On ${view.slot}` : "";
    if (view.state === "running" && view.step < view.parent_step) return `Its parent's steps are trained again, exactly, up to step ${count(view.parent_step)}`;
    if (view.cut_short) return `${view.words[0].toUpperCase()}${view.words.slice(1)}; it can go on from here`;
    return (REMARKS[view.state] ?? "").replace("images", this.points ? "points" : "images");
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

/** What a run waits for; its device's turn comes first, then the library that only a run from another machine lacks. */
function starting(view) {
  if (view.queue_place > 0) return [`Number ${view.queue_place} in the queue`, view.queue_words].filter(Boolean).join(", ");
  if (view.queue_words) return `Waits ${view.queue_words}`; // of a run that another machine will train
  return view.backend === "compiled" ? "It starts as soon as its compiled step is there" : "It starts at once";
}
