// The named parts of one step taken apart: what each says, and what it shows on the stage.

import { along, rangeOf } from "../../../ui/web/plane/stage_scale.js";
import { readArrays } from "../../../ui/web/plane/stage_scene.js";
import { count } from "../../../ui/web/words.js";

export const exact = (n) => (Number.isFinite(n) ? n.toFixed(Math.abs(n) >= 100 ? 1 : Math.abs(n) >= 0.01 || n === 0 ? 3 : 5).replace("-", "−") : "no number");
const meanOf = (values) => values.reduce((sum, v) => sum + v, 0) / (values.length || 1);
const mostOf = (values) => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);

/** A round number of times, at least 1, at most what brings `size` to `wanted`. */
function magnified(size, wanted) {
  const times = size > 0 ? wanted / size : 1;
  if (!(times > 1)) return 1;
  const power = 10 ** Math.floor(Math.log10(times));
  return Math.min(1e6, power * ([5, 2].find((k) => k * power <= times * (1 + 1e-9)) ?? 1));
}

const NORMAL_EDGE = 3; // standard deviations that lie on the stage
const SEEN_MOVE = 0.05, SEEN_CHANGE = 0.25; // of the stage, of D's scale: so far one sees it

/** A `Dissection` as it arrived: numbers, arrays, and what follows from them. */
export class TakenApart {
  // Arrays as they arrived, by name: float32 [n, ...] flat.
  latents; real; fakes; fakes_after; real_scores; fake_scores; g_scores; real_pulls; fake_pulls; arrows; heat; heat_after; margin; margin_after;
  d; g; // of each player that moves: its loss, layers and learning rate
  probability; // whether D's score is one

  /** stage: what stays for the run; line: the score from which D says real. */
  constructor(buffer, stage, line) {
    const { header, arrays } = readArrays(buffer), get = (name) => arrays.get(name)?.values ?? new Float32Array(0); // earlier versions kept no margin
    Object.assign(this, header.dissection);
    const [x0, x1, y0, y1] = stage.extent, reach = stage.distribution === "normal" ? NORMAL_EDGE : 1;
    for (const name of ["latents", "real", "fakes", "fakes_after", "real_scores", "fake_scores", "g_scores", "real_pulls", "fake_pulls", "arrows", "heat", "heat_after", "margin", "margin_after"]) this[name] = get(name);
    this.dim = arrays.get("latents").shape[1];
    this.heatShape = arrays.get("heat").shape;
    this.count = this.fakes.length / 2;
    const at = (i, axis, low, high) => (axis < this.dim ? (low + high) / 2 + (0.46 * (high - low) * this.latents[i * this.dim + axis]) / reach : (low + high) / 2);
    this.places = Float32Array.from({ length: 2 * this.count }, (_, k) => (k % 2 ? at(k >> 1, 1, y0, y1) : at(k >> 1, 0, x0, x1)));
    this.line = Number.isFinite(line) ? line : (meanOf(this.real_scores) + meanOf(this.fake_scores)) / 2 || 0;
    this.range = rangeOf(Float32Array.from([...this.heat, ...this.heat_after]), this.line, this.probability);
    const moved = meanOf(Array.from({ length: this.count }, (_, i) => Math.hypot(this.fakes_after[2 * i] - this.fakes[2 * i], this.fakes_after[2 * i + 1] - this.fakes[2 * i + 1])));
    this.farther = magnified(moved, SEEN_MOVE * (x1 - x0));
    this.moved = moved;
    const change = this.heat_after.map((v, i) => v - this.heat[i]);
    this.stronger = magnified(mostOf(change), (SEEN_CHANGE * (this.range.below + this.range.above)) / 2);
    const clamp = (v) => (this.probability ? Math.min(1, Math.max(0, v)) : v);
    this.heatSeen = this.heat.map((v, i) => clamp(v + this.stronger * change[i]));
    this.marginSeen = this.margin.map((v, i) => clamp(v + this.stronger * (this.margin_after[i] - v)));
    this.fakesSeen = this.fakes.map((v, i) => v + this.farther * (this.fakes_after[i] - v));
    this.layers = { before: new Map(), after: new Map() };
    for (const [name, { values }] of arrays) {
      const [, later, layer, kind] = /^(after\/)?([gd]\d+)\.(weight|bias)$/.exec(name) ?? [];
      const kept = this.layers[later ? "after" : "before"];
      if (layer) kept.set(layer, { ...kept.get(layer), [kind]: values });
    }
  }

  /** Weights of both players, each before or after its move. */
  networks(dAfter, gAfter) {
    return new Map([...this.layers.before.keys()].map((name) => [name, this.layers[(name[0] === "d" ? dAfter : gAfter) ? "after" : "before"].get(name)]));
  }

  get parts() {
    return PARTS.filter(({ player }) => !player || this[player]);
  }

  shown(score) {
    return this.probability ? `${(100 * score).toFixed(1)}% real` : `a score of ${exact(score)}`;
  }

