// The two networks: units in columns, weights as lines, what each unit draws, and what flows while a step is looked at.

import { make, say } from "../../../ui/web/words.js";
import { drawMethods } from "./networks_draw.js";
import { UnitWorker, activationOf, planeInputs, reachOf } from "./networks_units.js";

const PLAYERS = { g: { title: "Generator", tone: "generated" }, d: { title: "Discriminator", tone: "judge" } };
const BEND_WORDS = { LeakyReLU: "leaky ReLU", Tanh: "tanh", BatchNorm1d: "batch norm", LayerNorm: "layer norm", MinibatchStd: "minibatch deviation" };
export const MOST_UNITS = 16, SMALL_MAP = 18, BIG_MAP = 48, DRAW_MS = 250, MAPS_MS = 400;
const NORMAL_REACH = 2.576; // as far as the latent grid goes: the middle 99%

// What is at work in each named part of a step: places and networks, and which way it goes through them.
const FLOWS = {
  draw_latents: { z: "on" },
  generate: { z: "on", g: "forward", fake: "on" },
  score_real: { real: "on", d: "forward", score: "on" },
  score_fake: { fake: "on", d: "forward", score: "on" },
  d_loss: { score: "on", loss: "on" },
  d_gradient: { loss: "on", d: "backward" },
  d_move: { d: "move" },
  g_loss: { score: "on", loss: "on" },
  g_gradient: { loss: "on", d: "backward", fake: "on", g: "backward" },
  g_move: { g: "move" },
};

export class Networks {
  // Methods that have a file of their own.
  draw = drawMethods.draw;
  drawWeights = drawMethods.drawWeights;
  drawColumn = drawMethods.drawColumn;
  columnWords = drawMethods.columnWords;
  see = drawMethods.see;

  /** onUnit(overlay | null): what a chosen unit draws, for the stage. below: what stands under the networks. */
  constructor({ onUnit, below }) {
    this.onUnit = onUnit;
    this.worker = new UnitWorker();
    this.cards = Object.fromEntries(Object.keys(PLAYERS).map((player) => [player, this.card(player)]));
    const chip = (name, text, title) => (this.chips[name] = make("span", { class: "gs-chip", "data-chip": name, title }, text));
    this.chips = {};
    const to = () => make("span", { class: "gs-to" }, "→");
    this.flow = make("div", { class: "gs-flow", "aria-hidden": "true" },
      chip("z", "z", "Random numbers, the generator's input"), to(), chip("g", "G", "The generator"), to(),
      make("span", { class: "gs-either" }, chip("fake", "generated", "What the generator made"), chip("real", "real", "Points from the data")), to(),
      chip("d", "D", "The discriminator"), to(), chip("score", "score", "Real or fake?"), to(), chip("loss", "loss", "How wrong it was"));
    this.note = make("p", { class: "gs-nets-note", "data-testid": "networks-note" });
    this.root = make("section", { class: "gs-nets", "aria-label": "The two networks", "data-testid": "networks", hidden: true },
      this.flow, this.cards.g.root, this.cards.d.root, this.note, below);
    this.watcher = new IntersectionObserver(([entry]) => { this.seen = entry.isIntersecting; if (this.seen) this.soon(); });
    this.watcher.observe(this.root);
    this.sizes = new ResizeObserver(() => this.arrange());
    for (const { box } of Object.values(this.cards)) this.sizes.observe(box);
    this.reset();
  }

  card(player) {
    const { title, tone } = PLAYERS[player];
    const canvas = make("canvas", { class: "gs-net-canvas", "aria-hidden": "true" }), units = make("div", { class: "gs-units", role: "group", "aria-label": `Units of the ${title.toLowerCase()}` });
    const words = make("span", { class: "gs-net-words" }), box = make("div", { class: "gs-net-box" }, canvas, units);
    units.addEventListener("keydown", (e) => this.walk(player, e));
    const root = make("div", { class: "gs-net", "data-player": player, "data-testid": `net-${player}`, style: `--tone: var(--gs-${tone})` },
      make("header", {}, make("h3", {}, title), words), box);
    return { root, box, canvas, units, words, columns: [], maps: null, layers: [] };
  }

  reset() {
    this.stage = this.scene = this.chosen = null;
    this.drawn = this.asked = -Infinity;
    this.worker.forget();
    for (const card of Object.values(this.cards)) Object.assign(card, { columns: [], maps: null, layers: [] });
    this.highlight(null);
    this.root.hidden = true;
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
    if (!this.scene || !this.seen) return;
    this.timer ||= setTimeout(() => { this.timer = 0; this.refresh(); }, Math.max(0, DRAW_MS - (performance.now() - this.drawn)));
  }

  refresh() {
    if (!this.scene || !this.seen || document.hidden) return;
    const now = performance.now(), has = this.scene.networks.size > 0;
    this.drawn = now;
    say(this.note, [has ? "" : "These networks have too many weights to draw them all.", this.spoiled].filter(Boolean).join(" ")
      || "Weights: colour pushes up, grey down. Maps: where a unit is active; click one.");
    for (const player of Object.keys(PLAYERS)) this.draw(player);
    if (!has || now - this.asked < MAPS_MS) return has && this.soon();
    this.asked = now;
    for (const player of Object.keys(PLAYERS)) this.askMaps(player);
    if (this.chosen) this.askChosen();
  }

