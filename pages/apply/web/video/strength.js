// How strong an edit is over a film: keys on a timeline, and the edited picture at any time of it.

import { Channel, LOST } from "../../../explore/web/channel.js";
import { cutUp } from "../../../ui/web/canvas/atlas.js";
import { tenths } from "../../../ui/web/keyframes/timed_keys.js";
import { component } from "../../../ui/web/mounting.js";
import { dark, make, messageOf, say } from "../../../ui/web/words.js";
import { StrengthKeys } from "./strength_keys.js";
import { percent, StrengthTimeline } from "./strength_timeline.js";

const LATER_MS = 200; // after the last of a movement the strip's pictures are asked for

class StrengthView {
  constructor(parent) {
    this.turn = /** @type {number | null} */ (null);
    this.token = this.subject = this.told = "";
    this.edit = /** @type {any} */ (null); // { model, stack, brought }, of which pictures are shown
    this.chosen = null;
    this.playing = 0; // the time of the clock at which the film began
    this.keys = new StrengthKeys((text) => this.send(text));
    this.timeline = new StrengthTimeline(this.keys, { onScrub: (t) => this.scrub(t), onChoose: (id, go) => this.choose(id, go), onRemove: (id) => this.remove(id) });
    this.keys.onChange(() => this.redraw());
    this.build(parent);
  }

  build(parent) {
    const button = (name, text, title, act) => make("button", { type: "button", class: "ga-button", title, "data-testid": `strength-${name}`, onClick: act }, text);
    const number = (name, label, most, step, act) => make("input", { type: "number", class: "ga-select gv-number", min: "0", max: String(most), step: String(step), "aria-label": label, "data-testid": `strength-${name}`, onChange: act });
    this.play = button("play", "▶ Play", "Play the edit as it grows and goes", () => this.toggle());
    this.undo = button("undo", "Undo", "Take the last change of the keys back", () => this.keys.undo());
    this.keyTitle = make("b", {});
    this.keyAt = number("at", "Seconds from the beginning", 60, 0.1, () => this.typed({ at: Number(this.keyAt.value) }));
    this.keyStrength = number("percent", "Percent of the edit", 100, 5, () => this.typed({ strength: Number(this.keyStrength.value) / 100 }));
    this.inspector = make("span", { class: "gv-bar", hidden: true }, this.keyTitle, make("label", {}, "at ", this.keyAt, " s"), make("label", {}, this.keyStrength, " %"),
      button("delete", "Delete", "Take this key out (Delete)", () => this.remove(this.chosen)));
    this.look = make("canvas", { width: 1, height: 1, class: "gv-seen", role: "img", "aria-label": "The edited picture at this time", "data-testid": "strength-look" });
    this.words = make("p", { class: "gv-words", role: "status", "data-testid": "strength-words" });
    this.side = make("div", { class: "gv-side" }, this.look, this.words);
    this.root = make("div", { class: "gs-live gv gv-strength", "data-testid": "strength" },
      make("p", { class: "gv-words" }, "Press on the curve to put a key there, and drag it: to the side in time, up and down in strength."),
      make("div", { class: "gv-row" }, this.side, make("div", { class: "gv-line" }, this.timeline.root,
        make("div", { class: "gv-bar" }, this.play, button("add", "+ Add a key", "A key where the line stands", () => this.add()), this.undo, this.inspector))));
    this.root.addEventListener("keydown", (event) => this.key(event));
    parent.append(this.root);
  }

  update(data, _tell, keep) {
    this.keep = keep;
    this.root.toggleAttribute("data-dark", dark(this.root));
    this.edit = data.edit;
    this.keys.seconds = data.seconds;
    if (data.turn !== this.turn) {
      if (this.turn !== null) this.keys.mark();
      Object.assign(this, { turn: data.turn, told: data.text });
      this.keys.read(data.text);
    } else this.redraw();
    if (data.edit && data.token !== this.token) this.connect(data.token);
    const subject = JSON.stringify([data.edit, data.seconds]);
    if (subject !== this.subject) this.later(0);
    this.subject = subject;
  }

  connect(token) {
    this.token = token;
    this.channel?.close();
    this.channel = new Channel(token, {
      ready: () => this.later(0),
      down: (lost) => lost && say(this.words, LOST),
      refused: (sentence) => say(this.words, sentence),
      stale: () => say(this.words, "The server has started anew; reload this page."),
    });
  }

  /** To the page, which gets what the view told last as its own again. */
  send(text) {
    if (text === this.told) return;
    this.told = text;
    this.keep?.("keys", `${this.turn}:${text}`);
  }

  // --- pictures

