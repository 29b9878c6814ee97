// Samples of a run at the moment that is wished for: fetched, decoded and held; of several wishes the newest counts.

import { decodeFrame, fetchFrame } from "./frames.js";

export class Shower {
  /**
   * held: how many frames at most; display(frame): show it; refused(why): what the server says instead of the wished one.
   * @param {{ held: number, display: (frame: any) => void, refused?: (why: string) => void }} given
   */
  constructor({ held, display, refused = () => {} }) {
    this.held = held;
    this.display = display;
    this.refused = refused;
    this.frames = new Map();
    this.wanted = "";
    this.loading = false;
    this.turn = 0;
  }

  /** The frame of an address, as soon as it is here. */
  async show(url) {
    this.wanted = url;
    if (this.loading) return; // it is seen to when what was wished for before has come
    this.loading = true;
    try {
      for (let now = ""; now !== this.wanted; ) {
        now = this.wanted;
        const frame = now && (await this.frame(now));
        if (frame && now === this.wanted) this.display(frame);
      }
    } finally {
      this.loading = false;
    }
  }

  /** A grid that has just come over the socket. */
  async showNewest({ header, png, scores }) {
    const turn = ++this.turn;
    this.wanted = "";
    const frame = await decodeFrame(header, png, scores);
    if (turn === this.turn && !this.wanted) this.display(frame);
  }

  /** A kept frame; null where it cannot be had: the next wish tries again. */
  async frame(url) {
    const known = this.frames.get(url);
    if (known) return known;
    const { frame, why } = await fetchFrame(url);
    if (frame) this.frames.set(url, frame);
    else if (why && url === this.wanted) this.refused(why);
    while (this.frames.size > this.held) this.frames.delete(this.frames.keys().next().value);
    return frame;
  }

  /** Another run, or none: nothing that is on its way is shown any more. */
  forget() {
    this.turn += 1;
    this.wanted = "";
    this.frames.clear();
  }
}
