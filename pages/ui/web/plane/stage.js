// The stage: real and generated points in the plane, D's map of it, G's warped grid, and what D tells G.

import { context2d } from "../canvas/context.js";
import { make, say, still } from "../words.js";
import { Density } from "./stage_density.js";
import { FieldPicture, PointSheet } from "./stage_layers.js";
import { momentMethods } from "./stage_moment.js";
import { paintMethods } from "./stage_paint.js";
import { Places } from "./stage_places.js";
import { Plane } from "./stage_plane.js";
import { pointMethods } from "./stage_points.js";
import { legendOf, rangeOf } from "./stage_scale.js";
import { Glide } from "./stage_scene.js";
import { Tails } from "./stage_tails.js";

const LAYERS = [
  { id: "real", name: "Real", about: "Blue circles: real points. They stay; G never gets to see them." },
  { id: "fakes", name: "Generated", about: "Orange diamonds: what G makes of 2,000 inputs, always the same. Lines: the way that some have just come." },
  { id: "heat", name: "D’s map", about: "What D believes: the purpler, the more real it looks to D. The colours span D’s own range." },
  { id: "contour", name: "Boundary", about: "Where D cannot decide between real and fake." },
  { id: "arrows", name: "Pull", about: "What D tells G: which way a generated point should go to fool D." },
  { id: "manifold", name: "Grid", about: "Squared paper over G’s inputs, as G bends it: dense where points go." },
  { id: "density", name: "Density", about: "Lines around half and nine tenths of the points: real solid blue, generated dashed." },
];
export const FIRST_SHOWN = new Set(["real", "fakes", "heat", "contour", "arrows", "manifold"]);
const TOLD = "Blue circles are real points. Orange diamonds are G’s.";
const TOLD_BEFORE = "Blue: real points. After Train orange ones join them, made by the generator.";
export const MOST_TRAILS = 20, REACH_PX = 11, SHARPEST = 2, UNIT_SHADES = 9;

export class Stage {
  // Methods that have files of their own.
  nearest = pointMethods.nearest;
  pick = pointMethods.pick;
  tap = pointMethods.tap;
  key = pointMethods.key;
  walk = pointMethods.walk;
  scoreAt = pointMethods.scoreAt;
  placeTip = pointMethods.placeTip;
  toggleTrail = pointMethods.toggleTrail;
  addToTrail = pointMethods.addToTrail;
  clearTrails = pointMethods.clearTrails;
  tellTrails = pointMethods.tellTrails;
  see = paintMethods.see;
  paint = paintMethods.paint;
  paintField = paintMethods.paintField;
  mapNow = paintMethods.mapNow;
  barOver = paintMethods.barOver;
  spread = paintMethods.spread;
  pixelsOf = paintMethods.pixelsOf;
  paintLines = paintMethods.paintLines;
  paintArrows = paintMethods.paintArrows;
  paintDensity = paintMethods.paintDensity;
  paintChosen = paintMethods.paintChosen;
  stroke = paintMethods.stroke;
  shade = paintMethods.shade;
  realPicture = paintMethods.realPicture;
  setMoment = momentMethods.setMoment;
  leaveMoment = momentMethods.leaveMoment;
  changed = momentMethods.changed;
  shadeOf = momentMethods.shadeOf;

  /**
   * threshold(step): D's dividing line then; onClose(): the shown unit was put away; captioned: see `tellPlaces`.
   * onLook(): another part of the plane, or other layers, are looked at.
   */
  constructor({ threshold, onClose, captioned = false, onLook = () => {} }) {
    this.onLook = onLook;
    this.captioned = captioned;
    this.threshold = threshold;
    this.onClose = onClose;
    this.shown = new Set(FIRST_SHOWN);
    /** @type {Glide} */
    this.glide = new Glide();
    this.probability = true;
    this.stage = this.scene = this.overlay = this.look = null;
    this.picked = null; // what the pointer is on: {fake: index} or {real: index}
    this.trails = new Map(); // index -> [[step, x, y], ...] by step
    this.moment = this.aside = null; // a moment of a step taken apart, and the run that it covers
    this.frame = 0;
    this.tails = new Tails();
    /** @type {Places} */
    this.places = new Places();
    this.told = { words: this.places.words, one: "" }; // what is said of the places
    this.realDensity = null;
    this.density = new Density();
    this.realSheet = new PointSheet();
    this.fakeSheet = new PointSheet();
    this.build();
    this.plane = new Plane(this.canvas, {
      changed: () => { this.soon(); this.showZoom(); this.onLook(); },
      hovered: (x, y) => this.pick(x === null ? null : this.nearest(x, y)),
      tapped: (x, y, event) => this.tap(this.nearest(x, y, event.pointerType === "touch" ? 2 : 1)),
    });
    this.ink = context2d(this.canvas, { alpha: false });
    this.sizes = new ResizeObserver(() => this.resize());
    this.sizes.observe(this.canvas);
    this.reset();
  }

