// A recorded training: the live channel's frames in one file, each told at its time; and what stands over it.

import { decodeFrame } from "../../../ui/web/channel/frames.js";
import { addressOf } from "../../../ui/web/addresses.js";
import { readFrame } from "../../../ui/web/channel/wire.js";
import { make, still } from "../../../ui/web/words.js";

const LONGEST_GAP_MS = 250; // a tab that was out of sight goes on from where it was

export class Recording {
  /** tell(frame): a frame is due. */
  constructor(tell) {
    this.tell = tell;
    this.frames = [];
    this.request = new AbortController();
    this.timer = 0;
  }

  /** Fetch it; its hello's header, null where it cannot be had. @param {string} path */
  async load(path) {
    try {
      const answer = await fetch(addressOf(path), { signal: this.request.signal });
      if (!answer.ok) return null;
      this.frames = framesOf(await answer.arrayBuffer());
      return this.frames[0]?.header ?? null;
    } catch {
      return null;
    }
  }

  /** Tell it all, in its time; at once where nothing is to move. */
  start() {
    if (still()) return this.frames.forEach((frame) => this.tell(frame));
    let next = 0, clock = 0, before = performance.now();
    const turn = (now) => {
      clock += Math.min(LONGEST_GAP_MS, Math.max(0, now - before)) / 1000;
      before = now;
      for (; next < this.frames.length && this.frames[next].header.at <= clock; next++) this.tell(this.frames[next]);
      this.timer = next < this.frames.length ? requestAnimationFrame(turn) : 0;
    };
    turn(before);
  }

  /** The samples of a step, as `fetchFrame` gives those of a run. @param {number} step */
  async frame(step) {
    const found = this.frames.find(({ header }) => header.grid?.step === step);
    if (!found) return { frame: null, why: "It is not in this recording." };
    return { frame: await decodeFrame(found.header.grid, found.blobs[0], new Float32Array(found.blobs[1])), why: "" };
  }

  stop() {
    this.request.abort();
    cancelAnimationFrame(this.timer);
    this.frames = [];
  }
}

/** The frames of a file, each after its length. @param {ArrayBuffer} buffer */
function framesOf(buffer) {
  const view = new DataView(buffer), frames = [];
  let before = new Uint16Array(0); // the words of the scene before
  for (let at = 0; at < buffer.byteLength;) {
    const length = view.getUint32(at, true), frame = readFrame(buffer.slice(at + 4, at + 4 + length));
    if (frame.header.grid?.size === 1) before = undo(frame.blobs[0], before);
    frames.push(frame);
    at += 4 + length;
  }
  return frames;
}

/**
 * A scene lies in the file as what is added, word by word (16 bits, around the end), to the one before: first the low
 * bytes of all words, then the high ones. Makes it the scene that it is; its words. @param {ArrayBuffer} scene @param {Uint16Array} before
 */
function undo(scene, before) {
  const start = 4 + new DataView(scene).getUint32(0, true), bytes = new Uint8Array(scene.slice(start)), count = bytes.length / 2;
  const words = new Uint16Array(scene, start, count);
  for (let i = 0; i < count; i++) words[i] = (before[i] ?? 0) + bytes[i] + 256 * bytes[count + i];
  return words;
}

/** Over a recording: that it is one, and Train. */
export class Offer {
  constructor({ onTrain }) {
    this.root = make("div", { class: "gs-offer", "data-testid": "recording", hidden: true },
      make("b", {}, "Recording"),
      make("button", { type: "button", class: "gs-offer-train", "data-testid": "train-over", onClick: onTrain }, "▶ Train your own"));
  }

  /** header: the recording's hello, null: there is none. */
  show(header) {
    this.root.hidden = !header;
  }
}
