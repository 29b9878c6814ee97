// The workshop that edits pictures: one generator, one stack of steps, its picture, and what changes it. Every change
// asks the server for the whole stack, which remembers what it has done; the newest request wins.

import { Channel, LOST } from "../../../explore/web/channel.js";
import { component } from "../../../ui/web/mounting.js";
import { dark, make, messageOf, say } from "../../../ui/web/words.js";
import { blank, decode, encode } from "../mask.js";
import { fresh, MOST_STEPS, StackList, wordsOf } from "./stack.js";
import { Stage } from "./stage.js";
import { Tools } from "./tools.js";

const MOST_UNDO = 60;
const FAR = 14.3; // grey levels: farther off differences show, as `gan_core.apply.editing.starting` says
const PRESSED = "A press alone moves nothing: press on the picture, pull to where it should go, and let go.";
/** @type {Map<string, {past: string[], future: string[]}>} */
const histories = new Map(); // of each model; another page of the program may be looked at meanwhile

class EditView {
  constructor(parent) {
    this.model = this.token = this.brought = this.kept = "";
    this.turn = -1;
    /** @type {any} */
    this.stack = null;
    /** @type {any} */
    this.options = null; // what the model can be edited by
    this.history = { past: /** @type {string[]} */ ([]), future: /** @type {string[]} */ ([]) };
    /** @type {string[][]} */
    this.said = []; // of each step
    /** @type {string[]} */
    this.began = [];
    this.reaching = false;
    /** @type {number | null} */
    this.error = null; // of the picture that was brought, in grey levels
    this.good = ""; // the newest that was drawn
    this.number = 0; // of the newest request
    /** @type {any} */
    this.way = null; // what was told last of a drag under way
    this.busy = false;
    this.mask = blank(1);
    this.several = false;
    /** @type {number[][]} */
    this.waiting = []; // arrows, where several are to go at once
    this.stage = new Stage({ drag: (pull) => this.pulled(pull), pressed: () => this.say(PRESSED), reach: (at) => this.reach(at), painted: (mask) => this.change({ mask }), undo: () => this.undo(), held: () => this.busy && (this.way || this.reaching) && this.stop() });
    this.list = new StackList({ change: (stack) => this.change({ stack }) });
    this.tools = new Tools(this);
    this.build(parent);
  }

  build(parent) {
    const button = (name, text, title, act) => make("button", { type: "button", class: "ga-button", title, "data-testid": `edit-${name}`, onClick: act }, text);
    this.words = make("p", { class: "ge-words", role: "status", "data-testid": "edit-words" }, "The engine is starting; the picture comes in a moment.");
    this.bar = make("progress", { class: "ge-bar", max: "1", "aria-label": "Progress", hidden: true });
    this.stopButton = button("stop", "Stop", "Stop here and keep how far it came", () => this.stop());
    this.undoButton = button("undo", "Undo", "Take the last change back", () => this.undo());
    this.redoButton = button("redo", "Redo", "Make it again", () => this.undo("future", "past"));
    this.tuneButton = button("tune-now", "Tune a copy of the generator to it", "Pivotal tuning: some seconds; the generator itself stays as it is", () => this.tools.tuneNow());
    this.root = make("div", { class: "gs-live ge-edit", "data-testid": "edit" }, make("div", { class: "ge-body" },
      make("div", { class: "ge-left" }, make("div", { class: "ge-top" }, this.tools.hands, make("div", { class: "ge-group" }, this.undoButton, this.redoButton, this.stopButton)),
        this.stage.root, this.stage.splitRow, this.tools.paints),
      make("div", { class: "ge-right" }, make("div", { class: "ge-status" }, this.words, this.tuneButton, this.bar), this.tools.root,
        make("section", { class: "ge-card", "aria-label": "Steps" }, make("div", { class: "ge-group" }, make("h3", {}, "Steps"), ...this.tools.files), this.list.list))));
    parent.append(this.root);
    this.draw();
  }

  update(data, _tell, keep) {
    this.keep = keep;
    this.root.toggleAttribute("data-projector", !!data.projector);
    this.root.toggleAttribute("data-dark", dark(this.root));
    const other = data.model !== this.model, given = data.turn !== this.turn;
    Object.assign(this, { model: data.model, turn: data.turn });
    if (other || given) this.kept = data.kept;
    if (data.token !== this.token) this.connect(data.token);
    else if (other) this.load();
    else if (given && this.options) this.open(this.kept);
  }

  connect(token) {
    this.token = token;
    this.channel?.close();
    this.channel = new Channel(token, {
      ready: () => (this.options ? this.run() : this.load()),
      down: (lost) => lost && this.say(LOST),
      refused: (sentence) => this.say(sentence),
      stale: () => this.say("The server has started anew; reload this page."),
    });
  }

