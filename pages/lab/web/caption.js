// One sentence under the picture that says what is going on in it. The server makes it with the picture; see
// gan_core/measure/captions. While the referee has found trouble, its words stand in its place.

import { make, say } from "../../ui/web/words.js";

const READING_MS = 2000; // words that are being read are not taken away, while the pictures run on

export class Caption {
  /** told(frame): the words of that picture stand there now. @param {{ told?: (frame: any) => void }} given */
  constructor({ told = (frame) => void frame } = {}) {
    this.told = told;
    this.root = make("p", { class: "gs-moment", role: "status", "data-testid": "caption" });
    this.reset();
  }

  reset() {
    clearTimeout(this.timer);
    this.troubles = []; // [first step, words], the most urgent first
    this.frame = null;
    this.moving = false;
    /** @type {number} */
    this.since = -Infinity;
    this.write("");
  }

  /** [[first step, words], ...] of what the referee has found. */
  setTroubles(troubles) {
    this.troubles = troubles;
    this.tell(0);
  }

  /** A picture is shown; `moving`: others follow by themselves. */
  show(frame, moving) {
    this.frame = frame;
    this.moving = moving;
    this.tell(moving ? this.since + READING_MS - performance.now() : 0);
  }

  get words() {
    if (!this.frame) return "";
    return this.troubles.find(([step]) => step <= this.frame.step)?.[1] ?? this.frame.caption ?? "";
  }

  /** Write the words of the picture that is shown by then. */
  tell(afterMs) {
    clearTimeout(this.timer);
    const now = () => {
      this.write(this.words);
      this.told(this.frame);
    };
    if (afterMs <= 0) now();
    else this.timer = setTimeout(now, afterMs);
  }

  write(words) {
    if (this.root.textContent === words) return;
    this.since = performance.now();
    say(this.root, words);
    this.root.title = words;
  }

  end() {
    clearTimeout(this.timer);
  }
}
