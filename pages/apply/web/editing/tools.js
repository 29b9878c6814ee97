// What changes the picture beside the hand: where it begins, sliders, the class, files of the stack; the rest is `region`'s.

import { make, messageOf, renew } from "../../../ui/web/words.js";
import { blank } from "../mask.js";
import { MOST_BYTES, randomSeed } from "./other.js";
import { RegionPanel, StylesPanel } from "./region.js";
import { fresh, withStep } from "./stack.js";

const HANDS = [["drag", "Drag", "Press on the picture and pull"], ["paint", "Paint", "Paint a region"], ["erase", "Erase", "Take paint away"]];
const BRUSHES = [1, 3, 5, 9];
const FACTORS = { hue: ["Hue", 0.5], size: ["Size", 0.5], x: ["To the right", 0.5], y: ["Downwards", 0.5] };
const TUNING = 100; // steps
const MOST_JSON = 1e6;

export class Tools {
  /** @param {any} view */
  constructor(view) {
    this.view = view;
    this.chosen = "begin";
    this.sliding = false;
    this.onlyPainted = false;
    /** @type {any[]} */
    this.rows = []; // of the sliders
    /** @type {any[]} */
    this.files = [];
    /** @type {any[]} */
    this.handButtons = [];
    this.region = new RegionPanel(this);
    this.styles = new StylesPanel(this);
    /** @type {Record<string, HTMLElement>} */
    this.panels = {};
    /** @type {Record<string, HTMLElement>} */
    this.tabs = {};
    this.build();
  }

  build() {
    const { view } = this;
    const button = (name, text, title, act) => make("button", { type: "button", class: "ga-button", title, "data-testid": `edit-${name}`, onClick: act }, text);
    const check = (name, text, act) => make("label", { class: "ge-check" }, make("input", { type: "checkbox", "data-testid": `edit-${name}`, onChange: (e) => act(e.target.checked) }), make("span", {}, text));
    const field = (label, control) => make("label", { class: "ge-field" }, make("span", {}, label), control);
    const group = (...parts) => make("div", { class: "ge-group" }, ...parts);
    const seed = (name, act) => make("input", { type: "number", class: "ga-select ge-seed", min: "0", max: "999999999", step: "1", value: "1", "data-testid": `edit-${name}`, onChange: act });

    this.handButtons = HANDS.map(([name, text, title]) => button(`hand-${name}`, text, title, () => this.hand(name)));
    this.brush = make("select", { class: "ga-select", "aria-label": "Brush, in pixels", "data-testid": "edit-brush", onChange: (e) => { view.stage.brush = Number(e.target.value); } },
      ...BRUSHES.map((n) => make("option", { value: n, selected: n === 5 }, `${n} px`)));
    this.clearPaint = button("clear-paint", "Clear paint", "Nothing is painted; Undo brings it back", () => view.change({ mask: blank(view.options.size) }));
    this.hands = make("div", { class: "ge-group", role: "group", "aria-label": "What the pointer does" }, ...this.handButtons);
    this.paints = make("div", { class: "ge-group", role: "group", "aria-label": "Paint" }, this.brush, this.clearPaint);

    // where it begins
    this.seed = seed("seed", () => this.begin(Number(this.seed.value)));
    this.tune = check("tune", "Tune a copy of the generator to it", () => {});
    this.file = make("input", { type: "file", accept: "image/*", hidden: true, "data-testid": "edit-file", onChange: () => this.bring() });
    const begin = [group(field("Seed", this.seed), button("another", "Another", "A picture drawn at random", () => this.begin(randomSeed()))),
      group(button("bring", "Bring a picture …", "It is looked for among what the generator can draw; it stays on this machine", () => this.file.click()), this.file, this.tune)];

    // drag
    this.severalBox = check("several", "Several at once", (on) => { view.several = on; view.draw(); });
    this.goButton = button("go", "Go", "Pull all of them at once", () => view.go());
    this.dropButton = button("drop-arrows", "Drop the arrows", "Without pulling", () => { view.stage.arrows = view.waiting = []; view.draw(); });
    this.mayMove = check("may-move", "Only what is painted may move", (on) => { this.onlyPainted = on; view.draw(); });
    this.reachButton = button("reach", "Where can this go?", "Press it, then a place on the picture", () => this.hand(view.stage.mode === "reach" ? "drag" : "reach"));
    const drag = [make("p", { class: "ge-quiet" }, "Press on the picture, pull, and let go: what is there follows as far as this generator can."),
      group(this.severalBox, this.goButton, this.dropButton), this.mayMove, group(this.reachButton)];

    // sliders
    this.insideBox = check("inside", "Only inside what is painted", (on) => { this.insideOnly = on; });
    this.classes = make("select", { class: "ga-select", "data-testid": "edit-class", onChange: (e) => this.classed(e.target.value) });
    this.classField = field("Class", this.classes);
    this.sliders = make("div", { class: "ge-sliders" });
    const change = [group(this.classField, this.insideBox), this.sliders];

    for (const [name, label, parts] of /** @type {[string, string, HTMLElement[]][]} */ ([["begin", "Begin", begin], ["drag", "Drag", drag], ["change", "Sliders", change], ["region", "Region", this.region.parts], ["styles", "Styles", this.styles.parts]])) {
      this.tabs[name] = make("button", { type: "button", class: "ge-tab", role: "tab", id: `ge-tab-${name}`, "aria-controls": `ge-panel-${name}`, "data-testid": `edit-tab-${name}`, onClick: () => this.choose(name) }, label);
      this.panels[name] = make("div", { class: "ge-panel", role: "tabpanel", id: `ge-panel-${name}`, "aria-labelledby": `ge-tab-${name}` }, ...parts);
    }
    const strip = make("div", { class: "ge-tabs", role: "tablist", "aria-label": "Tools", onKeydown: (e) => this.turn(e) }, ...Object.values(this.tabs));
    this.root = make("section", { class: "ge-card", "aria-label": "Tools" }, strip, ...Object.values(this.panels));
    this.openFile = make("input", { type: "file", accept: ".json,application/json", hidden: true, "data-testid": "edit-open-file", onChange: () => this.open() });
    this.files = [button("save", "Save", "The steps as a JSON file", () => this.save()), button("open", "Open …", "Steps from a JSON file", () => this.openFile.click()), this.openFile];
    this.draw();
  }

