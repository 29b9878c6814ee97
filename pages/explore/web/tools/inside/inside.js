// The tool "Inside": what the generator's layers show at the present point, and its units switched off or up.

import { context2d } from "../../../../ui/web/canvas/context.js";
import { count, make, messageOf, rgb, say, short } from "../../../../ui/web/words.js";
import { oneAtATime, registerTool, toolButton } from "../../tools.js";
import { Reasons } from "./inside_judge.js";
import { UnitsThatMatter } from "./inside_units.js";

const SCALES = [[0, "Off", "✕"], [0.5, "Half", "½"], [1, "Normal", ""], [2, "Double", "×2"]];
const VIEWS = {
  maps: ["Feature maps", "What each unit of a layer gives at the present point"],
  matter: ["Units that matter", "Switch every unit off alone, and rank them by what that changes (dissection)"],
  judge: ["Why real?", "Which pixels made the discriminator take the picture for real or for generated"],
};

const unitWords = (scale) => String(SCALES.find(([s]) => s === scale)?.[1] ?? `× ${short(scale)}`).toLowerCase();
const unitSign = (scale) => SCALES.find(([s]) => s === scale)?.[2] ?? "•";
export const unitName = (layers, name, unit) => `layer ${layers.findIndex((l) => l.name === name) + 1}, unit ${unit}`;

class InsideTool {
  constructor(root, explorer) {
    this.explorer = explorer;
    this.layers = [];
    this.view = "maps";
    this.visible = false;
    this.buttons = Object.entries(VIEWS).map(([view, [words, title]]) => make("button", { type: "button", class: "gs-button", title, "data-view": view,
      "data-testid": `inside-${view}`, "aria-pressed": "false", onclick: () => this.choose(view) }, words));
    this.chips = make("div", { class: "gx-unit-chips", "aria-label": "Changed units" });
    this.resetAll = toolButton("reset", "Reset units", { "data-testid": "units-reset", title: "Every unit as it was trained", onclick: () => this.setUnits([]) });
    this.changes = make("div", { class: "gx-unit-changes", "data-testid": "units-changed" }, this.chips, this.resetAll);
    this.views = { maps: new FeatureMaps(this), matter: new UnitsThatMatter(this), judge: new Reasons(this) };
    this.empty = make("p", { class: "gx-quiet gx-card", hidden: true });
    root.classList.add("gx-inside");
    root.append(make("div", { class: "gx-row" }, make("div", { class: "gx-segments", role: "group", "aria-label": "Inside" }, ...this.buttons)), this.changes, this.empty, ...Object.values(this.views).map((view) => view.root));
    this.modelChanged(explorer.model);
  }

  async modelChanged(model) {
    for (const view of Object.values(this.views)) view.forget();
    const same = this.of && this.of.id === model.id && this.of.step === model.step;
    this.of = model;
    try {
      const answer = same ? null : await this.explorer.ask("inside-layers", {});
      if (!answer || this.of !== model) return;
      this.layers = answer.header.layers;
      this.judge = answer.header.judge;
      this.views.maps.setLayers(this.layers);
    } catch (problem) {
      this.explorer.say(messageOf(problem));
    }
    this.choose(this.view);
  }

