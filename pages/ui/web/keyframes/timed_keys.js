// Keys in time, with an undo of their own; what a key holds beside its time is its owner's.

export const KEYS_MOST = 32, KEYS_LEAST = 0.1, KEYS_LONGEST = 60, KEYS_STEPS = 60;

export const tenths = (seconds) => Math.round(seconds * 20) / 20;

export class TimedKeys {
  /** keys: { id, at, … } with `at` in seconds, ascending; tail: seconds back to the first in a loop. */
  constructor() {
    this.listeners = new Set();
    this.last = 0;
    this.keys = /** @type {any[]} */ ([]);
    this.before = /** @type {any[]} */ ([]);
    this.tail = 0;
    this.loop = false;
  }

  take(state) {
    Object.assign(this, structuredClone(state));
    for (const key of this.keys) this.last = Math.max(this.last, (key.id ??= this.last + 1));
  }

  /** What undo goes back to. @returns {any} */
  state() { return structuredClone({ keys: this.keys }); }

  onChange(fn) {
    this.listeners.add(fn);
    return () => this.listeners.delete(fn);
  }

  tell() {
    for (const fn of this.listeners) fn();
  }

  /** Change something as one step of the undo. A movement that goes on calls `touched` meanwhile. */
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

  /** After each change, and at the end of a movement. */
  keep() {}

  undo() {
    const state = this.before.pop();
    if (!state) return;
    this.take(state);
    this.tell();
    this.keep();
  }

  /** Seconds, of all. */
  get total() {
    const last = this.keys.at(-1)?.at ?? 0;
    return this.keys.length < 2 ? 0 : last + (this.loop ? this.tail : 0);
  }

  index(id) { return this.keys.findIndex((key) => key.id === id); }

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
    key.at = this.free(Math.min(KEYS_LONGEST, Math.max(0, at)), key);
    this.touched();
  }

  /** The time, or one beside it: no key stands on top of another. */
  free(at, key = null) {
    for (const other of this.keys) {
      if (other !== key && Math.abs(other.at - at) < KEYS_LEAST) at = other.at + (at < other.at && other.at >= KEYS_LEAST ? -KEYS_LEAST : KEYS_LEAST);
    }
    return at;
  }

  settle() {
    this.fromZero();
    for (let i = 1; i < this.keys.length; i++) this.keys[i].at = Math.max(this.keys[i].at, this.keys[i - 1].at + KEYS_LEAST);
    for (const key of this.keys) key.at = tenths(key.at);
    this.touched();
    this.keep();
  }

  /** A path begins with its first key. */
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

  set(id, what) {
    this.change(() => Object.assign(this.keys[this.index(id)], what));
  }
}
