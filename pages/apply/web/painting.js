// Painting what of a picture is missing: with mouse, pen, finger or keys. What is painted goes to the page as text.

import { context2d } from "../../ui/web/canvas/context.js";
import { component } from "../../ui/web/mounting.js";
import { OnePointer, presses, undoes } from "../../ui/web/canvas/one_pointer.js";
import { make, say } from "../../ui/web/words.js";
import { between, blank, decode, encode, rectangle, same, stamp } from "./mask.js";

const TIMES = 12; // pixels of the canvas for each of the picture's
const MOST_UNDO = 60;
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEYS = "Hide what is missing. Arrow keys move the box, with Shift they change its size; Space hides what it covers, or shows it again with Show; Backspace takes the last change back.";
const BRUSHES = [["1", 1], ["3", 3], ["5", 5], ["9", 9]];

class Painting {
  constructor(parent) {
    this.size = 0;
    this.turn = null; // the page's number of the mask that it gave last
    this.tool = "brush";
    this.value = 1; // 1: hides, 0: shows again
    this.brush = 3;
    /** @type {Uint8Array} */
    this.mask = blank(0);
    this.before = []; // masks to go back to
    /** @type {{mask: Uint8Array, at: [number, number], last: [number, number]} | null} */
    this.start = null; // the mask before the stroke under way, and where the stroke began and is
    this.box = null; // where the keys have brought the box
    this.picture = document.createElement("canvas");
    this.build(parent);
    this.listen();
  }

  build(parent) {
    const button = (name, text, title, action) => make("button", { type: "button", class: "ga-button", "data-testid": `paint-${name}`, title, onClick: action }, text);
    this.canvas = make("canvas", { class: "ga-canvas", role: "img", "data-testid": "paint-canvas" });
    this.paper = make("div", { class: "ga-paper", tabindex: "0", role: "application", "aria-label": KEYS, "data-testid": "paint" }, this.canvas);
    /** @type {Record<string, HTMLElement>} */
    this.tools = {
      brush: button("brush", "Brush", "Paint with the pointer", () => this.choose({ tool: "brush" })),
      box: button("box", "Box", "Draw a box from corner to corner", () => this.choose({ tool: "box" })),
    };
    /** @type {HTMLElement[]} */
    this.values = [
      button("show", "Show", "Paint what is to be seen again", () => this.choose({ value: 0 })),
      button("hide", "Hide", "Paint what is missing", () => this.choose({ value: 1 })),
    ];
    this.widths = make("select", { class: "ga-select", "aria-label": "Brush, in pixels", "data-testid": "paint-width", onChange: (e) => this.choose({ brush: Number(e.target.value) }) },
      ...BRUSHES.map(([text, value]) => make("option", { value, selected: value === this.brush }, `${text} px`)));
    this.undoButton = button("undo", "Undo", "Take the last change back", () => this.undo());
    this.clearButton = button("clear", "Clear", "Nothing is missing; Undo brings it back", () => this.change(blank(this.size)));
    this.invertButton = button("invert", "Invert", "Hide what is shown, and show what is hidden", () => this.change(this.mask.map((v) => 1 - v)));
    this.words = make("span", { class: "ga-words", role: "status", "data-testid": "paint-words" });
    const group = (label, ...parts) => make("div", { class: "ga-group", role: "group", "aria-label": label }, ...parts);
    this.root = make("div", { class: "ga-painting" }, this.paper, make("div", { class: "ga-bar" },
      group("Tool", this.tools.brush, this.tools.box, this.widths), group("What it does", this.values[1], this.values[0]),
      group("Changes", this.undoButton, this.clearButton, this.invertButton)), this.words);
    parent.append(this.root);
  }

  listen() {
    const on = (name, act) => this.paper.addEventListener(name, act);
    /** @type {OnePointer} */
    this.hand = new OnePointer(this.paper, { begin: (e) => this.begin(this.place(e)), extend: (e) => this.paint(this.place(e)), finish: () => this.finish(), abandon: () => this.abandon() });
    on("keydown", (e) => this.key(e));
    on("blur", () => { this.box = null; this.draw(); });
    on("focus", () => { if (this.paper.matches(":focus-visible")) this.takeBox(); });
  }

  update(data, _tell, keep) {
    this.keep = keep;
    if (data.size !== this.size || data.pixels !== this.pixels) this.show(data);
    if (data.turn !== this.turn) {
      const given = decode(data.mask, this.size), first = this.turn === null || this.mask.length !== given.length;
      this.turn = data.turn;
      if (first) this.before = [];
      else if (!same(given, this.mask)) this.remember(this.mask);
      this.mask = given;
      this.abandon();
    }
    this.canvas.setAttribute("aria-label", data.words);
    this.draw();
  }

  /** The page's picture, pixel by pixel, on a canvas of its own. */
  show({ size, pixels }) {
    const raw = atob(pixels), image = new ImageData(size, size);
    for (let i = 0; i < size * size; i++) {
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = raw.charCodeAt(3 * i + c);
      image.data[4 * i + 3] = 255;
    }
    this.pixels = pixels;
    this.size = this.picture.width = this.picture.height = size;
    this.canvas.width = this.canvas.height = size * TIMES;
    context2d(this.picture).putImageData(image, 0, 0);
    if (this.mask.length !== size * size) [this.mask, this.before, this.box] = [blank(size), [], null];
  }

