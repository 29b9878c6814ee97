// The big picture: the present point, or in its place the pictures around it; and the quiet line below.

import { make, messageOf, say } from "../../ui/web/words.js";
import { drawPicture } from "./explorer.js";
import { encodeVector, oneAtATime, randomSeed, toolButton } from "./tools.js";

const ACROSS = 8, SAID_MS = 7000;

export class BigPicture {
  constructor(explorer) {
    this.explorer = explorer;
    this.canvas = make("canvas", { class: "gx-canvas", role: "img", "aria-label": "The picture", "data-testid": "picture", width: 28, height: 28 });
    this.around = make("canvas", { class: "gx-canvas gx-around", hidden: true, tabindex: "0", role: "application", "data-testid": "neighbours",
      "aria-label": "Pictures around this one: arrow keys choose one, Enter goes there." });
    this.mark = make("i", { class: "gx-mark", hidden: true });
    this.pill = make("div", { class: "gx-said", role: "status", "aria-live": "polite", "data-testid": "said", hidden: true });
    this.caption = make("span", { class: "gs-caption", "data-testid": "caption" });
    this.toggle = toolButton("grid", "Neighbours", { "aria-pressed": "false", "data-testid": "neighbours-toggle",
      title: "Pictures around this point, along two directions at right angles; click one to go there.", onclick: () => this.setAround(!this.isAround) });
    this.turn = toolButton("random", "", { class: "gs-button gx-button gx-only-around", "data-testid": "neighbours-turn",
      title: "Two other directions", onclick: () => { this.salt = randomSeed(); this.askAround(); } });
    this.reach = make("input", { type: "range", class: "gs-range gx-reach gx-only-around", min: "-2", max: "0.6", step: "0.01", value: "-0.9",
      title: "How far the neighbours are from each other", "aria-label": "How far the neighbours are from each other",
      oninput: () => this.askAround() });
    this.waiting = make("p", { class: "gx-waiting" }, "The engine is starting; the picture comes in a moment.");
    this.stage = make("div", { class: "gx-stage" }, this.waiting, this.canvas, this.around, this.mark, this.pill);
    this.root = make("figure", { class: "gs-side gx-picture" },
      make("header", {}, make("h3", {}, "Generated"), this.caption, this.reach, this.turn, this.toggle), this.stage);
    this.isAround = this.led = false;
    this.salt = 1;
    this.askAround = oneAtATime(() => this.fetchAround(), () => this.isAround);
    this.at = null;
    this.around.addEventListener("click", (event) => this.go(this.cellUnder(event)));
    this.around.addEventListener("pointermove", (event) => this.point(this.cellUnder(event)));
    this.around.addEventListener("pointerleave", () => this.point(null));
    this.around.addEventListener("keydown", (event) => this.key(event));
    explorer.on("point", () => this.isAround && this.askAround());
    explorer.on("model", () => { this.cells = null; });
  }

  draw({ size }, rgba) {
    this.waiting.remove();
    drawPicture(this.canvas, size, size, rgba);
  }

  describe(words) {
    say(this.caption, words);
    this.canvas.setAttribute("aria-label", `Generated picture: ${words}`);
  }

  /** A sentence for a moment; action: { label, run } puts a button beside it. */
  say(sentence, action) {
    clearTimeout(this.fading);
    this.pill.replaceChildren(make("span", {}, sentence));
    if (action) this.pill.append(make("button", { type: "button", class: "gx-act", onclick: () => { this.pill.hidden = true; action.run(); } }, action.label));
    this.pill.hidden = !sentence;
    this.fading = setTimeout(() => { this.pill.hidden = true; }, SAID_MS);
  }

  // --- neighbours

  setAround(on) {
    this.isAround = on;
    this.toggle.setAttribute("aria-pressed", String(on));
    this.root.toggleAttribute("data-around", on);
    if (on) this.askAround();
    else {
      this.around.hidden = this.mark.hidden = true;
      this.canvas.hidden = false;
    }
  }

  /** Neighbours that somebody else looks at, drawn without asking for them; atlas: null for the picture alone. */
  showLed(atlas, pixels) {
    if (atlas) this.explorer.drawAtlas(this.around, atlas, pixels);
    else if (!this.led) return;
    this.led = !!atlas;
    this.isAround = false; // so that no look of the other's is asked for
    this.toggle.setAttribute("aria-pressed", String(this.led));
    this.root.toggleAttribute("data-around", this.led);
    this.around.hidden = !this.led;
    this.canvas.hidden = this.led;
    this.mark.hidden = true;
  }

  /** What was only drawn is asked for from here on. */
  endLed() {
    if (this.led) this.setAround(true);
    this.led = false;
  }

  async fetchAround() {
    const { explorer } = this, { look, model } = explorer;
    if (!look) return;
    const spacing = 10 ** Number(this.reach.value);
    try {
      const answer = await explorer.ask("neighbours", { look, across: ACROSS, spacing, salt: this.salt });
      if (!answer || model !== explorer.model || !this.isAround) return;
      const { header, blobs: [pixels, vectors] } = answer;
      this.cells = { ...header, look, vectors: new Float32Array(vectors) };
      explorer.drawAtlas(this.around, header, pixels);
      this.canvas.hidden = true;
      this.around.hidden = false;
      this.point(this.at ?? header.middle);
    } catch (problem) {
      explorer.say(messageOf(problem));
    }
  }

  cellUnder(event) {
    const box = this.around.getBoundingClientRect();
    const at = (v, side) => Math.min(ACROSS - 1, Math.max(0, Math.floor((v / side) * ACROSS)));
    return at(event.clientY - box.top, box.height) * ACROSS + at(event.clientX - box.left, box.width);
  }

  /** Frame a cell; null: the present point's. */
  point(cell) {
    if (!this.cells || !this.isAround) return;
    this.at = cell;
    const shown = cell ?? this.cells.middle, side = 100 / ACROSS;
    this.mark.hidden = false;
    this.mark.style.cssText = `left: ${(shown % ACROSS) * side}%; top: ${Math.floor(shown / ACROSS) * side}%; width: ${side}%; height: ${side}%`;
  }

  go(cell) {
    if (!this.cells) return;
    const { space, vectors, look } = this.cells, length = vectors.length / ACROSS ** 2;
    const where = { [space]: encodeVector(vectors.slice(cell * length, (cell + 1) * length)) };
    this.at = null;
    this.explorer.show({ ...look, where }, { commit: true });
  }

  key(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -ACROSS, ArrowDown: ACROSS }[event.key];
    const now = this.at ?? this.cells?.middle ?? 0;
    if (by) this.point(Math.min(ACROSS ** 2 - 1, Math.max(0, now + by)));
    else if (event.key === "Enter" || event.key === " ") this.go(now);
    else if (event.key === "Escape") this.setAround(false);
    else return;
    event.preventDefault();
  }
}
