// The strip on top: what the run is doing, how far it is, how fast.

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

class StatusStrip {
  constructor() {
    this.mark = make("span", { class: "gs-mark", "aria-hidden": "true" });
    this.word = make("span", { class: "gs-word", role: "status", "data-testid": "state" });
    this.note = make("span", { class: "gs-note", role: "status" });
    this.bar = make("div", { class: "gs-bar-fill" });
    this.track = make("div", { class: "gs-bar", role: "progressbar", "aria-label": "Progress of the run", "aria-valuemin": "0", "aria-valuemax": "100" }, this.bar);
    const figure = (name, label) => {
      this[name] = make("dd", { "data-testid": name });
      return make("div", { class: "gs-figure" }, make("dt", {}, label), this[name]);
    };
    this.root = make("section", { class: "gs-status", "aria-label": "Status of the run" },
      make("div", { class: "gs-state" }, this.mark, make("div", {}, this.word, this.note)),
      make("dl", { class: "gs-figures" },
        figure("step", "Step"), figure("images", "Images seen"), figure("epochs", "Epochs"),
        figure("speed", "Images / s"), figure("elapsed", "Elapsed"), figure("eta", "Remaining")),
      this.track);
    this.view = null;
  }

  show(view, epochImages, down) {
    this.view = view;
    const [mark, word, tone] = STATES[view ? view.state : "idle"] ?? STATES.idle;
    this.root.dataset.tone = down ? "quiet" : tone;
    this.root.dataset.state = view ? view.state : "idle";
    say(this.mark, mark);
    say(this.word, word);
    say(this.note, down ? "connection lost, trying again" : this.remark(view));
    say(this.step, view ? count(view.step) : "–");
    say(this.images, view ? compact(view.images) : "–");
    say(this.epochs, view && epochImages ? (view.images / epochImages).toFixed(view.images < 100 * epochImages ? 1 : 0) : "–");
    const moving = view && (view.state === "running" || view.state === "stopping");
    say(this.speed, view && view.images_per_second > 0 ? count(view.images_per_second) : "–");
    say(this.elapsed, view ? clock(view.elapsed_seconds) : "–");
    say(this.eta, moving ? clock(view.eta_seconds) : "–");
    const done = view ? Math.min(1, view.images / Math.max(1, view.total_images)) : 0;
    this.bar.style.transform = `scaleX(${done})`;
    this.track.setAttribute("aria-valuenow", String(Math.floor(100 * done)));
  }

  remark(view) {
    if (!view) return "Press Train: one network learns to draw pictures like these, another to tell them from the real ones.";
    if (view.state === "queued" && view.queue_place > 0) return `place ${view.queue_place} in the queue`;
    return [view.title || view.preset, `on ${view.device}`].filter(Boolean).join(" · ");
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
