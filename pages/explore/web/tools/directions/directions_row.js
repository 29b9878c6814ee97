// One direction: its strip, which is a slider too, and what is known of it.

import { context2d } from "../../../../ui/web/canvas/context.js";
import { make, say, short } from "../../../../ui/web/words.js";
import { drawPicture } from "../../explorer.js";
import { toolButton } from "../../tools.js";

const REACH = 3.5, USABLE = "As far as the pictures stay among what this generator normally makes, in units of the strip: "
  + "until of the pictures so many more leave it that two thirds are left (a picture is among them when it lies, in pixels, within the distance of the third neighbour of one of 512 random ones).";
const CHANCE = 0.62; // of an accuracy: what 180 held-out pictures reach by luck at most, nearly always
const FACTORS = { shape: "Shape", hue: "Hue", size: "Size", x: "x, to the right", y: "y, downwards", rotation: "Rotation" };
const percent = (share) => `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;

let nextDirection = 0;

export class DirectionRow {
  constructor(tool, direction) {
    this.tool = tool;
    this.direction = direction;
    this.amount = 0;
    this.open = false;
    this.factors = null;
    this.stripOf = null;
    this.id = `row-${(nextDirection += 1)}`;
    this.canvas = make("canvas", { width: 7, height: 1, "aria-hidden": "true" });
    this.mark = make("i", { class: "gx-dir-mark" });
    this.less = make("i", { class: "gx-dir-beyond", "data-side": "low", title: "Beyond the usable range" });
    this.more = make("i", { class: "gx-dir-beyond", "data-side": "high", title: "Beyond the usable range" });
    this.strip = make("div", { class: "gx-dir-strip", "data-testid": "strip" }, this.canvas, this.less, this.more, this.mark);
    this.slider = make("input", { type: "range", class: "gs-range gx-both", min: -REACH, max: REACH, step: "0.01", value: "0", "data-testid": "direction-slider",
      title: "How far along the direction; double-click: back to 0", oninput: () => this.go(Number(this.slider.value), false), onchange: () => this.go(Number(this.slider.value), true), ondblclick: () => this.go(0, true) });
    this.name = make("button", { type: "button", class: "gx-dir-name", "aria-expanded": "false", title: "Name, layers and more", onclick: () => this.toggle() });
    this.facts = make("span", { class: "gx-quiet gx-dir-facts" });
    this.amountText = make("output", {});
    this.keepButton = toolButton("bookmark", "Keep", { class: "gs-button gs-small gx-button", "data-testid": "direction-keep", title: "Keep this direction with the model", onclick: () => tool.keep(this) });
    this.details = make("div", { class: "gx-dir-details", hidden: true });
    this.root = make("div", { class: "gx-dir-row", role: "group", "data-testid": direction.key ? "kept-direction" : "found-direction" },
      make("div", { class: "gx-dir-head" }, this.name, this.facts, make("div", { class: "gx-row" }, direction.key ? "" : this.keepButton, this.amountText)),
      make("div", { class: "gx-dir-way" }, this.strip, this.slider), this.details);
    this.listen();
    this.rename(direction.label);
    this.setAmount(0);
    this.drawRange();
  }

  /** The strip is a slider as well: its middle picture is 0, the others are whole units. */
  listen() {
    const { strip } = this, value = (event) => {
      const box = strip.getBoundingClientRect(), at = ((event.clientX - box.left) / box.width - 0.5) * 2 * REACH;
      return Math.min(REACH, Math.max(-REACH, at));
    };
    let held = null, from = 0;
    strip.addEventListener("pointerdown", (event) => {
      if (event.button > 0 || held !== null) return;
      held = event.pointerId;
      from = event.clientX;
      strip.setPointerCapture(held);
      this.go(Math.round(value(event)), false); // onto the picture that was hit
    });
    strip.addEventListener("onpointerrawupdate" in window ? "pointerrawupdate" : "pointermove", (event) => {
      if (event.pointerId === held && Math.abs(event.clientX - from) > 2) this.go(value(event), false);
    });
    for (const end of ["pointerup", "pointercancel"]) strip.addEventListener(end, (event) => {
      if (event.pointerId !== held) return;
      held = null;
      this.go(this.amount, true);
    });
  }

  go(amount, commit) {
    this.setAmount(amount);
    this.tool.show(commit, this);
  }

  setAmount(amount) {
    this.amount = Math.round(amount * 1000) / 1000 || 0;
    if (this.slider !== document.activeElement || Number(this.slider.value) !== this.amount) this.slider.value = String(this.amount);
    const part = (v) => Math.min(100, Math.max(0, 50 + (50 * v) / REACH)), now = part(this.amount);
    this.slider.style.setProperty("--from", `${Math.min(now, 50)}%`);
    this.slider.style.setProperty("--to", `${Math.max(now, 50)}%`);
    this.mark.style.left = `${now}%`;
    this.mark.toggleAttribute("data-moved", this.amount !== 0);
    say(this.amountText, this.amount ? `${this.amount > 0 ? "+" : "−"}${Math.abs(this.amount).toFixed(2)}` : "");
  }

  /** As a look says it. */
  move() {
    const { vector, space, unit, layers } = this.direction;
    return { vector, space, amount: this.amount * unit, layers: layers ?? null };
  }

  is({ vector, space, layers }) {
    return vector === this.direction.vector && space === this.direction.space && JSON.stringify(layers ?? null) === JSON.stringify(this.direction.layers ?? null);
  }

  rename(label) {
    this.direction.label = label;
    say(this.name, label);
    this.slider.setAttribute("aria-label", `Along ${label}`);
    this.root.setAttribute("aria-label", label);
    if (this.input && this.input !== document.activeElement) this.input.value = label;
    this.drawFacts();
  }

  /** A row of the same direction under another key: what it showed, this one goes on showing. */
  adopt(row) {
    this.setAmount(row.amount);
    this.open = row.open;
    this.stripOf = row.stripOf;
    if (row.factors) this.setFactors(row.factors);
    drawPicture(this.canvas, row.canvas.width, row.canvas.height, context2d(row.canvas).getImageData(0, 0, row.canvas.width, row.canvas.height).data);
  }

  // --- what is known of it

  get range() {
    const { low, high } = this.direction, end = (v) => `${v < 0 ? "−" : ""}${Math.abs(v).toFixed(1)}`;
    if (low === null || low === undefined) return "";
    if (low <= -6 && high >= 6) return "usable beyond ±6";
    return `usable ${low <= -6 ? "below −6" : end(low)} to ${high >= 6 ? "over 6" : end(high)}`;
  }

  setRange({ low, high }) {
    Object.assign(this.direction, { low, high });
    this.drawRange();
    this.drawFacts();
  }

  drawRange() {
    const { low, high } = this.direction, beyond = (v) => Math.max(0, 50 - (50 * Math.abs(v ?? 9)) / REACH);
    this.less.style.width = `${beyond(low)}%`;
    this.more.style.width = `${beyond(high)}%`;
  }

  drawFacts() {
    const { figures = {}, layers } = this.direction, said = [];
    const fact = (words, title) => said.push(make("span", { title }, words));
    if (this.factors?.strongest) fact(`mostly ${this.factors.strongest}`, "The known factor of Shapes that moves the most, of all that differs between two random pictures");
    if (figures.variance !== undefined) fact(`${percent(figures.variance)} of the variance`, "Of all variance where the components were looked for, the share that lies along this one");
    if (figures.stretch !== undefined) fact(`stretch ${short(figures.stretch)}`, "How much longer the first weights make a step along this direction: the root of the eigenvalue");
    if (figures.agreement !== undefined) fact(`${figures.marks} marks, ${percent(figures.agreement)} agree`, "How many of your marks are told right when they are left out and the others decide");
    else if (figures.accuracy !== undefined) fact(`tells ${percent(figures.accuracy)} apart`, "Of pictures with much and with little of it that were held out, how many lie on the right side; by chance 50 %");
    if (figures.accuracy < CHANCE) fact("little better than chance", "Along a straight line the generator hardly has this; what the strip shows is mostly something else");
    if (figures.left !== undefined) fact(`${percent(figures.left)} left`, "Cosine between this direction and what it was before the others were left out");
    if (layers) fact(layerWords(layers), "The layers whose styles move, counted from 1, the coarsest");
    if (this.range) fact(this.range, USABLE);
    this.facts.replaceChildren(...said);
    this.keepButton.disabled = (this.direction.low ?? null) === null; // not before its range is known
  }

  setFactors(factors) {
    this.factors = factors;
    const ranked = (factors.changes ?? []).filter((one) => one.share !== null).sort((a, b) => b.share - a.share);
    factors.strongest = ranked.length && ranked[0].share > 0.25 ? (FACTORS[ranked[0].factor] ?? "").toLowerCase().split(",")[0] : null;
    this.drawFacts();
    this.drawDetails();
  }

  toggle() {
    this.open = !this.open;
    this.drawDetails();
  }

  drawDetails() {
    const { tool, direction } = this;
    this.name.setAttribute("aria-expanded", String(this.open));
    this.details.hidden = !this.open;
    if (!this.open || this.input === document.activeElement && this.input?.isConnected) return;
    const text = this.input = make("input", { class: "gx-text", maxlength: "60", value: direction.label, "aria-label": "Name of the direction", "data-testid": "direction-name", disabled: !!direction.refused, title: direction.refused || "",
      onchange: () => this.setName(text.value.trim()), onkeydown: (event) => event.key === "Enter" && text.blur() });
    const others = tool.all.filter((row) => row !== this && row.direction.space === direction.space);
    const without = make("select", { class: "gx-select", "aria-label": "Without", "data-testid": "direction-without", title: "Project another direction out of this one, so that going along it leaves that one’s score as it is",
      onchange: () => tool.change(this, { without: others[without.selectedIndex - 1] }) }, make("option", {}, "Without…"), ...others.map((row) => make("option", {}, row.direction.label)));
    without.hidden = !others.length;
    const remove = toolButton("close", "Delete", { class: "gs-button gs-small gx-button", "data-testid": "direction-delete", disabled: !!direction.refused, title: direction.refused || "Delete it; this can be undone", onclick: () => tool.remove(this) });
    this.details.replaceChildren(make("div", { class: "gx-row" }, text, without, ...(direction.key ? [remove] : [])), ...this.layerChips(), ...this.factorTable());
  }

  setName(name) {
    if (!name || name === this.direction.label) return void (this.input.value = this.direction.label);
    if (this.direction.key) this.tool.keeping("direction-rename", { key: this.direction.key, name });
    else this.rename(name);
  }

  layerChips() {
    const { tool, direction } = this, count = tool.of.style_layers;
    if (!count) return [];
    const on = new Set(direction.layers ?? Array.from({ length: count }, (_, i) => i));
    const chip = (i) => make("button", { type: "button", class: "gs-button gs-small", "aria-pressed": String(on.has(i)), "data-testid": `direction-layer-${i}`, title: `Layer ${i + 1} of ${count}, 1 is the coarsest`, onclick: () => {
      const next = Array.from({ length: count }, (_, k) => k).filter((k) => on.has(k) !== (k === i));
      if (next.length) tool.change(this, { layers: next.length === count ? null : next });
    } }, String(i + 1));
    return [make("div", { class: "gx-row gx-dir-layers", role: "group", "aria-label": "Layers whose styles move" }, make("span", { class: "gx-label" }, "Layers"), ...Array.from({ length: count }, (_, i) => chip(i)))];
  }

  factorTable() {
    const { factors, tool } = this;
    if (!tool.options?.factors) return [];
    if (!factors) return [make("p", { class: "gx-quiet" }, "Reading the factors of its pictures…")];
    if (factors.problem) return [make("p", { class: "gx-quiet" }, factors.problem)];
    const number = (v, unit) => (v === null ? "–" : `${v > 0 ? "+" : ""}${short(v)} ${unit}`);
    const rows = factors.changes.map(({ factor, unit, shift, size, share, error }) => make("tr", { "data-factor": factor },
      make("th", { scope: "row" }, FACTORS[factor]),
      make("td", {}, make("i", { class: "gx-dir-share", style: `--share: ${Math.min(1, share ?? 0)}` }), make("b", {}, share === null ? "–" : share.toFixed(2))),
      make("td", {}, factor === "shape" ? `${size === null ? "–" : short(size)} ${unit}` : number(shift, unit)),
      make("td", {}, size === null || factor === "shape" ? "" : `${short(size)} ${unit}`),
      make("td", {}, `± ${short(error)} ${unit}`)));
    const head = [["Factor", ""], ["How much moves", "Mean change, beside that between two random pictures of this generator: 1 is as different as chance makes them"],
      ["On average", "Mean change with its sign; of the shape, how many pictures became another"], ["Either way", "Mean size of the change"],
      ["Reader’s error", "The mean error of what reads the factors, on pictures drawn with known factors that it was not fitted to"]];
    return [make("table", { class: "gx-dir-factors", "data-testid": "factors" },
      make("caption", {}, `From ${short(factors.low)} to ${short(factors.high)}, read in ${percent(factors.read)} of 64 pictures`),
      make("thead", {}, make("tr", {}, ...head.map(([words, title]) => make("th", { scope: "col", title }, words)))), make("tbody", {}, ...rows))];
  }
}

/** [0, 1, 2] -> "layers 1–3". */
function layerWords(layers) {
  const runs = [];
  for (const layer of layers) {
    const last = runs[runs.length - 1];
    if (last && layer === last[1] + 1) last[1] = layer;
    else runs.push([layer, layer]);
  }
  const words = runs.map(([a, b]) => (a === b ? String(a + 1) : `${a + 1}–${b + 1}`)).join(", ");
  return `${layers.length > 1 ? "layers" : "layer"} ${words}`;
}
