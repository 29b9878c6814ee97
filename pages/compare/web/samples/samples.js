// Sample grids of many runs side by side, scrubbed together: by steps, images or seconds, with the same latents.

import { Feeds, axisChoice, rowAt, samplesOf } from "../../../ui/web/channel/feeds.js";
import { Timeline } from "../../../ui/web/channel/timeline.js";
import { component } from "../../../ui/web/mounting.js";
import { Stage } from "../../../ui/web/plane/stage.js";
import { clock, compact, count, dark, make, say } from "../../../ui/web/words.js";
import { SampleCard } from "./samples_card.js";

const memory = { axis: "images", at: null, drawn: false, seed: 1 }; // while the page is open

export const FRAMES_IN_ALL = 480, LEAST_HELD = 12; // frames that are held of all runs, and of each: one of 512 pixels a side is 1 MB

export class SamplesView {
  constructor(parent) {
    this.memory = memory;
    this.feeds = new Feeds((run, what) => this.heard(run, what), () => this.tell?.("moved", `restarted ${Date.now()}`));
    this.cards = new Map();
    this.positions = [];
    this.pointed = this.enlarged = -1;
    this.told = "";
    this.build();
    parent.append(this.root);
  }

  build() {
    /** @type {Timeline} */
    this.timeline = new Timeline({ onMove: (x) => this.scrub(x), says: (x) => this.momentWords(x) });
    this.where = make("output", { class: "gc-number gc-where", "data-testid": "where" });
    this.note = make("p", { class: "gc-note", role: "status", "data-testid": "latents" });
    this.same = make("button", { type: "button", class: "gs-button", "data-testid": "same-latents", onClick: () => this.toggleDrawn() }, "Draw the same latents");
    this.seed = make("input", { class: "gc-seed", type: "number", min: "0", max: String(2 ** 31 - 1), step: "1", value: String(memory.seed), "data-testid": "seed",
      "aria-label": "Seed of the latents", onChange: () => this.setSeed() });
    this.seedBox = make("label", { class: "gc-choice", hidden: true }, make("span", { class: "gc-label" }, "Seed"), this.seed);
    this.layers = make("div", { class: "gc-layers", hidden: true });
    this.axes = axisChoice(memory.axis, (axis) => this.setAxis(axis));
    this.timeline.slider.after(this.where);
    this.bar = make("div", { class: "gc-bar gc-sticky" }, this.axes, this.timeline.root);
    this.grid = make("div", { class: "gc-cards" });
    this.root = make("div", { class: "gs-live gc-root", "data-testid": "compare-samples" }, this.bar,
      make("div", { class: "gc-latents" }, this.note, this.same, this.seedBox), this.layers, this.grid);
    this.root.addEventListener("keydown", (e) => { if (e.key === "Escape") this.enlarge(-1); });
  }

  update(data, tell) {
    this.data = data;
    this.tell = tell;
    this.token = data.token;
    this.root.toggleAttribute("data-projector", !!data.projector);
    this.root.toggleAttribute("data-dark", dark(this.root));
    this.feeds.choose(data.runs.map((run) => run.id), data.token, data.columns);
    this.axes.callSamples(samplesOf(data.runs));
    const wanted = new Set(data.runs.map(({ id, place }) => `${id} ${place}`));
    for (const [key, card] of this.cards) {
      if (wanted.has(key)) continue;
      card.close();
      this.cards.delete(key);
    }
    for (const run of data.runs) {
      const key = `${run.id} ${run.place}`, known = this.cards.get(key);
      if (known) known.update(run);
      else this.cards.set(key, new SampleCard(this, run));
    }
    const cards = data.runs.map((run) => this.cards.get(`${run.id} ${run.place}`));
    if (cards.some((card, i) => this.grid.children[i] !== card.root)) this.grid.replaceChildren(...cards.map(({ root }) => root));
    this.grid.style.setProperty("--n", String(Math.min(4, data.runs.length)));
    for (const card of cards) {
      card.shower.held = Math.max(LEAST_HELD, Math.floor(FRAMES_IN_ALL / cards.length));
      card.stage?.restyle();
    }
    this.showLatents();
    this.showLayers();
    this.list();
    this.go();
  }

  card(run) {
    return [...this.cards.values()].find((card) => card.run.id === run);
  }

  heard(run, what) {
    const card = this.card(run);
    if (!card || what === "change") return;
    if (["records", "view", "down"].includes(what)) {
      if (what === "view") this.compare();
      return;
    }
    if (what === "hello" || what === "kept") this.list();
    if (what === "grid" && memory.at !== null) return;
    if (what === "hello" && !this.feeds.all.get(run).newest) return void card.tellEmpty();
    card.goTo(memory.at);
    this.compare();
  }

