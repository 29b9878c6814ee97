// What flows through both networks: in the part of a step that is looked at, and, slowed down, while a run trains.

import { make, say, still } from "../../../ui/web/words.js";

const TURNS = { d: "D’s turn", g: "G’s turn" };
const TO_G = "z-g", MADE = "g-x", TO_D = "x-d", JUDGED = "d-score", WRONG = "score-loss"; // the links between the places

// What is at work in each named part of a step, and along which links it goes forwards or back.
const FLOWS = {
  draw_latents: { lit: { z: "on" } },
  generate: { lit: { z: "on", g: "forward", fake: "on" }, forward: [TO_G, MADE] },
  score_real: { lit: { real: "on", d: "forward", score: "on" }, forward: [TO_D, JUDGED] },
  score_fake: { lit: { fake: "on", d: "forward", score: "on" }, forward: [TO_D, JUDGED] },
  d_loss: { lit: { score: "on", loss: "on" }, forward: [WRONG] },
  d_gradient: { lit: { loss: "on", d: "backward" }, back: [WRONG, JUDGED] },
  d_move: { lit: { d: "move" } },
  g_loss: { lit: { score: "on", loss: "on" }, forward: [WRONG] },
  g_gradient: { lit: { loss: "on", d: "backward", fake: "on", g: "backward" }, back: [WRONG, JUDGED, TO_D, MADE] },
  g_move: { lit: { g: "move" } },
  // of a run that trains, several at once
  d_forward: { lit: { fake: "on", real: "on", d: "forward", score: "on", loss: "on" }, forward: [TO_D, JUDGED, WRONG] },
  g_forward: { lit: { z: "on", g: "forward", fake: "on", d: "forward", score: "on", loss: "on" }, forward: [TO_G, MADE, TO_D, JUDGED, WRONG] },
};
// One step as an eye can follow it: whose turn it is, what happens, for how many milliseconds.
/** @type {[string, string, number][]} */
const STEP = [
  ["d", "generate", 900], ["d", "d_forward", 1100], ["d", "d_gradient", 1000], ["d", "d_move", 600],
  ["g", "g_forward", 1300], ["g", "g_gradient", 1300], ["g", "g_move", 600],
];

export class Flow {
  /** lit(flows): which way it goes through each network, {g, d}, and whose turn it is. */
  constructor(lit) {
    this.lit = lit;
    this.chips = {};
    this.links = {};
    const chip = (name, text, title) => (this.chips[name] = make("span", { class: "gs-chip", "data-chip": name, title }, text));
    const link = (name) => (this.links[name] = make("span", { class: "gs-to", "data-link": name }, make("b", {}, "→")));
    this.turn = make("span", { class: "gs-turn", "data-testid": "turn" }, make("b"), make("small"));
    this.root = make("div", { class: "gs-flow", "aria-hidden": "true", "data-testid": "flow" },
      chip("z", "z", "Random numbers, the generator's input"), link(TO_G), chip("g", "G", "The generator"), link(MADE),
      make("span", { class: "gs-either" }, chip("fake", "generated", "What the generator made"), chip("real", "real", "Points from the data")), link(TO_D),
      chip("d", "D", "The discriminator"), link(JUDGED), chip("score", "score", "Real or fake?"), link(WRONG), chip("loss", "loss", "How wrong it was"), this.turn);
    this.at = 0;
    this.training = this.seen = this.held = false;
  }

  /** part: a key of FLOWS; null or another: nothing is lit. turn: "d", "g" or "". */
  show(part, turn = "") {
    const { lit = {}, forward = [], back = [] } = FLOWS[part] ?? {};
    for (const [name, chip] of Object.entries(this.chips)) chip.dataset.flow = lit[name] ?? "";
    for (const [name, link] of Object.entries(this.links)) {
      link.dataset.flow = forward.includes(name) ? "forward" : back.includes(name) ? "backward" : "";
      say(link.firstChild, link.dataset.flow === "backward" ? "←" : "→");
    }
    this.lit(lit, part ?? "", turn);
    say(this.turn.firstChild, TURNS[turn] ?? "");
    say(this.turn.lastChild, this.moving && turn ? "slowed down" : "");
  }

  /** A part of a step that somebody looks at; null: nobody does. */
  hold(part, turn) {
    this.held = !!part;
    this.start();
    this.show(part, turn);
    if (!part) this.start();
  }

  /** on: a run trains, slowly enough that one step of many may stand for it. */
  train(on) {
    if (on === this.training) return;
    this.training = on;
    this.start();
  }

  see(seen) {
    this.seen = seen;
    this.start();
  }

  get moving() {
    return this.training && this.seen && !this.held && !still();
  }

  start() {
    if (this.moving) return void (this.timer ||= setTimeout(() => this.next(), 0));
    if (!this.timer) return;
    clearTimeout(this.timer);
    this.timer = 0;
    if (!this.held) this.show(null);
  }

  next() {
    this.timer = 0;
    if (!this.moving) return this.show(null);
    const [turn, part, span] = STEP[this.at];
    this.at = (this.at + 1) % STEP.length;
    if (!document.hidden) this.show(part, turn);
    this.timer = setTimeout(() => this.next(), span);
  }

  end() {
    clearTimeout(this.timer);
  }
}
