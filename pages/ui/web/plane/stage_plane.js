// Which part of the plane is on the canvas: zoom and pan with wheel, fingers, mouse and keys.

import { Hands, wheelFactor } from "./hands.js";

const MOST_ZOOM = 60, LEAST_ZOOM = 0.5, SCROLLING_MS = 350;

export class Plane {
  /** changed(): draw again. tapped(x, y, event), hovered(x, y | null): canvas pixels. */
  constructor(canvas, { changed, tapped, hovered }) {
    this.canvas = canvas;
    this.changed = changed;
    this.extent = [-1, 1, -1, 1];
    this.size = 1; // canvas pixels on a side
    this.scrolled = -Infinity;
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

  /** Canvas pixels per unit. */
  get unit() {
    return (this.zoom * this.size) / (this.extent[1] - this.extent[0]);
  }

  get atHome() {
    const [x, y] = this.middle;
    return this.zoom === 1 && this.cx === x && this.cy === y;
  }

  home() {
    [this.cx, this.cy] = this.middle;
    this.zoom = 1;
    this.told();
  }

  setExtent(extent) {
    if (String(extent) === String(this.extent)) return;
    this.extent = extent;
    this.home();
  }

  told() {
    // At home one finger scrolls the page; zoomed in it moves the plane. Pinching always comes to us.
    this.canvas.style.touchAction = this.atHome ? "pan-y" : "none";
    this.changed();
  }

  x(wx) { return this.size / 2 + (wx - this.cx) * this.unit; }

  y(wy) { return this.size / 2 - (wy - this.cy) * this.unit; }

  world(px, py) {
    return [this.cx + (px - this.size / 2) / this.unit, this.cy - (py - this.size / 2) / this.unit];
  }

  /** Zoom by a factor; what is at (px, py) stays there. */
  zoomBy(factor, px = this.size / 2, py = this.size / 2) {
    const [wx, wy] = this.world(px, py);
    this.zoom = Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, this.zoom * factor));
    if (Math.abs(this.zoom - 1) < 0.02) this.zoom = 1;
    const [nx, ny] = this.world(px, py);
    this.pan((nx - wx) * this.unit, (wy - ny) * this.unit);
  }

  /** Move by so many canvas pixels; the extent's middle stays within reach. */
  pan(dx, dy) {
    const [x0, x1, y0, y1] = this.extent;
    this.cx = Math.min(x1, Math.max(x0, this.cx - dx / this.unit));
    this.cy = Math.min(y1, Math.max(y0, this.cy + dy / this.unit));
    if (this.zoom === 1 && Math.hypot(this.x(this.middle[0]) - this.size / 2, this.y(this.middle[1]) - this.size / 2) < 0.02 * this.size) {
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
