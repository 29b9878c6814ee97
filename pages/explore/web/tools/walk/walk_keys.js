// A path through the latent space as the Explore page keeps it: keys in time, for each model in this tab.

import { Explorer } from "../../explorer.js";

export const KEYS_MOST = 32, KEYS_GAP = 1.5, KEYS_LEAST = 0.1, KEYS_LONGEST = 60, KEYS_STEPS = 60;
export const EASINGS = {
  linear: ["Even", "At the same pace all the way (linear)."],
  "ease-in-out": ["Soft", "Slow at both keys, quicker between them (ease in and out)."],
  "ease-in": ["Start slowly", "Slow at first, then quicker (ease in)."],
  "ease-out": ["Arrive slowly", "Quick at first, then slower (ease out)."],
  hold: ["Jump", "Stays at this key, then jumps to the next (hold)."],
};

export const tenths = (seconds) => Math.round(seconds * 20) / 20;

class WalkKeys {
  /** keys: { id, where, class, easing, at } with `at` in seconds, ascending from 0; tail: seconds back to the first in a loop. */
  constructor(explorer) {
    this.explorer = explorer;
    this.listeners = new Set();
    this.last = 0;
    this.open();
    explorer.on("model", () => this.open());
  }

  get place() { return `ganscope.explore.walk.${this.explorer.model?.id ?? ""}`; }

  /** What this tab kept for the present model. */
  open() {
    if (this.place === this.opened) return;
    this.opened = this.place;
    const inW = !!this.explorer.model?.spaces.includes("w"); // where straight lines are the usual way
    this.keys = [];
    this.tail = KEYS_GAP;
    this.loop = false;
    this.way = inW ? "lerp" : "slerp";
    this.space = inW ? "w" : "z";
    /** @type {any[]} */
    this.before = [];
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.place) ?? "null");
      if (Array.isArray(kept?.keys)) this.take(kept);
    } catch { /* nothing kept */ }
    this.tell();
  }

  take(state) {
    Object.assign(this, structuredClone(state));
    for (const key of this.keys) this.last = Math.max(this.last, (key.id ??= this.last + 1));
  }

  state() {
    const { keys, tail, loop, way, space } = this;
    return structuredClone({ keys, tail, loop, way, space });
  }

  onChange(fn) {
    this.listeners.add(fn);
    return () => this.listeners.delete(fn);
  }

  tell() {
    for (const fn of this.listeners) fn();
  }

  /** Change something as one step of this path's own undo. A movement that goes on calls `touched` meanwhile. */
  change(act) {
    this.mark();
    const made = act();
    this.touched();
    this.keep();
    return made;
  }

  mark() {
    this.before = [...this.before, this.state()].slice(-KEYS_STEPS);
  }

  touched() {
    this.keys.sort((a, b) => a.at - b.at);
    this.tell();
  }

  keep() {
    try {
      sessionStorage.setItem(this.place, JSON.stringify(this.state()));
    } catch { /* full: kept until the reload */ }
  }

  undo() {
    const state = this.before.pop();
    if (!state) return;
    this.take(state);
    this.tell();
    this.keep();
  }

  // --- reading

  get total() {
    const last = this.keys.at(-1)?.at ?? 0;
    return this.keys.length < 2 ? 0 : last + (this.loop ? this.tail : 0);
  }

  /** The path as the server takes it. */
  path() {
    const keys = this.keys.map(({ where, class: kind, easing, at }, i) => {
      const next = this.keys[i + 1];
      return { where, ...(kind && { class: kind }), seconds: next ? next.at - at : this.tail, easing };
    });
    return { keys, loop: this.loop && keys.length > 1, way: this.way, space: this.space };
  }

  index(id) { return this.keys.findIndex((key) => key.id === id); }

  // --- changing

  /** points: [{ where, class }], one after another at the end. Returns the first one's id, null where there is no room. */
  add(points) {
    const room = points.slice(0, KEYS_MOST - this.keys.length);
    if (!room.length) return null;
    return this.change(() => {
      for (const { where, class: kind } of room) {
        const { keys } = this, gap = keys.length > 1 ? keys.at(-1).at - keys.at(-2).at : KEYS_GAP;
        keys.push({ id: (this.last += 1), where, class: kind ?? null, easing: "linear", at: keys.length ? tenths(Math.min(keys.at(-1).at + gap, keys.at(-1).at + KEYS_GAP)) : 0 });
      }
      return this.keys.at(-room.length).id;
    });
  }

  replaceAll(points, more = {}) {
    this.change(() => {
      this.keys = points.map(({ where, class: kind }, i) => ({ id: (this.last += 1), where, class: kind ?? null, easing: "linear", at: i * KEYS_GAP }));
      Object.assign(this, more);
    });
  }

  remove(id) {
    this.change(() => {
      this.keys = this.keys.filter((key) => key.id !== id);
      this.fromZero();
    });
  }

  /** Put a key at a time; past a neighbour it changes places with it. Part of a movement: ends with `settle`. */
  move(id, at) {
    const key = this.keys[this.index(id)];
    if (!key) return;
    let to = Math.min(KEYS_LONGEST, Math.max(0, at));
    for (const other of this.keys) { // not on top of another
      if (other !== key && Math.abs(other.at - to) < KEYS_LEAST) to = other.at + (to < other.at && other.at >= KEYS_LEAST ? -KEYS_LEAST : KEYS_LEAST);
    }
    key.at = to;
    this.touched();
  }

  settle() {
    this.fromZero();
    for (let i = 1; i < this.keys.length; i++) this.keys[i].at = Math.max(this.keys[i].at, this.keys[i - 1].at + KEYS_LEAST);
    for (const key of this.keys) key.at = tenths(key.at);
    this.touched();
    this.keep();
  }

  fromZero() {
    this.keys.sort((a, b) => a.at - b.at);
    const first = this.keys[0]?.at ?? 0;
    for (const key of this.keys) key.at -= first;
  }

  /** One place earlier (-1) or later (1) in the order; the times stay. */
  reorder(id, by) {
    const from = this.index(id), to = from + by;
    if (from < 0 || to < 0 || to >= this.keys.length) return;
    this.change(() => {
      const { keys } = this;
      [keys[from].at, keys[to].at] = [keys[to].at, keys[from].at];
    });
  }

  /** Seconds from a key to the next; later keys come along. */
  setSeconds(id, seconds) {
    const i = this.index(id), { keys } = this, more = Math.max(KEYS_LEAST, seconds);
    if (i === keys.length - 1) return this.change(() => { this.tail = more; });
    const by = Math.min(more - (keys[i + 1].at - keys[i].at), KEYS_LONGEST - keys.at(-1).at);
    this.change(() => keys.slice(i + 1).forEach((key) => { key.at = tenths(key.at + by); }));
  }

  set(id, what) {
    this.change(() => Object.assign(this.keys[this.index(id)], what));
  }
}

// Every tool may read the path, whether or not the Walk tab was ever opened: explorer.walk.path().
Object.defineProperty(Explorer.prototype, "walk", { get() { return (this.walkKeys ??= new WalkKeys(this)); } });