  /** What there is of this model, then what was kept of it. */
  async load() {
    const { model } = this;
    this.options = null;
    try {
      const answer = await this.ask("edit-options", {}, { slot: "edit-options" });
      if (!answer || model !== this.model) return;
      this.options = answer.header;
      this.history = histories.get(model) ?? { past: [], future: [] };
      histories.set(model, this.history);
      this.open(this.kept);
    } catch (problem) {
      if (messageOf(problem) !== LOST) this.say(messageOf(problem));
    }
  }

  /** Go on with what was kept, or begin. */
  open(kept) {
    this.good = JSON.stringify({ stack: fresh(this.model, this.options.size), brought: "", mask: "" });
    this.restore(kept || this.good);
    this.tools.setOptions(this.options);
    this.run();
  }

  ask(op, args, how) {
    return this.channel ? this.channel.ask(op, { model: this.model, ...args }, how) : Promise.reject(new Error(LOST));
  }

  // --- what there is, and what was

  snapshot() {
    return JSON.stringify({ stack: this.stack, brought: this.brought, mask: this.mask.includes(1) ? encode(this.mask) : "" });
  }

  restore(text) {
    const { stack, brought = "", mask = "" } = JSON.parse(text);
    Object.assign(this, { stack: { ...stack, model: this.model }, brought });
    this.mask = mask ? decode(mask, this.options.size) : blank(this.options.size);
    this.stage.setMask(this.mask);
  }

  /** The mask as a step has it, "" where nothing is painted. */
  get maskText() {
    return this.mask.includes(1) ? `${this.options.size}:${encode(this.mask)}` : "";
  }

  /**
   * Another stack, picture or mask. part: of a movement that has a step of the history already.
   * @param {{stack?: any, brought?: string, mask?: Uint8Array<ArrayBuffer>}} next
   * kept: told to the page, as the end of a movement is.
   */
  change(next, { part = false, kept = !part } = {}) {
    if (!this.options || !this.stack) return;
    if ((next.stack?.edits.length ?? 0) > MOST_STEPS) return this.say(`A stack has at most ${MOST_STEPS} steps; remove one.`);
    if (!part) {
      this.history.past.push(this.snapshot());
      if (this.history.past.length > MOST_UNDO) this.history.past.shift();
      this.history.future = [];
    }
    Object.assign(this, next);
    this.stage.setMask(this.mask);
    if (next.stack || next.brought !== undefined) this.run({ kept });
    else this.save();
    this.draw();
  }

  undo(from = "past", to = "future") {
    const text = this.history[from].pop();
    if (!text) return;
    this.history[to].push(this.snapshot());
    this.waiting = [];
    this.restore(text);
    this.run();
  }

  save() {
    this.keep?.("kept", JSON.stringify({ model: this.model, ...JSON.parse(this.snapshot()) }));
  }

  // --- the work

  async run({ kept = true } = {}) {
    const number = (this.number += 1), asked = this.snapshot(), { model } = this;
    const { stack, brought } = this;
    this.busy = true;
    this.way = null;
    this.stage.dots = [];
    if (kept) this.save();
    this.draw();
    try {
      const answer = await this.ask("edit", { stack, brought }, { slot: "edit", onProgress: (header, blobs) => number === this.number && this.follow(header, blobs) });
      if (number !== this.number || model !== this.model || !answer) return;
      this.good = asked;
      this.take(answer);
    } catch (problem) {
      if (number === this.number && model === this.model) this.failed(problem, asked);
    } finally {
      if (number === this.number) this.busy = false;
      this.draw();
    }
  }

  follow(header, [pixels]) {
    this.bar.value = header.progress;
    if (!header.handles) return this.say(`${header.words}: ${Math.round(100 * header.progress)}%`);
    this.way = header;
    this.stage.reached = header.handles;
    this.stage.show(header.size, pixels);
    this.say(`Following: ${header.words}.`);
  }

  take({ header, blobs: [before, after] }) {
    Object.assign(this, { said: header.said, began: header.began, error: header.error });
    this.stage.reached = [];
    this.stage.arrows = this.waiting;
    this.stage.show(header.size, after, before);
    const at = this.stack.edits.findLastIndex((step) => step.on !== false), last = this.stack.edits[at];
    const count = last?.name === "drag" ? last.points.split(" ").length : 0;
    const came = header.moved_to.slice(-count || Infinity).map(([x, y]) => `(${x.toFixed(1)}, ${y.toFixed(1)})`).join(", ");
    const words = last ? [...(count ? [`Came to ${came}, in pixels of the ${header.size} px picture.`] : []), ...(header.said[at] ?? [])].join(" ") : this.beginning();
    const found = last && this.stack.start.source === "picture" ? ` ${this.beginning()}` : ""; // the error is always said
    const done = last ? wordsOf(last, this.options.classes) : "";
    this.say((words || `Done: ${done.charAt(0).toLowerCase()}${done.slice(1)}.`) + found);
    this.stage.describe(`The edited picture: ${this.stack.edits.length} steps. ${words}`);
    this.tools.draw();
  }

