// What is done in the painted region: repainted, taken from another picture, its units switched; and mixed styles.

import { make, messageOf, renew } from "../../../ui/web/words.js";
import { OtherPicture } from "./other.js";

const WAYS = [["latent", "its maps (latent)"], ["pixels", "its pixels"], ["poisson", "without a seam (Poisson)"]];

export class RegionPanel {
  /** @param {any} tools */
  constructor(tools) {
    this.tools = tools;
    this.view = tools.view;
    const { view } = this;
    const button = (name, text, title, act) => make("button", { type: "button", class: "ga-button", title, "data-testid": `edit-${name}`, onClick: act }, text);
    const field = (label, control) => make("label", { class: "ge-field" }, make("span", {}, label), control);
    const group = (...parts) => make("div", { class: "ge-group" }, ...parts);
    const whole = (name, low, high, value, act) => make("input", { type: "number", class: "ga-select ge-short", min: String(low), max: String(high), step: "1", value: String(value), "data-testid": `edit-${name}`, onChange: act });
    this.words = make("p", { class: "ge-quiet", "data-testid": "edit-region-words" });
    this.which = make("select", { class: "ga-select", "aria-label": "Which", "data-testid": "edit-which" }, ...[1, 2, 3, 4, 5, 6].map((n) => make("option", { value: n }, `number ${n}`)));
    this.other = new OtherPicture(view, "other");
    this.way = make("select", { class: "ga-select", "data-testid": "edit-way", onChange: () => this.draw() }, ...WAYS.map(([v, text]) => make("option", { value: v }, text)));
    this.soft = whole("soft", 0, 16, 1, () => {});
    this.right = whole("right", -256, 256, 0, () => this.moved());
    this.down = whole("down", -256, 256, 0, () => this.moved());
    this.offset = group(field("moved right", this.right), field("down", this.down), make("span", { class: "ge-quiet" }, "px"));
    this.layer = make("select", { class: "ga-select", "data-testid": "edit-layer" });
    this.count = whole("count", 1, 64, 4, () => {});
    this.buttons = [button("repaint", "Repaint", "Make what is painted over anew, so that it fits what is around it", () => this.add({ name: "repaint", which: Number(this.which.value) })),
      button("blend", "Put it in", "What the other picture has there", () => this.put()),
      button("units-off", "Off", "Switch these units off there", () => this.units(0)), button("units-on", "Stronger", "These units twice as strong there", () => this.units(2))];
    const [repaint, put, off, stronger] = this.buttons;
    this.parts = [this.words, group(repaint, this.which), make("h4", { class: "ge-head" }, "From another picture"), this.other.root,
      group(field("take", this.way), field("soft edge, px", this.soft)), group(put, this.offset), make("h4", { class: "ge-head" }, "Units"),
      group(field("of", this.layer), field("the strongest", this.count), off, stronger)];
  }

  get softness() {
    return Math.max(0, Math.min(16, Number(this.soft.value) || 0));
  }

  setOptions({ layers }) {
    this.layer.replaceChildren(...layers.map(({ name, size }) => make("option", { value: name }, `${name} (${size} × ${size})`)));
    this.layer.selectedIndex = Math.max(0, layers.length - 2);
    this.other.show();
  }

  add(step) {
    const { view } = this;
    this.tools.hand("drag"); // what is done there is to be seen, and not the paint
    view.change({ stack: { ...view.stack, edits: [...view.stack.edits, { ...step, mask: view.maskText }] } });
  }

  /** Maps are blended where they are; pixels may be moved. */
  put() {
    const { source } = this.other, soft = this.softness, way = this.way.value;
    this.add(way === "latent" ? { name: "blend", source, way, soft } : { name: "copy", source, way, soft, ...this.moves });
  }

  get moves() {
    const whole = (input) => Math.max(-256, Math.min(256, Math.round(Number(input.value) || 0)));
    return { right: whole(this.right), down: whole(this.down) };
  }

  /** What was copied last goes along. */
  moved() {
    const { view } = this, { edits } = view.stack ?? { edits: [] }, last = edits.at(-1);
    if (last?.name === "copy" && last.mask === view.maskText) view.change({ stack: { ...view.stack, edits: edits.with(-1, { ...last, ...this.moves }) } });
  }

  async units(scale) {
    const { view } = this, { stack, brought, maskText } = view;
    try {
      const answer = await view.ask("edit-units", { stack, brought, mask: maskText, layer: this.layer.value, count: Number(this.count.value) }, { slot: "edit-units" });
      if (!answer || view.stack !== stack) return;
      const { units } = answer.header;
      if (units.length) this.add({ name: "units", layer: this.layer.value, units: units.join(","), scale, soft: this.softness });
      else view.say("No unit of this layer is stronger there than elsewhere; take another layer or place.");
    } catch (problem) {
      view.say(messageOf(problem));
    }
  }

  draw() {
    const { view } = this, painted = view.mask.reduce((sum, v) => sum + v, 0);
    for (const button of this.buttons) button.disabled = !painted;
    this.offset.hidden = this.way.value === "latent";
    const words = painted ? `${painted} of ${view.mask.length} pixels are painted.` : "Paint on the picture first: what is done here is done there.";
    if (this.words.textContent !== words) this.words.textContent = words;
  }
}

/** Some layers take their style from another seed: the first ones the coarse, the last ones the fine. */
export class StylesPanel {
  /** @param {any} tools */
  constructor(tools) {
    this.tools = tools;
    this.view = tools.view;
    this.other = new OtherPicture(this.view, "mix", { own: false, changed: () => this.mix(false) });
    this.boxes = /** @type {any[]} */ ([]);
    this.layers = make("div", { class: "ge-group", role: "group", "aria-label": "Layers" });
    this.parts = [make("p", { class: "ge-quiet" }, "The ticked layers take their style from the other seed: 0 is the coarsest (where and how large), the last the finest (colours)."), this.other.root, this.layers];
  }

  setOptions({ style_layers: count }) {
    this.boxes = Array.from({ length: count }, (_, i) => make("input", { type: "checkbox", "data-testid": `edit-mix-${i}`, onChange: () => this.mix(true) }));
    renew(this.layers, ...this.boxes.map((box, i) => make("label", { class: "ge-check" }, box, make("span", {}, String(i)))));
  }

  get step() {
    return this.view.stack?.edits.findLast((step) => step.name === "mix" && !step.mask);
  }

  /** begins: whether a step is made where there is none yet. */
  mix(begins) {
    const { view } = this, { edits } = view.stack, found = this.step;
    const layers = this.boxes.flatMap((box, i) => (box.checked ? [i] : [])).join(",");
    if (!found && (!begins || !layers)) return;
    const step = { ...(found ?? { name: "mix", on: true }), source: this.other.source, layers };
    const next = !found ? [...edits, step] : layers ? edits.map((each) => (each === found ? step : each)) : edits.filter((each) => each !== found);
    view.change({ stack: { ...view.stack, edits: next } });
  }

  draw() {
    const chosen = new Set((this.step?.layers ?? "").split(",").filter(Boolean).map(Number));
    this.boxes.forEach((box, i) => { box.checked = chosen.has(i); });
    const source = this.step?.source ?? "";
    if (source.startsWith("seed:") && document.activeElement !== this.other.seed) this.other.seed.value = source.slice(5);
  }
}
