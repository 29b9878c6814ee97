// Slow motion: one step of a run of points in its named parts, forwards and back.

import { readArrays } from "../../../ui/web/plane/stage_scene.js";
import { count, make, say, short } from "../../../ui/web/words.js";
import { TakenApart, exact } from "./microscope_parts.js";

const NEXT_STEPS = [["both", "Both"], ["discriminator", "D only"], ["generator", "G only"]];
const PACES = [[6, "slow"], [3, "medium"], [1.2, "fast"]]; // seconds for each part
const RUNNING_ON_MS = 1500; // a run that goes on for so long has been resumed
const LATE_MS = 2000; // a step that was taken apart is told of before the pause after it
const COMING = "One step is on its way …", QUEUED = "The step is taken as soon as the device is free …";
const MISSED = "The run was paused before this step could be taken apart; ask for the next one.";
const ENDED = "The run has ended: there is no next step.";
const ON_FROM_HERE = { finished: "Train longer first, then take one.", diverged: "Branch from an earlier step, and take one there." };
const RESUME_FIRST = "Resume it first, then take one.";
const BEGINNING = ["recording", "queued"]; // whoever opened it then, just after Train, waits for the run's first step
const RECORDED = "This is a recording. A step is taken apart in a run of your own: press Train, then Slow motion.";
const NOT_BEGUN = "Slow motion begins when the run trains.";
const WHAT = "Take one step in its parts";

export class Microscope {
  /** ask(what): sends a command, gives what is in the way; opened(on): it opened or closed. */
  constructor({ stage, networks, ask, opened }) {
    this.stage = stage;
    this.networks = networks;
    this.ask = ask;
    this.opened = opened;
    this.view = this.taken = null;
    this.asked = this.led = false;
    this.refused = "";
    this.elsewhere = ""; // why a run that another program trains shows no step of its own here
    this.build();
    this.reset();
  }

  build() {
    const button = (name, text, action, more = {}) => make("button", { type: "button", class: "gs-button gs-small", "data-testid": `scope-${name}`, onClick: action, ...more }, text);
    this.button = make("button", { type: "button", class: "gs-button gs-scope-open", "data-testid": "slow-motion", title: WHAT, onClick: () => this.open() }, "Slow motion");
    this.title = make("h3", {});
    this.backButton = button("back", "◀", () => this.go(this.at - 1), { "aria-label": "One part back", title: "Back (←)" });
    this.forwardButton = button("forward", "▶", () => this.go(this.at + 1), { "aria-label": "One part on", title: "On (→)" });
    this.playButton = button("play", "Play", () => this.play(!this.playing), { "aria-pressed": "false" });
    this.pace = make("select", { class: "gs-button gs-small", "aria-label": "Pace", "data-testid": "scope-pace", onChange: () => this.wait() },
      ...PACES.map(([seconds, name]) => make("option", { value: String(seconds), selected: name === "medium" }, name)));
    /** @type {HTMLButtonElement[]} */
    this.nextButtons = NEXT_STEPS.map(([players, name]) => button(`next-${players}`, name, () => this.take(players), { title: `The next step: ${players === "both" ? "both move" : `only ${name[0]} moves`}` }));
    this.closeButton = button("close", "✕", () => this.close(), { "aria-label": "Close slow motion" });
    this.list = make("ol", { class: "gs-parts" });
    this.words = make("p", { class: "gs-scope-words", role: "status", "data-testid": "scope-words" });
    this.formula = make("div", { class: "gs-formula", "data-testid": "scope-formula" });
    this.bars = make("div", { class: "gs-scope-bars", "data-testid": "scope-bars" });
    this.root = make("section", { class: "gs-scope", tabindex: "-1", hidden: true, "aria-label": "Slow motion through one step", "data-testid": "microscope", onKeydown: (e) => this.key(e) },
      make("header", {}, this.title, make("div", { class: "gs-scope-keys" }, this.backButton, this.playButton, this.forwardButton, this.pace),
        make("div", { class: "gs-scope-keys", role: "group", "aria-label": "Take the next step" }, make("span", {}, "Next step:"), ...this.nextButtons), this.closeButton),
      this.list, this.words, this.formula, this.bars);
  }

  /** Another run. */
  reset() {
    this.close();
    this.taken = this.buffer = this.view = this.runScene = null;
    this.at = 0;
    this.allowOpen();
  }

  /** In a recording and after its end the run's view says why there is no step; before its beginning the button does. */
  allowOpen() {
    this.button.disabled = !this.view || (this.view.state === "queued" && !this.current) || !!this.refused;
    this.button.title = this.refused || (this.button.disabled ? NOT_BEGUN : WHAT);
  }

  /** Why whoever looks at the run may not take a step of it; "" where they may. */
  refuse(why) {
    if (why === this.refused) return;
    this.refused = why;
    this.allowOpen();
    this.allowNext();
  }

