// The tool "Map": thousands of samples laid out in the plane, and the training images nearest to the present one.

import { count, make, messageOf, say } from "../../../../ui/web/words.js";
import { choiceField, registerTool, toolButton } from "../../tools.js";
import { MapCanvas } from "./map_canvas.js";
import { Nearest } from "./map_nearest.js";

const MAP_SLOT = "map", MAP_COUNTS = [500, 2000, 4000];

/** @typedef {import("../../tools.js").Choice} Choice */

class MapTool {
  constructor(root, explorer) {
    this.root = root;
    this.explorer = explorer;
    this.view = new MapCanvas({ tapped: (i) => this.travel(i), hovered: (i) => this.tell(i) });
    this.nearest = new Nearest(explorer);
    this.build();
    this.isShown = false;
    this.modelChanged(explorer.model);
  }

  build() {
    const segment = (name, words, title, go) => make("button", { type: "button", class: "gs-button", "aria-pressed": "false", "data-testid": name, title, onclick: go }, words);
    /** @type {Record<string, HTMLElement>} */
    this.views = { map: segment("show-map", "Map", "Samples laid out in the plane: alike ones near each other", () => this.turn("map")),
      nearest: segment("show-nearest", "Nearest training images", "Is it copying? The training images nearest to this picture", () => this.turn("nearest")) };
    const again = () => this.make();
    /** @type {Record<string, HTMLElement>} */
    this.methods = { pca: segment("map-pca", "PCA", "Principal components: the two directions in which the pictures differ most; distances along them are true. A second.", () => this.method("pca")),
      tsne: segment("map-tsne", "t-SNE", "Keeps neighbourhoods: groups are real, the gaps between them mean little. Ten seconds or more.", () => this.method("tsne")) };
    /** @type {Choice} */
    this.sight = choiceField("map-features", "By", "What alike means: pixel by pixel, or what the discriminator sees (the activations before its head)", [["pixels", "Pixels"], ["discriminator", "What D sees"]], again);
    /** @type {Choice} */
    this.number = choiceField("map-count", "Samples", "How many are drawn; more take longer", MAP_COUNTS.map((n) => [n, count(n)]), again);
    this.number.box.value = "2000";
    /** @type {Choice} */
    this.kind = choiceField("map-class", "Class", "All classes in turn, or one", [], again);
    this.stop = toolButton("close", "Stop", { "data-testid": "map-stop", title: "Leave the map as it is now", onclick: () => this.cancel() });
    this.whole = toolButton("", "Show all", { title: "Zoom out to the whole map (double-click, or 0)", onclick: () => this.view.home() });
    this.bar = make("progress", { class: "gx-progress", max: "1", value: "0", "aria-label": "Map" });
    this.words = make("p", { class: "gx-quiet gx-map-words", "data-testid": "map-words" }, " ");
    this.error = make("p", { class: "gx-back-error", role: "alert", hidden: true });
    this.mapRoot = make("div", { class: "gx-map" },
      make("div", { class: "gx-row" }, make("div", { class: "gx-segments", role: "group", "aria-label": "Method" }, ...Object.values(this.methods)), this.sight.field, this.kind.field, this.number.field),
      this.error, make("div", { class: "gx-map-field" }, this.view.canvas, this.bar), make("div", { class: "gx-row gx-map-foot" }, this.words, this.stop, this.whole));
    this.root.append(make("div", { class: "gx-segments", role: "group", "aria-label": "What to show" }, ...Object.values(this.views)), this.mapRoot, this.nearest.root);
    this.present = "map";
    this.way = "pca";
    this.state();
  }

  state() {
    for (const [name, button] of Object.entries(this.views)) button.setAttribute("aria-pressed", String(name === this.present));
    for (const [name, button] of Object.entries(this.methods)) button.setAttribute("aria-pressed", String(name === this.way));
    this.mapRoot.hidden = this.present !== "map";
    this.nearest.root.hidden = this.present !== "nearest";
    this.stop.hidden = !this.running;
    this.whole.hidden = !!this.running;
    this.bar.style.visibility = this.running ? "visible" : "hidden";
  }