  /** Tell the page when a checkpoint has come or a run has come to rest. */
  compare() {
    const now = this.data.runs.map(({ id }) => { const view = this.feeds.all.get(id)?.view; return view ? `${view.state} ${view.checkpoints}` : ""; }).join("|");
    if (now === this.data.signature || now === this.told || now.split("|").includes("")) return;
    this.told = now;
    this.tell("moved", now);
  }

  // The moment

  /** All moments of all runs along the axis, rising. */
  list() {
    const all = [...this.cards.values()].flatMap((card) => card.moments().map(([x]) => x));
    this.positions = [...new Set(all)].sort((a, b) => a - b);
    this.showMoment();
  }

  setAxis(axis) {
    this.timeline.stop();
    memory.axis = axis;
    memory.at = null;
    this.list();
    this.go();
  }

  /** x along the axis; null: the newest of each. */
  scrub(x) {
    memory.at = x;
    this.showMoment();
    return this.go();
  }

  go() {
    return Promise.all([...this.cards.values()].map((card) => card.goTo(memory.at)));
  }

  showMoment() {
    this.timeline.show(this.positions, memory.at);
    say(this.where, memory.at === null ? "the newest of each" : this.momentWords(this.positions[Math.max(0, rowAt(this.positions, memory.at))] ?? NaN));
  }

  momentWords(x) {
    if (memory.axis === "seconds") return `at ${clock(x)}`;
    return memory.axis === "step" ? `at ${count(x)} steps` : `at ${compact(x)} ${samplesOf(this.data.runs)}`;
  }

  // Whether a place of the grid is the same latent everywhere

  showLatents() {
    const runs = this.data.runs, kinds = new Set(runs.map((run) => run.latents)), spaces = new Set(runs.map((run) => run.space)), images = runs.every((run) => !run.points);
    const own = kinds.size === 1, could = images && spaces.size === 1 && runs.length > 1;
    if (memory.drawn && !could) memory.drawn = false;
    const place = images ? "A place in the grid" : "A point's number";
    say(this.note, runs.length < 2 ? "" : memory.drawn ? "The same latents in every run, drawn now from the checkpoint nearest to the moment."
      : own ? `The same latents in every run: ${place.toLowerCase()} means the same input everywhere.`
      : could ? "These runs drew different latents, from different seeds: the same place in two grids is not the same input."
      : spaces.size > 1 ? "The generators' inputs differ in size or distribution: no latent is the same in all of these runs."
      : "These runs drew different latents, from different seeds: compare where the points lie, not one point with one point.");
    this.same.hidden = !could || (own && !memory.drawn);
    say(this.same, memory.drawn ? "Back to the kept grids" : "Draw the same latents");
    this.seedBox.hidden = !memory.drawn;
  }

  toggleDrawn() {
    this.timeline.stop();
    memory.drawn = !memory.drawn;
    this.enlarge(-1);
    this.showLatents();
    this.list();
    this.go();
  }

  setSeed() {
    const seed = Math.round(Number(this.seed.value));
    if (!(seed >= 0 && seed < 2 ** 31)) return void (this.seed.value = String(memory.seed));
    memory.seed = seed;
    this.go();
  }

  // What is looked at together

  point(index) {
    this.pointed = index;
    for (const card of this.cards.values()) card.mark();
  }

  /** One sample large in every run; a second click goes back. */
  enlarge(index) {
    if (index < 0 && this.enlarged < 0) return;
    this.enlarged = this.enlarged >= 0 ? -1 : index;
    for (const card of this.cards.values()) {
      card.redraw();
      card.mark();
    }
  }

  stages() {
    return [...this.cards.values()].map((card) => card.stage).filter(Boolean);
  }

  /** One row of layers for all stages. */
  showLayers() {
    const [first] = this.stages();
    this.layers.hidden = !first;
    if (first && this.layers.firstChild !== first.bar) this.layers.replaceChildren(first.bar);
  }

  toggleLayer(id) {
    const [first, ...others] = this.stages();
    Stage.prototype.toggle.call(first, id);
    for (const stage of others) stage.showLayers(first.shown);
  }

  /** Zoomed or moved on one stage: the others look at the same part of the plane. */
  follow(lead) {
    if (this.following) return;
    this.following = true;
    for (const stage of this.stages()) {
      if (stage === lead || String(stage.plane.extent) !== String(lead.plane.extent)) continue;
      const { cx, cy, zoom } = lead.plane;
      Object.assign(stage.plane, { cx, cy, zoom });
      stage.plane.told();
    }
    this.following = false;
  }

  close() {
    this.timeline.stop();
    this.feeds.close();
    for (const card of this.cards.values()) card.close();
    this.root.remove();
  }
}

export default component((parent) => new SamplesView(parent));
