// Fingers, pen and mouse on a canvas: one moves what is on it, two pinch it, a press in one place is a tap.

const TAP_PX = 5; // so far it may move
const WHEEL_MOST = 120, WHEEL_LINE_PX = 20;

export class Hands {
  /** pan(dx, dy), zoom(factor, x, y), tapped(x, y, event), hovered(x, y), left(): all in canvas pixels. */
  constructor(canvas, { pan, zoom, tapped, hovered, left }) {
    this.canvas = canvas;
    this.pan = pan;
    this.zoom = zoom;
    this.tapped = tapped;
    this.hovered = hovered;
    this.fingers = new Map();
    this.pressed = null;
    const listen = (name, f) => canvas.addEventListener(name, f);
    listen("pointerdown", (e) => this.down(e));
    listen("pointermove", (e) => this.move(e));
    listen("pointerup", (e) => this.up(e));
    listen("pointercancel", (e) => this.up(e, true));
    listen("pointerleave", () => this.fingers.size || left());
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect(), ratio = this.canvas.width / box.width;
    return [(event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio];
  }

  down(event) {
    if (event.button > 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, this.at(event));
    this.pressed = this.fingers.size === 1 ? { at: this.at(event), far: false } : null;
  }

  move(event) {
    const at = this.at(event), before = this.fingers.get(event.pointerId);
    if (!before) return this.hovered(...at);
    const slack = (TAP_PX * this.canvas.width) / this.canvas.clientWidth;
    if (this.pressed && !this.pressed.far && Math.hypot(at[0] - this.pressed.at[0], at[1] - this.pressed.at[1]) < slack) return;
    if (this.pressed) this.pressed.far = true;
    this.fingers.set(event.pointerId, at);
    if (this.fingers.size === 1) {
      this.canvas.dataset.dragging = "";
      return this.pan(at[0] - before[0], at[1] - before[1]);
    }
    const other = [...this.fingers].find(([id]) => id !== event.pointerId)?.[1] ?? at;
    const apart = (p) => Math.max(1, Math.hypot(p[0] - other[0], p[1] - other[1]));
    this.zoom(apart(at) / apart(before), (at[0] + other[0]) / 2, (at[1] + other[1]) / 2);
    this.pan((at[0] - before[0]) / 2, (at[1] - before[1]) / 2);
  }

  up(event, cancelled = false) {
    const known = this.fingers.delete(event.pointerId);
    delete this.canvas.dataset.dragging;
    if (known && !cancelled && this.pressed && !this.pressed.far) this.tapped(...this.at(event), event);
    this.pressed = null;
  }
}

/** How much a turn of the wheel zooms; speed: for each pixel, and more so where two fingers on a touchpad pinch. */
export function wheelFactor(event, speed) {
  const turned = event.deltaY * (event.deltaMode === 1 ? WHEEL_LINE_PX : 1);
  return Math.exp(-Math.max(-WHEEL_MOST, Math.min(WHEEL_MOST, turned)) * (event.ctrlKey ? 0.01 : speed));
}
