// The two networks: units in columns, weights as lines, what each unit draws, and what flows while a step is looked at.

import { make, say } from "../../../ui/web/words.js";
import { centresOf } from "../../../ui/web/plane/stage_field.js";
import { drawMethods } from "./networks_draw.js";
import { HEIGHTS, NetworkEdit, roomOf } from "./networks_edit.js";
import { Flow } from "./networks_flow.js";
import { lookedMethods } from "./networks_looked.js";
import { UnitWorker, activationOf, gridInputs, planeInputs } from "./networks_units.js";

const PLAYERS = { g: { title: "Generator", tone: "generated" }, d: { title: "Discriminator", tone: "judge" } };
const BEND_WORDS = { LeakyReLU: "leaky ReLU", Tanh: "tanh", BatchNorm1d: "batch norm", LayerNorm: "layer norm", MinibatchStd: "minibatch deviation" };
export const MOST_UNITS = 16, SMALL_MAP = 18, BIG_MAP = 48, DRAW_MS = 250, MAPS_MS = 400;
export const LEAVE_MS = 80; // from unit to unit
const TOLD_MS = 5000; // a word that was asked for
const NORMAL_REACH = 2.576; // as far as the latent grid goes: the middle 99%

export class Networks {
  // Methods that have files of their own.
  draw = drawMethods.draw;
  drawWeights = drawMethods.drawWeights;
  drawColumn = drawMethods.drawColumn;
  columnWords = drawMethods.columnWords;
  see = drawMethods.see;
  hover = lookedMethods.hover;
  leave = lookedMethods.leave;
  showLooked = lookedMethods.showLooked;
  choose = lookedMethods.choose;
  close = lookedMethods.close;
  markChosen = lookedMethods.markChosen;
  askUnit = lookedMethods.askUnit;

  /**
   * onUnit(overlay | null): what a unit draws, for the stage. onLayers(player, hidden): these hidden layers are wanted, "64,64".
   * below: what stands under the networks.
   */
  constructor({ onUnit, onLayers, below }) {
    this.onUnit = onUnit;
    this.onLayers = onLayers;
    this.worker = new UnitWorker();
    this.cards = Object.fromEntries(Object.keys(PLAYERS).map((player) => [player, this.card(player)]));
    this.timer = this.leaving = this.telling = 0;
    this.told = "";
    this.flow = new Flow((flows, part, turn) => this.light(flows, part, turn));
    this.note = make("p", { class: "gs-nets-note", "data-testid": "networks-note" });
    this.root = make("section", { class: "gs-nets", "aria-label": "The two networks", "data-testid": "networks", hidden: true },
      this.flow.root, this.cards.g.root, this.cards.d.root, this.note, below);
    this.watcher = new IntersectionObserver(([entry]) => { this.seen = entry.isIntersecting; this.flow.see(this.seen); if (this.seen) this.soon(); });
    this.watcher.observe(this.root);
    this.sizes = new ResizeObserver(() => this.arrange());
    for (const { box } of Object.values(this.cards)) this.sizes.observe(box);
    this.reset();
  }

  card(player) {
    const { title, tone } = PLAYERS[player];
    const canvas = make("canvas", { class: "gs-net-canvas", "aria-hidden": "true" }), units = make("div", { class: "gs-units", role: "group", "aria-label": `Units of the ${title.toLowerCase()}` });
    const words = make("span", { class: "gs-net-words" }), edit = new NetworkEdit(player, { changed: (...wanted) => this.onLayers(...wanted), refused: (why) => this.tell(why) });
    const box = make("div", { class: "gs-net-box" }, canvas, units, edit.columns);
    units.addEventListener("keydown", (e) => this.walk(player, e));
    const root = make("div", { class: "gs-net", "data-player": player, "data-testid": `net-${player}`, style: `--tone: var(--gs-${tone})` },
      make("header", {}, make("h3", {}, title), words, edit.layers), box);
    /** @type {{columns: any[], maps: any[] | null, layers: any[], plain: boolean}} */
    const known = { columns: [], maps: null, layers: [], plain: false };
    return { root, box, canvas, units, words, edit, ...known };
  }

  reset() {
    this.stage = this.scene = this.chosen = this.hovered = null;
    /** @type {number} */
    this.drawn = this.asked = -Infinity;
    this.worker.forget();
    for (const card of Object.values(this.cards)) Object.assign(card, { columns: [], maps: null, layers: [] });
    this.highlight(null);
    this.root.hidden = true;
  }

  /** Before a run tells of itself: the networks that it has or would have, without weights; null: of none. {layers, dim, distribution}. */
  plan(planned) {
    this.scene = this.chosen = this.hovered = null;
    this.onUnit(null);
    for (const card of Object.values(this.cards)) card.maps = null;
    this.setStage({ extent: null, latents: [], ...(planned ?? { layers: [] }), planned: true });
    say(this.note, `Lines: weights, still by chance.${this.cards.g.edit.why ? "" : " + and − build the networks before they train."}`);
  }

