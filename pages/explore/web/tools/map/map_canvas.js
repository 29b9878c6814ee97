// A map of many small pictures on a canvas: zoomed and moved with wheel, fingers, mouse and keys.

import { context2d } from "../../../../ui/web/canvas/context.js";
import { Hands, wheelFactor } from "../../../../ui/web/plane/hands.js";
import { make, rgb } from "../../../../ui/web/words.js";

const MAP_ZOOM = 80, MAP_EDGE = 0.05; // most zoom; air around

export class MapCanvas {
  /** tapped(i): a sample was clicked; hovered(i | -1). */
  constructor({ tapped, hovered }) {
    this.tapped = tapped;
    this.hovered = hovered;
    this.ink = null; // of generated samples in this theme, r, g, b
    this.canvas = make("canvas", { class: "gx-map-canvas", tabindex: "0", role: "application", "data-testid": "map",
      "aria-label": "Map of samples: arrow keys choose one, Enter goes there; plus and minus zoom, 0 shows everything, Shift with arrows moves." });
    this.frame = 0; // asked for, to be drawn
    this.chosen = -1;
    this.here = null; // where the present picture lies
    this.clear();
    this.hands = new Hands(this.canvas, { pan: (dx, dy) => this.pan(dx, dy), zoom: (factor, x, y) => this.zoomBy(factor, x, y),
      tapped: (x, y) => this.tap(this.nearest(x, y)), hovered: (x, y) => this.choose(this.nearest(x, y)), left: () => this.choose(-1) });
    this.canvas.addEventListener("wheel", (e) => this.wheel(e), { passive: false });
    this.canvas.addEventListener("dblclick", () => this.home());
    this.canvas.addEventListener("keydown", (e) => this.key(e) && e.preventDefault());
    this.watcher = new ResizeObserver(() => this.soon());
    this.watcher.observe(this.canvas);
  }

  close() {
    this.watcher.disconnect();
    cancelAnimationFrame(this.frame);
  }

  clear() {
    this.positions = new Float32Array(0);
    this.sheet = null;
    this.here = null;
    this.chosen = -1;
    this.measure();
    this.home();
  }

  /** positions: float32 [N, 2] within -1 to 1; atlas: { columns, rows, size, rgba }, or null while there is none yet. */
  set(positions, atlas) {
    this.positions = positions;
    this.measure();
    if (this.zoom === 1) this.home();
    if (atlas) {
      const { columns, rows, size, rgba } = atlas;
      this.sheet = new OffscreenCanvas(columns * size, rows * size);
      context2d(this.sheet).putImageData(new ImageData(new Uint8ClampedArray(rgba), columns * size, rows * size), 0, 0);
      this.columns = columns;
      this.size = size;
    }
    this.soon();
  }

  get count() { return this.positions.length / 2; }

  // --- what is in view: (cx, cy) in the middle, so many canvas pixels to a unit

  home() {
    /** @type {number} */
    this.cx = this.middle?.[0] ?? 0;
    /** @type {number} */
    this.cy = this.middle?.[1] ?? 0;
    /** @type {number} */
    this.zoom = 1;
    this.told();
  }

  /** What all samples take up: half its width and height, and its middle. */
  measure() {
    const low = [Infinity, Infinity], high = [-Infinity, -Infinity];
    this.positions.forEach((v, i) => { low[i % 2] = Math.min(low[i % 2], v); high[i % 2] = Math.max(high[i % 2], v); });
    const there = this.positions.length > 0;
    /** @type {number[]} */
    this.half = [0, 1].map((k) => (there ? Math.max(0.05, (high[k] - low[k]) / 2) : 1));
    /** @type {number[]} */
    this.middle = [0, 1].map((k) => (there ? (high[k] + low[k]) / 2 : 0));
  }

  told() {
    // At home one finger scrolls the page; zoomed in it moves the map
    this.canvas.style.touchAction = this.zoom === 1 ? "pan-y" : "none";
    this.soon();
  }

