// Which part of the plane is on the canvas: zoom and pan with wheel, fingers, mouse and keys.

import { Hands, wheelFactor } from "./hands.js";
import { REACH } from "./stage_field.js";

const MOST_ZOOM = 60, LEAST_ZOOM = 0.5, SCROLLING_MS = 350;

export class Plane {
  /** changed(): draw again. tapped(x, y, event), hovered(x, y | null): canvas pixels. */
  constructor(canvas, { changed, tapped, hovered }) {
    this.canvas = canvas;
    this.changed = changed;
    this.extent = [-1, 1, -1, 1];
    this.width = this.height = 1; // of the canvas, in its pixels
    this.scrolled = -Infinity;
    /** @type {[number, number, number] | null} */
    this.asked = null; // where a link looks; as long as no hand has moved it, also once the extent is known
    this.home();
    this.hands = new Hands(canvas, { pan: (dx, dy) => this.pan(dx, dy), zoom: (factor, x, y) => this.zoomBy(factor, x, y), tapped, hovered, left: () => hovered(null) });
    canvas.addEventListener("wheel", (e) => this.wheel(e), { passive: false });
    canvas.addEventListener("dblclick", () => this.home());
    this.onScroll = () => { this.scrolled = performance.now(); };
    document.addEventListener("scroll", this.onScroll, { capture: true, passive: true });
  }

  close() {
    document.removeEventListener("scroll", this.onScroll, { capture: true });
  }

  get middle() {
    const [x0, x1, y0, y1] = this.extent;
    return [(x0 + x1) / 2, (y0 + y1) / 2];
  }

  /** Side of the square that the extent fills at home, in the middle of a canvas that may be wider. */
  get size() {
    return Math.min(this.width, this.height);
  }

  /** Canvas pixels per unit. */
  get unit() {
    return (this.zoom * this.size) / (this.extent[1] - this.extent[0]);
  }

  get atHome() {
    const [x, y] = this.middle;
    return this.zoom === 1 && this.cx === x && this.cy === y;
  }

  /** Look where a link does: at a factor, with (x, y) in the middle. */
  goTo([zoom, x, y]) {
    const [x0, x1, y0, y1] = this.extent, within = (at, low, high) => Math.min(high, Math.max(low, at));
    this.zoom = within(zoom, LEAST_ZOOM, MOST_ZOOM);
    [this.cx, this.cy] = [within(x, x0, x1), within(y, y0, y1)];
    this.asked = [zoom, x, y];
    this.told();
  }

  home() {
    this.asked = null;
    [this.cx, this.cy] = this.middle;
    /** @type {number} */
    this.zoom = 1;
    this.told();
  }

  setExtent(extent) {
    if (String(extent) === String(this.extent)) return;
    const { asked } = this;
    this.extent = extent;
    this.home();
    if (asked) this.goTo(asked);
  }

  told() {
    // At home one finger scrolls the page; zoomed in it moves the plane. Pinching always comes to us.
    this.canvas.style.touchAction = this.atHome ? "pan-y" : "none";
    this.changed();
  }

  x(wx) { return this.width / 2 + (wx - this.cx) * this.unit; }

  y(wy) { return this.height / 2 - (wy - this.cy) * this.unit; }

  world(px, py) {
    return [this.cx + (px - this.width / 2) / this.unit, this.cy - (py - this.height / 2) / this.unit];
  }

  /** Zoom by a factor; what is at (px, py) stays there. */
  zoomBy(factor, px = this.width / 2, py = this.height / 2) {
    const [wx, wy] = this.world(px, py);
    this.zoom = Math.min(MOST_ZOOM, Math.max(this.leastZoom, this.zoom * factor));
    if (Math.abs(this.zoom - 1) < 0.02) this.zoom = 1;
    const [nx, ny] = this.world(px, py);
    this.pan((nx - wx) * this.unit, (wy - ny) * this.unit);
  }

  /** As far out as D's map is known on the longer side. */
  get leastZoom() {
    return Math.min(1, Math.max(LEAST_ZOOM, Math.max(this.width, this.height) / this.size / (1 + 2 * REACH)));
  }

  /** Move by so many canvas pixels; the extent's middle stays within reach, and the edges where D's map is known. */
  pan(dx, dy) {
    this.asked = null;
    const [x0, x1, y0, y1] = this.extent;
    const within = (at, low, high, shown) => {
      const middle = (low + high) / 2, free = Math.min((high - low) / 2, Math.max(0, (0.5 + REACH) * (high - low) - shown / this.unit / 2));
      return Math.min(middle + free, Math.max(middle - free, at));
    };
    this.cx = within(this.cx - dx / this.unit, x0, x1, this.width);
    this.cy = within(this.cy + dy / this.unit, y0, y1, this.height);
    if (this.zoom === 1 && Math.hypot(this.x(this.middle[0]) - this.width / 2, this.y(this.middle[1]) - this.height / 2) < 0.02 * this.size) {
      [this.cx, this.cy] = this.middle;
    }
    this.told();
  }

  wheel(event) {
    // A scroll of the page that passes over the stage stays one; at home, zooming out scrolls on.
    if (performance.now() - this.scrolled < SCROLLING_MS || (this.atHome && event.deltaY > 0)) return;
    event.preventDefault();
    const factor = wheelFactor(event, 0.0025);
    if (this.zoom * factor <= 1) return this.home(); // the wheel never shows less than everything from further away
    this.zoomBy(factor, ...this.hands.at(event));
  }

  /** + - 0 and, with Shift, the arrows; true where the key was ours. */
  key(event) {
    const by = { ArrowRight: [-1, 0], ArrowLeft: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] }[event.key];
    if (event.key === "+" || event.key === "=") this.zoomBy(1.3);
    else if (event.key === "-" || event.key === "_") this.zoomBy(1 / 1.3);
    else if (event.key === "0") this.home();
    else if (by && event.shiftKey) this.pan(by[0] * 0.08 * this.size, by[1] * 0.08 * this.size);
    else return false;
    return true;
  }
}

/** Round numbers between two values, about `wanted` of them. */
export function ticks(from, to, wanted) {
  const rough = (to - from) / wanted, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((k) => k * power >= rough) ?? 10), digits = Math.max(0, -Math.floor(Math.log10(step)));
  const found = [];
  for (let k = Math.ceil(from / step); k * step <= to; k++) found.push([k * step, (k * step || 0).toFixed(digits).replace("-", "−")]);
  return found;
}
