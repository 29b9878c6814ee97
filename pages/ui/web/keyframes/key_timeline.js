// A timeline of keyframes: pictures as a strip of film, keys above it to drag, and where playing is. Explore's walk has
// one, and the film of an edit.

import { cutUp } from "../canvas/atlas.js";
import { make } from "../words.js";
import { KEYS_LEAST, KEYS_LONGEST, tenths } from "./timed_keys.js";

const STRIP = 14, KEY_HELP = "Drag to another time. Left and right: earlier and later (with Shift by a second, with Alt in the order). Delete takes it out, Enter shows it.";
export const secondsWords = (t) => `${t.toFixed(2).replace(/0$/, "")} s`;

/** @typedef {{kind: string, id: any, pointer: number, off: number, x: number, y: number, moved: boolean, lift?: number}} Drag */

export class KeyTimeline {
  /** keys: TimedKeys; name: of its parts for tests; of: what the time is on. onScrub(t, commit), onChoose(id, commit), onRemove(id). */
  constructor(keys, name, of, { onScrub, onChoose, onRemove }) {
    this.keys = keys;
    this.name = name;
    this.onScrub = onScrub;
    this.onChoose = onChoose;
    this.onRemove = onRemove;
    this.at = 0;
    this.chosen = null;
    this.drag = /** @type {Drag | null} */ (null);
    this.range = 2;
    this.pins = make("div", { class: "gs-kt-pins" });
    this.strip = make("div", { class: "gs-kt-strip", "aria-hidden": "true" }, ...Array.from({ length: STRIP }, () => make("canvas", { width: 1, height: 1 })));
    this.head = make("div", { class: "gs-kt-head", role: "slider", tabindex: "0", "aria-label": `Time on the ${of}`, "aria-valuemin": "0", "data-testid": `${name}-head`, onkeydown: (e) => this.headKey(e) });
    this.ticks = make("div", { class: "gs-kt-ticks", "aria-hidden": "true" });
    this.end = make("div", { class: "gs-kt-end", role: "slider", tabindex: "0", "aria-label": "Seconds back to the first key", "aria-valuemin": "0.1", title: "Back at the first key. Drag to take longer.", onkeydown: (e) => this.endKey(e) }, "↺");
    this.track = make("div", { class: "gs-kt-track" }, this.strip, this.head, this.end);
    this.root = make("div", { class: "gs-kt", "data-testid": `${name}-timeline` }, this.pins, this.track, this.ticks);
    this.buttons = new Map();
    for (const name of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) this.root.addEventListener(name, (e) => this[name](e));
    this.sizes = new ResizeObserver(() => this.place());
    this.sizes.observe(this.root);
  }

  /** After a change of the keys. */
  draw() {
    const { keys } = this;
    if (!this.drag) {
      const longest = Math.max(keys.total, keys.keys.at(-1)?.at ?? 0);
      this.range = Math.max(2, Math.min(KEYS_LONGEST * 1.1, longest + Math.max(0.4, longest * 0.12)));
    }
    const ids = new Set(keys.keys.map((key) => key.id));
    for (const [id, button] of this.buttons) {
      if (ids.has(id)) continue;
      button.remove();
      this.buttons.delete(id);
    }
    keys.keys.forEach((key, i) => {
      let button = this.buttons.get(key.id);
      if (!button) this.buttons.set(key.id, (button = this.pin(key.id)));
      if (this.pins.children[i] !== button && !this.drag) this.pins.insertBefore(button, this.pins.children[i] ?? null);
    });
    this.end.hidden = !keys.loop || keys.keys.length < 2;
    this.strip.hidden = keys.keys.length < 2;
    this.head.hidden = keys.keys.length < 2;
    this.at = Math.min(this.at, keys.total);
    this.drawTicks();
    this.place();
  }

  pin(id) {
    return make("button", { type: "button", class: "gs-kt-pin", "data-testid": `${this.name}-key`, title: KEY_HELP, onkeydown: (e) => this.pinKey(id, e),
      onclick: (e) => { if (e.detail === 0) this.onChoose(id, true); } }, make("canvas", { width: 1, height: 1 }));
  }

  /** The pictures that came: those of the strip, then one for each key. */
  setPictures(answer, ids) {
    const shown = ids.map((id) => this.buttons.get(id)?.firstChild ?? document.createElement("canvas"));
    cutUp(answer, this.keys.keys.length > 1 ? [...this.strip.children, ...shown] : shown);
  }

  get stripTimes() {
    return this.keys.keys.length > 1 ? Array.from({ length: STRIP }, (_, i) => ((i + 0.5) / STRIP) * this.keys.total) : [];
  }

  /** Of a time, in percent of the width. */
  x(t) { return (100 * t) / this.range; }

  place() {
    const { keys } = this;
    keys.keys.forEach((key, i) => {
      const button = this.buttons.get(key.id);
      if (!button) return;
      button.style.left = `${this.x(key.at)}%`;
      button.setAttribute("aria-label", `Key ${i + 1} of ${keys.keys.length} at ${this.keyWords(key)}`);
      button.setAttribute("aria-pressed", String(key.id === this.chosen));
    });
    this.strip.style.width = `${this.x(keys.total)}%`;
    this.end.style.left = `${this.x(keys.total)}%`;
    this.end.setAttribute("aria-valuenow", String(keys.tail));
    this.end.setAttribute("aria-valuetext", `${secondsWords(keys.tail)} back to the first key`);
    this.setAt(this.at);
  }

