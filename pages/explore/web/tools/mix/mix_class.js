// Classes of a conditional generator: one latent in every class, and mixtures of two.

import { make, messageOf } from "../../../../ui/web/words.js";
import { cutUp } from "../../../../ui/web/canvas/atlas.js";
import { toolButton } from "../../tools.js";
import { KEYS_MOST } from "../../../../ui/web/keyframes/timed_keys.js";

const CLASSES_MOST = 64;

export class ClassMix {
  constructor(explorer) {
    this.explorer = explorer;
    this.grid = make("div", { class: "gx-mix-classes", role: "group", "aria-label": "The same latent in every class", "data-testid": "classes" });
    const select = (label, title) => make("select", { class: "gx-select", "aria-label": label, title, onchange: () => this.go(true) });
    this.first = select("From", "The class at the left end of the slider");
    this.second = select("To", "The class at the right end of the slider");
    this.share = make("input", { type: "range", class: "gs-range", min: "0", max: "1", step: "0.01", value: "0", "aria-label": "Share of the second class", "data-testid": "class-share",
      title: "What the network is told about the class is a mixture of what it is told for the two.", oninput: () => this.go(false), onchange: () => this.go(true) });
    this.walk = toolButton("", "A walk through all classes", { "data-testid": "class-walk", title: "Keys for the tool Walk: this latent in one class after another", onclick: () => this.toWalk() });
    this.lies = make("p", { class: "gx-quiet", hidden: true }, "This point lies in W: its class is part of its style already, so another class changes nothing. Random draws one in Z.");
    this.root = make("section", { class: "gx-mix-part", "aria-label": "Class" },
      make("p", { class: "gx-quiet" }, "One latent in every class: what stays is the latent's, what changes is the class's. Click one to go there."), this.lies, this.grid,
      make("div", { class: "gx-row gx-mix-between" }, this.first, this.share, this.second), make("div", { class: "gx-row" }, this.walk));
  }

  modelChanged({ classes }) {
    this.told = "";
    const named = (name, i) => make("option", { value: String(i) }, name);
    this.first.replaceChildren(...classes.map(named));
    this.second.replaceChildren(...classes.map(named));
    this.second.value = String(Math.min(1, classes.length - 1));
    const shown = Math.min(classes.length, CLASSES_MOST);
    this.grid.style.setProperty("--columns", Math.ceil(shown / Math.ceil(shown / 7)));
    this.grid.replaceChildren(...classes.slice(0, CLASSES_MOST).map((name, i) => make("button", { type: "button", class: "gx-mix-class", title: `${name}: go there`, "data-testid": `class-${i}`,
      onclick: () => this.explorer.show({ ...this.base(), class: [i] }, { commit: true }) }, make("canvas", { width: 1, height: 1 }), make("span", {}, name))));
  }

  /** The present look, its latent explicit: on a path the classes are the path's, and would not change. */
  base() { return this.explorer.frozen(); }

  go(commit) {
    const share = Number(this.share.value), pair = [Number(this.first.value), Number(this.second.value)];
    this.showShare();
    this.explorer.show({ ...this.base(), class: share === 0 ? [pair[0]] : share === 1 ? [pair[1]] : [...pair, share] }, { commit });
  }

  showShare() { this.share.style.setProperty("--part", `${100 * this.share.value}%`); }

  changed(look) {
    const { explorer } = this, kind = look.class ?? [0];
    if (document.activeElement !== this.share) {
      if (kind.length === 3) [this.first.value, this.second.value, this.share.value] = kind.map(String);
      else {
        this.first.value = String(kind[0]);
        this.share.value = "0";
      }
      this.showShare();
    }
    this.lies.hidden = explorer.point?.space === "z";
    [...this.grid.children].forEach((cell, i) => cell.setAttribute("aria-pressed", String(kind.length === 1 && kind[0] === i)));
    const { where, psi, mix, units } = this.base(), base = JSON.stringify([where, psi, mix, units]);
    if (base === this.told) return;
    this.told = base;
    this.fetch();
  }

  async fetch() {
    const { explorer } = this, { model } = explorer, base = this.base();
    if (!model.classes.length || !explorer.point) return;
    try {
      const looks = model.classes.slice(0, CLASSES_MOST).map((_, i) => ({ ...base, class: [i] }));
      const answer = await explorer.ask("looks", { looks }, { slot: "classes" });
      if (answer && model === explorer.model) cutUp(answer, [...this.grid.querySelectorAll("canvas")]);
    } catch (problem) {
      explorer.say(messageOf(problem));
    }
  }

  toWalk() {
    const { where } = this.base(), { explorer } = this;
    const keys = explorer.model.classes.slice(0, KEYS_MOST).map((_, i) => ({ where, class: [i] }));
    explorer.walk.replaceAll(keys, { loop: true });
    explorer.say("The path now goes through all classes.", { label: "Undo", run: () => explorer.walk.undo() });
    this.root.closest(".gx-explore").querySelector('[data-testid="tab-walk"]')?.click();
  }
}