  build() {
    const small = (name, sign, label, action) => make("button", { type: "button", class: "gs-button gs-small", "data-testid": name,
      "aria-label": label, title: label, onClick: action }, sign);
    /** @type {HTMLElement[]} */
    this.toggles = LAYERS.map(({ id, name, about }) => make("button", { type: "button", class: "gs-layer", "data-layer": id, "data-testid": `layer-${id}`,
      "aria-pressed": String(this.shown.has(id)), title: about, onClick: () => this.toggle(id),
      onPointerenter: () => say(this.about, about), onFocus: () => say(this.about, about),
      onPointerleave: () => this.describe(), onBlur: () => this.describe() }, make("i", { "aria-hidden": "true" }), name));
    this.bar = make("div", { class: "gs-layers", role: "group", "aria-label": "Layers of the stage" }, ...this.toggles);
    this.about = make("p", { class: "gs-stage-about" });
    this.canvas = make("canvas", { class: "gs-plane", tabindex: "0", role: "img", "aria-label": "The plane", "data-testid": "stage",
      onKeydown: (e) => this.key(e), onBlur: () => this.pick(null) });
    this.corner = make("div", { class: "gs-corner" });
    this.resetButton = small("zoom-reset", "⟲", "Show everything (0)", () => this.plane.home());
    this.zoomBar = make("div", { class: "gs-zoom" },
      small("zoom-in", "+", "Zoom in (+)", () => this.plane.zoomBy(1.4)), small("zoom-out", "−", "Zoom out (−)", () => this.plane.zoomBy(1 / 1.4)), this.resetButton);
    /** @type {Record<string, HTMLElement>} */
    this.ends = { lead: make("b"), low: make("span"), colours: make("i", { "aria-hidden": "true" }), high: make("span") };
    this.legend = make("div", { class: "gs-legend", "data-testid": "legend" }, ...Object.values(this.ends));
    /** @type {HTMLElement[]} */
    this.placesLines = [make("span"), make("span")];
    this.placesWords = make("div", { class: "gs-places", role: "status", hidden: true, "data-testid": "places" }, ...this.placesLines);
    this.clearButton = make("button", { type: "button", class: "gs-button gs-small gs-clear", "data-testid": "clear-trails", hidden: true, onClick: () => this.clearTrails() });
    this.tip = make("div", { class: "gs-tip gs-point-tip", role: "status", hidden: true, "data-testid": "point-tip" });
    this.unitPicture = make("canvas", { class: "gs-unit-big", width: "1", height: "1", "aria-hidden": "true" });
    this.unitWords = make("span", { role: "status" });
    this.unitCard = make("div", { class: "gs-unit-card", "data-testid": "unit-card", hidden: true }, this.unitPicture, this.unitWords,
      make("button", { type: "button", class: "gs-button gs-small", "data-testid": "unit-close", "aria-label": "Close the unit's map", onClick: () => this.onClose() }, "✕"));
    this.root = make("div", { class: "gs-plane-root" }, this.bar,
      make("div", { class: "gs-plane-frame" }, this.canvas, this.corner, this.zoomBar, this.legend, this.placesWords, this.clearButton, this.unitCard, this.tip), this.about);
  }

  reset() {
    this.stage = this.scene = this.overlay = this.realKey = null;
    this.step = -1;
    this.glide.clear();
    this.tails.clear();
    this.places.clear();
    this.tellPlaces();
    this.clearTrails();
    this.pick(null);
    this.setOverlay(null);
  }

  /** What stays for a whole run: extent, modes or null, real [n * 2], latents [n * dim] or none yet. */
  setStage(stage) {
    if (this.aside) return void (this.aside.stage = stage);
    this.stage = stage;
    this.realKey = this.realDensity = null;
    this.plane.setExtent(stage.extent);
    this.describe();
    this.soon();
  }

  /** Show a snapshot; `live`: it just arrived, and the points glide to it. */
  show({ scene, step }, live) {
    if (this.aside) return void (this.aside.frame = { scene, step });
    this.scene = scene;
    this.step = step;
    this.glide.aim(scene, performance.now(), still() || (!live && this.glide.interval > 1000));
    this.line = this.threshold(step);
    if (!Number.isFinite(this.line)) this.line = this.probability ? 0.5 : rangeOf(scene.heat.values, Infinity, false).middle; // before the first record
    this.tails.add(step, scene.fakes.values);
    this.places.look(step, scene.fakes.values, this.stage ?? { extent: this.plane.extent });
    if (!this.captioned) this.tellPlaces();
    for (const index of this.trails.keys()) this.addToTrail(index);
    this.describe();
    this.soon();
  }

