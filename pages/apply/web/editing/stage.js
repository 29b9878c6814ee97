// The picture under the hand: handles and targets, what is painted, where a handle can go, and the picture before.

import { context2d } from "../../../ui/web/canvas/context.js";
import { OnePointer, presses, undoes } from "../../../ui/web/canvas/one_pointer.js";
import { make } from "../../../ui/web/words.js";
import { between, blank, same, stamp } from "../mask.js";

const TIMES = 8; // pixels of the mask's canvas for each of the picture's
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEYS = "The picture. Arrow keys move a mark; Space takes hold of what is there, arrow keys then pull it, Space lets go and it follows. With Paint, Space paints at the mark. Backspace takes the last change back, Escape lets go.";
const HINT = "Press on the picture and pull: what is there follows.";
const SHORT = 0.75; // px: a shorter pull is a mere press

export class Stage {
  /** act: { drag(points), pressed(), reach(place), painted(mask), undo(), held() } */
  constructor(act) {
    this.act = act;
    this.size = 1;
    this.mode = "drag"; // or paint, erase, reach
    this.brush = 5;
    /** @type {Uint8Array} */
    this.mask = blank(1);
    /** @type {OnePointer | null} */
    this.hand = null;
    /** @type {[number, number]} */
    this.last = [0, 0]; // where the pointer is
    /** @type {number[][]} */
    this.arrows = []; // [x0, y0, x1, y1] each: waiting, or under way
    /** @type {number[] | null} */
    this.pull = null; // the one under the hand
    /** @type {number[][]} */
    this.dots = [];
    /** @type {[number, number] | null} */
    this.handle = null; // of the dots
    /** @type {number[][]} */
    this.reached = []; // where the handles under way are
    /** @type {number[] | null} */
    this.cursor = null; // of the keys
    /** @type {{mask: Uint8Array, last: [number, number]} | null} */
    this.stroke = null;
    this.build();
    this.listen();
  }

  build() {
    this.after = make("canvas", { class: "ge-layer", role: "img", "aria-label": "The edited picture", "data-testid": "edit-picture" });
    this.before = make("canvas", { class: "ge-layer ge-before", "aria-hidden": "true", "data-testid": "edit-before" });
    this.paint = make("canvas", { class: "ge-layer", "aria-hidden": "true" });
    this.over = /** @type {any} */ (document.createElementNS("http://www.w3.org/2000/svg", "svg"));
    this.over.setAttribute("class", "ge-layer ge-over");
    this.over.setAttribute("aria-hidden", "true");
    this.hint = make("p", { class: "ge-hint", "data-testid": "edit-hint" }, HINT);
    this.root = make("div", { class: "ge-stage", tabindex: "0", role: "application", "aria-label": KEYS, "data-testid": "edit-stage" },
      this.after, this.before, this.paint, this.over, this.hint);
    this.split = make("input", { type: "range", class: "ge-split", min: "0", max: "100", value: "0", "aria-label": "How much of the picture is shown as it was before", "data-testid": "edit-split", onInput: () => this.cut() });
    this.splitRow = make("div", { class: "ge-splitrow" }, this.split, make("div", { class: "ge-ends", "aria-hidden": "true" }, make("span", {}, "After"), make("span", {}, "Before")));
    this.cut();
  }

  listen() {
    this.hand = new OnePointer(this.root, { begin: (e) => this.begin(this.place(e)), extend: (e) => this.extend(this.place(e)), finish: () => this.finish(), abandon: () => this.abandon() });
    this.root.addEventListener("keydown", (e) => this.key(e));
    this.root.addEventListener("blur", () => { this.cursor = null; this.draw(); });
  }

  /** Pictures of the generator's size, RGBA. */
  show(size, after, before = null) {
    if (size !== this.size) {
      this.size = size;
      this.over.setAttribute("viewBox", `0 0 ${size} ${size}`);
      for (const canvas of [this.after, this.before]) Object.assign(canvas, { width: size, height: size });
      Object.assign(this.paint, { width: size * TIMES, height: size * TIMES });
      if (this.mask.length !== size * size) this.mask = blank(size);
    }
    for (const [canvas, pixels] of /** @type {[any, any][]} */ ([[this.after, after], [this.before, before]])) {
      if (pixels) context2d(canvas).putImageData(new ImageData(new Uint8ClampedArray(pixels), size, size), 0, 0);
    }
    this.draw();
  }

