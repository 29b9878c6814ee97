// One slider for each number of the latent, which answers while it is dragged.

import { make, say } from "../../../../ui/web/words.js";
import { encodeVector, randomSeed, registerTool, toolButton } from "../../tools.js";

const DEVIATIONS = 4;

class SlidersTool {
  constructor(root, explorer) {
    this.explorer = explorer;
    this.rows = [];
    this.list = make("div", { class: "gx-sliders", "data-testid": "sliders" });
    this.about = make("p", { class: "gx-quiet" });
    const back = toolButton("reset", "All back", { title: "Every number as it was when the sliders took this point up", onclick: () => this.back() });
    this.space = make("div", { class: "gx-segments", role: "group", "aria-label": "Space", hidden: true });
    root.append(make("div", { class: "gx-row" }, this.space, this.about, make("i", { class: "gx-space" }), back), this.list);
    this.open = false;
    this.own = null; // the look that these sliders asked for last
    this.pending = null; // its numbers, until it is answered
    this.frame = 0;
    this.off = explorer.on("point", (look, asked) => this.open && this.take(look, asked.from === this));
    this.modelChanged(explorer.model);
  }

  shown() {
    this.open = true;
    this.take(this.explorer.look, false);
  }

  hidden() { this.open = false; }

  modelChanged(model) {
    this.space.hidden = !model.spaces.includes("w");
    const choose = (space, label, help) => make("button", { type: "button", class: "gs-button", "aria-pressed": "false", title: help, "data-space": space, onclick: () => this.toSpace(space) }, label);
    this.space.replaceChildren(choose("z", "z", "The latent as it is drawn: independent normal numbers. A point that lies in W only has none; this starts from a random one."),
      choose("w", "w", "The style that the mapping network makes of z: its numbers are less entangled."));
    this.rows = [];
    this.list.replaceChildren();
  }

  /** The present point's numbers; one that these sliders did not make is what a double-click goes back to. */
  take(look, mine) {
    const { explorer } = this, { point, vector } = explorer;
    if (!vector) return;
    if (!mine) this.before = vector.slice();
    if (!mine || look === this.own) this.pending = null;
    if (this.rows.length !== vector.length || this.shownSpace !== point.space) this.build(point.space, vector);
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.rows.forEach((row, i) => this.put(row, i, vector[i])));
  }

  put(row, i, value) {
    const moved = Math.abs(value - this.before[i]) > 1e-6;
    if (row.value === value && row.moved === moved) return;
    row.value = value;
    row.moved = moved;
    if (row.input !== this.held) row.input.value = String(value);
    say(row.number, value.toFixed(2).replace("-", "−"));
    row.root.toggleAttribute("data-moved", moved);
    const part = (v) => Math.min(100, Math.max(0, 50 + (50 * v) / this.reach));
    const now = part(value), [from, to] = now < 50 ? [now, 50] : [50, now];
    row.input.style.setProperty("--from", `${from}%`);
    row.input.style.setProperty("--to", `${to}%`);
  }

  build(space, vector) {
    this.shownSpace = space;
    const far = Math.max(...vector.map(Math.abs));
    /** @type {number} */
    this.reach = space === "z" ? DEVIATIONS : Math.max(1, Math.ceil(1.5 * far));
    const name = space === "z" ? "z" : "w";
    this.rows = [...vector].map((_, i) => {
      const input = make("input", { type: "range", class: "gs-range gx-both", min: -this.reach, max: this.reach, step: "0.01", "aria-label": `${name} ${i + 1}`, "data-testid": `slider-${i}`,
        oninput: () => this.move(i, Number(input.value), false), onchange: () => this.move(i, Number(input.value), true),
        onpointerdown: () => { this.held = input; }, onpointerup: () => { this.held = null; }, ondblclick: () => this.move(i, this.before[i], true) });
      const number = make("output", {});
      return { root: make("label", { class: "gx-slider" }, make("span", {}, String(i + 1)), input, number), input, number, value: NaN };
    });
    this.list.replaceChildren(...this.rows.map((row) => row.root));
    say(this.about, `${vector.length} numbers of ${name}. Double-click: back to what it was.`);
    for (const button of this.space.children) button.setAttribute("aria-pressed", String(button.dataset.space === (space === "z" ? "z" : "w")));
  }

  move(i, value, commit) {
    const { explorer } = this, next = (this.pending ?? explorer.vector).slice();
    next[i] = value;
    this.pending = next;
    this.own = explorer.show({ where: { [explorer.point.space]: encodeVector(next) } }, { commit, from: this });
    this.put(this.rows[i], i, value);
  }

  back() {
    const { explorer } = this;
    this.pending = null;
    explorer.show({ where: { [explorer.point.space]: encodeVector(this.before) } }, { commit: true });
  }

  toSpace(space) {
    const { explorer } = this;
    if (explorer.point.space === space) return;
    if (space === "z") return explorer.show({ where: { seed: randomSeed() } }, { commit: true });
    const nowhere = encodeVector(new Float32Array(explorer.model.style_dim));
    explorer.show({ where: { base: explorer.freeze(), along: [{ vector: nowhere, space: "w", amount: 0, layers: null }] } }, { commit: true });
  }

  destroy() {
    this.off();
    cancelAnimationFrame(this.frame);
  }
}

registerTool({ name: "sliders", label: "Sliders", order: 1.5, title: "One slider for each number of the latent", mount: (root, explorer) => new SlidersTool(root, explorer) });
