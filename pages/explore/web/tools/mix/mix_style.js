// Style mixing: the chosen layers of one picture take the style of another, for the present point and as a matrix.

import { make, messageOf } from "../../../../ui/web/words.js";
import { cutUp } from "../../../../ui/web/canvas/atlas.js";
import { randomSeed, toolButton } from "../../tools.js";
import { placeChooser } from "./mix_place.js";

const MIX_SIDE = 4;
const MIX_RANGES = {
  coarse: ["Coarse", "The first third of the layers: pose, outline, kind."],
  middle: ["Middle", "The middle third: parts and their shape."],
  fine: ["Fine", "The last third: colours, strokes, texture."],
  all: ["All", "Every layer: the picture becomes the source's."],
};

export class StyleMix {
  constructor(explorer) {
    this.explorer = explorer;
    this.layers = new Set();
    this.chips = make("div", { class: "gx-mix-chips", role: "group", "aria-label": "Layers that take the other style" });
    this.ranges = make("div", { class: "gx-segments", role: "group", "aria-label": "Ranges of layers" },
      ...Object.entries(MIX_RANGES).map(([name, [text, title]]) => make("button", { type: "button", class: "gs-button", "data-range": name, title, "data-testid": `mix-${name}`, onclick: () => this.setLayers(this.range(name)) }, text)));
    this.other = placeChooser(explorer, "Other picture", (where) => this.setOther(where));
    this.mixIn = toolButton("", "Mix it in", { "data-testid": "mix-in", title: "The chosen layers of the picture take the style of the other one", onclick: () => this.mixPresent() });
    this.takeOut = toolButton("", "Take mixing out", { "data-testid": "mix-out", onclick: () => this.mixed([]) });
    this.table = make("div", { class: "gx-mix-table", role: "group", "aria-label": "Sources by destinations", "data-testid": "mix-matrix" });
    this.headers = make("div", { class: "gx-row gx-mix-chosen" });
    const fresh = (words, title, which) => toolButton("random", words, { title, "data-testid": `mix-new-${which}`, onclick: () => { this[which] = this.random(); this.chosen = this.marked = null; this.showChooser(); this.fetch(); } });
    this.root = make("section", { class: "gx-mix-part", "aria-label": "Style mixing" },
      make("div", { class: "gx-row" }, make("span", { class: "gx-label", title: "Every layer of the generator gets a style. Early layers settle what is large in the picture, late ones what is fine." }, "Layers"), this.chips, this.ranges),
      make("div", { class: "gx-row" }, this.other.root, this.mixIn, this.takeOut),
      make("div", { class: "gx-mix-board" },
        make("div", { class: "gx-mix-frame" }, make("span", { class: "gx-mix-across" }, "Destinations keep all other layers"), make("span", { class: "gx-mix-down" }, "Sources give the chosen layers"), this.table),
        make("div", { class: "gx-mix-beside" }, fresh("New sources", "Other random pictures to take styles from", "sources"), fresh("New destinations", "Other random pictures to mix into", "destinations"), this.headers,
          make("p", { class: "gx-quiet", title: "Truncation pulls every layer's style toward the mean style after they were mixed, those of sources and destinations alike." }, "Click a picture inside to go there, one at the edge to choose another. Truncation acts after mixing."))));
  }

  random() { return Array.from({ length: MIX_SIDE }, () => ({ seed: randomSeed() })); }

  modelChanged(model) {
    const { style_layers: layers, size } = model;
    /** @type {any[]} */
    this.sources = this.random();
    /** @type {any[]} */
    this.destinations = this.random();
    this.chosen = this.marked = null;
    this.showChooser();
    this.told = "";
    this.other.set({ seed: randomSeed() });
    this.layers = new Set(this.range("coarse", layers));
    const stages = layers / 2; // two layers at each resolution but the first, and the last one's colours
    this.chips.replaceChildren(...Array.from({ length: layers }, (_, i) => {
      const side = Number.isInteger(stages) ? size >> (stages - 1 - Math.min(stages - 1, (i + 1) >> 1)) : 0;
      return make("button", { type: "button", class: "gs-button gx-mix-chip", title: `Layer ${i + 1}${side ? `, at ${side} × ${side} pixels` : ""}`, "aria-label": `Layer ${i + 1}`, onclick: () => this.toggle(i) }, String(i + 1));
    }));
    const cell = (row, column) => make("button", { type: "button", class: "gx-thumb", "data-testid": `mix-cell-${row}-${column}`, onclick: () => this.press(row, column) }, make("canvas", { width: 1, height: 1 }));
    this.table.replaceChildren(...Array.from({ length: (MIX_SIDE + 1) ** 2 }, (_, i) => {
      const row = Math.floor(i / (MIX_SIDE + 1)), column = i % (MIX_SIDE + 1), button = cell(row, column);
      if (!row && !column) return make("i", {}, make("canvas", { hidden: true }));
      const name = !row ? `Destination ${column}` : !column ? `Source ${row}` : `Destination ${column} with the chosen layers of source ${row}`;
      button.title = row && column ? `${name}: go there` : `${name}: choose another in its place`;
      button.setAttribute("aria-label", button.title);
      button.style.cssText = `grid-area: ${row ? row + 2 : 1} / ${column ? column + 2 : 1}`;
      return button;
    }));
    this.showLayers();
  }