  turn(event) {
    const names = Object.keys(this.tabs).filter((name) => !this.tabs[name].hidden), by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    this.choose(names[(names.indexOf(this.chosen) + by + names.length) % names.length]);
    this.tabs[this.chosen].focus();
    event.preventDefault();
  }

  choose(name) {
    this.chosen = name;
    if (name === "region") this.region.other.show();
    if (name === "styles") this.styles.other.show();
    this.hand(name === "region" && !this.view.mask.includes(1) ? "paint" : name === "region" ? this.view.stage.mode : "drag");
    this.draw();
  }

  hand(name) {
    this.view.stage.mode = name;
    if (name === "reach") this.view.say("Press the place that is asked about.");
    this.view.draw();
  }

  setOptions(options) {
    const { directions, factors, classes } = options;
    this.region.setOptions(options);
    this.styles.setOptions(options);
    this.tabs.styles.hidden = options.style_layers < 2;
    if (this.tabs.styles.hidden && this.chosen === "styles") this.chosen = "begin";
    this.classField.hidden = !classes.length;
    this.classes.replaceChildren(...classes.map((words, i) => make("option", { value: i }, words)));
    this.rows = [...factors.map((name) => this.slider({ name: "factor", factor: name }, FACTORS[name][0], FACTORS[name][1], 0.02, true)),
      ...directions.map(({ name, label }) => this.slider({ name: "move", along: name }, label, 4, 0.1, false))];
    const group = (words, rows) => (rows.length ? [make("h4", {}, words), ...rows.map(({ row }) => row)] : []), known = this.rows.slice(0, factors.length);
    renew(this.sliders, ...group("Known factors, each with the others held", known), ...group("Directions, which may move other things along", this.rows.slice(known.length)));
  }

  /** late: asked for only when the hand lets go, as it takes a second. */
  slider(step, label, far, fine, late) {
    const key = step.factor ?? step.along;
    const input = make("input", { type: "range", min: -far, max: far, step: fine, value: 0, "data-testid": `edit-slider-${step.factor ? "known-" : ""}${key}`,
      onInput: () => { shown.textContent = Number(input.value).toFixed(2); if (!late) this.slid(step, Number(input.value), true); },
      onChange: () => (late ? this.slid(step, Number(input.value), false) : this.slideEnded()) });
    const shown = make("output", {}, "0.00");
    return { step, input, shown, row: make("label", { class: "ge-slider" }, make("span", {}, label), input, shown) };
  }

  isOf(step, other) {
    return other.name === step.name && (other.factor ?? other.along) === (step.factor ?? step.along) && (!other.mask || other.mask === this.view.maskText);
  }