  /** What a part puts on the stage. */
  moment({ stage, on }) {
    const { heat = "heat", fakes = "fakes", scores, shades = {}, arrows } = stage(this), n = this.count;
    const shade = (values, pulls) => values?.map(pulls ? (v) => v / (mostOf(this.real_pulls) || 1) : (v) => along(this.range, v));
    return {
      real: this.real, latents: this.latents, layers: on, line: this.line, range: this.range, span: 900,
      shades: { real: shade(this[shades.real], shades.pulls), fakes: shade(this[shades.fakes], shades.pulls) },
      scene: {
        fakes: { values: this[fakes], shape: [n, 2] }, scores: { values: this[scores ?? "fake_scores"].length ? this[scores ?? "fake_scores"] : this.g_scores.length ? this.g_scores : new Float32Array(n), shape: [n] },
        arrows: { values: arrows ? this.arrows : new Float32Array(2 * n), shape: [n, 2] }, heat: { values: this[heat], shape: this.heatShape },
        margin: { values: this[heat.replace("heat", "margin")], shape: [this.margin.length] },
        manifold: { values: new Float32Array(0), shape: [0, 0, 2] },
      },
    };
  }
}

const LATENTS_SEEN = ["", "the place from left to right is its number", "the place on the stage is its two numbers"];
const times = (n) => (n > 1 ? ` (drawn ${count(n)} times as large)` : "");

/** player: whose part it is; on: the layers; stage(t): what is shown; words(t): a sentence; bars, loss: what stands beside it. */
const PARTS = [
  { part: "draw_latents", name: "Draw z", on: ["fakes"], stage: () => ({ fakes: "places" }),
    words: (t) => `${count(t.batch)} random inputs z${t.batch > t.count ? ` (${t.count} are shown)` : ""}: all that G is given. Of each, ${LATENTS_SEEN[t.dim] ?? `the place is the first two of its ${t.dim} numbers`}.`
      + (t.updates > 1 ? ` D moves ${t.updates} times a step, on new points each time; this is the last.` : "") },
  { part: "generate", name: "G makes fakes", on: ["fakes"], stage: () => ({}), words: () => "G turns every z into a point of the plane: the fakes." },
  { part: "score_real", name: "D scores real", player: "d", on: ["real", "contour"], stage: () => ({ shades: { real: "real_scores" } }),
    words: (t) => `D is shown real points and gives them ${t.shown(meanOf(t.real_scores))} on average; the purpler a point, the surer D is.`
      + (t.pack > 1 ? ` It judges ${t.pack} points together.` : "") + (t.noise > 0 ? ` It looks through noise of ±${exact(t.noise)}.` : "") },
  { part: "score_fake", name: "D scores fake", player: "d", on: ["fakes", "contour"], stage: () => ({ shades: { fakes: "fake_scores" } }),
    words: (t) => `D is shown the fakes, not told that they are, and gives them ${t.shown(meanOf(t.fake_scores))} on average.` },
  { part: "d_loss", name: "D’s loss", player: "d", loss: true, on: ["real", "fakes", "contour"], stage: () => ({ shades: { real: "real_scores", fakes: "fake_scores" } }),
    words: (t) => `How wrong D is, in one number: low when real points score high and fakes low.${t.d.penalty ? " The penalty keeps D from being too steep." : ""}` },
  { part: "d_gradient", name: "D’s gradient", player: "d", bars: "gradient", on: ["real", "fakes", "contour"], stage: () => ({ shades: { real: "real_pulls", fakes: "fake_pulls", pulls: true } }),
    words: () => "The slope of D’s loss: scores should rise at purple points and fall at grey ones. Bars: how steep it is in each layer of D." },
  { part: "d_move", name: "D moves", player: "d", bars: "moved", on: ["real", "fakes", "heat", "contour"], stage: () => ({ heat: "heatSeen" }),
    words: (t) => `D’s weights take one small step down the slope, and its map changes${times(t.stronger)}. On this batch D’s loss${t.d.penalty ? " without the penalty" : ""} goes from ${exact(t.d.loss)} to ${exact(t.d.after)}.` },
  { part: "g_loss", name: "G’s loss", player: "g", loss: true, on: ["fakes", "contour"], stage: () => ({ heat: "heat_after", scores: "g_scores", shades: { fakes: "g_scores" } }),
    words: (t) => `G’s turn. D gives its fakes ${t.shown(meanOf(t.g_scores))} on average; G’s loss is low when D takes them for real.` },
  { part: "g_gradient", name: "G’s gradient", player: "g", bars: "gradient", on: ["fakes", "heat", "contour", "arrows"], stage: () => ({ heat: "heat_after", scores: "g_scores", arrows: true }),
    words: () => "The slope of G’s loss, back through D: each arrow is where a fake should go. Bars: how steep it is in each layer of G." },
  { part: "g_move", name: "G moves", player: "g", bars: "moved", on: ["real", "fakes", "heat", "contour"], stage: () => ({ heat: "heat_after", scores: "g_scores", fakes: "fakesSeen" }),
    words: (t) => `G’s weights take one small step: the same z land ${exact(t.moved)} further on${times(t.farther)}. G’s loss goes from ${exact(t.g.loss)} to ${exact(t.g.after)}.` },
];
