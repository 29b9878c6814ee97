// More or fewer units and layers, in the drawing itself: before a run they set the panel, later they say why they do not.

import { make, renew, say } from "../../../ui/web/words.js";

const UNITS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048];
/** How much room a column so wide has for its buttons, and the height that they take then; in letters' heights. */
export const roomOf = (wide) => (wide >= 6.6 ? "much" : wide >= 3.8 ? "less" : "little");
export const HEIGHTS = { much: 2, less: 2.8, little: 4.5, bare: 1.4 }; // bare: without buttons, in slow motion
const MOST_LAYERS = 6, ANSWER_MS = 3000, FIRST_UNITS = 16;
const NAMES = { g: "generator", d: "discriminator" };

/** The next number of units up (by 1) or down (by -1); the same at the end. */
export const otherUnits = (units, by) => (by > 0 ? UNITS.find((u) => u > units) : UNITS.findLast((u) => u < units)) ?? units;

/** Hidden layers with one more like the last, or without the last. */
export function otherLayers(hidden, by) {
  if (by < 0) return hidden.slice(0, -1);
  return hidden.length < MOST_LAYERS ? [...hidden, hidden[hidden.length - 1] ?? FIRST_UNITS] : hidden;
}

/** The buttons of one player's drawing. */
export class NetworkEdit {
  /** changed(player, hidden): it should have these hidden layers; refused(why): a button was pressed that does nothing now. */
  constructor(player, { changed, refused }) {
    this.player = player;
    this.changed = changed;
    this.refused = refused;
    this.hidden = [];
    this.why = "";
    this.count = make("span", { class: "gs-edit-count" });
    this.layers = make("span", { class: "gs-edit", role: "group", "aria-label": `Hidden layers of the ${NAMES[player]}` },
      this.button(`layers-less-${player}`, "−", "One hidden layer less", () => this.set(otherLayers(this.wanted, -1))), this.count,
      this.button(`layers-more-${player}`, "+", "One hidden layer more", () => this.set(otherLayers(this.wanted, 1))));
    this.columns = make("div", { class: "gs-edit-columns" });
    this.parts = () => [...this.layers.querySelectorAll("button"), ...this.columns.querySelectorAll("button")];
  }

  button(name, sign, words, action) {
    return make("button", { type: "button", class: "gs-edit-button", "data-testid": name, "aria-label": words, "data-words": words,
      onClick: () => (this.why ? this.refused(this.why) : action()) }, sign);
  }

  /** What it should become: what was asked for last, until the page has answered. */
  get wanted() {
    return this.asked && performance.now() < this.until ? this.asked : this.hidden;
  }

  set(hidden) {
    if (String(hidden) === String(this.wanted)) return;
    this.asked = hidden;
    /** @type {number} */
    this.until = performance.now() + ANSWER_MS;
    this.changed(this.player, hidden.join(","));
  }

  /** The columns of hidden layers as they are drawn, {size, x, words}; room: how much each has for its buttons. */
  place(columns, room) {
    this.columns.dataset.room = room;
    this.hidden = columns.map(({ size }) => size);
    say(this.count, `${columns.length} hidden ${columns.length === 1 ? "layer" : "layers"}`);
    const change = (c, by) => this.set(this.wanted.map((units, at) => (at === c ? otherUnits(units, by) : units)));
    renew(this.columns, ...columns.map(({ x, words }, c) => make("span", { class: "gs-edit", style: `left: ${x}px`, role: "group", "aria-label": `Units of hidden layer ${c + 1}` },
      this.button(`units-less-${this.player}-${c + 1}`, "−", `Fewer units in hidden layer ${c + 1}`, () => change(c, -1)), make("span", { class: "gs-edit-count" }, words),
      this.button(`units-more-${this.player}-${c + 1}`, "+", `More units in hidden layer ${c + 1}`, () => change(c, 1)))));
    this.allow(this.why);
  }

  /** why: what is in the way of a change, "" where nothing is. */
  allow(why) {
    this.why = why;
    for (const button of this.parts()) {
      button.setAttribute("aria-disabled", String(!!why));
      button.title = why || button.dataset.words;
    }
  }
}
