// The film: the samples of the same latents at every kept step, the newest live, and real images beside them.

import { drawAtlas, drawNames, fetchFrame, laidOut, place, sampleAt } from "../../ui/web/channel/frames.js";
import { httpUrl } from "../../ui/web/channel/wire.js";
import { compact, count, make, say, short, still } from "../../ui/web/words.js";

const FRAMES_HELD = 150, FRAME_SECONDS = 0.09;

export class Film {
  /**
   * threshold(step): the score above which D said real then, NaN where that is not known. plane: the Stage that shows
   * frames of points; onScene(scene): one is shown. onBranch(step): somebody wants to branch from that moment.
   * onShown(frame, live): a frame is shown. onLook(): real pictures stand beside, or do no longer.
   */
  constructor({ onScrub, threshold, plane, onScene, onBranch, onShown, onLook = () => {} }) {
    this.onLook = onLook;
    this.onScrub = onScrub;
    this.threshold = threshold;
    this.plane = plane;
    this.onScene = onScene;
    this.onBranch = onBranch;
    this.onShown = onShown;
    this.canBranch = false;
    this.source = null; // {run, token}, or of a recording {run: "", frame(step), real: address}
    this.realChosen = null; // what a viewer wants; null: beside the generated ones wherever there is room
    this.narrow = false; // two runs share the page
    this.classNames = []; // of a class-conditional run: a column each
    this.reset();
    this.build();
    new ResizeObserver(() => this.redraw()).observe(this.canvas);
  }

  reset() {
    this.kept = []; // [step, images], oldest first
    /** @type {Set<number>} */
    this.damaged = new Set(); // steps of kept frames that cannot be read any more
    /** @type {Map<number, any>} */
    this.frames = new Map(); // step -> frame, oldest use first
    this.newest = this.shown = this.realFrame = this.realOf = null;
    this.live = true;
    this.wanted = null;
    this.pinned = -1;
    this.probability = true;
    this.stopPlaying();
  }

  build() {
    const button = (name, text, action, more = {}) =>
      make("button", { type: "button", class: "gs-button", "data-testid": name, onClick: action, ...more }, text);
    this.canvas = make("canvas", { class: "gs-canvas", tabindex: "0", role: "img", "aria-label": "Samples", "data-testid": "film",
      onPointermove: (e) => this.point(this.under(e)), onPointerleave: () => this.point(-1),
      onBlur: () => this.point(-1), onKeydown: (e) => this.walk(e) });
    this.realCanvas = make("canvas", { class: "gs-canvas", role: "img", "aria-label": "Real images from the dataset", "data-testid": "real" });
    this.names = make("div", { class: "gs-names", hidden: true, "data-testid": "class-names" });
    this.tip = make("div", { class: "gs-tip", role: "status", hidden: true });
    this.caption = make("span", { class: "gs-caption", "data-testid": "film-step" });
    this.heading = make("h3", {}, "Generated");
    this.empty = make("div", { class: "gs-empty" });
    this.realButton = button("toggle-real", "Real beside it", () => this.toggleReal(), { "aria-pressed": "true" });
    this.playButton = button("play", "▶ Replay", () => this.play(), { "aria-label": "Replay the training from its start" });
    this.liveButton = button("live", "Live", () => this.goLive(), { "aria-label": "Show the newest samples" });
    this.branchButton = button("branch-here", "Branch", () => this.onBranch(this.kept[Number(this.slider.value)]?.[0]),
      { "aria-label": "Branch from this moment", title: "A new run that goes on from this moment", hidden: true });
    this.slider = make("input", { type: "range", class: "gs-range", min: "0", max: "0", step: "1", "aria-label": "Moment of the training",
      "data-testid": "timeline", onInput: () => this.scrub(Number(this.slider.value)) });
    this.stage = make("div", { class: "gs-stage" }, this.canvas, this.tip, this.plane.root, this.empty);
    this.head = make("header", {}, this.heading, this.caption, this.realButton);
    this.realCaption = make("span", { class: "gs-caption" });
    this.real = make("figure", { class: "gs-real gs-side", hidden: true },
      make("figcaption", {}, make("h3", { class: "gs-real-title" }, "Real"), this.realCaption), this.realCanvas);
    this.root = make("section", { class: "gs-film", "aria-label": "Samples" },
      make("div", { class: "gs-side" },
        this.head, this.names, this.stage,
        make("div", { class: "gs-timeline" }, this.playButton, this.slider, this.branchButton, this.liveButton)),
      this.real);
    this.setPoints(false);
  }

  /** Points or images? With points the stage stands where the pictures do, and says the step in its corner. */
  setPoints(on) {
    this.points = on;
    this.canvas.hidden = on;
    this.plane.root.hidden = !on;
    if (on) this.plane.corner.append(this.caption);
    else this.heading.after(this.caption);
    this.head.hidden = on;
    if (on) drawNames(this.names, this.canvas, null, []);
    this.showReal();
  }

