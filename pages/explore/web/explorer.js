// What all tools of the Explore page share: the model, the present look, its picture, and the way to the server.

import { context2d } from "../../ui/web/canvas/context.js";
import { make, messageOf } from "../../ui/web/words.js";
import { Channel, LOST } from "./channel.js";
import { encodeVector, randomSeed } from "./tools.js";

const PICTURE = "picture";

export class Explorer {
  constructor() {
    this.models = [];
    this.model = null;
    this.look = null;
    this.point = null; // { space, z | w | ws: Float32Array, weights } of the picture on screen
    this.bookmarks = Object.assign([], { onChange: (fn) => this.on("bookmarks", fn) });
    this.token = "";
    this.listeners = { point: new Set(), bookmarks: new Set(), model: new Set(), models: new Set(), look: new Set(), shown: new Set() };
    this.picture = null; // the page's big one, once there is one
    this.onRefused = null; // (asked, problem): a look that the server would not draw
    this.next = null; // the newest look that waits for its turn
    this.busy = false;
  }

  connect(token, handlers) {
    this.channel?.close();
    this.token = token;
    this.busy = false;
    this.channel = new Channel(token, handlers);
  }

  /** Be told of "point", "bookmarks", "model"; returns what ends it. */
  on(kind, fn) {
    this.listeners[kind].add(fn);
    return () => this.listeners[kind].delete(fn);
  }

  tell(kind, ...news) {
    for (const fn of this.listeners[kind]) fn(...news);
  }

  /** Ask the server; of the present model unless `args` says otherwise. See Channel.ask. */
  ask(op, args = {}, options = {}) {
    if (!this.channel) return Promise.reject(new Error(LOST));
    const of = this.model && !("model" in args) ? { model: this.model.id, step: this.model.step } : {};
    return this.channel.ask(op, { ...of, ...args }, options);
  }

  cancel(slot) {
    this.channel?.cancel(slot);
  }

  /**
   * Change what is kept with the model: `take(header)` where it is still the one that is looked at. The answer; null
   * where it was refused, and why is said.
   */
  async change(op, args, take) {
    const { model } = this;
    try {
      const answer = await this.ask(op, args, { slot: `${op}-${randomSeed()}` });
      if (answer && model === this.model) take(answer.header);
      return answer;
    } catch (problem) {
      this.say(messageOf(problem));
      return null;
    }
  }

  /**
   * Ask for a look's picture. At most one is under way, and the newest of those asked for meanwhile comes after it.
   * commit: it becomes a step of the history; otherwise it is part of a movement. opened: it came from elsewhere, with
   * the plane that it lies on. Returns the look as it will be told.
   */
  show(look, { commit = false, quiet = false, from = null, opened = false } = {}) {
    if (!this.model) return null;
    const waited = this.next;
    if (waited?.commit && !waited.quiet) this.tell("shown", waited.look, waited); // passed over, yet a step of its own
    this.next = { look: this.whole(look), commit, quiet, from, opened, model: this.model };
    const { look: asked } = this.next;
    if (!this.busy) this.pump();
    return asked;
  }

  /** A look with what is not said taken from the present one. */
  whole(look) {
    const { class: kind = null, psi = 1, mix = [], units = [] } = this.look ?? {};
    return { class: kind, psi, mix, units, ...look };
  }

  async pump() {
    this.busy = true;
    const channel = this.channel;
    while (this.next && this.channel === channel) {
      const asked = this.next;
      this.next = null;
      try {
        const answer = await this.ask("look", { look: asked.look }, { slot: PICTURE });
        if (answer && asked.model === this.model) this.accept(asked, answer);
      } catch (problem) {
        if (asked.model === this.model) this.refuse(asked, problem);
      }
    }
    if (this.channel === channel) this.busy = false;
  }

  accept(asked, { header, blobs: [pixels, vector, weights] }) {
    this.picture?.draw(header, pixels);
    this.look = asked.look;
    this.point = { space: header.space, [header.space]: new Float32Array(vector), weights: weights.byteLength ? new Float32Array(weights) : null };
    this.tell("point", this.look, asked);
    if (asked.commit) this.tell("shown", this.look, asked);
  }

  refuse(asked, problem) {
    if (asked.fallback) asked.fallback(problem);
    else this.say(messageOf(problem));
    this.onRefused?.(asked, problem);
  }

  /** The present latent as an explicit Where. */
  freeze() {
    const where = this.look?.where;
    if (!this.point || !where) return { seed: 0 };
    if ("seed" in where || "z" in where || "w" in where || "ws" in where) return where;
    return { [this.point.space]: encodeVector(this.point[this.point.space]) };
  }

  /** The present look, explicit. On a path the classes may be others than the look's: they come along. */
  frozen() {
    const { weights } = this.point ?? {}, onPath = this.look && "path" in this.look.where && weights;
    return { ...this.look, where: this.freeze(), ...(onPath && { class: classesOf(weights) }) };
  }

  /** The present look as it was set, with the plane or the directions that it lies on; of a path the point alone. */
  asSet() {
    return "path" in this.look.where ? this.frozen() : this.look;
  }

  /** The present latent's numbers. */
  get vector() {
    return this.point ? this.point[this.point.space] : null;
  }

  say(sentence, action) {
    this.picture?.say(sentence, action);
  }

  /** Draw an atlas of pictures; the canvas gets the atlas's size. */
  drawAtlas(canvas, { columns, rows, size }, rgba) {
    drawPicture(canvas, columns * size, rows * size, rgba);
  }

  /** Give a file made here to the person. */
  save(filename, mime, bytes) {
    const url = URL.createObjectURL(new Blob([bytes], { type: mime }));
    const link = make("a", { href: url, download: filename });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }

  close() {
    this.channel?.close();
    this.channel = null;
  }
}

/** Weights of the classes as a look says them: [a], or [a, b, t]. */
function classesOf(weights) {
  const [a, b] = [...weights.keys()].sort((i, j) => weights[j] - weights[i]);
  return b === undefined || weights[b] === 0 ? [a] : [a, b, weights[b]];
}

/** RGBA bytes onto a canvas, pixel for pixel. */
export function drawPicture(canvas, width, height, rgba) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  context2d(canvas, { alpha: true }).putImageData(new ImageData(new Uint8ClampedArray(rgba), width, height), 0, 0);
}