  choose(view) {
    this.view = view;
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.view === view));
    const lacks = view === "judge" ? !this.judge && "This model came without its discriminator, so there is nobody to ask. A run of your own keeps it."
      : !this.layers.length && "This generator has no hidden layer: the latent is wired straight to the pixels, so there are no units to look at. Hidden layers such as 256,512 can be given to it in the Lab.";
    this.empty.hidden = !lacks;
    say(this.empty, lacks || "");
    for (const [name, other] of Object.entries(this.views)) other.root.hidden = name !== view || !!lacks;
    if (this.visible && !lacks) this.views[view].show();
  }

  shown() {
    this.visible = true;
    this.choose(this.view);
  }

  hidden() { this.visible = false; }

  changed(look) {
    this.drawChips(look);
    if (this.visible && !this.views[this.view].root.hidden) this.views[this.view].show();
  }

  destroy() {
    this.explorer.cancel("inside-units");
    this.views.maps.close();
  }

  // --- changed units

  get units() { return this.explorer.look?.units ?? []; }

  scale(layer, unit) { return this.units.find((u) => u.layer === layer && u.unit === unit)?.scale ?? 1; }

  set(layer, unit, scale) {
    const others = this.units.filter((u) => u.layer !== layer || u.unit !== unit);
    if (others.length >= 64) return this.explorer.say("At most 64 units can be changed at once; reset some first.");
    this.setUnits(scale === 1 ? others : [...others, { layer, unit, scale }]);
  }

  setUnits(units) {
    if (this.explorer.look) this.explorer.show({ ...this.explorer.look, units }, { commit: true });
  }

  drawChips({ units }) {
    const drawn = JSON.stringify(units);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.resetAll.disabled = !units.length;
    this.chips.role = units.length ? "list" : "group";
    if (!units.length) return this.chips.replaceChildren(make("span", { class: "gx-quiet" }, "No unit is changed: the generator is as it was trained."));
    this.chips.replaceChildren(...units.map(({ layer, unit, scale }) => make("span", { class: "gx-unit-chip", role: "listitem" },
      make("button", { type: "button", title: `Show this unit of ${layer}`, onclick: () => this.go(layer, unit) }, `${unitName(this.layers, layer, unit)} · ${unitWords(scale)}`),
      make("button", { type: "button", "aria-label": `Reset ${unitName(this.layers, layer, unit)}`, title: "As it was trained", onclick: () => this.set(layer, unit, 1) }, "✕"))));
  }

  /** Show one unit among the maps of its layer. */
  go(layer, unit) {
    this.views.maps.pick(layer, unit);
    this.choose("maps");
  }
}

/** The maps of one layer, live; click one to change its unit. */
class FeatureMaps {
  constructor(inside) {
    this.inside = inside;
    this.explorer = inside.explorer;
    this.layer = null;
    this.unit = null;
    this.maps = null;
    /** @type {number[][]} */
    this.table = []; // of this theme, as `inks` makes it
    this.show = oneAtATime(() => this.fetch());
    this.select = make("select", { class: "gx-select", "aria-label": "Layer", "data-testid": "inside-layer", title: "Layers in the order in which they run, from the latent to the picture", onchange: () => this.pick(this.select.value, null) });
    this.own = make("button", { type: "button", class: "gs-button", "aria-pressed": "false", title: "Scale each map to its own peak; otherwise all share the layer’s peak, so that quiet units look quiet.",
      onclick: () => { this.own.setAttribute("aria-pressed", String(!this.isOwn)); this.paint(); } }, "Each to its peak");
    this.canvas = make("canvas", { class: "gx-maps", tabindex: "0", role: "application", "data-testid": "unit-maps", "aria-label": "Feature maps: arrow keys choose a unit, 0 switches it off or on." });
    this.legend = make("p", { class: "gx-quiet gx-maps-legend" }, make("i", { "data-end": "above" }), "active", make("i", { "data-end": "below" }), "below zero", make("span", { "data-testid": "inside-hover" }));
    this.hover = this.legend.lastChild;
    this.big = make("canvas", { class: "gx-unit-map", width: 7, height: 7, "aria-hidden": "true" });
    this.name = make("b", { "data-testid": "unit-name" });
    this.words = make("p", { class: "gx-quiet" });
    this.scales = make("div", { class: "gx-segments", role: "group", "aria-label": "This unit" }, ...SCALES.map(([scale, words]) => make("button", { type: "button", class: "gs-button", "data-scale": scale, "data-testid": `unit-${String(words).toLowerCase()}`,
      title: `Multiply what this unit gives by ${scale}`, onclick: () => this.inside.set(this.layer.name, this.unit, scale) }, words)));
    this.card = make("div", { class: "gx-card gx-unit" }, this.big, make("div", {}, make("div", { class: "gx-unit-words" }, this.name, this.words), this.scales));
    this.root = make("div", { class: "gx-inside-view", hidden: true }, make("div", { class: "gx-maps-head" }, make("div", {}, this.select, this.own, this.legend), this.card), this.canvas);
    this.canvas.addEventListener("click", (e) => this.choose(this.under(e)));
    this.canvas.addEventListener("pointermove", (e) => this.tell(this.under(e)));
    this.canvas.addEventListener("pointerleave", () => this.tell(null));
    this.canvas.addEventListener("keydown", (e) => this.key(e));
    this.sheet = new OffscreenCanvas(1, 1);
    this.watcher = new ResizeObserver(() => this.paint());
    this.watcher.observe(this.root);
  }