  /** Why there is no next step, and what helps. */
  get whyNone() {
    if (this.view.state === "recording") return RECORDED;
    if (this.elsewhere) return this.elsewhere;
    return `${ENDED} ${ON_FROM_HERE[this.view.state] ?? RESUME_FIRST}`;
  }

  get isOpen() {
    return !this.root.hidden;
  }

  /** A scene of the run itself; it waits while a step is looked at. */
  showRun(scene) {
    this.runScene = scene;
    if (!this.isOpen) this.networks.show(scene);
  }

  setView(view) {
    const before = this.view?.state;
    this.view = view;
    this.allowOpen();
    if (this.asked) this.expect(before);
    else if (this.isOpen && !this.taken && BEGINNING.includes(before) && this.canStep) this.take("both");
    this.allowNext();
    const resumed = view.state === "running" && !!this.taken && !this.asked && view.step > this.step;
    if (!resumed) this.stay();
    else this.leaving ||= setTimeout(() => this.close(), RUNNING_ON_MS);
  }

  /** A step has been asked for, and the run's state was told: whether it can still come. before: the state until then. */
  expect(before) {
    const { state } = this.view;
    if (state !== "paused") clearTimeout(this.late);
    if (state === "running") this.tell(COMING);
    else if (state === "queued") this.tell(QUEUED);
    else if (state !== "paused") this.tell(this.whyNone);
    else if (before !== "paused") this.late = setTimeout(() => this.tell(MISSED), LATE_MS);
  }

  get canStep() {
    return !this.elsewhere && ["running", "paused"].includes(this.view?.state);
  }

  allowNext() {
    for (const button of this.nextButtons) button.disabled = !this.canStep || this.asked || !!this.refused;
    this.holdFocus();
  }

  /** A button that was disabled under the focus leaves it to the panel, so that Escape and the arrows are still its own. */
  holdFocus() {
    const focused = document.activeElement;
    if (focused instanceof HTMLButtonElement && focused.disabled && this.root.contains(focused)) this.root.focus({ preventScroll: true });
  }

  /** Nothing is waited for any more: it has come, or it will not. */
  settle() {
    this.asked = false;
    clearTimeout(this.late);
    this.allowNext();
  }

  stay() {
    clearTimeout(this.leaving);
    this.leaving = 0;
  }

  /** Whether the newest step of the run is the one that was taken apart. */
  get current() {
    return !!this.buffer && this.step === this.view?.step;
  }

  open() {
    if (this.isOpen) return;
    this.root.hidden = false;
    this.opened(true);
    if (this.current && this.view.state !== "running") this.begin();
    else if (this.canStep) this.take("both");
    else this.tell(this.view.state === "queued" && !this.elsewhere ? QUEUED : this.whyNone);
    this.root.focus({ preventScroll: true });
    this.root.scrollIntoView({ block: "nearest" });
  }

  /** Have the run take its next step, and tell what happened in it. */
  async take(players) {
    this.play(false);
    this.asked = true;
    this.allowNext();
    this.tell(COMING);
    const trouble = await this.ask({ do: "dissect", players });
    if (trouble && this.asked) this.tell(trouble);
  }

  /** Words where there is nothing to look at, or not yet: with "…" the step is on its way, else it may be asked for again. */
  tell(words) {
    if (!words.endsWith("…")) this.settle();
    say(this.words, words);
    if (this.taken) return;
    this.list.replaceChildren();
    this.formula.replaceChildren();
    this.bars.replaceChildren();
    say(this.title, "Slow motion");
    for (const button of [this.backButton, this.forwardButton, this.playButton]) button.disabled = true;
    this.holdFocus();
  }

  /** A step taken apart: by us, by another viewer, or before this page was loaded. */
  receive(buffer) {
    this.buffer = buffer;
    this.step = readArrays(buffer).header.dissection.step;
    const mine = this.asked;
    this.settle();
    if (this.view) this.setView({ ...this.view, step: Math.max(this.step, this.view.step) });
    if (mine || this.isOpen) this.begin();
  }

  begin() {
    const stage = this.stage.aside?.stage ?? this.stage.stage;
    if (!stage || !this.isOpen) return;
    this.taken = new TakenApart(this.buffer, stage, this.stage.threshold(this.step));
    say(this.title, `Step ${count(this.step)}`);
    this.list.replaceChildren(...this.taken.parts.map(({ part, name }, i) => make("li", {},
      make("button", { type: "button", class: "gs-part", "data-part": part, "data-testid": `part-${part}`, onClick: () => this.go(i) }, make("b", {}, String(i + 1)), name))));
    this.go(0);
  }

