// A run that has just begun is watched from its first step, however fast it goes: pictures, curves and figures are held
// back and told on together, one step further each time, then two, five, ten …, until they have caught up.

import { still } from "../../ui/web/words.js";

const YOUNG_SECONDS = 15; // of training: who comes later sees it as it is
const POINTS_MS = 120, PICTURES_MS = 200; // between two pictures
const EVERY_STEP = 50; // so far at most each step is kept (`beginning_steps`)
const MOST_WAITS = 5, LONGEST_WAITS = 20; // for one that is kept and not on the disk yet; for the very first one
const LIVE = ["queued", "running"];

/** How many steps further the next picture may be: the largest of 1, 2, 5, 10, 20 … that is at most a quarter of the way. */
export function stride(step) {
  const most = Math.max(1, step / 4), ten = 10 ** Math.floor(Math.log10(most));
  return ten * (most >= 5 * ten ? 5 : most >= 2 * ten ? 2 : 1);
}

export class Beginning {
  /** tell(frame): on to the view, as from the channel; frame(step): the samples of a kept step; show(frame): on the page. */
  constructor({ tell, frame, show }) {
    this.tell = tell;
    this.frame = frame;
    this.show = show;
    this.active = this.points = this.dense = false; // dense: every step is kept here
    this.step = -1; // that is shown
    this.waits = this.width = this.timer = 0;
    this.view = null;
    this.rows = []; // of the curves, not told yet
    this.grids = new Map(); // step -> frame of the channel
    this.kept = new Map(); // step -> images
  }

  /** Whether a frame of the channel is held back here. */
  holds({ header, blobs }) {
    const { type } = header;
    if (type === "hello") return this.begin(header, blobs);
    if (!this.active) return false;
    if (type === "records") this.addRows(blobs[0]);
    else if (type === "kept") this.kept.set(header.step, header.images);
    else if (type === "timeline") for (const [step, images] of header.kept) this.kept.set(step, images);
    else if (type === "grid") this.grids.set(header.grid.step, { header, blobs });
    else if (type === "stage") this.points = true;
    else if (type === "dissected" || (type === "state" && !LIVE.includes(header.view.state))) this.end();
    else if (type === "state") this.setView(header.view);
    return ["records", "kept", "timeline", "grid"].includes(type) || (type === "state" && this.active);
  }

  begin(header, blobs) {
    this.stop();
    const { view, kept, grid, columns } = header;
    const young = view.state === "queued" ? view.step === 0 : view.elapsed_seconds < YOUNG_SECONDS;
    const seen = view.step > 0 && !kept.some(([step]) => step === 0); // what came before is not to be had
    if (still() || view.parent_step || !LIVE.includes(view.state) || !young || seen) return false;
    Object.assign(this, { active: true, step: -1, waits: 0, dense: false, points: false, view, width: columns.length, rows: [] });
    this.grids = new Map();
    this.kept = new Map(kept);
    this.addRows(blobs[0]);
    if (grid) this.grids.set(grid.step, { header: { type: "grid", grid }, blobs: blobs.slice(1) });
    this.tell({ header: { ...header, view: this.held(view), kept: [], grid: null }, blobs: [new ArrayBuffer(0)] });
    this.timer = setTimeout(() => this.turn(), 0);
    return true;
  }

  addRows(blob) {
    const table = new Float32Array(blob);
    for (let at = 0; at < table.length; at += this.width) this.rows.push(table.subarray(at, at + this.width));
  }

  setView(view) {
    this.view = view;
    this.tell({ header: { type: "state", view: this.held(view) }, blobs: [] });
  }

  /** A view as it was at the step that is shown. */
  held(view) {
    const step = Math.max(0, this.step), part = view.step ? Math.min(1, step / view.step) : 0;
    return part < 1 ? { ...view, step, images: Math.round(part * view.images), elapsed_seconds: part * view.elapsed_seconds } : view;
  }

  /** The step to show next: as far as the stride allows, else the nearest; -1 where there is none yet. */
  next() {
    const ahead = [...this.kept.keys(), ...this.grids.keys()].filter((step) => step > this.step).sort((a, b) => a - b);
    const within = ahead.findLast((step) => step <= this.step + stride(this.step));
    const coming = this.step < EVERY_STEP && (this.step < 1 || this.dense) && this.waits < MOST_WAITS;
    return within ?? (coming ? -1 : ahead[0] ?? -1);
  }

  async turn() {
    const due = performance.now() + (this.points ? POINTS_MS : PICTURES_MS), step = this.next();
    if (step >= 0) await this.goTo(step);
    else if (++this.waits >= (this.step > 0 ? MOST_WAITS : LONGEST_WAITS) && this.view.step > 0) return this.end();
    if (!this.active) return;
    this.timer = setTimeout(() => this.turn(), Math.max(0, due - performance.now()));
  }

  async goTo(step) {
    const held = this.grids.get(step), { view } = this, frame = held ? null : await this.frame(step);
    if (!this.active || (this.view.id !== view.id)) return;
    this.step = step;
    this.waits = 0;
    this.dense ||= step === 1;
    this.release(step);
    this.setView(this.view);
    if (held) this.tell(held);
    else if (frame) this.show(frame);
    const after = this.next();
    if (after >= 0 && !this.grids.has(after)) this.frame(after); // on its way while this one is looked at
  }

  /** Tell what came up to a step. */
  release(step) {
    const until = this.rows.findIndex((row) => row[0] > step), rows = this.rows.splice(0, until < 0 ? this.rows.length : until);
    const blob = new Float32Array(rows.length * this.width);
    rows.forEach((row, i) => blob.set(row, i * this.width));
    if (rows.length) this.tell({ header: { type: "records" }, blobs: [blob.buffer] });
    for (const [kept, images] of [...this.kept].sort((a, b) => a[0] - b[0])) {
      if (kept > step || !this.kept.delete(kept)) continue;
      this.tell({ header: { type: "kept", step: kept, images }, blobs: [] });
    }
    for (const shown of this.grids.keys()) if (shown < step) this.grids.delete(shown);
  }

  /** Everything at once, and from now on as it comes. */
  end() {
    if (!this.active) return;
    const newest = this.grids.get(Math.max(...this.grids.keys()));
    this.stop();
    this.release(Infinity);
    this.tell({ header: { type: "state", view: this.view }, blobs: [] });
    if (newest && newest.header.grid.step > this.step) this.tell(newest);
  }

  stop() {
    this.active = false;
    clearTimeout(this.timer);
  }
}
