// The tool "Mix": style mixing, arithmetic, classes.

import { make } from "../../../../ui/web/words.js";
import { registerTool } from "../../tools.js";
import { Arithmetic } from "./mix_arithmetic.js";
import { ClassMix } from "./mix_class.js";
import { StyleMix, noStyles } from "./mix_style.js";

const MIX_PARTS = {
  style: ["Style mixing", "Layers of one picture with the style of another"],
  sum: ["Arithmetic", "A − B + C"],
  class: ["Classes", "One latent in every class, and between two classes"],
};

class MixTool {
  constructor(root, explorer) {
    this.explorer = explorer;
    this.parts = { style: new StyleMix(explorer), sum: new Arithmetic(explorer), class: new ClassMix(explorer) };
    this.tabs = make("div", { class: "gx-segments", role: "group", "aria-label": "What to mix" }, ...Object.entries(MIX_PARTS).map(([name, [text, title]]) =>
      make("button", { type: "button", class: "gs-button", "data-part": name, title, "data-testid": `mix-part-${name}`, onclick: () => this.choose(name) }, text)));
    this.none = noStyles();
    this.body = make("div", {});
    root.classList.add("gx-mix");
    root.append(make("div", { class: "gx-row" }, this.tabs), this.body);
    this.modelChanged(explorer.model);
  }

  modelChanged(model) {
    this.model = model;
    for (const part of this.able) this.parts[part].modelChanged(model);
    this.tabs.querySelector('[data-part="class"]').hidden = !model.classes.length;
    this.choose(this.able.includes(this.part) || this.part === "style" ? this.part : this.able[0]);
  }

  /** The parts that this model has something for. */
  get able() { return [this.model.style_layers && "style", "sum", this.model.classes.length && "class"].filter(Boolean); }

  choose(name) {
    this.part = name;
    for (const button of this.tabs.children) button.setAttribute("aria-pressed", String(button.dataset.part === name));
    const can = this.able.includes(name);
    this.body.replaceChildren(can ? this.parts[name].root : this.none);
    if (can && this.explorer.look) this.parts[name].changed(this.explorer.look);
  }

  changed(look) {
    if (this.able.includes(this.part)) this.parts[this.part].changed(look);
  }
}

registerTool({ name: "mix", label: "Mix", order: 4, title: "Style mixing, arithmetic and classes", mount: (root, explorer) => new MixTool(root, explorer) });
