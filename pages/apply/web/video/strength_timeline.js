// The timeline of an edit's strength: Explore's, with keys that stand as high as the edit is strong, and its curve.

import { KeyTimeline, secondsWords } from "../../../ui/web/keyframes/key_timeline.js";
import { make } from "../../../ui/web/words.js";

const SAMPLES = 160, HELP = "Drag: to the side in time, up and down in strength. Arrow keys do the same (with Shift in large steps), Delete takes the key out.";
const SVG = "http://www.w3.org/2000/svg";
export const percent = (strength) => `${Math.round(100 * strength)}%`;

export class StrengthTimeline extends KeyTimeline {
  constructor(keys, hears) {
    super(keys, "strength", "film", hears);
    this.line = document.createElementNS(SVG, "polyline");
    const svg = document.createElementNS(SVG, "svg");
    for (const [name, value] of [["viewBox", "0 0 100 100"], ["preserveAspectRatio", "none"]]) svg.setAttribute(name, value);
    svg.append(this.line);
    this.now = make("i", { class: "gv-now" });
    this.plot = make("div", { class: "gv-plot", "aria-hidden": "true" }, make("span", {}, "100%"), make("span", {}, "50%"), make("span", {}, "0%"), svg, this.now);
    this.root.prepend(this.plot);
    this.pins.title = "Press to put a key here";
  }

  /** @override */
  pin(id) {
    return make("button", { type: "button", class: "gs-kt-pin gv-key", "data-testid": "strength-key", title: HELP, onkeydown: (e) => this.pinKey(id, e),
      onclick: (e) => { if (e.detail === 0) this.onChoose(id, true); } });
  }

  /** @override */
  place() {
    super.place();
    for (const { id, strength } of this.keys.keys) {
      const button = this.buttons.get(id);
      if (button) button.style.bottom = `${100 * strength}%`;
    }
    const points = Array.from({ length: SAMPLES + 1 }, (_, i) => (i / SAMPLES) * this.range).concat(this.keys.keys.map((key) => key.at)).sort((a, b) => a - b);
    this.line?.setAttribute("points", points.map((t) => `${this.x(t).toFixed(3)},${(100 - 100 * this.keys.level(t)).toFixed(2)}`).join(" "));
  }

  /** @override */
  keyWords(key) { return `${secondsWords(key.at)}, ${percent(key.strength)}`; }

  /** @override */
  setAt(t) {
    super.setAt(t);
    if (this.now) this.now.style.left = `${this.x(t)}%`;
  }

  // --- by hand

  levelUnder(y) {
    const box = this.pins.getBoundingClientRect();
    return (box.bottom - y) / box.height;
  }

  /** @override */
  pointerdown(event) {
    const empty = event.target.closest(".gs-kt-pins") && !event.target.closest(".gs-kt-pin");
    if (!empty || event.button > 0 || this.drag) return super.pointerdown(event);
    const id = this.keys.put(Math.max(0, Math.min(this.range, this.timeUnder(event))), Math.max(0, Math.min(1, this.levelUnder(event.clientY))));
    event.preventDefault();
    if (id === null) return;
    this.take({ kind: "key", id, pointer: event.pointerId, off: 0, x: event.clientX, y: event.clientY, moved: true });
    this.buttons.get(id)?.focus();
    this.onChoose(id, false);
  }

  /** @override */
  pulled(event, drag) { return Math.hypot(event.clientX - drag.x, event.clientY - drag.y); }

  /** @override */
  moveKey(drag, t, event) {
    const key = this.keys.keys[this.keys.index(drag.id)];
    drag.lift ??= key.strength - this.levelUnder(drag.y);
    this.keys.lift(drag.id, this.levelUnder(event.clientY) + drag.lift);
    super.moveKey(drag, t, event);
  }

  /** @override */
  pinKey(id, event) {
    const by = { ArrowDown: -1, ArrowUp: 1 }[event.key], key = this.keys.keys[this.keys.index(id)];
    if (event.key.startsWith("Arrow")) this.onChoose(id, false);
    if (!by || !key) return super.pinKey(id, event);
    this.keys.mark();
    this.keys.lift(id, key.strength + by * (event.shiftKey ? 0.25 : 0.05));
    this.keys.settle();
    event.preventDefault();
  }
}