  weightsOf(player) {
    return this.cards[player].layers.map((layer) => ({ ...layer, ...this.scene.networks.get(layer.name) }));
  }

  get latentPlane() {
    const r = this.stage.distribution === "normal" ? NORMAL_REACH : 1;
    return [-r, r, -r, r];
  }

  /** Inputs of a player's first layer over its plane; null where there is no plane to show. */
  inputs(player, n) {
    const card = this.cards[player], wide = card.layers[0].in;
    if (player === "g") return wide <= 2 && wide === this.stage.dim ? planeInputs(n, this.latentPlane, wide) : null;
    const points = planeInputs(n, this.stage.extent, 2), packed = wide / 2; // with packing a point stands for its whole pack
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
      const sizes = [card.layers[0].in, ...card.layers.map(({ out }) => out)], room = high - 22;
      const side = Math.max(11, Math.min(room > 260 ? 26 : room > 170 ? 21 : 17, wide / (sizes.length * 1.5)));
      const rows = Math.max(2, Math.min(MOST_UNITS, Math.floor(room / (side + 3))));
      const gap = Math.min(side * 0.5, Math.max(3, room / rows - side));
      card.columns = sizes.map((size, c) => {
        const count = Math.min(size, rows), x = (c + 0.5) * (wide / sizes.length), top = 4 + (room - count * side - (count - 1) * gap) / 2;
        return { size, count, x, at: (u) => top + u * (side + gap) + side / 2 };
      });
      Object.assign(card, { side, wide, high, maps: card.maps?.every((m, c) => m.length === card.columns[c].count) ? card.maps : null });
      this.placeUnits(player, card);
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
      "aria-label": `${PLAYERS[player].title}, ${name(c, u)}: show on the stage`, title: `${name(c, u)}: click to see it on the stage`,
      "aria-pressed": "false", onClick: () => this.choose(player, c, u), disabled: !card.plain,
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

  choose(player, c, u) {
    const same = this.chosen && [this.chosen.player, this.chosen.c, this.chosen.u].join() === [player, c, u].join();
    if (same || !this.scene?.networks.size) return this.close();
    this.chosen = { player, c, u };
    this.markChosen();
    this.askChosen();
  }

  close() {
    this.chosen = null;
    this.markChosen();
    this.onUnit(null);
  }

  markChosen() {
    for (const [player, card] of Object.entries(this.cards)) {
      for (const button of card.units.children) {
        button.setAttribute("aria-pressed", String(this.chosen?.player === player && button.dataset.at === `${this.chosen.c} ${this.chosen.u}`));
      }
    }
  }

  /** D's unit: a map of the plane. G's: a colour for every generated point, and a small map of the latent plane. */
  askChosen() {
    const chosen = this.chosen, { player, c, u } = chosen, card = this.cards[player], wide = card.layers[0].in;
    const map = this.inputs(player, BIG_MAP), area = map ? BIG_MAP ** 2 : 0, each = player === "g" ? this.stage.latents.length / wide : 0;
    const x = new Float32Array((area + each) * wide);
    if (map) x.set(map);
    if (each) x.set(this.stage.latents, area * wide);
    const drawn = card.layers.map((_, l) => (l + 1 === c ? [u] : []));
    const told = (values) => {
      if (chosen !== this.chosen) return;
      const layer = c === 0 ? `input ${u + 1}` : c === card.columns.length - 1 ? `output ${u + 1}` : `layer ${c}, unit ${u + 1}`, reach = reachOf(values);
      const field = map && { n: BIG_MAP, values: values.subarray(0, area), reach };
      if (player === "d") this.onUnit({ player, words: `D, ${layer}: purple where it is above 0, grey where below`, field });
      else this.onUnit({ player, words: `G, ${layer}: ${map ? "over the plane of inputs z, and" : "its value"} as the colour of the points`, points: { values: values.subarray(area), reach }, small: field });
    };
    if (c === 0) told(Float32Array.from({ length: area + each }, (_, p) => x[wide * p + u]));
    else this.worker.ask("chosen", { layers: this.weightsOf(player), x, count: area + each, drawn }, (values) => told(values[c - 1][0]));
  }

  // What flows while one step is looked at

  /** part: a key of FLOWS; null or another: nothing is lit. */
  highlight(step) {
    const flows = FLOWS[step?.part] ?? {};
    this.root.dataset.part = step?.part ?? "";
    for (const [name, chip] of Object.entries(this.chips)) chip.dataset.flow = flows[name] ?? "";
    for (const [player, { root }] of Object.entries(this.cards)) root.dataset.flow = flows[player] ?? "";
  }

  end() {
    clearTimeout(this.timer);
    this.worker.close();
    this.watcher.disconnect();
    this.sizes.disconnect();
  }
}