  /** Start over with another run, or with none: then `preview` is a picture of what it would learn from. */
  open(source) {
    const before = this.source ? null : this.realFrame; // until those of the run are here
    this.reset();
    this.realFrame = before;
    this.source = source;
    this.showReal();
    this.update();
  }

  /** All kept steps, again after every reconnection: the step that is looked at stays the one looked at. */
  setKept(kept, damaged) {
    const at = this.live ? -1 : this.kept[Number(this.slider.value)]?.[0] ?? -1;
    this.kept = kept;
    this.damaged = new Set(damaged);
    this.slider.max = String(Math.max(0, kept.length - 1));
    if (at >= 0) this.slider.value = String(Math.max(0, kept.findLastIndex(([step]) => step <= at)));
    this.update();
  }

  /** Kept steps that were on their way to the disk when we came. */
  addMissing(kept) {
    const known = new Set(this.kept.map(([step]) => step)), at = this.kept[Number(this.slider.value)]?.[0];
    this.kept = [...this.kept, ...kept.filter(([step]) => !known.has(step))].sort((a, b) => a[0] - b[0]);
    this.slider.max = String(Math.max(0, this.kept.length - 1));
    if (!this.live) this.slider.value = String(this.kept.findIndex(([step]) => step === at));
    this.update();
  }

  addKept(step, images) {
    const last = this.kept[this.kept.length - 1];
    if (last && step <= last[0]) this.kept = this.kept.filter(([s]) => s < step); // resumed from before
    this.kept.push([step, images]);
    if (this.newest?.step === step) this.keep(this.newest);
    this.update();
  }

  setNewest(frame) {
    this.newest = frame;
    if (frame.kept) this.keep(frame);
    if (this.live) this.display(frame);
  }

  keep(frame) {
    this.frames.delete(frame.step);
    this.frames.set(frame.step, frame);
    const [oldest] = this.frames.keys();
    if (this.frames.size > FRAMES_HELD) this.frames.delete(oldest);
  }

  display(frame) {
    this.shown = frame;
    if (this.realOf !== this.source?.run) this.showReal();
    if (frame.scene) this.showScene(frame);
    else this.redraw();
    this.update();
    this.onShown(frame, this.live);
    if (this.pinned >= 0) this.point(this.pinned);
  }

  showScene(frame) {
    this.plane.show(frame, this.live);
    this.onScene(frame.scene);
  }

  redraw() {
    if (this.points || this.shown?.scene) return; // on the stage, or what is left of it
    drawAtlas(this.canvas, this.shown);
    drawNames(this.names, this.canvas, this.source && this.shown, this.classNames);
    if (this.realOn) drawAtlas(this.realCanvas, this.realFrame);
  }

  update() {
    const last = Math.max(0, this.kept.length - 1), can = this.kept.length > 1;
    this.slider.max = String(last);
    this.slider.disabled = this.playButton.disabled = !can;
    if (this.live) this.slider.value = String(last);
    const at = this.kept[Number(this.slider.value)];
    const part = last ? Number(this.slider.value) / last : 1;
    this.slider.style.setProperty("--part", `${100 * part}%`);
    this.liveButton.disabled = this.live || !this.newest;
    this.branchButton.hidden = this.live || !this.canBranch || !at;
    this.liveButton.dataset.on = String(this.live && !!this.newest);
    const frame = this.shown;
    this.slider.setAttribute("aria-valuetext", at ? `step ${at[0]}, ${at[1]} images` : "nothing yet");
    const elsewhere = at && (frame?.step < at[0] || (!this.live && frame?.step > at[0]));
    const lost = elsewhere && this.damaged.has(at[0]) ? ` · step ${count(at[0])} is damaged` : "";
    say(this.caption, frame ? `step ${count(frame.step)} · ${compact(frame.images)} ${this.points ? "points" : "images"}${lost}` : "");
    this.canvas.setAttribute("aria-label", frame
      ? `${frame.columns * frame.rows} generated samples at step ${frame.step}. Arrow keys walk over them and read D's score.` : "No samples yet");
  }

  // Scrubbing: the wanted frame is shown when it is here; older wishes are dropped.

  scrub(index) {
    this.stopPlaying();
    this.goTo(index);
  }

  async goTo(index) {
    const step = this.kept[index]?.[0];
    if (step === undefined) return;
    this.live = false;
    this.slider.value = String(index);
    this.wanted = step;
    this.update();
    this.onScrub(step);
    const frame = await this.frame(step);
    if (frame && this.wanted === step && !this.live) this.display(frame);
  }

  /** To the newest kept step that is not after this one; null: to the newest samples. */
  follow(step) {
    this.stopPlaying();
    if (step === null) return this.goLive();
    const after = this.kept.findIndex(([kept]) => kept > step);
    this.goTo(after < 0 ? this.kept.length - 1 : Math.max(0, after - 1));
  }