  slid(step, amount, live) {
    const { inside } = this, part = this.sliding;
    this.sliding = live;
    const next = amount === 0 ? null : { ...step, amount, on: true, ...inside };
    this.view.change({ stack: withStep(this.view.stack, (other) => this.isOf(step, other), next) }, { part });
  }

  /** What a step has of the painted region, where it is to be seen in there alone. */
  get inside() {
    const mask = this.insideOnly ? this.view.maskText : "";
    return mask ? { mask, soft: this.region.softness } : {};
  }

  slideEnded() {
    this.sliding = false;
    this.view.save();
  }

  classed(value) {
    this.view.change({ stack: withStep(this.view.stack, (other) => other.name === "class" && !other.mask, { name: "class", label: Number(value), on: true, ...this.inside }) });
  }

  // --- where it begins

  begin(seed) {
    const { view } = this;
    if (!Number.isInteger(seed) || seed < 0) return view.say("A seed is a whole number from 0 on.");
    view.change({ stack: { ...view.stack, start: { source: `seed:${seed}` } }, brought: "" });
  }

  /** What was brought is looked for again, with a copy of the generator tuned to it. */
  tuneNow() {
    const { view } = this;
    this.tune.querySelector("input").checked = true;
    view.change({ stack: { ...view.stack, start: { ...view.stack.start, tuning: TUNING } } });
  }

  async bring() {
    const { view } = this, file = this.file.files?.[0], tune = this.tune.querySelector("input").checked;
    this.file.value = "";
    if (!file) return;
    if (file.size > MOST_BYTES) return view.say("The picture is larger than 40 MB; make it smaller.");
    try {
      view.say("Reading the picture …");
      const answer = await view.ask("edit-bring", {}, { slot: "edit-bring", blobs: [await file.arrayBuffer()] });
      if (answer) view.change({ stack: { ...view.stack, start: { source: "picture", tuning: tune ? TUNING : 0 } }, brought: answer.header.brought });
    } catch (problem) {
      view.say(messageOf(problem));
    }
  }

  // --- files

  save() {
    const url = URL.createObjectURL(new Blob([JSON.stringify(this.view.stack)], { type: "application/json" }));
    const link = make("a", { href: url, download: "edit.json" });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }

  async open() {
    const { view } = this, file = this.openFile.files?.[0];
    this.openFile.value = "";
    if (!file) return;
    if (file.size > MOST_JSON) return view.say("The edit has more than 1 MB; leave some steps or pictures out.");
    let stack;
    try {
      stack = JSON.parse(await file.text());
    } catch {
      return view.say("The edit is not JSON; give a file that Save wrote.");
    }
    if (!Array.isArray(stack?.edits)) return view.say("The file has no steps; give one that Save wrote.");
    view.change({ stack: { ...fresh(view.model, view.options.size), ...stack, model: view.model } });
  }

  // --- what is shown

  draw() {
    const { view } = this, painted = view.mask.reduce((sum, v) => sum + v, 0), { mode } = view.stage;
    for (const [name, tab] of Object.entries(this.tabs)) {
      tab.setAttribute("aria-selected", String(name === this.chosen));
      tab.tabIndex = name === this.chosen ? 0 : -1;
      this.panels[name].hidden = name !== this.chosen;
    }
    HANDS.forEach(([name], i) => this.handButtons[i].setAttribute("aria-pressed", String(name === mode)));
    this.reachButton.setAttribute("aria-pressed", String(mode === "reach"));
    this.brush.hidden = mode !== "paint" && mode !== "erase";
    this.clearPaint.hidden = !painted;
    this.paints.hidden = this.brush.hidden && !painted;
    this.goButton.hidden = this.dropButton.hidden = !view.several;
    this.goButton.disabled = this.dropButton.disabled = !view.waiting?.length;
    this.region.draw();
    this.styles.draw();
    this.mayMove.querySelector("input").disabled = this.insideBox.querySelector("input").disabled = !painted;
    if (!view.stack) return;
    const { source } = view.stack.start, { activeElement } = document;
    if (source.startsWith("seed:") && activeElement !== this.seed) this.seed.value = source.slice(5);
    for (const { step, input, shown } of this.rows) {
      const found = view.stack.edits.findLast((other) => this.isOf(step, other) && other.on !== false);
      if (activeElement === input && this.sliding) continue;
      input.value = String(found?.amount ?? 0);
      shown.textContent = Number(input.value).toFixed(2);
    }
    const kind = view.stack.edits.findLast((step) => step.name === "class");
    if (kind) this.classes.value = String(kind.label);
  }
}