  modelChanged(model) {
    if (!model || model === this.model) return;
    this.model = model;
    this.cancel();
    /** @type {any} */
    this.made = null;
    this.view.clear();
    this.kind.box.replaceChildren(make("option", { value: "" }, "All"), ...model.classes.map((name, i) => make("option", { value: String(i) }, name)));
    this.kind.field.hidden = !model.classes.length;
    this.sight.box.querySelector("[value=discriminator]").disabled = !model.has_discriminator;
    if (!model.has_discriminator) this.sight.box.value = "pixels";
    this.nearest.forget(model);
    if (this.isShown) this.shown();
  }

  shown() {
    this.isShown = true;
    this.view.ink = null; // the theme may be another
    if (this.present === "nearest") this.nearest.ask();
    else if (this.made) this.place();
    else if (!this.running) this.make();
    this.view.soon();
  }

  turn(view) {
    this.present = view;
    this.state();
    this.shown();
  }

  method(way) {
    if (way === this.way && this.made) return;
    this.way = way;
    this.make();
  }

  get options() {
    const kind = this.kind.box.value;
    return { method: this.way, features: this.sight.box.value, count: Number(this.number.box.value), class: kind === "" ? null : Number(kind) };
  }

  async make() {
    const run = (this.running = {}), { model, options } = this;
    this.made = null;
    this.view.clear();
    this.error.hidden = true;
    say(this.words, "Drawing samples");
    this.state();
    const positions = (blob) => new Float32Array(blob);
    try {
      const answer = await this.explorer.ask("map", options, { slot: MAP_SLOT, onProgress: (header, [moved]) => {
        if (this.running !== run) return;
        this.bar.value = header.progress;
        say(this.words, header.words);
        if (moved) this.view.set(positions(moved), null);
      } });
      if (this.running !== run || model !== this.model) return;
      this.running = null;
      if (answer) {
        const { header, blobs: [places, seeds, rgba] } = answer;
        this.made = { options, seeds: new Float64Array(seeds), labels: header.labels };
        this.view.set(positions(places), { ...header, rgba });
        this.tell(-1);
        this.place();
      }
    } catch (problem) {
      if (this.running !== run) return;
      this.running = null;
      this.error.hidden = false;
      say(this.error, messageOf(problem));
      say(this.words, " ");
    }
    this.state();
  }

  cancel() {
    if (this.running) {
      this.explorer.cancel(MAP_SLOT);
      say(this.words, "Stopped. Choose a method to make the map.");
    }
    this.running = null;
    this.state();
  }

  tell(i) {
    if (!this.made) return;
    const { seeds, labels } = this.made;
    say(this.words, i < 0 ? `${count(seeds.length)} samples; click one to go there. Wheel or pinch zooms, drag moves.`
      : `Seed ${seeds[i]}${labels ? ` · ${this.model.classes[labels[i]]}` : ""}`);
  }

  travel(i) {
    const { seeds, labels } = this.made;
    this.explorer.show({ where: { seed: seeds[i] }, class: labels ? [labels[i]] : null, psi: 1, mix: [], units: [] }, { commit: true });
  }

  /** Where the present picture lies: asked for again and again while it moves, one request at a time. */
  async place() {
    if (this.placing) {
      this.placeAgain = true;
      return;
    }
    this.placing = true;
    do {
      this.placeAgain = false;
      const { made } = this, { look } = this.explorer;
      if (!made || !look) break;
      const answer = await this.explorer.ask("map-place", { ...made.options, look }).catch(() => null);
      if (!answer || made !== this.made) continue;
      this.view.here = answer.header.at;
      this.view.soon();
    } while (this.placeAgain);
    this.placing = false;
  }

  changed() {
    if (!this.isShown) return;
    if (this.present === "nearest") this.nearest.ask();
    else if (this.made) this.place();
  }

  hide() {
    this.isShown = false;
  }

  destroy() {
    if (this.running) this.explorer.cancel(MAP_SLOT);
    this.view.close();
    this.nearest.close();
  }
}

registerTool({
  name: "map", label: "Map", order: 6, title: "Thousands of samples as a map, and the nearest training images",
  mount: (root, explorer) => {
    const tool = new MapTool(root, explorer);
    return { shown: () => tool.shown(), hidden: () => tool.hide(), changed: () => tool.changed(), modelChanged: (model) => tool.modelChanged(model), destroy: () => tool.destroy() };
  },
});
