// The tool "Over time": one path through the latent space as the run's generator draws it at several moments, side by side, in step.

import { addressOf } from "../../../../ui/web/addresses.js";
import { context2d } from "../../../../ui/web/canvas/context.js";
import { compact, count, make, messageOf, say, still } from "../../../../ui/web/words.js";
import { randomSeed, registerTool, toolButton } from "../../tools.js";

const FRAMES = 36, RATE = 12;

class OverTimeTool {
  constructor(root, explorer) {
    this.explorer = explorer;
    this.cards = [];
    this.at = 0;
    this.way = 1;
    this.seed = randomSeed() % 10000;
    this.visible = false;
    this.drawnOf = null;
    this.from = make("select", { class: "gx-select", "aria-label": "Path", "data-testid": "time-from", title: "Where the path begins; it ends at the present point. Or the path of the tool Walk.", onchange: () => this.start() });
    this.again = toolButton("", "Draw", { class: "gs-button gx-button gx-primary", disabled: true, "data-testid": "time-draw", title: "Draw the path to the present point at every moment", onclick: () => this.start() });
    this.other = toolButton("random", "Another start", { "data-testid": "time-other", title: "Begin the path at another random point", onclick: () => {
      this.seed = randomSeed() % 10000;
      this.list();
      this.from.value = "seed";
      this.start();
    } });
    this.playButton = toolButton("", "▶ Play", { "data-testid": "time-play", "aria-pressed": "false", onclick: () => this.play(!this.playing) });
    this.range = make("input", { type: "range", class: "gs-range", min: "0", max: String(FRAMES - 1), step: "1", value: "0", "aria-label": "Place on the path", "data-testid": "time-scrub", title: "Along the path, in all pictures at once",
      oninput: () => { this.play(false); this.show(Number(this.range.value)); } });
    this.words = make("p", { class: "gx-quiet", role: "status", "data-testid": "time-words" });
    this.grid = make("div", { class: "gx-time-grid", "data-testid": "time-grid" });
    this.controls = make("div", { class: "gx-row" }, make("label", { class: "gx-field" }, make("span", { class: "gx-label" }, "Path from"), this.from), this.other, this.again);
    this.timeline = make("div", { class: "gx-row gx-time-line" }, this.playButton, this.range);
    this.empty = make("div", { class: "gx-card gx-time-empty", hidden: true, "data-testid": "time-empty" });
    root.classList.add("gx-time");
    root.append(this.controls, this.grid, this.timeline, this.words, this.empty);
    this.offs = [explorer.on("bookmarks", () => this.list())];
    if (explorer.walk?.onChange) this.offs.push(explorer.walk.onChange(() => {
      this.list();
      if (this.visible && this.drawnOf && !this.busy) this.tellStale(explorer.look);
    }));
    this.modelChanged(explorer.model);
  }

  modelChanged(model) {
    this.play(false);
    this.explorer.cancel("overtime");
    this.drawnOf = null;
    this.grid.replaceChildren();
    this.cards = [];
    say(this.words, "");
    this.list();
    const enough = model.moments.length > 1;
    this.controls.hidden = this.grid.hidden = this.timeline.hidden = this.words.hidden = !enough;
    this.empty.hidden = enough;
    if (!enough) this.explain(model);
    else if (this.visible) this.shown();
  }

  /** The run has trained on: there may be enough to compare now. */
  newsCame(model) {
    if (!this.empty.hidden && model.moments.length > 1) this.modelChanged(model);
  }

  /** Why there is nothing to compare, and how there could be. */
  explain({ kind, live }) {
    const why = { asset: "This generator came along as one file: what it was earlier in its training is not here.", file: "This generator was brought here as one file, without what it was earlier in its training.",
      run: live ? "This run’s generator was kept at one moment so far; the next comes while it trains." : "This run’s generator was kept at one moment only, and the run is at rest." }[kind];
    const how = { asset: "Train one in the Lab, then choose it above: ", file: "Train one in the Lab, then choose it above: ", run: live ? "In a moment it is enough: " : "Resume it in the Lab: " }[kind];
    this.empty.replaceChildren(make("div", { class: "gx-time-ghosts", "aria-hidden": "true" }, ...Array.from({ length: 6 }, (_, i) => make("i", { style: `opacity: ${0.25 + 0.13 * i}` }))),
      make("p", {}, why), make("p", { class: "gx-quiet" }, `A run keeps what its generator is from the first step on, each time after half as many images again. ${how}the same path is then drawn at up to eight moments.`),
      make("a", { class: "gs-button gx-button", href: addressOf("./"), target: "_self" }, "To the Lab"));
  }

  shown() {
    this.visible = true;
    if (this.explorer.model.moments.length > 1 && this.drawnOf === null && this.explorer.look) this.start();
    else if (this.drawnOf && !this.busy) this.tellStale(this.explorer.look);
  }

  hidden() {
    this.visible = false;
    this.play(false);
  }

  changed(look) {
    if (!this.visible || this.explorer.model.moments.length < 2) return;
    if (this.drawnOf === null) this.start();
    else if (!this.busy) this.tellStale(look);
  }

  /** The path ends at the point that was there when it was drawn. */
  tellStale(look) {
    const stale = this.drawnOf !== this.key(look);
    this.again.disabled = !stale;
    say(this.words, stale ? "The path, or what else makes the pictures, has changed: draw again." : this.told);
  }

