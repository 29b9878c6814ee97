// Two of the pad's planes: through three points, and along two directions from one.

import { make, messageOf } from "../../../../ui/web/words.js";
import { cutUp } from "../../../../ui/web/canvas/atlas.js";
import { encodeVector, orthonormal, randomSeed, toolButton } from "../../tools.js";
import { TILES } from "./pad.js";

/** A plane whose piece on the pad stays where it is, with a coarse map of what lies where behind the hand. */
class FixedPlane {
  constructor(pad) { this.pad = pad; }

  get explorer() { return this.pad.explorer; }

  chosen() { this.pad.view = { .../** @type {any} */ (this.constructor).view }; }

  forget() {}

  down(at) { this.pad.go(this.within(at)); }

  move(at) { this.pad.go(this.within(at)); }

  step(at) { this.pad.go(this.within(at)); }

  within([x, y]) {
    const { view } = this.pad, clip = (v, middle) => Math.min(middle + view.span / 2, Math.max(middle - view.span / 2, v));
    return [clip(x, view.x), clip(y, view.y)];
  }

  /** One picture for each cell's middle. */
  async fetch() {
    const { pad } = this, own = /** @type {any} */ (this), { view, explorer } = pad, { model, look } = explorer, looks = [];
    for (let row = 0; row < TILES; row++) {
      for (let column = 0; column < TILES; column++) {
        const at = (k) => (k + 0.5) / TILES - 0.5;
        looks.push({ ...look, where: own.where([view.x + at(column) * view.span, view.y - at(row) * view.span]) });
      }
    }
    try {
      const answer = await explorer.ask("looks", { looks, columns: TILES }, { slot: "pad-map" });
      if (!answer || pad.mode !== this || model !== explorer.model) return;
      const canvas = make("canvas", {});
      explorer.drawAtlas(canvas, answer.header, answer.blobs[0]);
      pad.map = canvas;
      pad.paint();
    } catch (problem) {
      explorer.say(messageOf(problem));
    }
  }

  paint(ink, side) {
    if (this.pad.map) ink.drawImage(this.pad.map, 0, 0, side, side);
    for (const [letter, at] of /** @type {any} */ (this).signs()) {
      const [x, y] = this.pad.share(at).map((v) => v * side), r = side * 0.028;
      ink.beginPath();
      ink.arc(x, y, r, 0, 7);
      ink.fillStyle = "#1b2733e6";
      ink.fill();
      ink.lineWidth = Math.max(1, side / 360);
      ink.strokeStyle = "#ffffff";
      ink.stroke();
      ink.fillStyle = "#ffffff";
      ink.font = `600 ${Math.round(r * 1.15)}px ${getComputedStyle(this.pad.canvas).fontFamily}`;
      ink.textAlign = "center";
      ink.textBaseline = "middle";
      ink.fillText(letter, x, y + r * 0.06);
    }
  }
}

/** Options for where a corner or an axis comes from; `chosen(value)` is called with one of them. */
function chooser(label, options, chosen) {
  const select = make("select", { class: "gx-select", "aria-label": label, title: label, onchange: () => {
    const { value } = select;
    select.selectedIndex = 0;
    chosen(value);
  } }, make("option", { value: "" }, "Set to…"), ...options.map(([value, words]) => make("option", { value }, words)));
  return select;
}

export class ThreePoints extends FixedPlane {
  static id = "points";
  static label = "Three points";
  static help = "The plane through three points of the latent space: A, B and C themselves, and everything between and around them.";
  static view = { x: 0.5, y: 0.5, span: 1.7 };

  reset() { this.corners = null; }

  /** @override */
  chosen() {
    super.chosen();
    this.corners ??= [this.explorer.look ? this.explorer.freeze() : { seed: 0 }, { seed: randomSeed() }, { seed: randomSeed() }];
  }

  signs() { return [["A", [0, 0]], ["B", [1, 0]], ["C", [0, 1]]]; }

  where(at) { return { plane: this.corners, at, ...this.pad.inSpace }; }

  place(look) {
    if (!look) return null;
    if (look.where.plane && JSON.stringify(look.where.plane) === JSON.stringify(this.corners)) return look.where.at;
    const corner = this.corners.findIndex((where) => JSON.stringify(where) === JSON.stringify(look.where));
    return corner < 0 ? null : [[0, 0], [1, 0], [0, 1]][corner];
  }