  get isOwn() { return this.own.getAttribute("aria-pressed") === "true"; }

  close() { this.watcher.disconnect(); }

  forget() { this.maps = null; }

  setLayers(layers) {
    const before = layers.find((l) => l.name === this.layer?.name && l.units === this.layer.units);
    this.select.replaceChildren(...layers.map((l, i) => make("option", { value: l.name, title: l.name }, `${i + 1} · ${l.kind}, ${count(l.units)} ${l.size > 1 ? `maps of ${l.size} × ${l.size}` : "numbers"}`)));
    if (before) this.select.value = before.name;
    else this.unit = null;
    this.layer = before ?? layers[0] ?? null;
  }

  pick(name, unit) {
    const layer = this.inside.layers.find((l) => l.name === name);
    if (!layer) return;
    this.layer = layer;
    this.unit = unit;
    this.select.value = name;
    this.show();
  }

  choose(unit) {
    if (unit === null) return;
    this.unit = unit;
    this.paint();
  }

  async fetch() {
    const { explorer, layer } = this, { look, model } = explorer;
    if (!look || !layer) return;
    try {
      const answer = await explorer.ask("inside-maps", { look, layer: layer.name });
      if (!answer || model !== explorer.model || layer !== this.layer) return;
      const { header, blobs: [shares, peaks] } = answer;
      this.maps = { ...header, shares: new Int8Array(shares), peaks: new Float32Array(peaks) };
      this.paint();
    } catch (problem) {
      explorer.say(messageOf(problem));
    }
  }

  // --- drawing

  /** Colours for -127 to 127: what is below zero in the text's grey, what is above in the generator's orange. */
  inks() {
    const key = this.explorer.picture.root.closest(".gx-explore").hasAttribute("data-dark");
    if (this.inked === key) return this.table;
    const css = (text) => rgb(this.root, text), base = css("color-mix(in srgb, var(--st-text-color) 7%, var(--gs-card))"), low = css("var(--gs-quiet-ink)"), mid = css("var(--gs-generated)"), high = css(key ? "#fff3d6" : "#5c3400");
    const mixed = (a, b, t) => a.map((v, i) => Math.round(v + (b[i] - v) * t));
    this.table = Array.from({ length: 255 }, (_, i) => {
      const v = (i - 127) / 127;
      if (v < 0) return mixed(base, low, -v);
      return v < 0.6 ? mixed(base, mid, v / 0.6) : mixed(mid, high, (v - 0.6) / 0.4);
    });
    this.inked = key;
    return this.table;
  }

  /** Columns, rows and the side of a tile, so that all units fit. */
  layout() {
    const { units } = this.maps, width = this.canvas.clientWidth || 320, phone = width < 420;
    const height = phone ? 360 : Math.min(560, Math.max(250, innerHeight - 470));
    let columns = Math.ceil(width / 150);
    while (columns < units && Math.ceil(units / columns) * (width / columns) > height && width / columns > 15) columns += 1;
    columns = Math.max(columns, Math.min(units, 4));
    return { columns, rows: Math.ceil(units / columns), tile: width / columns };
  }

  paint() {
    const { maps } = this;
    if (!maps || this.root.hidden || !this.canvas.clientWidth) return;
    const { units, size, shares, peaks } = maps, table = this.inks();
    /** @type {{columns: number, rows: number, tile: number}} */
    this.grid = this.layout();
    const { columns, rows, tile } = this.grid;
    const most = peaks.reduce((a, b) => Math.max(a, b), 0) || 1, area = size * size;
    Object.assign(this.sheet, { width: size * columns, height: size * rows });
    const ink = context2d(this.sheet), image = ink.createImageData(size * columns, size * rows), pixels = image.data;
    for (let u = 0; u < units; u++) {
      const factor = this.isOwn ? 1 : peaks[u] / most, left = (u % columns) * size, top = Math.floor(u / columns) * size;
      for (let i = 0; i < area; i++) {
        const at = 4 * ((top + Math.floor(i / size)) * size * columns + left + (i % size)), colour = table[127 + Math.round(shares[u * area + i] * factor)];
        pixels[at] = colour[0];
        pixels[at + 1] = colour[1];
        pixels[at + 2] = colour[2];
        pixels[at + 3] = 255;
      }
    }
    ink.putImageData(image, 0, 0);
    const scale = Math.min(2, devicePixelRatio), canvas = this.canvas, side = tile * scale, gap = Math.max(1, Math.round(side * 0.05));
    const width = Math.round(columns * side), height = Math.round(rows * side);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    canvas.style.aspectRatio = `${width} / ${height}`;
    const draw = context2d(canvas);
    draw.clearRect(0, 0, width, height);
    draw.imageSmoothingEnabled = false;
    for (let u = 0; u < units; u++) {
      const x = u % columns, y = Math.floor(u / columns);
      draw.drawImage(this.sheet, x * size, y * size, size, size, x * side + gap / 2, y * side + gap / 2, side - gap, side - gap);
    }
    this.marks(draw, side);
    this.drawCard(table);
  }