  destroy() {
    this.play(false);
    this.explorer.cancel("overtime");
    for (const off of this.offs) off();
  }

  /** Where paths can begin. */
  list() {
    const { explorer } = this, before = this.from.value, walk = explorer.walk?.keys?.length > 1;
    this.from.replaceChildren(make("option", { value: "seed" }, `a random point (seed ${this.seed})`), ...explorer.bookmarks.map((b) => make("option", { value: `bookmark ${b.id}` }, b.name)),
      ...(walk ? [make("option", { value: "walk" }, "the tool Walk: its whole path")] : []));
    if ([...this.from.options].some((o) => o.value === before)) this.from.value = before;
  }

  /** What the pictures follow from: of a whole path the present point is no part. */
  key(look) {
    const walk = this.from.value === "walk";
    return JSON.stringify(walk ? [this.explorer.walk.path(), { ...look, where: null }] : [this.from.value, this.seed, look]);
  }

  path() {
    const { explorer } = this, chosen = this.from.value;
    if (chosen === "walk") return explorer.walk.path();
    const mark = explorer.bookmarks.find((b) => `bookmark ${b.id}` === chosen), start = mark ? mark.look.where : { seed: this.seed }, end = explorer.freeze();
    const inZ = [start, end].every((where) => "seed" in where || "z" in where);
    return { keys: [{ where: start, ...(mark?.look.class && { class: mark.look.class }) }, { where: end, ...(explorer.look.class && { class: explorer.look.class }) }].map((key) => ({ ...key, seconds: 1, easing: "linear" })), loop: false, ...(inZ ? { way: "slerp", space: "z" } : { way: "lerp", space: "w" }) };
  }

  async start() {
    const { explorer } = this, { look, model } = explorer;
    if (!look || model.moments.length < 2) return;
    this.play(false);
    const drawn = (this.drawnOf = this.key(look));
    this.busy = this.again.disabled = true;
    this.cards = [];
    say(this.words, "The generators are opened …");
    try {
      const answer = await explorer.ask("overtime", { look: { ...look, where: { path: this.path(), at: 0 } }, frames: FRAMES }, { slot: "overtime", onProgress: (header, blobs) => {
        if (drawn !== this.drawnOf) return;
        say(this.words, header.words);
        if (blobs?.length) this.take(header, blobs[0]);
      } });
      if (!answer || drawn !== this.drawnOf) return;
      const { steps, known } = answer.header;
      this.told = `${steps.length === known ? `All ${known}` : `${steps.length} of ${known}`} moments of the training, each with the generator’s weights of then and the same latents.${this.inW() ? " The path lies in W, which each moment’s own mapping network made: a style from one need not mean the same to another." : ""}`;
      this.busy = false;
      this.tellStale(explorer.look);
      this.play(this.visible && !still());
    } catch (problem) {
      if (drawn !== this.drawnOf) return;
      this.drawnOf = ""; // not by itself again
      this.again.disabled = false;
      say(this.words, messageOf(problem));
    } finally {
      if (drawn === this.drawnOf || !this.drawnOf) this.busy = false;
    }
  }

  inW() { return this.path().space === "w"; }

  /** One moment's frames. */
  take(header, atlas) {
    const { at, of, of_step: step, images, columns, rows, size } = header, sheet = new OffscreenCanvas(columns * size, rows * size);
    context2d(sheet).putImageData(new ImageData(new Uint8ClampedArray(atlas), columns * size, rows * size), 0, 0);
    if (this.grid.childElementCount !== of) {
      this.grid.replaceChildren(...Array.from({ length: of }, () => make("figure", {}, make("canvas", { width: size, height: size, role: "img", "aria-label": "The picture at a step" }), make("figcaption", {}, "\u00a0"))));
    }
    const [canvas, caption] = this.grid.children[at].children;
    Object.assign(canvas, { width: size, height: size });
    canvas.setAttribute("aria-label", `The path at step ${step}`);
    caption.replaceChildren(make("b", {}, `step ${count(step)}`), ` · ${compact(images)} images`);
    this.cards[at] = { canvas, sheet, columns, size };
    this.show(this.at);
  }

  show(frame) {
    this.at = frame;
    this.range.value = String(frame);
    this.range.style.setProperty("--part", `${(100 * frame) / (FRAMES - 1)}%`);
    for (const card of this.cards) {
      if (!card) continue;
      const { canvas, sheet, columns, size } = card;
      context2d(canvas).drawImage(sheet, (frame % columns) * size, Math.floor(frame / columns) * size, size, size, 0, 0, size, size);
    }
  }

  /** There and back again, until paused. */
  play(on) {
    clearInterval(this.playing);
    this.playing = on ? setInterval(() => {
      if (this.at + this.way < 0 || this.at + this.way >= FRAMES) this.way = -this.way;
      this.show(this.at + this.way);
    }, 1000 / RATE) : 0;
    this.playButton.setAttribute("aria-pressed", String(!!on));
    say(this.playButton.lastChild, on ? "❚❚ Pause" : "▶ Play");
  }
}

registerTool({ name: "overtime", label: "Over time", order: 8, title: "The same path at several moments of a run", mount: (root, explorer) => new OverTimeTool(root, explorer) });