  /** Say of the places what holds in the picture that is shown. Beside a caption: when that is written, not before. */
  tellPlaces() {
    const { words, one } = this.places, [, , low, high] = this.plane.extent;
    this.told = { words, one: one ? (one.y > (low + high) / 2 ? "above" : "below") : "" };
    this.showLegend();
  }

  describe() {
    say(this.about, this.scene ? TOLD : TOLD_BEFORE);
    this.showLegend();
    const real = this.stage ? this.stage.real.length / 2 : 0, fakes = this.scene ? this.scene.fakes.shape[0] : 0;
    this.canvas.setAttribute("aria-label", !real ? "Nothing yet" : `${real} real points${fakes ? ` and ${fakes} generated ones at step ${this.step}` : ""}. `
      + "Plus, minus and 0 zoom, arrow keys walk over generated points, Enter trails one.");
  }

  toggle(id) {
    const shown = new Set(this.shown);
    if (!shown.delete(id)) shown.add(id);
    this.showLayers(shown);
  }

  /** Show these layers and no others. */
  showLayers(ids) {
    this.shown = new Set(ids);
    for (const button of this.toggles) button.setAttribute("aria-pressed", String(this.shown.has(button.dataset.layer ?? "")));
    this.showLegend();
    this.soon();
    this.onLook();
  }

  showLegend() {
    this.legend.hidden = !this.scene || !!this.overlay || !this.shown.has("heat");
    this.placesLines.forEach((line, i) => say(line, this.told.words[i] ?? ""));
    this.placesWords.dataset.one = this.told.one; // the words make room for it
    this.placesWords.hidden = !this.told.words.length || !this.placesSeen;
    this.bar.querySelector('[data-layer="manifold"]').hidden = !!this.scene && !this.moment && !this.scene.manifold.values.length; // of more than two latent numbers there is none
  }

  /** The numbers at the colours' ends, of the map as it is drawn. */
  tellRange(range) {
    const { about, ...told } = legendOf(range);
    for (const [part, words] of Object.entries(told)) say(this.ends[part], words);
    if (this.legend.title !== about) this.legend.title = about;
  }

  /** The scale of D's map: of a step taken apart the same before and after. */
  rangeNow(heat) {
    return this.moment?.range ?? rangeOf(heat, this.line, this.probability);
  }

  /** Whether empty places are marked and told: not of the few points of a step taken apart. */
  get placesSeen() {
    return !this.moment && !this.overlay && !!this.scene && this.shown.has("fakes");
  }

  showZoom() {
    if (this.plane) this.resetButton.disabled = this.plane.atHome;
  }

  /** The theme or the window has changed. */
  restyle() {
    this.look = null;
    this.resize();
  }

  resize() {
    const ratio = Math.min(SHARPEST, window.devicePixelRatio || 1), [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight].map((side) => Math.round(side * ratio));
    if (!width) return;
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    Object.assign(this.plane, { width, height });
    this.realKey = this.look = null;
    this.paint(performance.now()); // at once: a canvas of a new size is empty
  }

  soon() {
    this.frame ||= requestAnimationFrame((time) => {
      this.frame = 0;
      this.paint(Math.max(time, performance.now() - 50));
      if (this.glide.moving && this.canvas.clientWidth) this.soon(); // once it is seen again, resize() paints it
    });
  }

  end() {
    cancelAnimationFrame(this.frame);
    this.sizes.disconnect();
    this.plane.close();
  }

  /** A unit's map instead of D's, null: D's again. {player, words, field?: {n, values, reach}, points?, small?}: see Networks. */
  setOverlay(overlay) {
    this.overlay = overlay;
    this.unitCard.hidden = !overlay;
    this.root.toggleAttribute("data-unit", !!overlay);
    this.showLegend();
    if (overlay) say(this.unitWords, overlay.words);
    this.unitPicture.hidden = !overlay?.small;
    if (overlay?.small) {
      const { n, values, reach } = overlay.small, picture = new FieldPicture(n);
      picture.fill(values, (this.look ??= this.see()).unit[overlay.player], 0, reach);
      Object.assign(this.unitPicture, { width: n, height: n });
      context2d(this.unitPicture).drawImage(picture.canvas, 0, 0);
    }
    this.soon();
  }
}