  /** Changed units carry a sign; the chosen one a frame. */
  marks(draw, side) {
    const { columns } = this.grid, style = getComputedStyle(this.root), text = style.color;
    for (const { layer, unit, scale } of this.inside.units) {
      if (layer !== this.layer.name || unit >= this.maps.units) continue;
      const x = (unit % columns) * side, y = Math.floor(unit / columns) * side, r = Math.max(7, side * 0.17);
      draw.fillStyle = "#12161c";
      draw.beginPath();
      draw.arc(x + side - r, y + r, r, 0, 7);
      draw.fill();
      draw.fillStyle = "#fff";
      draw.font = `700 ${r * 1.1}px ${style.fontFamily}`;
      Object.assign(draw, { textAlign: "center", textBaseline: "middle" });
      draw.fillText(unitSign(scale), x + side - r, y + r * 1.05);
    }
    if (this.unit === null) return;
    draw.strokeStyle = text;
    draw.lineWidth = Math.max(2, side * 0.05);
    draw.strokeRect((this.unit % columns) * side + 1, Math.floor(this.unit / columns) * side + 1, side - 2, side - 2);
  }

  drawCard(table) {
    const { unit, maps, layer } = this, has = unit !== null && unit < maps.units;
    this.card.toggleAttribute("data-empty", !has);
    for (const button of this.scales.children) button.disabled = !has;
    if (!has) {
      say(this.name, "No unit chosen");
      say(this.words, "Click a map: its unit can be switched off or turned up, and the picture follows.");
      context2d(this.big).clearRect(0, 0, this.big.width, this.big.height);
    } else {
      const { size, shares, peaks } = maps, image = new ImageData(size, size), now = this.inside.scale(layer.name, unit);
      for (let i = 0; i < size * size; i++) image.data.set([...table[127 + shares[unit * size * size + i]], 255], 4 * i);
      if (this.big.width !== size) Object.assign(this.big, { width: size, height: size });
      context2d(this.big).putImageData(image, 0, 0);
      say(this.name, `Unit ${unit}`);
      say(this.words, now === 0 ? "Switched off." : `${peaks[unit] ? `Farthest from zero here: ${short(peaks[unit])}` : "It gives nothing here"}${now === 1 ? "." : ` (${unitWords(now)}).`}`);
      for (const button of this.scales.children) button.setAttribute("aria-pressed", String(Number(button.dataset.scale) === now));
    }
  }

  // --- the hand

  under(event) {
    if (!this.maps || !this.grid) return null;
    const box = this.canvas.getBoundingClientRect(), { columns, rows } = this.grid;
    const x = Math.floor(((event.clientX - box.left) / box.width) * columns), y = Math.floor(((event.clientY - box.top) / box.height) * rows), unit = y * columns + x;
    return x >= 0 && x < columns && unit >= 0 && unit < this.maps.units ? unit : null;
  }

  tell(unit) {
    say(this.hover, unit === null || !this.maps ? "" : `unit ${unit}: ${short(this.maps.peaks[unit])}`);
  }

  key(event) {
    if (!this.maps || !this.grid) return;
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.grid.columns, ArrowDown: this.grid.columns }[event.key];
    if (by) this.choose(Math.min(this.maps.units - 1, Math.max(0, (this.unit ?? -by) + by)));
    else if (event.key === "0" && this.unit !== null) this.inside.set(this.layer.name, this.unit, this.inside.scale(this.layer.name, this.unit) === 0 ? 1 : 0);
    else return;
    event.preventDefault();
  }
}

registerTool({ name: "inside", label: "Inside", order: 7, title: "Feature maps, units switched off or up, and the discriminator’s reasons", mount: (root, explorer) => new InsideTool(root, explorer) });