  /** Steps of the history bring their plane back with them. */
  adopt({ where }) {
    if (!where.plane) return false;
    this.corners = where.plane;
    return true;
  }

  /** A point from elsewhere becomes A, so that the hand is on it. */
  elsewhere(look, asked) {
    const found = this.place(look);
    if (found || !asked.commit) return found;
    this.set(0, this.explorer.freeze());
    return [0, 0];
  }

  set(i, where) {
    this.corners = this.corners.map((corner, k) => (k === i ? where : corner));
    this.drawThumbs();
    this.pad.soon(0);
  }

  controls() {
    /** @type {HTMLCanvasElement[]} */
    this.canvases = "ABC".split("").map(() => make("canvas", { width: 1, height: 1 }));
    const chosen = (i, value) => {
      if (value === "here") this.set(i, this.explorer.freeze());
      else if (value === "random") this.set(i, { seed: randomSeed() });
      else this.set(i, this.explorer.bookmarks[Number(value)].look.where);
      if (value !== "here") this.pad.at = null;
      this.pad.show();
    };
    const rows = "ABC".split("").map((letter, i) => {
      const options = [["here", "this picture"], ["random", "a random point"], ...this.explorer.bookmarks.map((b, k) => [k, b.name])];
      const go = make("button", { type: "button", class: "gx-thumb", title: `Go to ${letter}`, "aria-label": `Go to ${letter}`, onclick: () => this.pad.go([[0, 0], [1, 0], [0, 1]][i], true) }, this.canvases[i]);
      return make("div", { class: "gx-corner" }, go, make("div", {}, make("b", {}, letter), chooser(`What ${letter} is`, options, (value) => chosen(i, value))));
    });
    const all = toolButton("random", "Three others", { title: "Three points drawn at random", "data-testid": "pad-others", onclick: () => {
      this.corners = [{ seed: randomSeed() }, { seed: randomSeed() }, { seed: randomSeed() }];
      this.drawThumbs();
      this.pad.soon(0);
      this.pad.go(this.pad.at ?? [0, 0], true);
    } });
    queueMicrotask(() => this.explorer.look && this.drawThumbs());
    return [...rows, all];
  }

  bookmarksChanged() { this.pad.side.replaceChildren(...this.controls()); }

  /** @override */
  forget() { this.drawThumbs(); }

  async drawThumbs() {
    const { explorer, canvases } = this;
    if (this.pad.mode !== this || !explorer.look) return;
    const looks = this.corners.map((where) => ({ ...explorer.look, where }));
    const answer = await explorer.ask("looks", { looks, columns: 1 }, { slot: "pad-corners" }).catch(() => null);
    if (answer && canvases === this.canvases) cutUp(answer, canvases);
  }
}

export class TwoDirections extends FixedPlane {
  static id = "directions";
  static label = "Two directions";
  static help = "From one point along two directions: random ones at right angles, ones that have a name, or toward a bookmark.";
  static view = { x: 0, y: 0, span: 6.6 };

  reset() {
    this.base = this.vectors = this.given = null; // given: the directions that a point from elsewhere came with
    this.salt = 1;
    /** @type {string[]} */
    this.axes = ["random", "random"];
  }

  /** @override */
  chosen() {
    super.chosen();
    if (this.explorer.look && !this.base) this.base = this.explorer.freeze();
    this.learnNames();
  }

  /** Directions that were given a name, of whatever tool found them. */
  async learnNames() {
    const { explorer } = this, { model } = explorer;
    const answer = await explorer.ask("named-directions", {}).catch(() => null);
    if (!answer || model !== explorer.model || JSON.stringify(answer.header.directions) === JSON.stringify(this.named)) return;
    this.named = answer.header.directions;
    if (this.pad.mode === this) this.pad.side.replaceChildren(...this.controls());
  }

  signs() { return [["0", [0, 0]]]; }