  goLive() {
    this.stopPlaying();
    this.live = true;
    this.wanted = null;
    this.onScrub(null);
    if (this.newest) this.display(this.newest);
    this.update();
  }

  async frame(step) {
    const known = this.frames.get(step);
    if (known) return known;
    const { source } = this, { frame, why } = await (source.frame?.(step) ?? fetchFrame(httpUrl(source.run, `grid/${step}`, source.token)));
    if (source !== this.source) return null;
    if (frame) this.keep(frame);
    else if (why) this.damaged.add(step), this.update();
    return frame; // null, and no word why: the connection, of which the socket tells
  }

  async play() {
    if (this.playing) return this.stopPlaying();
    const turn = (this.playing = {});
    say(this.playButton, "❚❚ Stop");
    const stride = Math.max(1, Math.ceil(this.kept.length / 120));
    for (let i = 0; i < this.kept.length && this.playing === turn; i += stride) {
      const next = this.kept[i + stride];
      const pause = new Promise((done) => setTimeout(done, 1000 * FRAME_SECONDS * (still() ? 5 : 1)));
      if (next) this.frame(next[0]);
      await this.goTo(i);
      await pause;
    }
    if (this.playing === turn) this.goLive();
  }

  stopPlaying() {
    this.playing = null;
    if (this.playButton) say(this.playButton, "▶ Replay");
  }

  // Real images beside the generated ones

  toggleReal() {
    this.chooseReal(!this.realOn);
    this.onLook();
  }

  /** on: null is wherever there is room. */
  chooseReal(on) {
    this.realChosen = on;
    this.showReal();
  }

  get realOn() {
    return !this.points && (!this.source || (this.realChosen ?? !this.narrow));
  }

  /** Before a run: real images in their place, and none yet in that of the generated ones. */
  preview(frame, caption) {
    this.realFrame = frame;
    say(this.realCaption, caption);
    this.realCanvas.setAttribute("aria-label", caption || "Real images from the dataset");
    this.showReal();
  }

  async showReal() {
    const { realOn, source } = this;
    this.real.hidden = !realOn;
    this.realButton.setAttribute("aria-pressed", String(realOn));
    this.root.parentElement?.toggleAttribute("data-real", realOn);
    this.redraw();
    if (!realOn || !source || !this.shown || this.realOf === source.run) return; // its grid says how they are laid out
    this.realOf = source.run;
    say(this.realCaption, "");
    try {
      const answer = await fetch(source.real ?? httpUrl(source.run, "real.png", source.token));
      if (!answer.ok) return;
      const bitmap = await createImageBitmap(await answer.blob());
      if (source !== this.source || !this.shown) return;
      const shape = this.shown;
      this.realFrame = { bitmap, columns: shape.columns, rows: shape.rows, size: bitmap.width / shape.columns };
      this.redraw();
    } catch {
      this.realOf = null; // the next frame tries again
    }
  }

  // What D says of one sample

  under(event) {
    const box = this.canvas.getBoundingClientRect(), frame = this.shown;
    if (!frame) return -1;
    const { across, down } = laidOut(frame);
    return sampleAt(frame, Math.floor(((event.clientX - box.left) / box.width) * across), Math.floor(((event.clientY - box.top) / box.height) * down));
  }

  walk(event) {
    const frame = this.shown, by = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
    if (event.key === "Escape") this.point(-1);
    if (!frame || !by) return;
    event.preventDefault();
    const [c, r] = this.pinned < 0 ? [-by[0], -by[1]] : place(frame, this.pinned);
    const next = sampleAt(frame, c + by[0], r + by[1]);
    if (next >= 0) this.point(next);
  }

  point(index) {
    this.pinned = index;
    const frame = this.shown, score = frame?.scores?.[index];
    this.tip.hidden = index < 0 || !Number.isFinite(score);
    if (this.tip.hidden) return;
    const line = this.threshold(frame.step);
    const verdict = Number.isFinite(line) ? (score > line ? "real" : "fake") : "";
    this.tip.dataset.verdict = verdict;
    const said = this.probability ? `${Math.round(100 * score)}% real` : `score ${short(score)}`;
    this.tip.replaceChildren(make("span", {}, "D says "), make("b", {}, verdict || said), make("span", {}, verdict ? ` · ${said}` : ""));
    const { across, down } = laidOut(frame), [c, r] = place(frame, index);
    const x = (c + 0.5) / across, y = r / down;
    this.tip.style.left = `${100 * Math.min(0.84, Math.max(0.16, x))}%`;
    this.tip.style.top = `${100 * y}%`;
    this.tip.dataset.below = String(r === 0);
    if (r === 0) this.tip.style.top = `${100 / down}%`;
  }
}
