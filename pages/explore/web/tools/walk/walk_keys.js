// A path through the latent space as the Explore page keeps it: keys in time, for each model in this tab.

import { KEYS_LEAST, KEYS_LONGEST, KEYS_MOST, tenths, TimedKeys } from "../../../../ui/web/keyframes/timed_keys.js";
import { Explorer } from "../../explorer.js";

const KEYS_GAP = 1.5;
export const EASINGS = {
  linear: ["Even", "At the same pace all the way (linear)."],
  "ease-in-out": ["Soft", "Slow at both keys, quicker between them (ease in and out)."],
  "ease-in": ["Start slowly", "Slow at first, then quicker (ease in)."],
  "ease-out": ["Arrive slowly", "Quick at first, then slower (ease out)."],
  hold: ["Jump", "Stays at this key, then jumps to the next (hold)."],
};

class WalkKeys extends TimedKeys {
  /** keys: { id, where, class, easing, at } with `at` in seconds, ascending from 0. */
  constructor(explorer) {
    super();
    this.explorer = explorer;
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
    this.before = [];
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.place) ?? "null");
      if (Array.isArray(kept?.keys)) this.take(kept);
    } catch { /* nothing kept */ }
    this.tell();
  }

  /** @override */
  state() {
    const { keys, tail, loop, way, space } = this;
    return structuredClone({ keys, tail, loop, way, space });
  }

  /** @override */
  keep() {
    try {
      sessionStorage.setItem(this.place, JSON.stringify(this.state()));
    } catch { /* full: kept until the reload */ }
  }

  // --- reading

  /** The path as the server takes it. */
  path() {
    const keys = this.keys.map(({ where, class: kind, easing, at }, i) => {
      const next = this.keys[i + 1];
      return { where, ...(kind && { class: kind }), seconds: next ? next.at - at : this.tail, easing };
    });
    return { keys, loop: this.loop && keys.length > 1, way: this.way, space: this.space };
  }

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

  /** Seconds from a key to the next; later keys come along. */
  setSeconds(id, seconds) {
    const i = this.index(id), { keys } = this, more = Math.max(KEYS_LEAST, seconds);
    if (i === keys.length - 1) return this.change(() => { this.tail = more; });
    const by = Math.min(more - (keys[i + 1].at - keys[i].at), KEYS_LONGEST - keys.at(-1).at);
    this.change(() => keys.slice(i + 1).forEach((key) => { key.at = tenths(key.at + by); }));
  }
}

// Every tool may read the path, whether or not the Walk tab was ever opened: explorer.walk.path().
Object.defineProperty(Explorer.prototype, "walk", { get() { return (this.walkKeys ??= new WalkKeys(this)); } });