  go(at) {
    const { taken } = this, parts = taken?.parts ?? [];
    if (!taken || !(at >= 0 && at < parts.length)) return;
    this.at = at;
    const part = parts[at], player = part.part[0], last = at === parts.length - 1;
    [...this.list.children].forEach((item, i) => item.firstChild.toggleAttribute("aria-current", i === at));
    this.list.children[at].firstChild.setAttribute("aria-current", "step");
    this.list.children[at].scrollIntoView({ block: "nearest", inline: "nearest" });
    this.backButton.disabled = at === 0;
    this.forwardButton.disabled = last;
    this.playButton.disabled = false;
    this.holdFocus();
    say(this.words, part.words(taken));
    this.formula.replaceChildren(...(part.loss ? formulaOf(player, taken[player]) : []));
    this.bars.replaceChildren(...(part.bars ? barsOf(taken[player], part.bars) : []));
    this.root.dataset.player = player === "d" || part.part.startsWith("score") ? "d" : "g";
    this.stage.setMoment(taken.moment(part));
    const order = parts.map(({ part: name }) => name), reached = (name) => order.includes(name) && order.indexOf(name) <= at;
    this.networks.show({ networks: taken.networks(reached("d_move"), reached("g_move")) });
    this.networks.highlight(part, part.player ?? (taken.d ? "d" : "g"));
    if (last) this.play(false);
    else this.wait();
  }

  /** Led by somebody else to a part of a step, [step, part]; null: closed. Nothing is asked of the run. */
  follow(asked) {
    if (!asked) {
      if (this.led) this.close();
      return;
    }
    const [step, at] = asked;
    if (!this.buffer || this.step !== step) return; // it is on its way here too
    if (!this.isOpen) {
      this.root.hidden = false;
      this.led = true;
      this.opened(true);
    }
    if (!this.taken) this.begin();
    if (this.taken && this.at !== at) this.go(at);
  }

  play(on) {
    this.playing = on;
    clearTimeout(this.timer);
    say(this.playButton, on ? "Pause" : "Play");
    this.playButton.setAttribute("aria-pressed", String(on));
    if (on && this.taken && this.at === this.taken.parts.length - 1) this.go(0);
    else this.wait();
  }

  /** The next part after the time that the pace gives to each. */
  wait() {
    clearTimeout(this.timer);
    if (this.playing) this.timer = setTimeout(() => this.go(this.at + 1), 1000 * Number(this.pace.value));
  }

  key(event) {
    const { key, target } = event;
    if (key === "Escape") this.close();
    else if (target === this.pace || event.altKey || event.ctrlKey || event.metaKey) return;
    else if (key === "ArrowRight") this.go(this.at + 1);
    else if (key === "ArrowLeft") this.go(this.at - 1);
    else if (key === "Home") this.go(0);
    else if (key === "End") this.go((this.taken?.parts.length ?? 0) - 1);
    else if (key === " " && target === this.root && this.taken) this.play(!this.playing);
    else return;
    event.preventDefault();
  }

  close() {
    const focused = this.root.contains(document.activeElement);
    this.stay();
    this.play(false);
    this.settle();
    if (!this.isOpen) return;
    this.led = false;
    this.root.hidden = true;
    this.taken = null;
    this.opened(false);
    this.stage.setMoment(null);
    this.networks.highlight(null);
    if (this.runScene) this.networks.show(this.runScene);
    if (focused) this.button.focus({ preventScroll: true });
  }

  end() {
    clearTimeout(this.timer);
    clearTimeout(this.late);
    this.stay();
  }
}

/** A loss with the batch's numbers in it: a card for each summand, and the sum. */
function formulaOf(player, { terms, penalty, loss }) {
  const all = penalty ? [...terms, penalty] : terms;
  const card = (term) => make("div", { class: "gs-term", "data-kind": term === penalty ? "penalty" : "term" },
    make("span", {}, term.formula), ...(term.spelled ? [make("small", {}, `= ${term.spelled}`)] : []),
    ...(term === penalty ? [make("small", {}, "penalty")] : []), make("b", {}, `= ${exact(term.value)}`));
  return [make("span", { class: "gs-formula-name" }, `${player.toUpperCase()}’s loss =`), ...all.flatMap((term, i) => [...(i ? [make("span", {}, "+")] : []), card(term)]),
    make("span", { class: "gs-formula-sum", "data-testid": "scope-sum" }, `= ${exact(loss + (penalty?.value ?? 0))}`)];
}

/** The layers of a player: how steep its loss is there, or how far its weights went. */
function barsOf({ layers, lr }, what) {
  const most = Math.max(...layers.map((layer) => layer[what])) || 1;
  const name = what === "gradient" ? "Length of the gradient" : `How far the weights went, at a learning rate of ${short(lr)}`;
  return [make("span", { class: "gs-bars-name" }, name), ...layers.map((layer, i) => make("div", { class: "gs-layer-bar" }, make("span", {}, `layer ${i + 1}`),
    make("i", { style: `width: ${(100 * (layer[what] || 0)) / most}%` }), make("b", {}, exact(layer[what]))))];
}