  get unit() {
    const { width, height } = this.canvas, [w, h] = this.half;
    return (this.zoom * Math.min(width / w, height / h) * (1 - 2 * MAP_EDGE)) / 2;
  }

  x(wx) { return this.canvas.width / 2 + (wx - this.cx) * this.unit; }

  y(wy) { return this.canvas.height / 2 - (wy - this.cy) * this.unit; }

  zoomBy(factor, px = this.canvas.width / 2, py = this.canvas.height / 2) {
    const before = this.unit;
    this.zoom = Math.min(MAP_ZOOM, Math.max(1, this.zoom * factor));
    const grown = 1 / before - 1 / this.unit; // what is at (px, py) stays there
    this.cx += (px - this.canvas.width / 2) * grown;
    this.cy -= (py - this.canvas.height / 2) * grown;
    this.pan(0, 0);
  }

  pan(dx, dy) {
    const within = (v, k) => Math.min(this.middle[k] + this.half[k] * (1 - 1 / this.zoom), Math.max(this.middle[k] - this.half[k] * (1 - 1 / this.zoom), v));
    this.cx = within(this.cx - dx / this.unit, 0);
    this.cy = within(this.cy + dy / this.unit, 1);
    this.told();
  }

  // --- hands

  wheel(event) {
    if (!this.count || (this.zoom === 1 && event.deltaY > 0)) return; // out from everything: the page scrolls on
    event.preventDefault();
    this.zoomBy(wheelFactor(event, 0.003), ...this.hands.at(event));
  }

  tap(i) {
    this.choose(i);
    if (i >= 0 && this.sheet) this.tapped(i);
  }

  key(event) {
    const by = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    if (event.key === "+" || event.key === "=") this.zoomBy(1.4);
    else if (event.key === "-" || event.key === "_") this.zoomBy(1 / 1.4);
    else if (event.key === "0") this.home();
    else if (by && event.shiftKey) this.pan(-by[0] * 0.1 * this.canvas.width, by[1] * 0.1 * this.canvas.height);
    else if (by) this.step(...by);
    else if (event.key === "Enter" && this.chosen >= 0 && this.sheet) this.tapped(this.chosen);
    else return false;
    return true;
  }

  /** Choose the nearest sample in a direction, seen from the chosen one (or the present point, or the middle). */
  step(dx, dy) {
    const { positions } = this, from = this.chosen >= 0 ? [positions[2 * this.chosen], positions[2 * this.chosen + 1]] : this.here ?? [this.cx, this.cy];
    let best = -1, least = Infinity;
    for (const i of this.drawn?.length ? this.drawn : positions.keys()) {
      if (i === this.chosen || 2 * i >= positions.length) continue;
      const x = positions[2 * i] - from[0], y = positions[2 * i + 1] - from[1], along = x * dx + y * dy, aside = Math.abs(x * dy - y * dx);
      const far = along + 2 * aside;
      if (along > 1e-6 && aside <= along && far < least) [best, least] = [i, far];
    }
    if (best < 0) return;
    this.choose(best);
    const px = this.x(positions[2 * best]), py = this.y(positions[2 * best + 1]), { width, height } = this.canvas;
    if (px < 0 || py < 0 || px > width || py > height) this.pan(width / 2 - px, height / 2 - py);
  }

  choose(i) {
    if (i === this.chosen) return;
    this.chosen = i;
    this.hovered(i);
    this.soon();
  }

  /** The sample under a place of the canvas, -1 where there is none near. */
  nearest(px, py) {
    const { positions } = this, reach = Math.max(0.5 * (this.side ?? 0), 9 * this.ratio) + 1;
    let best = -1, least = Infinity;
    const pictured = new Set(this.drawn ?? []);
    for (let i = 0; i < this.count; i++) {
      const dx = this.x(positions[2 * i]) - px, dy = this.y(positions[2 * i + 1]) - py, within = pictured.has(i);
      const far = Math.max(Math.abs(dx), Math.abs(dy));
      if (far > (within ? reach : 9 * this.ratio)) continue;
      const rank = far - (within ? reach : 0); // a picture lies above the dots
      if (rank < least) [best, least] = [i, rank];
    }
    return best;
  }

