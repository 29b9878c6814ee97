// How strong an edit is over time, as keys of a timeline: the words of gan_core.apply.clips.strength.

import { KEYS_LEAST, KEYS_MOST, TimedKeys } from "../../../ui/web/keyframes/timed_keys.js";

const hundredths = (n) => Math.round(n * 100) / 100;
const written = (n) => String(Math.round(n * 1e4) / 1e4);

export class StrengthKeys extends TimedKeys {
  /** keys: { id, at, strength from 0 to 1 }; onKept(text): after each change. */
  constructor(onKept) {
    super();
    this.onKept = onKept;
    this.seconds = /** @type {number | null} */ (null); // of the film; null: not known, as long as its keys
  }

  /** @override @returns {number} */
  get total() { return this.seconds ?? Math.max(4, this.keys.at(-1)?.at ?? 0); }

  /** "SECONDS:STRENGTH", with spaces between. */
  get text() { return this.keys.map(({ at, strength }) => `${written(at)}:${written(strength)}`).join(" "); }

  /** Take the page's own words. */
  read(text) {
    this.keys = text.split(/[\s,]+/).filter(Boolean).map((part) => {
      const [at, strength] = part.split(":").map(Number);
      return { id: (this.last += 1), at, strength };
    });
    this.tell();
  }

  /** @override */
  keep() { this.onKept(this.text); }

  /** @override */
  fromZero() { this.keys.sort((a, b) => a.at - b.at); } // the first key may come later

  /** @override */
  settle() {
    for (const key of this.keys) key.strength = hundredths(key.strength);
    super.settle();
  }

  /** At a time, at rest at each key. */
  level(t) {
    const { keys } = this, i = keys.findLastIndex((key) => key.at <= t);
    if (i < 0 || i === keys.length - 1) return keys.at(Math.max(0, i))?.strength ?? 1;
    const share = (t - keys[i].at) / (keys[i + 1].at - keys[i].at);
    return keys[i].strength + (3 - 2 * share) * share * share * (keys[i + 1].strength - keys[i].strength);
  }

  /** A new key, as the beginning of a movement. Its id; null where there is no room. */
  put(at, strength) {
    const free = this.free(at);
    if (this.keys.length >= KEYS_MOST || this.keys.some((key) => Math.abs(key.at - free) < KEYS_LEAST / 2)) return null;
    this.mark();
    const id = (this.last += 1);
    this.keys.push({ id, at: free, strength });
    this.touched();
    return id;
  }

  /** Part of a movement: ends with `settle`. */
  lift(id, strength) {
    const key = this.keys[this.index(id)];
    if (key) key.strength = Math.max(0, Math.min(1, strength));
  }
}
