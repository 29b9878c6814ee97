// Which part of the plane is on the canvas: zoom and pan with wheel, fingers, mouse and keys.

const MOST_ZOOM = 60, LEAST_ZOOM = 0.5, CLICK_PX = 5, SCROLLING_MS = 350;

class Plane {
  /** changed(): draw again. tapped(x, y, event), hovered(x, y | null): canvas pixels. */
  constructor(canvas, { changed, tapped, hovered }) {
    Object.assign(this, { canvas, changed, tapped, hovered });
    this.extent = [-1, 1, -1, 1];
    this.size = 1; // canvas pixels on a side
    this.fingers = new Map();
    this.scrolled = -Infinity;
    this.home();
    const listen = (name, f, options) => canvas.addEventListener(name, f, options);
    listen("wheel", (e) => this.wheel(e), { passive: false });
    listen("pointerdown", (e) => this.down(e));
    listen("pointermove", (e) => this.move(e));
    listen("pointerup", (e) => this.up(e));
    listen("pointercancel", (e) => this.up(e, true));
    listen("pointerleave", () => this.fingers.size || this.hovered(null));
    listen("dblclick", () => this.home());
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

  under(event) {
    const box = this.canvas.getBoundingClientRect(), ratio = this.canvas.width / box.width;
    return [(event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio];
  }

  wheel(event) {
    // A scroll of the page that passes over the stage stays one; at home, zooming out scrolls on.
    if (performance.now() - this.scrolled < SCROLLING_MS || (this.atHome && event.deltaY > 0)) return;
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 20 : 1;
    const factor = Math.exp(-Math.max(-120, Math.min(120, event.deltaY * lines)) * (event.ctrlKey ? 0.01 : 0.0025));
    if (this.zoom * factor <= 1) return this.home(); // the wheel never shows less than everything from further away
    this.zoomBy(factor, ...this.under(event));
  }

  down(event) {
    if (event.button > 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, this.under(event));
    this.pressed = this.fingers.size === 1 ? { at: this.under(event), far: false } : null;
  }

  move(event) {
    const at = this.under(event), before = this.fingers.get(event.pointerId);
    if (!before) return this.hovered(...at);
    const slack = (CLICK_PX * this.canvas.width) / this.canvas.clientWidth;
    if (this.pressed && !this.pressed.far && Math.hypot(at[0] - this.pressed.at[0], at[1] - this.pressed.at[1]) < slack) return;
    if (this.pressed) this.pressed.far = true;
    this.fingers.set(event.pointerId, at);
    if (this.fingers.size === 1) {
      this.canvas.dataset.dragging = "";
      return this.pan(at[0] - before[0], at[1] - before[1]);
    }
    const other = [...this.fingers].find(([id]) => id !== event.pointerId)[1];
    const apart = (p) => Math.max(1, Math.hypot(p[0] - other[0], p[1] - other[1]));
    this.zoomBy(apart(at) / apart(before), (at[0] + other[0]) / 2, (at[1] + other[1]) / 2);
    this.pan((at[0] - before[0]) / 2, (at[1] - before[1]) / 2);
  }

  up(event, cancelled = false) {
    const known = this.fingers.delete(event.pointerId);
    delete this.canvas.dataset.dragging;
    if (known && !cancelled && this.pressed && !this.pressed.far) this.tapped(...this.under(event), event);
    this.pressed = null;
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
function ticks(from, to, wanted) {
  const rough = (to - from) / wanted, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((k) => k * power >= rough) ?? 10), digits = Math.max(0, -Math.floor(Math.log10(step)));
  const found = [];
  for (let k = Math.ceil(from / step); k * step <= to; k++) found.push([k * step, (k * step || 0).toFixed(digits).replace("-", "−")]);
  return found;
}
