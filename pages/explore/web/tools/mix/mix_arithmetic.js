// Arithmetic with latents: A - B + C, and how much of the difference is taken.

import { make, messageOf, say } from "../../../../ui/web/words.js";
import { cutUp } from "../../../../ui/web/canvas/atlas.js";
import { randomSeed, toolButton } from "../../tools.js";
import { placeChooser } from "./mix_place.js";

export class Arithmetic {
  constructor(explorer) {
    this.explorer = explorer;
    this.places = [..."ABC"].map((name) => placeChooser(explorer, name, (where) => {
      this.place(name).set(where);
      this.measure();
    }));
    this.canvas = make("canvas", { width: 1, height: 1 });
    this.show = make("button", { type: "button", class: "gx-thumb", "data-testid": "sum-show", title: "Show the result in the picture", "aria-label": "Show the result in the picture", onclick: () => this.go(true) }, this.canvas);
    this.amount = make("input", { type: "range", class: "gs-range", min: "-1", max: "2", step: "0.01", value: "1", "aria-label": "How much of C minus B", "data-testid": "sum-amount",
      oninput: () => this.go(false), onchange: () => this.go(true), ondblclick: () => { this.amount.value = "1"; this.go(true); } });
    this.number = make("output", {});
    this.spaces = make("div", { class: "gx-segments", role: "group", "aria-label": "Space of the sum", hidden: true }, ...["z", "w"].map((space) =>
      make("button", { type: "button", class: "gs-button", "data-space": space, title: space === "z" ? "Add up latents as they are drawn" : "Add up styles, which the mapping network makes of z: the usual way for this generator", onclick: () => this.setSpace(space) }, space.toUpperCase())));
    this.level = make("input", { type: "checkbox", checked: true, "data-testid": "sum-level", onchange: () => this.again() });
    this.levelled = make("label", { class: "gx-field", title: "A sum is longer than nearly every latent that the generator was trained with, and it draws strange things there. Scaled back to A's length (in W: to A's distance from the mean style) it stays among the usual ones." },
      this.level, make("span", { class: "gx-label" }, "as long as A"));
    const sign = (text) => make("span", { class: "gx-mix-sign", "aria-hidden": "true" }, text), [a, b, c] = this.places.map((place) => place.root);
    this.root = make("section", { class: "gx-mix-part", "aria-label": "Arithmetic", "data-testid": "sum" },
      make("p", { class: "gx-quiet" }, "What C has and B has not is added to A, as in: smiling woman − woman + man. Set the three to bookmarks, to this point, or to random ones."),
      make("div", { class: "gx-mix-sum" }, a, sign("−"), b, sign("+"), c, sign("="), make("div", { class: "gx-mix-place" }, this.show, make("div", {}, make("b", {}, "Result"), toolButton("", "Show it", { "data-testid": "sum-go", onclick: () => this.go(true) })))),
      make("div", { class: "gx-row" }, make("label", { class: "gx-field gx-mix-amount", title: "0 leaves A, 1 is A − B + C; double-click: back to 1." }, make("span", { class: "gx-label" }, "How much of C − B"), this.amount, this.number), this.levelled, this.spaces));
  }

  /** @param {string} name */
  place(name) { return this.places["ABC".indexOf(name)]; }

  modelChanged(model) {
    this.spaces.hidden = !model.spaces.includes("w");
    this.space = model.spaces.includes("w") ? "w" : null;
    this.showSpace();
    for (const place of this.places) place.set({ seed: randomSeed() });
    this.amount.value = "1";
    this.told = "";
    this.gram = this.mean = null;
    this.showAmount();
  }

  setSpace(space) {
    this.space = space;
    this.showSpace();
    this.measure();
    if (this.shown()) this.again();
  }

  showSpace() {
    for (const button of this.spaces.children) button.setAttribute("aria-pressed", String(button.dataset.space === this.space));
  }

  showAmount() {
    const value = Number(this.amount.value);
    say(this.number, value.toFixed(2).replace("-", "−"));
    this.amount.style.setProperty("--part", `${((value + 1) / 3) * 100}%`);
  }

  where() {
    const [a, b, c] = this.places.map((place) => place.where), much = Number(this.amount.value), k = this.scale(much);
    const middle = this.mean && k !== 1 ? [[1 - k, this.mean]] : []; // in W, from the mean style
    return { sum: [[k, a], [-k * much, b], [k * much, c], ...middle], ...(this.space && { space: this.space }) };
  }

  /** What the sum is multiplied with to be as long as A: |A| / |A - s B + s C|, in W all from the mean style. */
  scale(much) {
    if (!this.gram || !this.level.checked) return 1;
    const f = [1, -much, much], square = f.reduce((sum, x, i) => sum + f.reduce((part, y, j) => part + x * y * this.gram[i][j], 0), 0);
    return square > 1e-9 ? Math.min(10, Math.sqrt(this.gram[0][0] / square)) : 1;
  }

  /** The products of the three points, for the length; none where they do not all lie in one space. */
  async measure() {
    const { explorer, space } = this, { model, look } = explorer, wheres = this.places.map((place) => place.where);
    if (!look || wheres.includes(null)) return;
    this.gram = this.mean = null;
    const looks = wheres.map((where) => ({ ...look, where: space === "w" ? { sum: [[1, where]], space: "ws" } : where, mix: [] }));
    try {
      const answer = await explorer.ask("gram", { looks }, { slot: "sum-gram" });
      if (model !== explorer.model || space !== this.space || wheres.some((where, i) => where !== this.places[i].where)) return;
      if (answer) [this.gram, this.mean] = [answer.header.gram, answer.header.mean];
    } catch { /* then the sum is as long as it is */ }
    this.result();
  }

  again() {
    if (this.shown()) this.go(true);
    else this.result();
  }

  /** Whether the picture shows a sum. */
  shown() { return !!this.explorer.look?.where.sum; }

  go(commit) {
    this.showAmount();
    this.explorer.show({ where: this.where(), mix: [] }, { commit });
    if (commit) this.result();
  }

  async result() {
    const { explorer } = this, { look, model } = explorer;
    this.showAmount();
    if (!look || this.places.some((place) => !place.where)) return;
    try {
      const answer = await explorer.ask("looks", { looks: [{ ...look, where: this.where(), mix: [] }], columns: 1 }, { slot: "sum-result" });
      if (answer && model === explorer.model) cutUp(answer, [this.canvas]);
    } catch (problem) {
      explorer.say(messageOf(problem));
    }
  }

  changed(look) {
    const base = JSON.stringify([look.psi, look.class, look.units]);
    if (base === this.told) return;
    this.told = base;
    for (const place of this.places) place.draw();
    this.measure();
  }
}