  /** Whether layers may be changed in the drawing; why: what is in the way, "" where nothing is. */
  allow(why) {
    for (const { edit } of Object.values(this.cards)) edit.allow(why);
  }

  /** Words that were asked for, instead of the note, for a while. */
  tell(words) {
    say(this.note, words);
    clearTimeout(this.telling);
    this.told = words;
    this.telling = setTimeout(() => { this.told = ""; this.sayNote(); }, TOLD_MS);
  }

  sayNote() {
    if (this.told || !this.stage || this.stage.planned || !this.scene) return;
    say(this.note, [this.scene.networks.size ? "" : "These networks have too many weights to draw them all.", this.spoiled].filter(Boolean).join(" ")
      || "Weights: colour pushes up, grey down. Maps: where a unit is active; click one to keep it.");
  }

  /** stage.layers: [{name, in, out, activation}]; the names of a player's layers begin with its letter. */
  setStage(stage) {
    this.stage = stage;
    this.root.hidden = !stage.layers?.length;
    const spoiled = [];
    for (const [player, card] of Object.entries(this.cards)) {
      card.layers = (stage.layers ?? []).filter(({ name }) => name.startsWith(player))
        .map((layer) => ({ ...layer, after: layer.activation, activation: activationOf(layer.activation) }));
      const norm = card.layers.some(({ activation }) => activation.includes("norm"));
      const joined = card.layers.every(({ in: ins }, l) => l === 0 || ins === card.layers[l - 1].out);
      card.plain = joined && !norm;
      if (!card.plain) spoiled.push(norm ? `${PLAYERS[player].title}: unit maps are shown only for networks without normalisation.`
        : `${PLAYERS[player].title}: unit maps are shown only where every layer feeds the next one alone.`);
      if (player === "g" && card.plain && stage.dim > 2) spoiled.push("G’s units are drawn for 1 or 2 latent numbers; click one to colour the points by it.");
      const ends = player === "g" ? ["z", "point"] : ["point", "score"];
      say(card.words, card.layers.length ? `${ends[0]} ${card.layers[0].in} → ${card.layers.map(({ out }) => out).join(" → ")} ${ends[1]}${this.bendWords(card)}` : "");
    }
    this.spoiled = spoiled.join(" ");
    this.arrange();
  }

  bendWords({ layers }) {
    const kinds = [...new Set(layers.slice(0, -1).flatMap(({ after }) => after.split(" ")).filter(Boolean))];
    return kinds.length ? ` · ${kinds.map((kind) => BEND_WORDS[kind] ?? kind).join(", ")}` : "";
  }

  show(scene) {
    this.scene = scene;
    this.soon();
  }

  soon() {
    if (!this.scene || !this.seen || this.stage?.planned) return;
    this.timer ||= setTimeout(() => { this.timer = 0; this.refresh(); }, Math.max(0, DRAW_MS - (performance.now() - this.drawn)));
  }

  refresh() {
    if (!this.scene || !this.seen || document.hidden || this.stage.planned) return;
    const now = performance.now(), has = this.scene.networks.size > 0;
    this.drawn = now;
    this.sayNote();
    for (const player of Object.keys(PLAYERS)) this.draw(player);
    if (!has || now - this.asked < MAPS_MS) return has && this.soon();
    /** @type {number} */
    this.asked = now;
    for (const player of Object.keys(PLAYERS)) this.askMaps(player);
    if (this.looked) this.askUnit();
  }

  weightsOf(player) {
    return this.cards[player].layers.map((layer) => ({ ...layer, ...this.scene.networks.get(layer.name) }));
  }

  get latentPlane() {
    const r = this.stage.distribution === "normal" ? NORMAL_REACH : 1;
    return [-r, r, -r, r];
  }

  /** Inputs of a player's first layer over its plane, D's with the stage's margin if wanted; null where there is no plane to show. */
  inputs(player, n, around = false) {
    const card = this.cards[player], wide = card.layers[0].in;
    if (player === "g") return wide <= 2 && wide === this.stage.dim ? planeInputs(n, this.latentPlane, wide) : null;
    const [x0, x1, y0, y1] = this.stage.extent;
    const points = gridInputs(centresOf(x0, x1, n, around), centresOf(y0, y1, n, around)), packed = wide / 2; // with packing a point stands for its whole pack
    return packed === 1 ? points : Float32Array.from({ length: points.length * packed }, (_, at) => points[2 * Math.floor(at / wide) + (at % 2)]);
  }

