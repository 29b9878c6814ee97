// The pad's endless plane: a latent at every pair of whole numbers, a mixture of four in between.

import { make, messageOf } from "../../../../ui/web/words.js";
import { cutUp } from "../../../../ui/web/canvas/atlas.js";
import { randomSeed, toolButton } from "../../tools.js";
import { KEPT_TILES } from "./pad.js";

export class SeedsPlane {
  static id = "seeds";
  static label = "Endless";
  static help = "A plane without end: another random latent at every pair of whole numbers, mixtures of four in between. Drag it under the ring; the wheel zooms.";

  constructor(pad) {
    this.pad = pad;
    this.tiles = new Map(); // "i,j" -> canvas
  }

  get explorer() { return this.pad.explorer; }

  reset() {
    this.salt = randomSeed();
    this.centre = [0.5, 0.5];
    /** @type {number} */
    this.span = 5;
    this.forget();
  }

  chosen() { this.look(); }

  look() { this.pad.view = { x: this.centre[0], y: this.centre[1], span: this.span }; }

  forget() { this.tiles.clear(); }

  spaceChanged() { this.pad.repaint(); }

  where([x, y]) { return { seeds: [x, y], salt: this.salt, ...this.pad.inSpace }; }

  place(look) { return look?.where.seeds && look.where.salt === this.salt ? look.where.seeds : null; }

  adopt({ where }) {
    if (!where.seeds) return false;
    if (where.salt !== this.salt) this.forget();
    this.salt = where.salt;
    this.centre = where.seeds;
    this.look();
    return true;
  }

  elsewhere() { return null; }

  /** Where the ring stands, faint, before the hand takes the plane. */
  get middle() { return this.centre; }

  /** The plane moves under the ring, which stays in the middle. */
  down(_at, event) {
    /** @type {{x: number, y: number, centre: number[]}} */
    this.grip = { x: event.clientX, y: event.clientY, centre: this.centre };
    this.go(this.centre);
  }

  move(_, event) {
    const side = this.pad.box.width, by = (from, to) => ((to - from) / side) * this.span;
    this.go([this.grip.centre[0] - by(this.grip.x, event.clientX), this.grip.centre[1] + by(this.grip.y, event.clientY)]);
  }

  step(at) { this.go(at); }

  settled() { this.pad.soon(0); }

  go(centre) {
    this.centre = centre;
    this.look();
    this.pad.go(centre);
    this.pad.repaint();
    if (this.missing().length) this.fetch();
  }

  wheel(event) {
    event.preventDefault();
    this.zoom(Math.exp(Math.max(-120, Math.min(120, event.deltaY * (event.deltaMode === 1 ? 20 : 1))) * 0.003));
  }

  key(event) {
    if (event.key === "+" || event.key === "=") this.zoom(1 / 1.25);
    else if (event.key === "-") this.zoom(1.25);
  }

  zoom(factor) {
    this.span = Math.min(13, Math.max(1.6, this.span * factor));
    this.look();
    this.pad.show();
    this.pad.repaint();
    this.fetch();
  }

  /** Whole-number places in sight, nearest to the middle first. */
  places(margin = 0.5) {
    const [x, y] = this.centre, half = this.span / 2 + margin, found = [];
    for (let i = Math.ceil(x - half); i <= x + half; i++) for (let j = Math.ceil(y - half); j <= y + half; j++) found.push([i, j]);
    return found.sort((a, b) => Math.hypot(a[0] - x, a[1] - y) - Math.hypot(b[0] - x, b[1] - y));
  }

  missing() { return this.places().filter(([i, j]) => !this.tiles.has(`${i},${j}`)); }

  /** Some at a time, so that the hand's own picture is never long in coming. */
  async fetch() {
    if (this.fetching || !this.explorer.look) return;
    this.fetching = true;
    try {
      for (let wanted = this.missing().slice(0, 16); wanted.length && this.pad.mode === this; wanted = this.missing().slice(0, 16)) {
        const { explorer, tiles, salt } = this, { look, model } = explorer, kind = this.pad.kind, space = this.pad.space;
        const answer = await explorer.ask("looks", { looks: wanted.map((at) => ({ ...look, where: this.where(at) })), columns: 1 }, { slot: "pad-seeds" });
        if (!answer) break;
        if (model !== explorer.model || kind !== this.pad.kind || salt !== this.salt || space !== this.pad.space) continue;
        const canvases = wanted.map(() => make("canvas", {}));
        cutUp(answer, canvases);
        wanted.forEach(([i, j], k) => tiles.set(`${i},${j}`, canvases[k]));
        for (const key of tiles.keys()) {
          if (tiles.size <= KEPT_TILES) break;
          tiles.delete(key);
        }
        this.pad.repaint();
      }
    } catch (problem) {
      this.explorer.say(messageOf(problem));
    }
    this.fetching = false;
  }

  paint(ink, side) {
    const one = side / this.span, size = one * 0.62;
    for (const [i, j] of this.places(0.6)) {
      const tile = this.tiles.get(`${i},${j}`), [x, y] = this.pad.share([i, j]).map((v) => v * side);
      if (tile) ink.drawImage(tile, Math.round(x - size / 2), Math.round(y - size / 2), Math.round(size), Math.round(size));
      else {
        ink.fillStyle = "rgb(128 128 128 / 0.14)";
        ink.fillRect(Math.round(x - size / 2), Math.round(y - size / 2), Math.round(size), Math.round(size));
      }
    }
  }

  controls() {
    return [make("p", { class: "gx-quiet" }, "Another latent at every whole-number place, mixtures of four in between. Drag for ever; the wheel, + and − zoom."),
      toolButton("random", "Other seeds", { title: "Another endless plane", onclick: () => {
        this.salt = randomSeed();
        this.forget();
        this.go(this.centre);
        this.pad.settle();
      } }),
      make("div", { class: "gx-row" }, toolButton("", "+", { title: "Nearer (+)", onclick: () => this.zoom(1 / 1.25) }), toolButton("", "−", { title: "Further (−)", onclick: () => this.zoom(1.25) }))];
  }
}