  beginning() {
    const { source } = this.stack.start;
    return [source.startsWith("seed:") ? `Seed ${source.slice(5)}, as the generator draws it.` : "", ...(this.began ?? [])].filter(Boolean).join(" ");
  }

  /** Back to what was drawn last, and why. */
  failed(problem, asked) {
    const sentence = messageOf(problem);
    this.say(sentence);
    if (sentence === LOST || asked === this.good) return;
    if (this.history.past.at(-1) === this.good) this.history.past.pop();
    this.restore(this.good);
    this.stage.arrows = this.waiting = [];
    this.run().then(() => this.say(sentence));
  }

  /** A drag ends where it is; what has no middle is taken back. */
  stop() {
    this.channel?.cancel("edit-reach");
    if (this.reaching) {
      this.reaching = this.busy = false;
      return this.draw();
    }
    if (!this.busy || !this.stack) return;
    const { way, stack } = this, step = way ? stack.edits[way.index] : null;
    if (step) return this.change({ stack: { ...stack, edits: stack.edits.with(way.index, { ...step, steps: Math.max(1, way.at) }) } }, { part: true, kept: true });
    this.number += 1;
    this.busy = false;
    this.channel?.cancel("edit");
    if (this.history.past.at(-1) === this.good) this.history.past.pop();
    this.restore(this.good);
    this.run();
  }

  // --- the hand

  pulled(pull) {
    if (!this.options) return;
    const [x, y] = pull, { held, even, size } = this.options;
    if (this.stage.isEven([x, y], held, even)) {
      return this.say(`There is nothing at (${x.toFixed(1)}, ${y.toFixed(1)}) that could be held: for ${held.toFixed(0)} of the picture’s ${size} px around it all is one colour. Press on what you want to move.`);
    }
    this.waiting = [...this.waiting, pull];
    this.stage.arrows = this.waiting;
    if (!this.several) this.go();
    else this.say(`${this.waiting.length} to be pulled; press Go.`);
    this.draw();
  }

  /** The arrows become a step. */
  go() {
    if (!this.waiting.length || !this.stack) return;
    const points = this.waiting.map(([x0, y0, x1, y1]) => `${x0},${y0}:${x1},${y1}`).join(" ");
    const mask = this.tools.onlyPainted ? this.maskText : "";
    this.waiting = []; // the stage shows them until it has ended
    this.change({ stack: { ...this.stack, edits: [...this.stack.edits, { name: "drag", points, ...(mask && { mask }) }] } });
  }

  async reach([x, y]) {
    if (!this.stack) return;
    const { stage, stack, brought } = this;
    const show = (header) => { Object.assign(stage, { dots: header.ends, handle: header.handle }); stage.draw(); };
    this.reaching = this.busy = true;
    this.say("Trying to all sides …");
    this.tools.hand("drag");
    try {
      const answer = await this.ask("edit-reach", { stack, brought, x, y }, { slot: "edit-reach", onProgress: (header) => { this.bar.value = header.progress; if (header.ends) show(header); } });
      if (!answer) return;
      show(answer.header);
      const far = Math.max(...answer.header.ends.map(([a, b]) => Math.hypot(a - x, b - y)));
      this.say(`What is at (${x.toFixed(1)}, ${y.toFixed(1)}) came to the dots: at most ${far.toFixed(1)} px away.`);
    } catch (problem) {
      this.say(messageOf(problem));
    } finally {
      if (this.reaching) this.reaching = this.busy = false; // else it was stopped, and something else may be under way
      this.draw();
    }
  }

  say(words) {
    say(this.words, words);
  }

  draw() {
    this.stopButton.disabled = !this.busy;
    this.tuneButton.hidden = this.busy || (this.error ?? 0) <= FAR || this.stack?.start.source !== "picture" || !!this.stack.start.tuning;
    this.bar.hidden = !this.busy;
    this.undoButton.disabled = !this.history.past.length;
    this.redoButton.disabled = !this.history.future.length;
    this.root.toggleAttribute("data-busy", this.busy);
    if (this.stack && this.options) this.list.draw(this.stack, this.said, this.options.classes, this.beginning());
    this.tools.draw();
    this.stage.draw();
  }

  close() {
    this.channel?.close();
    this.root.remove();
  }
}

export default component((parent) => new EditView(parent));