  keyWords(key) { return secondsWords(key.at); }

  setAt(t) {
    this.at = t;
    this.head.style.left = `${this.x(t)}%`;
    this.head.setAttribute("aria-valuenow", t.toFixed(2));
    this.head.setAttribute("aria-valuemax", this.keys.total.toFixed(2));
    this.head.setAttribute("aria-valuetext", `${secondsWords(t)} of ${secondsWords(this.keys.total)}`);
  }

  choose(id) {
    this.chosen = id;
    this.place();
  }

  drawTicks() {
    const step = [0.5, 1, 2, 5, 10].find((s) => this.range / s <= 9) ?? 20, ticks = [];
    for (let t = 0; t <= this.range; t += step) ticks.push(make("span", { style: `left: ${this.x(t)}%` }, `${t} s`));
    this.ticks.replaceChildren(...ticks);
  }

  // --- by hand

  timeUnder(event) {
    const box = this.pins.getBoundingClientRect();
    return ((event.clientX - box.left) / box.width) * this.range;
  }

  pointerdown(event) {
    if (event.button > 0 || this.drag) return;
    const pin = event.target.closest(".gs-kt-pin"), onEnd = event.target.closest(".gs-kt-end");
    const id = pin && [...this.buttons].find(([, button]) => button === pin)?.[0];
    if (!pin && !onEnd && (!this.keys.total || !event.target.closest(".gs-kt-track, .gs-kt-ticks"))) return;
    const t = this.timeUnder(event), kind = pin ? "key" : onEnd ? "end" : "head";
    const from = pin ? this.keys.keys[this.keys.index(id)].at : onEnd ? this.keys.total : t;
    this.take({ kind, id, pointer: event.pointerId, off: from - t, x: event.clientX, y: event.clientY, moved: kind === "head" });
    if (pin) {
      pin.focus();
      this.onChoose(id, false);
    }
    if (kind === "head") this.scrub(t, false);
    event.preventDefault();
  }

  /** @param {Drag} drag */
  take(drag) {
    this.drag = drag;
    this.root.setPointerCapture(drag.pointer);
  }

  pointermove(event) {
    const { drag } = this;
    if (!drag || drag.pointer !== event.pointerId) return;
    const t = this.timeUnder(event) + drag.off;
    if (!drag.moved) {
      if (this.pulled(event, drag) < 4) return;
      drag.moved = true;
      this.keys.mark();
    }
    if (drag.kind === "key") this.moveKey(drag, Math.min(this.range, t), event);
    else if (drag.kind === "head") this.scrub(t, false);
    else this.setTail(Math.min(this.range, t));
  }

  /** How far a key has been pulled, in pixels of the screen. */
  pulled(event, drag) { return Math.abs(event.clientX - drag.x); }

  moveKey(drag, t, _event) { this.keys.move(drag.id, t); }

  pointerup(event) { this.release(event, true); }

  pointercancel(event) { this.release(event, false); }

  release(event, sure) {
    const { drag } = this;
    if (!drag || drag.pointer !== event.pointerId) return;
    this.drag = null;
    if (drag.kind === "head") this.scrub(sure ? this.timeUnder(event) : this.at, true); // one that is taken away has no place
    else if (drag.moved) {
      this.keys.settle();
      if (!sure) this.keys.undo();
    } else if (drag.kind === "key") this.onChoose(drag.id, true);
  }

  setTail(t) {
    this.keys.tail = tenths(Math.max(KEYS_LEAST, t - this.keys.keys.at(-1).at));
    this.keys.touched();
  }

  scrub(t, commit) {
    const { total, loop } = this.keys, most = loop ? total - 1e-3 : total;
    this.setAt(Math.min(most, Math.max(0, t)));
    this.onScrub(this.at, commit);
  }

  // --- with keys

  headKey(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key], step = event.shiftKey ? 1 : 0.1;
    if (by) this.scrub(this.at + by * step, true);
    else if (event.key === "Home") this.scrub(0, true);
    else if (event.key === "End") this.scrub(this.keys.total, true);
    else return;
    event.preventDefault();
  }

  pinKey(id, event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key], key = this.keys.keys[this.keys.index(id)];
    if (!key) return;
    if (by && event.altKey) this.keys.reorder(id, by);
    else if (by) {
      this.keys.mark();
      this.keys.move(id, tenths(key.at) + by * (event.shiftKey ? 1 : 0.1));
      this.keys.settle();
    } else if (event.key === "Delete" || event.key === "Backspace") this.onRemove(id);
    else return;
    event.preventDefault();
    this.buttons.get(id)?.focus();
  }

  endKey(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    this.keys.change(() => { this.keys.tail = tenths(Math.max(KEYS_LEAST, this.keys.tail + by * (event.shiftKey ? 1 : 0.1))); });
    event.preventDefault();
  }

  destroy() { this.sizes.disconnect(); }
}