  askMaps(player) {
    const card = this.cards[player], turn = this.stage;
    const x = card.plain && card.layers.length ? this.inputs(player, SMALL_MAP) : null;
    if (!x) return;
    const drawn = card.columns.slice(1).map(({ count }) => Array.from({ length: count }, (_, u) => u)), wide = card.layers[0].in;
    this.worker.ask(`maps ${player}`, { layers: this.weightsOf(player), x, count: SMALL_MAP ** 2, drawn }, (values) => {
      if (turn !== this.stage) return;
      const first = Array.from({ length: card.columns[0].count }, (_, u) => Float32Array.from({ length: SMALL_MAP ** 2 }, (__, p) => x[wide * p + u]));
      card.maps = [first, ...values];
      this.draw(player);
    });
  }

  // Laying out

  arrange() {
    for (const [player, card] of Object.entries(this.cards)) {
      const wide = card.box.clientWidth, high = card.box.clientHeight;
      if (!card.layers.length || !wide || !high) continue;
      const sizes = [card.layers[0].in, ...card.layers.map(({ out }) => out)], letter = parseFloat(getComputedStyle(card.box).fontSize);
      const buttons = roomOf(wide / sizes.length / letter), bare = !!this.root.closest("[data-scope]"), room = high - (bare ? HEIGHTS.bare : HEIGHTS[buttons]) * letter;
      const side = Math.max(11, Math.min(room > 260 ? 26 : room > 170 ? 21 : room > 100 ? 17 : 13, wide / (sizes.length * 1.5)));
      const rows = Math.max(2, Math.min(MOST_UNITS, Math.floor(room / (side + 3))));
      const gap = Math.min(side * 0.5, Math.max(3, room / rows - side));
      card.columns = sizes.map((size, c) => {
        const count = Math.min(size, rows), x = (c + 0.5) * (wide / sizes.length), top = 4 + (room - count * side - (count - 1) * gap) / 2;
        return { size, count, x, at: (u) => top + u * (side + gap) + side / 2 };
      });
      Object.assign(card, { side, wide, high, maps: card.maps?.every((m, c) => m.length === card.columns[c].count) ? card.maps : null });
      this.placeUnits(player, card);
      const last = card.columns.length - 1;
      card.edit.place(card.columns.slice(1, last).map((column, c) => ({ ...column, words: this.columnWords(column, c + 1, false, player) })), buttons);
      this.draw(player);
    }
    this.asked = -Infinity;
    this.soon();
  }

  placeUnits(player, card) {
    const name = (c, u) => (c === 0 ? `${player === "g" ? "latent number" : "coordinate"} ${u + 1}` : c === card.columns.length - 1 ? `output ${u + 1}` : `layer ${c}, unit ${u + 1}`);
    card.units.replaceChildren(...card.columns.flatMap(({ count, x, at }, c) => Array.from({ length: count }, (_, u) => make("button", {
      type: "button", class: "gs-unit", "data-testid": `unit-${player}-${c}-${u}`, "data-at": `${c} ${u}`, tabindex: c === 1 && u === 0 ? "0" : "-1",
      style: `left: ${x - card.side / 2}px; top: ${at(u) - card.side / 2}px; width: ${card.side}px; height: ${card.side}px`,
      "aria-label": `${PLAYERS[player].title}, ${name(c, u)}: show on the stage`, title: `${name(c, u)}: click to keep it on the stage`,
      "aria-pressed": "false", disabled: !card.plain || !!this.stage.planned, onClick: () => this.choose(player, c, u),
      onPointerenter: (e) => e.pointerType === "touch" || this.hover({ player, c, u }), onPointerleave: () => this.leave(),
      onFocus: (e) => e.target.matches(":focus-visible") && this.hover({ player, c, u }), onBlur: () => this.leave(),
    }))));
    this.markChosen();
  }

  walk(player, event) {
    const by = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key], from = event.target.dataset?.at;
    if (!by || !from) return;
    event.preventDefault();
    const [c, u] = from.split(" ").map(Number), column = this.cards[player].columns[c + by[0]];
    if (!column) return;
    const next = this.cards[player].units.querySelector(`[data-at="${c + by[0]} ${Math.max(0, Math.min(column.count - 1, u + by[1]))}"]`);
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }

  restyle() {
    this.look = null;
    this.arrange();
  }

  // One unit on the stage

  /** The unit on the stage: the one under the pointer or the keys, else the chosen one. */
  get looked() {
    return this.hovered ?? this.chosen;
  }

  /** step: {part} of a step taken apart, null: of none. turn: whose it is, "d" or "g". */
  highlight(step, turn = "") {
    this.flow.hold(step?.part ?? null, turn);
  }

  light(flows, part, turn) {
    Object.assign(this.root.dataset, { part, turn });
    for (const [player, { root }] of Object.entries(this.cards)) root.dataset.flow = flows[player] ?? "";
  }

  end() {
    for (const timer of [this.timer, this.leaving, this.telling]) clearTimeout(timer);
    this.flow.end();
    this.worker.close();
    this.watcher.disconnect();
    this.sizes.disconnect();
  }
}