  /** [x, y]: standard deviations along each direction; at the pad's edge (3) a bookmark itself. */
  where(at) {
    const along = [], toward = [];
    this.axes.forEach((axis, i) => {
      const named = this.named?.find((d) => `named:${d.id}` === axis), bookmark = this.explorer.bookmarks.find((b) => `bookmark:${b.id}` === axis);
      const given = axis.startsWith("given:") && this.given[i];
      if (named) along.push({ vector: named.vector, space: named.space, amount: at[i], layers: named.layers ?? null });
      else if (given) along.push({ ...given, amount: at[i], layers: null });
      else if (bookmark) toward.push([at[i] / 3, bookmark.look.where]);
      else along.push(this.random(i, at[i]));
    });
    const rest = 1 - toward.reduce((sum, [factor]) => sum + factor, 0);
    const base = toward.length ? { sum: [[rest, this.base], ...toward] } : this.base;
    return { base, along };
  }

  /** A random direction; three of its steps lead three quarters as far as latents are from their middle. */
  random(i, amount) {
    const { model } = this.explorer, space = this.pad.space === "w" || !("z" in this.base || "seed" in this.base) ? "w" : "z";
    if (this.vectors?.space !== space) {
      const units = orthonormal(space === "w" ? model.style_dim : model.dim, 2, this.salt);
      this.vectors = { space, texts: units.map((unit) => encodeVector(unit.map((v) => (v * model.spread[space]) / 4))) };
    }
    return { vector: this.vectors.texts[i] ?? this.vectors.texts[0], space, amount: this.vectors.texts[i] ? amount : 0, layers: null };
  }

  place(look) {
    if (!look || !this.base) return null;
    if (JSON.stringify(look.where) === JSON.stringify(this.base)) return [0, 0];
    const at = look.where.along?.length === 2 ? look.where.along.map((move) => move.amount) : null;
    return at && JSON.stringify(look.where) === JSON.stringify(this.where(at)) ? at : null;
  }

  /** A step of the history from this very plane: the hand goes back there. Or a point that came with its plane. */
  adopt(look, asked) {
    if (this.pad.mode === this && this.place(look) !== null) return true;
    const { base, along } = look.where;
    if (!asked.opened || along?.length !== 2 || along.some((move) => move.layers || move.space !== along[0].space)) return false;
    this.base = base;
    this.given = along.map(({ vector, space }) => ({ vector, space }));
    this.axes = ["given:0", "given:1"];
    return true;
  }

  /** A point from elsewhere becomes the middle. */
  elsewhere(_look, asked) {
    if (!asked.commit) return null;
    this.centre();
    return [0, 0];
  }

  centre() {
    this.base = this.explorer.freeze();
    this.pad.soon(0);
  }

  controls() {
    const bookmarks = this.explorer.bookmarks.map((b) => [`bookmark:${b.id}`, `toward ${b.name}`]), named = (this.named ?? []).map((d) => [`named:${d.id}`, d.name]);
    const axis = (i, words) => {
      const select = make("select", { class: "gx-select", "aria-label": words, title: words, "data-testid": `pad-axis-${i}`, onchange: () => {
        this.axes[i] = select.value;
        this.pad.soon(0);
        if (this.pad.at) this.pad.go(this.pad.at, true);
      } }, ...[["random", "at random"], ...(this.given ? [[`given:${i}`, "as it came"]] : []), ...named, ...bookmarks].map(([value, label]) => make("option", { value }, label)));
      select.value = this.axes[i];
      if (select.selectedIndex < 0) this.axes[i] = select.value = "random";
      return make("label", { class: "gx-axis" }, make("span", { class: "gx-label" }, i ? "Upwards" : "To the right"), select);
    };
    return [axis(0, "What lies to the right"), axis(1, "What lies upwards"),
      toolButton("random", "Other directions", { title: "Two random directions at right angles", onclick: () => {
        this.given = null;
        this.axes = this.axes.map((a) => (a.startsWith("named") ? a : "random"));
        this.salt = randomSeed();
        this.vectors = null;
        this.pad.side.replaceChildren(...this.controls());
        this.pad.soon(0);
        this.pad.go([0, 0], true);
      } }),
      toolButton("here", "Centre here", { title: "The present point becomes the middle", onclick: () => { this.centre(); this.pad.at = [0, 0]; this.pad.show(); } }),
      make("p", { class: "gx-quiet" }, "The edge is three steps of a direction away, or the bookmark itself.")];
  }

  bookmarksChanged() { this.pad.side.replaceChildren(...this.controls()); }
}
