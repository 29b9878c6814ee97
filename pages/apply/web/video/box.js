// The square on a clip's first frame that says where its subject is: drawn, moved and sized by mouse, finger or keys.

import { context2d } from "../../../ui/web/canvas/context.js";
import { OnePointer } from "../../../ui/web/canvas/one_pointer.js";
import { component } from "../../../ui/web/mounting.js";
import { dark, make, say } from "../../../ui/web/words.js";

const SMALLEST = 8; // px of the clip a side
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEYS = "The box around the subject, on the first frame. Arrow keys move it; with Shift, right and down make it larger, left and up smaller.";
const CORNERS = /** @type {Record<string, [number, number]>} */ ({ nw: [0, 0], ne: [1, 0], sw: [0, 1], se: [1, 1] });

class BoxView {
  constructor(parent) {
    this.turn = /** @type {number | null} */ (null);
    this.width = this.height = this.size = SMALLEST;
    this.frame = this.told = "";
    this.box = { x: 0, y: 0, side: SMALLEST };
    /** @type {{corner: string, from: number[], box: {x: number, y: number, side: number}} | null} */
    this.held = null;
    this.build(parent);
  }

  build(parent) {
    this.image = make("img", { alt: "The clip's first frame", draggable: "false" });
    this.image.addEventListener("load", () => this.draw());
    this.outline = make("div", { class: "gv-box", "data-testid": "clip-box-outline" }, ...Object.keys(CORNERS).map((corner) => make("span", { class: "gv-corner", "data-corner": corner, "data-testid": `clip-box-${corner}` })));
    this.stage = make("div", { class: "gv-frame", tabindex: "0", role: "application", "aria-label": KEYS, "data-testid": "clip-box" }, this.image, this.outline);
    this.seen = make("canvas", { class: "gv-seen", role: "img", "aria-label": "What the generator is given of the first frame", "data-testid": "clip-box-seen" });
    this.words = make("p", { class: "gv-words", role: "status", "data-testid": "clip-box-words" });
    this.root = make("div", { class: "gs-live gv", "data-testid": "clip-box-view" },
      make("p", { class: "gv-words" }, "Pull the square over the subject, its corners make it larger or smaller. It stays there through the whole clip."),
      make("div", { class: "gv-row" }, this.stage, make("div", { class: "gv-side" }, this.seen, make("p", { class: "gv-words" }, "What the generator is given"))), this.words);
    parent.append(this.root);
    this.hand = new OnePointer(this.stage, { begin: (e) => this.begin(e), extend: (e) => this.extend(e), finish: () => this.finish(), abandon: () => this.finish() });
    this.stage.addEventListener("keydown", (e) => this.key(e));
    for (const name of ["keyup", "blur"]) this.stage.addEventListener(name, () => this.tell()); // once for a key that is held
  }

  update(data, _tell, keep) {
    this.keep = keep;
    this.root.toggleAttribute("data-dark", dark(this.root));
    const { width, height, size } = data;
    Object.assign(this, { width, height, size });
    if (data.frame !== this.frame) {
      this.frame = this.image.src = data.frame;
      this.stage.style.setProperty("--gv-aspect", String(width / height));
      Object.assign(this.seen, { width: size, height: size });
    }
    if (this.seen.width !== size) Object.assign(this.seen, { width: size, height: size });
    if (data.turn !== this.turn) {
      this.turn = data.turn;
      const [x, y, side] = data.box.split(",").map(Number);
      this.put({ x, y, side });
    }
    this.draw();
  }

  /** Within the frame, in whole pixels. */
  put({ x, y, side }) {
    const whole = Math.round(Math.max(SMALLEST, Math.min(side, this.width, this.height)));
    this.box = { x: Math.round(Math.max(0, Math.min(x, this.width - whole))), y: Math.round(Math.max(0, Math.min(y, this.height - whole))), side: whole };
    this.draw();
  }

  /** In pixels of the clip. */
  place(event) {
    const at = this.stage.getBoundingClientRect();
    return [((event.clientX - at.left) / at.width) * this.width, ((event.clientY - at.top) / at.height) * this.height];
  }

  begin(event) {
    const [x, y] = this.place(event), { box } = this, corner = event.target.dataset?.corner ?? "";
    const inside = x >= box.x && x <= box.x + box.side && y >= box.y && y <= box.y + box.side;
    if (!corner && !inside) this.put({ ...box, x: x - box.side / 2, y: y - box.side / 2 });
    this.held = { corner, from: [x, y], box: { ...this.box } };
  }

  extend(event) {
    if (!this.held) return;
    const [x, y] = this.place(event), { corner, from, box } = this.held;
    if (!corner) return this.put({ ...box, x: box.x + x - from[0], y: box.y + y - from[1] });
    const [right, down] = CORNERS[corner], fixed = [box.x + (1 - right) * box.side, box.y + (1 - down) * box.side];
    const room = Math.min(right ? this.width - fixed[0] : fixed[0], down ? this.height - fixed[1] : fixed[1]);
    const side = Math.max(SMALLEST, Math.min(room, Math.max((right ? 1 : -1) * (x - fixed[0]), (down ? 1 : -1) * (y - fixed[1]))));
    this.put({ x: right ? fixed[0] : fixed[0] - side, y: down ? fixed[1] : fixed[1] - side, side });
  }

  finish() {
    this.hand?.release();
    this.held = null;
    this.tell();
  }

  key(event) {
    const way = WAYS[event.key];
    if (!way) return;
    const { box } = this, far = Math.max(1, Math.round(Math.max(this.width, this.height) / 100));
    if (event.shiftKey) this.put({ ...box, side: box.side + far * (way[0] + way[1]) });
    else this.put({ ...box, x: box.x + far * way[0], y: box.y + far * way[1] });
    event.preventDefault();
  }

  tell() {
    const { x, y, side } = this.box, text = `${this.turn}:${x},${y},${side},${side}`;
    if (text !== this.told) this.keep?.("box", (this.told = text));
  }

  draw() {
    const { box: { x, y, side }, width, height } = this, percent = (n) => `${100 * n}%`;
    Object.assign(this.outline.style, { left: percent(x / width), top: percent(y / height), width: percent(side / width), height: percent(side / height) });
    say(this.words, `Box: ${side} × ${side} pixels at ${x}, ${y} of ${width} × ${height}.`);
    if (!this.image.naturalWidth) return;
    const ink = context2d(this.seen), times = this.image.naturalWidth / width;
    ink.imageSmoothingQuality = "high";
    ink.drawImage(this.image, x * times, y * times, side * times, side * times, 0, 0, this.seen.width, this.seen.height);
  }

  close() {
    this.root.remove();
  }
}

export default component((parent) => new BoxView(parent));
