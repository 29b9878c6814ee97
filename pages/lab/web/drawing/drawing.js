// Drawing on the stage, before a run: with mouse, pen, finger or keys. Real points appear under the hand at once, and
// what is drawn goes to the page as text, which answers with the points that a run would learn from.

import { OnePointer, presses, undoes } from "../../../ui/web/canvas/one_pointer.js";
import { make, say } from "../../../ui/web/words.js";
import { FINE, decode, encode, fitted, thinned } from "./strokes.js";

const ECHO_MS = 5000; // so long an older drawing that comes from the page may be late news
const POINTS_A_UNIT = 260, POINTS_A_DOT = 30; // until the page answers
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const HINT = "Draw here, with mouse, pen or finger";
const KEYS = "Drawing. Arrow keys move the pen, with Shift further; Space puts it down and lifts it; Backspace takes the last stroke back.";

/** Two independent Gaussian numbers: Box and Muller (1958). */
function gaussians() {
  const far = Math.sqrt(-2 * Math.log(1 - Math.random())), angle = 2 * Math.PI * Math.random();
  return [far * Math.cos(angle), far * Math.sin(angle)];
}

export class Drawing {
  /** stage: a Stage, whose real points these are; keep(text): tells the page of a new drawing. */
  constructor({ stage, keep }) {
    this.stage = stage;
    this.keep = keep;
    /** @type {any} {strokes, std, places, half, most}; null: nothing can be drawn now */
    this.data = null;
    this.strokes = [];
    this.before = []; // drawings to go back to
    /** @type {any} */
    this.line = null; // the stroke that is being drawn, in places
    this.at = [0, 0]; // and where the pen is, in the plane
    this.pen = null; // where the keys have brought it: {x, y, down}
    this.under = new Set(); // texts on their way to the page and back
    this.latest = this.given = ""; // ours, and what the page last gave or took
    this.told = 0;
    this.base = new Float32Array(0); // the page's points
    this.fresh = []; // ours, as x, y, x, y ..., for strokes that it has not answered yet
    this.build();
    this.listen();
  }

  build() {
    const button = (name, text, title, action) => make("button", { type: "button", class: "gs-button", "data-testid": name, title, onClick: action }, text);
    this.hint = make("span", { class: "gs-paper-hint" }, HINT);
    this.nib = make("i", { class: "gs-nib", hidden: true, "aria-hidden": "true" });
    this.edge = make("div", { class: "gs-paper-edge" }, this.hint);
    this.paper = make("div", { class: "gs-paper", tabindex: "0", role: "application", "aria-label": KEYS, "data-testid": "pad", hidden: true }, this.edge, this.nib);
    this.undoButton = button("draw-undo", "Undo", "Take the last stroke back", () => this.undo());
    this.clearButton = button("draw-clear", "Clear", "Take everything away; Undo brings it back", () => this.strokes.length && this.change([]));
    this.room = make("span", { class: "gs-paper-room", role: "status" });
    this.tools = make("div", { class: "gs-paper-tools", hidden: true }, this.undoButton, this.clearButton, this.room);
    this.stage.root.querySelector(".gs-plane-frame").append(this.paper, this.tools);
    /** @type {ResizeObserver} */
    this.sizes = new ResizeObserver(() => this.arrange());
    this.sizes.observe(this.paper);
  }

  listen() {
    const on = (name, act) => this.paper.addEventListener(name, act);
    /** @type {OnePointer} */
    this.hand = new OnePointer(this.paper, { begin: (e) => this.press(this.place(e)), extend: (e) => this.extend(this.place(e)), moved: () => this.show(),
      finish: () => this.finish(), abandon: () => this.abandon() });
    on("keydown", (e) => this.key(e));
    on("blur", () => { if (this.pen?.down) this.finish(); this.pen = null; this.show(); });
  }

  /** What the page says: our own drawing, back from it, or another one; null: there is nothing to draw on. */
  update(data) {
    const first = !this.data;
    this.data = data ?? null;
    this.paper.hidden = this.tools.hidden = !data;
    this.stage.root.toggleAttribute("data-drawing", !!data);
    if (!data) return void (this.fresh = []);
    const waiting = this.under.size > 0 && Date.now() - this.told < ECHO_MS;
    if (data.strokes === this.latest && !first) this.under.clear();
    else if (first || !(waiting && (this.under.has(data.strokes) || data.strokes === this.given))) {
      this.strokes = decode(data.strokes);
      this.before = [];
      this.under.clear();
      this.latest = data.strokes;
      say(this.room, "");
    }
    if (!this.under.size) {
      this.given = this.latest;
      if (!this.line) this.fresh = [];
    }
    this.arrange();
    this.show();
  }

  /** The page's points of a drawing are on the stage. */
  answered(points) {
    this.base = points;
  }

  // --- the hand

  /** Where the pointer is, in the plane, within what can be drawn on. */
  place(event) {
    const { plane } = this.stage, { half } = this.data;
    return plane.world(...plane.hands.at(event)).map((v) => Math.max(-half, Math.min(half, v)));
  }