  range(name, layers = this.explorer.model.style_layers) {
    const third = layers / 3, [from, to] = { coarse: [0, third], middle: [third, 2 * third], fine: [2 * third, layers], all: [0, layers] }[name].map(Math.round);
    return Array.from({ length: to - from }, (_, i) => from + i);
  }

  toggle(layer) {
    const next = new Set(this.layers);
    if (!next.delete(layer)) next.add(layer);
    this.setLayers([...next]);
  }

  /** Of the present mixing, where it is ours, the layers change with it. */
  setLayers(layers) {
    this.layers = new Set([...layers].sort((a, b) => a - b));
    this.showLayers();
    const mix = this.explorer.look?.mix ?? [];
    if (mix.length === 1) this.mixed([{ ...mix[0], layers: [...this.layers] }]);
    this.fetch();
  }

  showLayers() {
    [...this.chips.children].forEach((chip, i) => chip.setAttribute("aria-pressed", String(this.layers.has(i))));
    for (const button of this.ranges.children) button.setAttribute("aria-pressed", String(this.range(button.dataset.range).join() === [...this.layers].join()));
    this.mixIn.disabled = !this.layers.size;
  }

  /** Another picture to take styles from; where one was mixed in, this one is now. */
  setOther(where) {
    this.other.set(where);
    const mix = this.explorer.look?.mix ?? [];
    if (mix.length === 1) this.mixed([{ where, layers: mix[0].layers }]);
  }

  mixPresent() { this.mixed([{ where: this.other.where, layers: [...this.layers] }]); }

  /** The present point, mixed so. */
  mixed(mix) { this.explorer.show({ ...this.explorer.look, mix }, { commit: true }); }

  /** Go to a cell's picture; of a header: choose what stands there. */
  press(row, column) {
    if (row && column) {
      this.chosen = null;
      this.marked = [row, column];
      this.other.set(this.sources[row - 1]);
      this.explorer.show({ where: this.destinations[column - 1], mix: this.layers.size ? [{ where: this.sources[row - 1], layers: [...this.layers] }] : [] }, { commit: true });
    } else this.chosen = [row, column];
    this.mark();
    this.showChooser();
  }

  mark() {
    const side = MIX_SIDE + 1, { chosen, marked } = this;
    [...this.table.children].forEach((cell, i) => {
      const at = [Math.floor(i / side), i % side].join();
      cell.toggleAttribute("data-chosen", at === (chosen ?? marked)?.join());
    });
  }

  /** What may stand at the edge instead; nothing where nothing there is chosen. */
  showChooser() {
    const { chosen } = this;
    if (!chosen) return this.headers.replaceChildren();
    const [row, column] = chosen, list = row ? this.sources : this.destinations, name = row ? `Source ${row}` : `Destination ${column}`, at = (row || column) - 1;
    const place = placeChooser(this.explorer, name, (where) => {
      list[at] = where;
      place.set(where);
      this.fetch();
    });
    place.set(list[at]);
    this.headers.replaceChildren(place.root);
    place.menu.focus();
  }

  changed(look) {
    this.takeOut.disabled = !look.mix.length;
    if (!look.mix.length) this.marked = null;
    this.mark();
    const base = JSON.stringify([look.psi, look.class, look.units]);
    if (base === this.told) return;
    this.told = base;
    this.fetch();
    this.other.draw();
  }

  /** The whole matrix; at most one is under way, and the newest of those wanted meanwhile comes after it. */
  async fetch() {
    const { explorer } = this, { model, look } = explorer;
    if (!look || !model.style_layers) return;
    const looks = (places) => places.map((where) => ({ ...look, where, mix: [] }));
    try {
      const answer = await explorer.ask("mix-matrix", { sources: looks(this.sources), destinations: looks(this.destinations), layers: [...this.layers] });
      if (!answer || model !== explorer.model) return;
      cutUp(answer, [...this.table.querySelectorAll("canvas")]);
      this.mark();
    } catch (problem) {
      explorer.say(messageOf(problem));
    }
  }
}

/** What a generator without styles gets to read, and where to go. */
export function noStyles() {
  return make("section", { class: "gx-mix-part", "data-testid": "mix-none" },
    make("p", { class: "gx-quiet" }, "Style mixing needs a style-based generator, whose every layer takes a style of its own. This one takes its latent once, at its first layer, so there is nothing to exchange between layers. "
      + "Choose a style-based model above, or train one in the Lab with the preset for a style-based generator. Arithmetic works here too."));
}
