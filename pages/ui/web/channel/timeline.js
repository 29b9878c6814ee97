// One timeline for several runs: a slider over all of their moments, and a replay.

import { make, say, still } from "../words.js";
import { rowAt } from "./feeds.js";

const FRAME_MS = 100, MOST_FRAMES = 120, STILL_TIMES = 5;

export class Timeline {
  /** onMove(x): to a moment, null: to the newest of each; may give a promise of it. says(x): a moment in words. */
  constructor({ onMove, says }) {
    this.onMove = onMove;
    this.says = says;
    this.positions = [];
    this.playing = null;
    const button = (name, text, action) => make("button", { type: "button", class: "gs-button", "data-testid": name, onClick: action }, text);
    this.play = button("play", "▶ Replay", () => this.replay());
    this.newest = button("newest", "Newest", () => this.move(null));
    this.slider = make("input", { type: "range", class: "gs-range", min: "0", max: "0", step: "1", "aria-label": "Moment of the training", "data-testid": "timeline",
      onInput: () => this.move(this.positions[Number(this.slider.value)] ?? null) });
    this.root = make("div", { class: "gs-timeline" }, this.play, this.slider, this.newest);
  }

  /** positions: all moments, rising; at: the one that is looked at, null: the newest of each. */
  show(positions, at) {
    this.positions = positions;
    const last = Math.max(0, positions.length - 1), row = at === null ? last : Math.max(0, rowAt(positions, at));
    this.slider.max = String(last);
    this.slider.value = String(row);
    this.slider.disabled = this.play.disabled = positions.length < 2;
    this.slider.style.setProperty("--part", `${last ? (100 * row) / last : 100}%`);
    this.slider.setAttribute("aria-valuetext", positions.length ? this.says(positions[row]) : "nothing yet");
    this.newest.setAttribute("aria-pressed", String(at === null));
  }

  move(x) {
    this.stop();
    this.onMove(x);
  }

  async replay() {
    if (this.playing) return this.stop();
    const turn = (this.playing = {}), { positions } = this, stride = Math.max(1, Math.ceil(positions.length / MOST_FRAMES));
    say(this.play, "❚❚ Stop");
    for (let i = 0; i < positions.length && this.playing === turn; i += stride) {
      await Promise.all([this.onMove(positions[i]), new Promise((done) => setTimeout(done, FRAME_MS * (still() ? STILL_TIMES : 1)))]);
    }
    if (this.playing === turn) this.move(null);
  }

  stop() {
    this.playing = null;
    say(this.play, "▶ Replay");
  }
}