  // --- the hand

  /** The picture's pixel under the pointer, within it. @returns {[number, number]} */
  place(event) {
    const at = this.canvas.getBoundingClientRect(), clip = (v) => Math.max(0, Math.min(this.size - 1, Math.floor(v)));
    return [clip(((event.clientX - at.left) / at.width) * this.size), clip(((event.clientY - at.top) / at.height) * this.size)];
  }

  begin(at) {
    this.box = null;
    this.start = { mask: this.mask, at, last: at };
    this.mask = this.mask.slice();
    this.paint(at);
  }

  paint(at) {
    if (!this.start) return;
    if (this.tool === "box") {
      this.mask = this.start.mask.slice();
      stamp(this.mask, this.size, rectangle(this.start.at, at), this.value);
    } else {
      const half = Math.floor(this.brush / 2);
      for (const [x, y] of between(this.start.last, at)) stamp(this.mask, this.size, { x: x - half, y: y - half, width: this.brush, height: this.brush }, this.value);
      this.start.last = at;
    }
    this.draw();
  }

  finish() {
    if (!this.start) return;
    const { mask } = this.start, painted = this.mask;
    this.start = null;
    this.hand.release();
    this.mask = mask;
    this.change(painted);
  }

  abandon() {
    if (this.start) this.mask = this.start.mask;
    this.start = null;
    this.hand.release();
    this.draw();
  }

  takeBox() {
    const side = this.tool === "box" ? Math.max(1, Math.round(this.size / 3)) : this.brush, from = Math.floor((this.size - side) / 2);
    this.box ??= { x: from, y: from, width: side, height: side };
    this.draw();
  }

  key(event) {
    const way = WAYS[event.key], space = presses(event);
    if (way || space) this.takeBox();
    if (way && event.shiftKey) {
      const { box, size } = this, grow = (v, by, from) => Math.max(1, Math.min(size - from, v + by));
      this.box = { ...box, width: grow(box.width, way[0], box.x), height: grow(box.height, way[1], box.y) };
    } else if (way) {
      const { box, size } = this, clip = (v, long) => Math.max(0, Math.min(size - long, v));
      this.box = { ...box, x: clip(box.x + way[0], box.width), y: clip(box.y + way[1], box.height) };
    } else if (space) {
      const next = this.mask.slice();
      stamp(next, this.size, this.box, this.value);
      this.change(next);
    } else if (undoes(event)) this.undo();
    else return;
    event.preventDefault();
    event.stopPropagation();
    this.draw();
  }

  // --- what there is

  choose(chosen) {
    Object.assign(this, chosen);
    if (this.box && chosen.tool) this.box = null;
    this.draw();
  }

  remember(mask) {
    this.before.push(mask);
    if (this.before.length > MOST_UNDO) this.before.shift();
  }

  change(next) {
    if (same(next, this.mask)) return this.draw();
    this.remember(this.mask);
    this.put(next);
  }

  undo() {
    if (this.start) this.abandon();
    else if (this.before.length) this.put(this.before.pop());
  }

  put(mask) {
    this.mask = mask;
    this.keep("mask", encode(mask));
    this.draw();
  }

  // --- the picture

  draw() {
    if (!this.size) return;
    const ink = context2d(this.canvas), { size } = this;
    ink.imageSmoothingEnabled = false;
    ink.drawImage(this.picture, 0, 0, size * TIMES, size * TIMES);
    for (let i = 0; i < this.mask.length; i++) if (this.mask[i]) this.cover(ink, i % size, Math.floor(i / size));
    if (this.box) this.frame(ink);
    this.tell();
  }

  /** A hidden pixel: a colour that no theme and hardly a picture has, with a stroke for who does not see colours. */
  cover(ink, x, y) {
    ink.fillStyle = "#b8327f";
    ink.fillRect(x * TIMES, y * TIMES, TIMES, TIMES);
    ink.strokeStyle = "#f4c6de";
    ink.lineWidth = 1.5;
    ink.beginPath();
    ink.moveTo(x * TIMES, (y + 1) * TIMES);
    ink.lineTo((x + 1) * TIMES, y * TIMES);
    ink.stroke();
  }

  frame(ink) {
    const { x, y, width, height } = this.box;
    for (const [colour, line] of [["#000", 5], ["#fff", 2]]) {
      ink.strokeStyle = colour;
      ink.lineWidth = line;
      ink.strokeRect(x * TIMES, y * TIMES, width * TIMES, height * TIMES);
    }
  }

  tell() {
    const hidden = this.mask.reduce((sum, v) => sum + v, 0), all = this.mask.length;
    const box = this.box ? ` Box at ${this.box.x}, ${this.box.y}: ${this.box.width} × ${this.box.height}.` : "";
    say(this.words, `${hidden} of ${all} pixels are missing (${Math.round((100 * hidden) / all)}%).${box}`);
    for (const [name, button] of Object.entries(this.tools)) button.setAttribute("aria-pressed", String(name === this.tool));
    this.values.forEach((button, value) => button.setAttribute("aria-pressed", String(value === this.value)));
    this.widths.hidden = this.tool !== "brush";
    this.undoButton.disabled = !this.before.length && !this.start;
    this.clearButton.disabled = !hidden;
  }

  close() {
    this.root.remove();
  }
}

export default component((parent) => new Painting(parent));