  // --- drawing

  get ratio() { return window.devicePixelRatio || 1; }

  soon() {
    this.frame ||= requestAnimationFrame(() => { this.frame = 0; this.draw(); });
  }

  draw() {
    const { canvas, ratio } = this, width = Math.round(canvas.clientWidth * ratio), high = Math.round(canvas.clientHeight * ratio);
    if (!width || !high) return;
    if (canvas.width !== width || canvas.height !== high) Object.assign(canvas, { width, height: high });
    const ink = context2d(canvas), { positions, count: n } = this;
    ink.clearRect(0, 0, width, high);
    if (!n) return;
    const side = (this.side = Math.round(Math.min(64, 24 * Math.sqrt(this.zoom)) * ratio)), half = side / 2;
    this.drawn = this.sheet ? this.pictured(side) : [];
    const [r, g, b] = (this.ink ??= rgb(canvas.parentElement, "var(--gs-generated)")), dot = 1.6 * ratio;
    ink.fillStyle = `rgb(${r} ${g} ${b} / 0.55)`;
    for (let i = 0; i < n; i++) {
      const x = this.x(positions[2 * i]), y = this.y(positions[2 * i + 1]);
      if (x > -9 && y > -9 && x < width + 9 && y < high + 9) ink.fillRect(x - dot, y - dot, 2 * dot, 2 * dot);
    }
    ink.imageSmoothingEnabled = side < this.size;
    for (const i of this.drawn) this.picture(ink, i, Math.round(this.x(positions[2 * i]) - half), Math.round(this.y(positions[2 * i + 1]) - half), side);
    if (this.chosen >= 0 && this.chosen < n) this.large(ink, this.chosen, Math.max(side, 56 * ratio));
    if (this.here) this.ring(ink, this.x(this.here[0]), this.y(this.here[1]));
  }

  picture(ink, i, x, y, side) {
    const { columns, size } = this;
    ink.drawImage(this.sheet, (i % columns) * size, Math.floor(i / columns) * size, size, size, x, y, side, side);
  }

  /** The samples that have room for their picture; those that come first keep theirs at every zoom. */
  pictured(side) {
    const { positions } = this, cells = new Map(), found = [], { width, height } = this.canvas;
    for (let i = 0; i < this.count; i++) {
      const x = this.x(positions[2 * i]), y = this.y(positions[2 * i + 1]);
      if (x < -side || y < -side || x > width + side || y > height + side) continue;
      const cx = Math.floor(x / side), cy = Math.floor(y / side);
      let free = true;
      for (let dx = -1; dx <= 1 && free; dx++) for (let dy = -1; dy <= 1 && free; dy++) {
        const other = cells.get((cx + dx) * 4096 + cy + dy);
        free = !other || Math.abs(other[0] - x) >= side || Math.abs(other[1] - y) >= side;
      }
      if (!free) continue;
      cells.set(cx * 4096 + cy, [x, y]);
      found.push(i);
    }
    return found;
  }

  large(ink, i, side) {
    const { width, height } = this.canvas, line = 2 * this.ratio, within = (v, most) => Math.min(most - side - line, Math.max(line, v));
    const x = Math.round(within(this.x(this.positions[2 * i]) - side / 2, width)), y = Math.round(within(this.y(this.positions[2 * i + 1]) - side / 2, height));
    ink.fillStyle = `rgb(${this.ink.join()})`;
    ink.fillRect(x - line, y - line, side + 2 * line, side + 2 * line);
    ink.imageSmoothingEnabled = false;
    if (this.sheet) this.picture(ink, i, x, y, side);
  }

  /** The present point. */
  ring(ink, x, y) {
    const r = this.ratio;
    for (const { line, color } of [{ line: 6, color: "#12161c" }, { line: 3, color: `rgb(${this.ink.join()})` }]) {
      ink.beginPath();
      ink.arc(x, y, 11 * r, 0, 2 * Math.PI);
      ink.lineWidth = line * r;
      ink.strokeStyle = color;
      ink.stroke();
    }
  }
}