  setMask(mask) {
    this.mask = mask.length === this.size ** 2 ? mask : blank(this.size);
    this.draw();
  }

  /** How much of the left is the picture before. */
  cut() {
    const share = Number(this.split.value);
    this.before.style.clipPath = `inset(0 ${100 - share}% 0 0)`;
    this.root.style.setProperty("--cut", `${share}%`);
    this.root.toggleAttribute("data-cut", share > 0);
    this.split.setAttribute("aria-valuetext", share ? `${share}% of it from the left` : "nothing of it");
  }

  // --- the hand

  /** In pixels of the picture, within it. @returns {[number, number]} */
  place(event) {
    const at = this.after.getBoundingClientRect(), clip = (v) => Math.max(0, Math.min(this.size, Math.round(v * 4) / 4));
    return [clip(((event.clientX - at.left) / at.width) * this.size), clip(((event.clientY - at.top) / at.height) * this.size)];
  }

  begin(at) {
    this.cursor = null;
    this.last = at;
    if (this.mode === "reach") return;
    if (this.mode === "drag") {
      this.act.held();
      this.pull = [...at, ...at];
      this.dots = [];
    } else {
      this.stroke = { mask: this.mask, last: this.cell(at) };
      this.mask = this.mask.slice();
      this.extend(at);
    }
    this.draw();
  }

  extend(at) {
    if (this.pull) this.pull = [this.pull[0], this.pull[1], ...at];
    else if (this.stroke) {
      const here = this.cell(at);
      for (const place of between(this.stroke.last, here)) this.dab(place);
      this.stroke.last = here;
    }
    this.last = at;
    this.draw();
  }

  finish() {
    this.hand?.release();
    if (this.mode === "reach") this.act.reach(this.last);
    else if (this.pull) this.letGo();
    else if (this.stroke) {
      const { mask } = this.stroke, painted = this.mask;
      this.stroke = null;
      if (!same(mask, painted)) this.act.painted(painted);
    }
    this.draw();
  }

  letGo() {
    const pull = this.pull;
    this.pull = null;
    if (!pull) return;
    if (Math.hypot(pull[2] - pull[0], pull[3] - pull[1]) < SHORT) return this.act.pressed();
    this.hint.hidden = true;
    this.act.drag(pull);
  }

  abandon() {
    if (this.stroke) this.mask = this.stroke.mask;
    this.stroke = this.pull = null;
    this.hand?.release();
    this.draw();
  }

  /** @param {number[]} at @returns {[number, number]} */
  cell([x, y]) {
    return [Math.min(this.size - 1, Math.floor(x)), Math.min(this.size - 1, Math.floor(y))];
  }

  dab([x, y]) {
    const half = Math.floor(this.brush / 2);
    stamp(this.mask, this.size, { x: x - half, y: y - half, width: this.brush, height: this.brush }, this.mode === "erase" ? 0 : 1);
  }

  key(event) {
    const way = WAYS[event.key], { size } = this;
    if (way) {
      const [x, y] = this.cursor ?? [Math.floor(size / 2) + 0.5, Math.floor(size / 2) + 0.5];
      this.cursor = [Math.max(0.5, Math.min(size - 0.5, x + way[0])), Math.max(0.5, Math.min(size - 0.5, y + way[1]))];
      if (this.pull) this.pull = [this.pull[0], this.pull[1], ...this.cursor];
    } else if (presses(event)) this.pressed();
    else if (event.key === "Escape" && (this.pull || this.stroke)) this.abandon();
    else if (undoes(event)) this.act.undo();
    else return;
    event.preventDefault();
    event.stopPropagation();
    this.draw();
  }

  pressed() {
    const at = (this.cursor ??= [Math.floor(this.size / 2) + 0.5, Math.floor(this.size / 2) + 0.5]);
    if (this.mode === "drag" && !this.pull) {
      this.act.held();
      this.pull = [...at, ...at];
      this.dots = [];
    } else if (this.mode === "drag") this.letGo();
    else if (this.mode === "reach") this.act.reach(at);
    else {
      const before = this.mask;
      this.mask = before.slice();
      this.dab(this.cell(at));
      if (!same(before, this.mask)) this.act.painted(this.mask);
    }
  }

