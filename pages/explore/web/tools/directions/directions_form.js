// What is looked for and how: the method, what it needs to know, which layers move, and what is left out.

import { make, say } from "../../../../ui/web/words.js";
import { toolButton } from "../../tools.js";
import { DirectionMarks } from "./directions_marks.js";

export const METHODS = {
  pca: ["PCA", "Where what goes on inside the generator varies most: principal components (GANSpace)."],
  sefa: ["SeFa", "What the first weights after the latent stretch most, straight from the weights (SeFa)."],
  attribute: ["Attribute", "Toward more of something that is measured in many pictures (InterFaceGAN)."],
  marks: ["Your marks", "Toward what you mark yes, away from what you mark no. Two of each will do; more is better."],
};

const PARTS = { all: ["All layers", "All layers’ styles move"], coarse: ["Coarse", "The first third of the layers: place, shape"],
  middle: ["Middle", "The middle third of the layers"], fine: ["Fine", "The last third of the layers: colour, texture"] };

/** The layers of a part of a style generator; null is all. */
function directionLayers(part, count) {
  if (part === "all") return null;
  const third = (k) => Math.round((k * count) / 3), k = ["coarse", "middle", "fine"].indexOf(part);
  return Array.from({ length: third(k + 1) - third(k) }, (_, i) => third(k) + i);
}

export class DirectionsForm {
  /** onFind(): look for them; onStop(): no more. */
  constructor(explorer, { onFind, onStop }) {
    this.explorer = explorer;
    this.method = "pca";
    this.part = "all";
    this.visible = this.busy = false;
    /** @type {any} */
    this.options = null; // what the model offers, once it is known
    /** @type {any} */
    this.of = null; // the model
    /** @type {HTMLElement[]} */
    this.methodButtons = Object.entries(METHODS).map(([name, [label, help]]) => make("button", { type: "button", class: "gs-button", "aria-pressed": "false", title: help,
      "data-method": name, "data-testid": `method-${name}`, onclick: () => this.setMethod(name) }, label));
    this.about = make("p", { class: "gx-quiet gx-dir-about" });
    this.attribute = make("select", { class: "gx-select", "aria-label": "Attribute", title: "What there shall be more of", "data-testid": "attribute", onchange: () => this.explain() });
    this.layer = make("select", { class: "gx-select", "aria-label": "Layer", title: "Whose activations the components are of: early layers bear on the whole picture" });
    this.parts = make("div", { class: "gx-segments", role: "group", "aria-label": "Layers whose styles move" }, ...Object.entries(PARTS).map(([part, [label, title]]) =>
      make("button", { type: "button", class: "gs-button", "aria-pressed": String(part === "all"), title, "data-part": part, "data-testid": `layers-${part}`, onclick: () => this.setPart(part) }, label)));
    this.without = make("select", { class: "gx-select", "aria-label": "Orthogonal to", "data-testid": "without",
      title: "Leave out what other directions do: what is found is orthogonal to them (conditional manipulation)" });
    this.go = toolButton(null, "Find directions", { class: "gs-button gx-button gx-primary", "data-testid": "find", onclick: () => (this.busy ? onStop() : onFind()) });
    this.bar = make("progress", { class: "gx-progress", max: "1", value: "0", hidden: true });
    this.doing = make("span", { class: "gx-quiet", role: "status" });
    this.marks = new DirectionMarks(this);
    this.root = make("div", { class: "gx-dir-form" },
      make("div", { class: "gx-segments", role: "group", "aria-label": "How directions are found" }, ...this.methodButtons), this.about, this.marks.root,
      make("div", { class: "gx-row" }, this.attribute, this.layer, this.parts, this.without, this.go, this.doing), this.bar);
  }

  /** Another model, of which nothing is known yet. */
  forget(model) {
    this.of = model;
    this.options = null;
    this.marks.reset();
  }

  /** What the model offers. */
  fill(options) {
    this.options = options;
    const { attributes, layers } = options, groups = new Map();
    for (const one of attributes) groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
    this.attribute.replaceChildren(...[...groups].map(([group, ones]) => make("optgroup", { label: group }, ...ones.map((one) => make("option", { value: one.name }, one.label)))));
    this.layer.replaceChildren(...layers.map((name, i) => make("option", { value: name }, `Layer ${i + 1} of ${layers.length}`)));
    this.setPart("all");
    this.setMethod(this.method);
  }

  setMethod(method) {
    this.method = method;
    for (const button of this.methodButtons) button.setAttribute("aria-pressed", String(button.dataset.method === method));
    this.explain();
    this.attribute.hidden = method !== "attribute";
    this.layer.hidden = method !== "pca" || !this.options?.layers.length;
    this.parts.hidden = !this.of.style_layers;
    this.setVisible(this.visible);
    this.update();
  }

  explain() {
    const chosen = this.method === "attribute" && this.options?.attributes.find((one) => one.name === this.attribute.value);
    say(this.about, METHODS[this.method][1] + (chosen ? ` ${chosen.help}` : ""));
  }

  setPart(part) {
    this.part = part;
    for (const button of this.parts.children) button.setAttribute("aria-pressed", String(button.dataset.part === part));
  }

  /** Pictures to mark are fetched only while they are looked at. */
  setVisible(visible) {
    this.visible = visible;
    this.marks.setVisible(this.method === "marks" && visible);
  }

  /** While directions are looked for. */
  setBusy(busy) {
    this.busy = busy;
    if (busy) this.bar.value = 0;
    this.update();
  }

  progress(share, words) {
    this.bar.value = share;
    say(this.doing, words);
  }

  update() {
    const few = this.method === "marks" && !this.marks.enough;
    this.go.disabled = !this.busy && (!this.options || few);
    say(this.go.lastChild, this.busy ? "Stop" : this.method === "pca" || this.method === "sefa" ? "Find directions" : "Find the direction");
    this.bar.hidden = !this.busy;
    if (!this.busy) say(this.doing, "");
  }

  /** Kept directions may be left out of what is found. */
  offerWithout(kept) {
    const before = this.without.value;
    this.without.replaceChildren(make("option", { value: "" }, "Orthogonal to nothing"), ...(kept.length > 1 ? [make("option", { value: "kept" }, "Orthogonal to all kept")] : []),
      ...kept.map((row) => make("option", { value: row.id }, `Orthogonal to ${row.direction.label}`)));
    this.without.value = before;
    if (this.without.selectedIndex < 0) this.without.value = "";
    this.without.hidden = !kept.length;
  }

  /** Whether one direction is looked for, so that those found before stay. */
  get single() { return this.method === "attribute" || this.method === "marks"; }

  /** What the server is asked: the operation, and what it has to know besides class and others. */
  get asked() {
    const layers = directionLayers(this.part, this.of.style_layers);
    if (this.method === "marks") return { op: "directions-marks", args: { layers, marks: this.marks.asked } };
    return { op: "directions-find", args: { layers, method: this.method, attribute: this.method === "attribute" ? this.attribute.value : null,
      layer: this.method === "pca" ? this.layer.value || null : null } };
  }
}
