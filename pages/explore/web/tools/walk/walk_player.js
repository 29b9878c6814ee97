// Plays a path in the big picture at 30 frames a second, from a buffer that the server fills ahead of time.

import { context2d } from "../../../../ui/web/canvas/context.js";
import { messageOf } from "../../../../ui/web/words.js";

export const PLAY_RATE = 30, PLAY_CHUNK = 15, PLAY_FIRST = 6, PLAY_AHEAD = 90, PLAY_KEPT = 1500, PLAY_SLOW = 26;

export class WalkPlayer {
  /** look(): the look whose where is the path. onTime(t), onState(playing), onRate(frames a second, or null: as it should be). */
  constructor(explorer, { look, loop, onTime, onState, onRate }) {
    this.explorer = explorer;
    this.look = look;
    this.loop = loop;
    this.onTime = onTime;
    this.onState = onState;
    this.onRate = onRate;
    this.playing = false;
    this.forget();
  }

  /** The path is another: what is in the buffer is of the old one. */
  forget() {
    /** @type {Map<number, ImageData>} */
    this.frames = new Map(); // number -> ImageData
    this.count = null; // how many frames there are; null until the server says
    this.version = (this.version ?? 0) + 1;
    this.asking = false;
  }

  play(seconds) {
    if (this.playing) return;
    this.playing = true;
    this.position = seconds * PLAY_RATE;
    this.shownFrame = -1;
    this.clock = null;
    /** @type {number[]} */
    this.times = [];
    this.explorer.picture.setAround(false);
    this.onState(true);
    this.fill();
    /** @type {number} */
    this.request = requestAnimationFrame((now) => this.step(now));
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    cancelAnimationFrame(this.request);
    this.onRate(null);
    this.onState(false);
  }

  step(now) {
    if (!this.playing) return;
    this.request = requestAnimationFrame((next) => this.step(next));
    this.fill();
    const had = this.clock !== null;
    if (!had && !this.ready()) return; // a little ahead first, so that it does not stumble
    let next = this.position + (had ? ((now - this.clock) * PLAY_RATE) / 1000 : 0);
    this.clock = now;
    if (this.count !== null && next >= this.count) {
      if (this.loop()) next %= this.count;
      else {
        this.position = this.count - 1;
        this.draw(this.count - 1, now);
        return this.pause();
      }
    }
    let frame = Math.floor(next);
    if (!this.frames.has(frame)) { // not here yet: go as far as there are frames, and wait there
      const at = Math.floor(this.position);
      while (frame > at && !this.frames.has(frame)) frame -= 1;
      next = frame > at ? frame + 0.99 : this.position;
      frame = Math.floor(next);
    }
    this.position = next;
    if (this.frames.has(frame)) this.draw(frame, now);
  }

  ready() {
    const from = Math.floor(this.position), until = Math.min(this.count ?? Infinity, from + PLAY_FIRST);
    for (let i = from; i < until; i++) if (!this.frames.has(i)) return false;
    return true;
  }

  draw(frame, now) {
    if (frame === this.shownFrame) return;
    this.shownFrame = frame;
    paintFrame(this.explorer.picture.canvas, this.frames.get(frame));
    this.onTime(frame / PLAY_RATE);
    this.times.push(now);
    if (this.times.length <= PLAY_RATE) return;
    const rate = (1000 * PLAY_RATE) / (now - this.times[0]);
    this.times.shift();
    this.onRate(rate < PLAY_SLOW ? rate : null);
  }

  /** Ask for the next frames that are missing, one request at a time. */
  async fill() {
    if (this.asking) return;
    const from = this.missing();
    if (from === null) return;
    this.asking = true;
    const { version } = this, count = this.count === null ? PLAY_FIRST : PLAY_CHUNK;
    try {
      const answer = await this.explorer.ask("walk-frames", { look: this.look(), fps: PLAY_RATE, from, count }, { slot: "walk-frames" });
      if (version !== this.version) return;
      if (answer) this.keep(answer);
      this.asking = false;
    } catch (problem) {
      if (version !== this.version) return;
      this.asking = false;
      this.pause();
      this.explorer.say(messageOf(problem));
    }
  }

  missing() {
    const from = Math.floor(this.position);
    if (this.count === null) return Math.max(0, from);
    for (let i = from; i < from + Math.min(PLAY_AHEAD, this.count); i++) {
      if (i >= this.count && !this.loop()) return null;
      if (!this.frames.has(i % this.count)) return i % this.count;
    }
    return null;
  }

  keep({ header: { from, count, frames, columns, size }, blobs: [rgba] }) {
    this.count = frames;
    const pixels = new Uint32Array(rgba), width = columns * size;
    for (let k = 0; k < count; k++) {
      const image = new ImageData(size, size), to = new Uint32Array(image.data.buffer);
      const left = (k % columns) * size, top = Math.floor(k / columns) * size;
      for (let y = 0; y < size; y++) to.set(pixels.subarray((top + y) * width + left, (top + y) * width + left + size), y * size);
      this.frames.set(from + k, image);
    }
    for (const old of this.frames.keys()) {
      if (this.frames.size <= PLAY_KEPT) break;
      this.frames.delete(old);
    }
  }

  destroy() { this.pause(); }
}

function paintFrame(canvas, image) {
  if (canvas.width !== image.width || canvas.height !== image.height) Object.assign(canvas, { width: image.width, height: image.height });
  context2d(canvas).putImageData(image, 0, 0);
}