  /** The place on the grid that is kept. */
  grid(at) {
    const { half, places } = this.data;
    return at.map((v) => Math.round(((v + half) / (2 * half)) * (places - 1)));
  }

  /** In the plane again. */
  plane(place) {
    const { half, places } = this.data;
    return place.map((v) => (v / (places - 1)) * 2 * half - half);
  }

  /** The pointer takes over from the keys. */
  press(at) {
    if (this.pen?.down) this.finish();
    this.pen = null;
    this.begin(at);
  }

  begin(at) {
    this.at = at;
    this.line = [this.grid(at)];
    this.scatter(at, at, POINTS_A_DOT);
    this.show();
  }

  extend(at) {
    const long = Math.hypot(at[0] - this.at[0], at[1] - this.at[1]);
    this.scatter(this.at, at, long * POINTS_A_UNIT);
    this.at = at;
    const [x, y] = this.grid(at), last = this.line[this.line.length - 1];
    if (x !== last[0] || y !== last[1]) this.line.push([x, y]);
  }

  /** @param {number[]} from @param {number[]} to
   * Real points along a piece of a stroke, as the dataset will draw them: uniform along it, with the pen's noise. */
  scatter(from, to, wanted) {
    const [ax, ay] = from, [bx, by] = to;
    for (let n = Math.floor(wanted + Math.random()); n > 0; n--) {
      const t = Math.random(), [dx, dy] = gaussians(), { std } = this.data;
      this.fresh.push(ax + t * (bx - ax) + std * dx, ay + t * (by - ay) + std * dy);
    }
  }

  abandon() {
    this.line = null;
    this.hand.release();
    if (this.pen) this.pen.down = false;
    this.show();
  }

  finish() {
    const line = this.line;
    this.abandon();
    if (!line) return;
    const next = fitted([...this.strokes, thinned(line, FINE)], this.data.most);
    if (next) return this.change(next);
    this.fresh = [];
    this.show();
    say(this.room, "Full: clear something first");
  }

  key(event) {
    const way = WAYS[event.key], last = this.data.places - 1;
    if (way || presses(event)) this.pen ??= { x: Math.round(last / 2), y: Math.round(last / 2), down: false };
    if (way) {
      const step = event.shiftKey ? 5 : 1, clip = (v) => Math.max(0, Math.min(last, v));
      this.pen.x = clip(this.pen.x + step * way[0]);
      this.pen.y = clip(this.pen.y + step * way[1]);
      if (this.pen.down) this.extend(this.plane([this.pen.x, this.pen.y]));
    } else if (presses(event)) {
      if (this.pen.down) this.finish();
      else {
        this.pen.down = true;
        this.begin(this.plane([this.pen.x, this.pen.y]));
      }
    } else if (undoes(event)) this.undo();
    else return;
    event.preventDefault();
    event.stopPropagation();
    this.show();
  }

  // --- what there is

  undo() {
    if (this.line) {
      this.fresh = [];
      return this.abandon();
    }
    if (this.before.length) this.put(this.before.pop());
    else if (this.strokes.length) this.put(this.strokes.slice(0, -1));
  }

  change(next) {
    this.before.push(this.strokes);
    this.put(next);
  }

  put(strokes) {
    this.strokes = strokes;
    this.latest = encode(strokes);
    this.under.add(this.latest);
    this.told = Date.now();
    if (!strokes.length) [this.base, this.fresh] = [new Float32Array(0), []];
    const used = this.latest.length / this.data.most;
    say(this.room, used > 0.7 ? `${Math.round(100 * used)}% full` : "");
    this.keep(this.latest);
    this.show();
  }

  // --- the picture

  show() {
    if (!this.data) return;
    this.hint.hidden = this.strokes.length > 0 || !!this.line;
    this.undoButton.disabled = !this.strokes.length && !this.before.length;
    this.clearButton.disabled = !this.strokes.length;
    const { stage } = this.stage, real = new Float32Array(this.base.length + this.fresh.length);
    real.set(this.base);
    real.set(this.fresh, this.base.length);
    if (stage) this.stage.setStage({ ...stage, real });
    this.nib.hidden = !this.pen || document.activeElement !== this.paper;
    if (this.nib.hidden) return;
    const [x, y] = this.onPaper(this.plane([this.pen.x, this.pen.y]));
    this.nib.style.transform = `translate(${x}px, ${y}px)`;
    this.nib.toggleAttribute("data-down", this.pen.down);
  }

  /** A place of the plane in CSS pixels of the paper. */
  onPaper([wx, wy]) {
    const { plane, canvas } = this.stage, times = canvas.clientWidth / (canvas.width || 1);
    return [plane.x(wx) * times, plane.y(wy) * times];
  }

  /** The edge of what can be drawn on. */
  arrange() {
    if (!this.data || !this.paper.clientWidth) return;
    const { half } = this.data, [left, top] = this.onPaper([-half, half]), [right, low] = this.onPaper([half, -half]);
    Object.assign(this.edge.style, { left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${low - top}px` });
  }

  end() {
    this.sizes.disconnect();
  }
}