  /** @param {number[]} times @param {any[]} canvases @param {string} slot */
  async ask(times, canvases, slot) {
    if (!this.edit || !this.channel || !this.keys.keys.length) return false;
    try {
      const answer = await this.channel.ask("edit-strength", { ...this.edit, strength: this.keys.text, times }, { slot,
        onProgress: ({ progress, words }) => say(this.words, `${words}: ${Math.round(100 * progress)}%`) });
      const late = times.at(-1) !== this.timeline.at; // the head has moved on: that picture was asked for by itself
      if (answer) cutUp(answer, late ? canvases.filter((canvas) => canvas !== this.look) : canvases);
      if (answer) this.showTime();
      return !!answer;
    } catch (problem) {
      this.pause();
      say(this.words, messageOf(problem));
      return false;
    }
  }

  /** The strip's pictures, once the hand rests, and the one at this time. */
  later(wait) {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.ask([...this.timeline.stripTimes, this.timeline.at], [...this.timeline.strip.children, this.look], "strength-strip"), wait);
  }

  scrub(t) {
    this.pause();
    this.timeline.setAt(t);
    this.showTime();
    this.ask([this.timeline.at], [this.look], "strength-now");
  }

  // --- playing: one picture after another, as they come

  toggle() {
    if (this.playing) return this.pause();
    const { total } = this.keys, from = this.timeline.at >= total - 0.05 ? 0 : this.timeline.at;
    this.playing = performance.now() - 1000 * from;
    say(this.play, "❚❚ Pause");
    this.step();
  }

  async step() {
    while (this.playing && this.root.isConnected) {
      const began = this.playing, t = Math.min(this.keys.total, (performance.now() - began) / 1000);
      this.timeline.setAt(t);
      if (!(await this.ask([this.timeline.at], [this.look], "strength-now")) || t >= this.keys.total) return this.pause();
      await new Promise((go) => requestAnimationFrame(go));
      if (began !== this.playing) return;
    }
  }

  pause() {
    this.playing = 0;
    say(this.play, "▶ Play");
  }

  // --- keys

  choose(id, go) {
    this.chosen = id;
    this.timeline.choose(id);
    this.drawKey();
    const key = this.keys.keys[this.keys.index(id)];
    if (key && go) this.scrub(Math.min(key.at, this.keys.total));
  }

  add() {
    const id = this.keys.put(tenths(this.timeline.at), this.keys.level(this.timeline.at));
    if (id === null) return say(this.words, "There is no room for another key here.");
    this.keys.settle();
    this.choose(id, false);
    this.timeline.buttons.get(id)?.focus();
  }

  remove(id) {
    const i = this.keys.index(id);
    if (i < 0) return;
    if (this.keys.keys.length === 1) return say(this.words, "The last key stays: an edit is as strong as it says.");
    this.keys.remove(id);
    const next = this.keys.keys[Math.min(i, this.keys.keys.length - 1)];
    this.choose(next.id, false);
    this.timeline.buttons.get(next.id)?.focus();
  }

  /** @param {{at?: number, strength?: number}} what */
  typed({ at, strength }) {
    const key = this.keys.keys[this.keys.index(this.chosen)];
    if (!key || !Number.isFinite(at ?? strength)) return;
    this.keys.mark();
    if (at !== undefined) this.keys.move(key.id, at);
    if (strength !== undefined) this.keys.lift(key.id, strength);
    this.keys.settle();
  }

  key(event) {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !event.shiftKey && !event.target.closest("input")) this.keys.undo();
    else if (event.key === " " && event.target === this.timeline.head && this.edit) this.toggle();
    else return;
    event.preventDefault();
  }

  // --- what is shown

  redraw() {
    const { keys, timeline } = this;
    if (keys.index(this.chosen) < 0) this.chosen = null;
    timeline.chosen = this.chosen;
    timeline.draw();
    this.side.hidden = this.play.hidden = timeline.strip.hidden = !this.edit;
    timeline.head.hidden = false;
    this.undo.disabled = !keys.before.length;
    this.drawKey();
    this.showTime();
    if (this.token) this.later(LATER_MS);
  }

  drawKey() {
    const { keys } = this, i = keys.index(this.chosen), key = keys.keys[i];
    this.inspector.hidden = !key;
    if (!key) return;
    say(this.keyTitle, `Key ${i + 1} of ${keys.keys.length}`);
    if (document.activeElement !== this.keyAt) this.keyAt.value = String(Math.round(100 * key.at) / 100);
    if (document.activeElement !== this.keyStrength) this.keyStrength.value = String(Math.round(100 * key.strength));
  }

  showTime() {
    const { at } = this.timeline;
    say(this.words, `${at.toFixed(1)} s of ${this.keys.total.toFixed(1)} s: ${percent(this.keys.level(at))} of the edit`);
  }

  close() {
    clearTimeout(this.waiting);
    this.pause();
    this.channel?.close();
    this.timeline.destroy();
    this.root.remove();
  }
}

export default component((parent) => new StrengthView(parent));