  /** Whether no colour differs by `least` within `radius` px of a place: as `is_even` of gan_core.apply.editing.dragging. */
  isEven([x, y], radius, least) {
    const { size } = this, pixels = context2d(this.after).getImageData(0, 0, size, size).data, low = [255, 255, 255], high = [0, 0, 0];
    for (let j = 0; j < size; j++) for (let i = 0; i < size; i++) {
      if ((i + 0.5 - x) ** 2 + (j + 0.5 - y) ** 2 > radius ** 2) continue;
      for (let c = 0; c < 3; c++) {
        const value = pixels[4 * (j * size + i) + c];
        low[c] = Math.min(low[c], value);
        high[c] = Math.max(high[c], value);
      }
    }
    return high.every((most, c) => most - low[c] < least);
  }

  // --- what lies over the picture

  draw() {
    const ink = context2d(this.paint, { alpha: true });
    ink.clearRect(0, 0, this.paint.width, this.paint.height);
    const painting = this.mode === "paint" || this.mode === "erase";
    for (let i = 0; i < this.mask.length; i++) if (this.mask[i]) this[painting ? "cover" : "edge"](ink, i % this.size, Math.floor(i / this.size));
    this.root.dataset.mode = this.mode;
    const parts = [];
    for (const [x0, y0, x1, y1] of [...this.arrows, ...(this.pull ? [this.pull] : [])]) parts.push(...this.arrow(x0, y0, x1, y1));
    for (const [x, y] of this.dots) parts.push(this.disk(x, y, 0.016, "ge-dot"));
    if (this.handle && this.dots.length) parts.push(this.disk(...this.handle, 0.012, "ge-from"));
    for (const [x, y] of this.reached) parts.push(this.disk(x, y, 0.014, "ge-now"));
    if (this.cursor) {
      const [x, y] = this.cursor, arm = this.size * 0.03;
      for (const kind of ["ge-under", "ge-line"]) parts.push(shape("path", { d: `M${x - arm} ${y}H${x + arm}M${x} ${y - arm}V${y + arm}`, class: kind }));
    }
    this.over.replaceChildren(...parts);
    this.root.setAttribute("aria-description", this.cursor ? `The mark is at ${this.cursor.join(", ")}.` : "");
  }

  cover(ink, x, y) {
    ink.fillStyle = "rgb(184 50 127 / 0.45)";
    ink.fillRect(x * TIMES, y * TIMES, TIMES, TIMES);
    ink.strokeStyle = "#f4c6de";
    ink.beginPath();
    ink.moveTo(x * TIMES, (y + 1) * TIMES);
    ink.lineTo((x + 1) * TIMES, y * TIMES);
    ink.stroke();
  }

  /** Where nobody paints only the region's border is shown, so that the picture is seen. */
  edge(ink, x, y) {
    const at = (i, j) => i >= 0 && j >= 0 && i < this.size && j < this.size && this.mask[j * this.size + i], [a, b, c, d] = [x, y, x + 1, y + 1].map((v) => v * TIMES);
    for (const [colour, width] of [["#12161c", 3], ["#f4c6de", 1.5]]) {
      Object.assign(ink, { strokeStyle: colour, lineWidth: width });
      ink.beginPath();
      for (const [open, x0, y0, x1, y1] of [[!at(x - 1, y), a, b, a, d], [!at(x + 1, y), c, b, c, d], [!at(x, y - 1), a, b, c, b], [!at(x, y + 1), a, d, c, d]]) {
        if (!open) continue;
        ink.moveTo(x0, y0);
        ink.lineTo(x1, y1);
      }
      ink.stroke();
    }
    ink.lineWidth = 1;
  }

  arrow(x0, y0, x1, y1) {
    const turn = Math.atan2(y1 - y0, x1 - x0), long = this.size * 0.035, side = (by) => `${x1 - long * Math.cos(turn + by)} ${y1 - long * Math.sin(turn + by)}`;
    const d = `M${x0} ${y0}L${x1} ${y1}M${side(0.5)}L${x1} ${y1}L${side(-0.5)}`;
    return [shape("path", { d, class: "ge-under" }), shape("path", { d, class: "ge-line" }), this.disk(x0, y0, 0.014, "ge-from")];
  }

  disk(x, y, share, kind) {
    return shape("circle", { cx: x, cy: y, r: this.size * share, class: kind });
  }

  describe(words) {
    this.after.setAttribute("aria-label", words);
  }
}

function shape(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}
