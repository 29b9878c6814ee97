// A pad for strokes on a grid of places, with mouse, pen, finger or keys. What is drawn goes to the page as text.

import { component } from "../mounting.js";
import { FINE, decode, encode, fitted, thinned } from "./draw_text.js";

const EDGE = 12; // of the paper, in CSS pixels, around the square that can be drawn on
const ECHO_MS = 5000; // so long an older drawing that comes from the page may be late news
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const HINT = "Draw with mouse, pen or finger.";
const KEYS = "Drawing pad. Arrow keys move the pen, with Shift further; Space puts it down and lifts it; Backspace takes the last stroke back.";

const element = (tag, attributes, ...inside) => {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...inside);
  return made;
};

class Pad {
  constructor(parent) {
    const button = (words, title, act) => element("button", { type: "button", textContent: words, title, onclick: act });
    this.canvas = element("canvas", { tabIndex: 0 });
    this.canvas.setAttribute("role", "application");
    this.canvas.setAttribute("aria-label", KEYS);
    this.canvas.dataset.testid = "pad";
    this.hint = element("div", { className: "gs-pad-hint" }, element("span", {}, HINT));
    this.back = button("Undo", "Take the last stroke back", () => this.undo());
    this.wipe = button("Clear", "Take everything away; Undo brings it back", () => this.strokes.length && this.change([]));
    this.wide = button("Larger", "Draw on the whole window", () => this.enlarge());
    this.room = element("span", { className: "gs-pad-room" });
    this.room.setAttribute("role", "status");
    this.body = element("div", { className: "gs-pad" }, element("div", { className: "gs-pad-paper" }, this.canvas, this.hint),
      element("div", { className: "gs-pad-tools" }, this.back, this.wipe, this.wide, this.room));
    this.dialog = element("dialog", { className: "gs-pad-dialog", onclose: () => this.shrink(), onclick: (e) => e.target === this.dialog && this.dialog.close() });
    this.root = element("div", {}, this.body, this.dialog);
    parent.append(this.root);
    this.data = null;
    this.strokes = [];
    this.before = []; // drawings to go back to
    this.line = null; // the stroke that is being drawn
    this.pointer = null;
    this.pen = null; // where the keys have brought it: {x, y, down}
    this.under = new Set(); // texts on their way to the page and back
    this.latest = this.given = ""; // ours, and what the page last gave or took
    this.told = 0;
    this.words = "";
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.canvas);
    this.listen();
  }

  listen() {
    const on = (name, act) => this.canvas.addEventListener(name, act);
    on("pointerdown", (e) => this.down(e));
    on("pointermove", (e) => this.move(e));
    on("pointerup", (e) => e.pointerId === this.pointer && this.finish());
    on("pointercancel", (e) => e.pointerId === this.pointer && this.abandon());
    on("keydown", (e) => this.key(e));
    on("blur", () => { if (this.pen?.down) this.finish(); this.draw(); });
    on("focus", () => this.draw());
  }

  /** What the page says: our own drawing, back from it, or another one. */
  update(data, _tell, keep) {
    this.keep = keep;
    const first = !this.data;
    this.data = data;
    const rgb = getComputedStyle(this.canvas).color.match(/[\d.]+/g) ?? [0, 0, 0];
    this.body.toggleAttribute("data-dark", Number(rgb[0]) + Number(rgb[1]) + Number(rgb[2]) > 384); // light ink, dark paper
    const waiting = this.under.size > 0 && Date.now() - this.told < ECHO_MS;
    if (data.strokes === this.latest && !first) this.under.clear();
    else if (first || !(waiting && (this.under.has(data.strokes) || data.strokes === this.given))) {
      this.strokes = decode(data.strokes);
      this.before = [];
      this.under.clear();
      this.latest = data.strokes;
      this.words = "";
    }
    if (!this.under.size) this.given = this.latest;
    this.show();
  }

  // --- drawing

  place(event) {
    const box = this.canvas.getBoundingClientRect(), last = this.data.places - 1, side = box.width - 2 * EDGE;
    const at = (v) => Math.max(0, Math.min(last, Math.round((v / side) * last)));
    return [at(event.clientX - box.left - EDGE), at(box.bottom - EDGE - event.clientY)];
  }

  down(event) {
    if (this.pointer !== null || event.button > 0) return;
    if (this.pen?.down) this.finish();
    this.pen = null;
    this.pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.line = [this.place(event)];
    this.draw();
  }

  move(event) {
    if (event.pointerId !== this.pointer) return;
    const parts = event.getCoalescedEvents?.() ?? [];
    for (const part of parts.length ? parts : [event]) this.extend(this.place(part));
    this.draw();
  }

  /** @param {number[]} place */
  extend([x, y]) {
    const last = this.line[this.line.length - 1];
    if (x !== last[0] || y !== last[1]) this.line.push([x, y]);
  }

  abandon() {
    this.line = this.pointer = null;
    if (this.pen) this.pen.down = false;
    this.draw();
  }

  finish() {
    const line = this.line;
    this.abandon();
    if (!line) return;
    const next = fitted([...this.strokes, thinned(line, FINE)], this.data.most);
    if (next) return this.change(next);
    this.words = "Full: clear something first";
    this.show();
  }

  key(event) {
    const way = WAYS[event.key], last = this.data.places - 1;
    if (way) {
      const step = event.shiftKey ? 5 : 1, clip = (v) => Math.max(0, Math.min(last, v));
      this.pen ??= { x: Math.round(last / 2), y: Math.round(last / 2), down: false };
      this.pen.x = clip(this.pen.x + step * way[0]);
      this.pen.y = clip(this.pen.y + step * way[1]);
      if (this.pen.down) this.extend([this.pen.x, this.pen.y]);
    } else if (event.key === " " || event.key === "Enter") {
      this.pen ??= { x: Math.round(last / 2), y: Math.round(last / 2), down: false };
      if (this.pen.down) this.finish();
      else {
        this.pen.down = true;
        this.line = [[this.pen.x, this.pen.y]];
      }
    } else if (event.key === "Backspace" || (event.key === "z" && (event.ctrlKey || event.metaKey))) this.undo();
    else return;
    event.preventDefault();
    event.stopPropagation();
    this.say();
    this.draw();
  }

  // --- what there is

  undo() {
    if (this.line) return this.abandon();
    if (this.before.length) this.put(this.before.pop());
    else if (this.strokes.length) this.put(this.strokes.slice(0, -1));
  }

  change(next) {
    this.before.push(this.strokes);
    this.put(next);
  }

  put(strokes) {
    this.strokes = strokes;
    this.words = "";
    this.latest = encode(strokes);
    this.under.add(this.latest);
    this.told = Date.now();
    this.keep("drawing", [this.told, this.latest]); // the time: the same drawing again is news too
    this.show();
  }

  show() {
    this.hint.hidden = this.strokes.length > 0 || !!this.line;
    this.back.disabled = !this.strokes.length && !this.before.length;
    this.wipe.disabled = !this.strokes.length;
    this.say();
    this.draw();
  }

  say() {
    const used = encode(this.strokes).length / this.data.most, pen = this.pen;
    const where = (v) => ((v / (this.data.places - 1)) * 2 - 1) * this.data.half;
    this.room.textContent = this.words || (pen && document.activeElement === this.canvas
      ? `${pen.down ? "down" : "up"} at ${where(pen.x).toFixed(2)}, ${where(pen.y).toFixed(2)}` : used > 0.7 ? `${Math.round(100 * used)}% full` : "");
  }

  // --- the picture

  draw() {
    const wide = this.canvas.clientWidth, px = window.devicePixelRatio || 1;
    if (!wide || !this.data) return;
    this.hint.hidden = this.strokes.length > 0 || !!this.line;
    this.canvas.width = this.canvas.height = Math.round(wide * px);
    const ink = this.canvas.getContext("2d"), style = getComputedStyle(this.body), side = wide - 2 * EDGE, last = this.data.places - 1;
    const x = (v) => EDGE + (v / last) * side, y = (v) => wide - EDGE - (v / last) * side, unit = side / (2 * this.data.half);
    ink.scale(px, px);
    this.drawAxes(ink, style.color, wide, unit);
    ink.lineCap = ink.lineJoin = "round";
    ink.strokeStyle = style.getPropertyValue("--ink");
    for (const [widths, alpha] of [[4, 0.25], [2, 0.5], [0.5, 0.9]]) { // so many standard deviations of the pen
      ink.lineWidth = Math.max(1, widths * this.data.std * unit);
      ink.globalAlpha = alpha;
      ink.beginPath();
      for (const stroke of [...this.strokes, ...(this.line ? [this.line] : [])]) {
        stroke.forEach(([px_, py_], i) => ink[i ? "lineTo" : "moveTo"](x(px_), y(py_)));
        if (stroke.length === 1) ink.lineTo(x(stroke[0][0]) + 0.01, y(stroke[0][1]));
      }
      ink.stroke();
    }
    ink.globalAlpha = 1;
    if (this.pen && document.activeElement === this.canvas) this.drawPen(ink, style.color, x(this.pen.x), y(this.pen.y));
  }

  drawAxes(ink, color, wide, unit) {
    const middle = wide / 2;
    ink.strokeStyle = ink.fillStyle = color;
    ink.font = "11px system-ui, sans-serif";
    for (const v of [-1, 0, 1]) {
      const at = Math.round(middle + v * unit) + 0.5, down = Math.round(middle - v * unit) + 0.5;
      ink.globalAlpha = v ? 0.1 : 0.3;
      ink.lineWidth = 1;
      ink.beginPath();
      ink.moveTo(at, EDGE);
      ink.lineTo(at, wide - EDGE);
      ink.moveTo(EDGE, down);
      ink.lineTo(wide - EDGE, down);
      ink.stroke();
      ink.globalAlpha = 0.55;
      ink.fillText(String(v).replace("-", "\u2212"), at + 3, wide - 3);
      if (v) ink.fillText(String(v).replace("-", "\u2212"), 2, down - 3);
    }
    ink.globalAlpha = 0.25;
    ink.strokeRect(EDGE + 0.5, EDGE + 0.5, wide - 2 * EDGE - 1, wide - 2 * EDGE - 1);
    ink.globalAlpha = 1;
  }

  drawPen(ink, color, x, y) {
    ink.strokeStyle = color;
    ink.lineWidth = this.pen.down ? 2.5 : 1.5;
    ink.beginPath();
    ink.arc(x, y, 6, 0, 2 * Math.PI);
    for (const [dx, dy] of Object.values(WAYS)) {
      ink.moveTo(x + 3 * dx, y + 3 * dy);
      ink.lineTo(x + 10 * dx, y + 10 * dy);
    }
    ink.stroke();
  }

  // --- the whole window

  enlarge() {
    if (this.dialog.open) return this.dialog.close();
    this.dialog.append(this.body);
    this.dialog.showModal();
    this.wide.textContent = "Done";
    this.canvas.focus();
  }

  shrink() {
    this.root.prepend(this.body);
    this.wide.textContent = "Larger";
  }

  close() {
    this.sizes.disconnect();
    this.root.remove();
  }
}

export default component((parent) => new Pad(parent));
