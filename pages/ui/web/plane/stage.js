// The stage: real and generated points in the plane, D's map of it, G's warped grid, and what D tells G.

import { make, rgb, say, still } from "../words.js";
import { FieldPicture, PointSheet, drawAxes, drawTrail, scaleOf, shadeAt, stampOf, strideFor, traceArrows, traceLevel, traceManifold } from "./stage_layers.js";
import { momentMethods } from "./stage_moment.js";
import { Plane } from "./stage_plane.js";
import { pointMethods } from "./stage_points.js";
import { Glide } from "./stage_scene.js";

const LAYERS = [
  { id: "real", name: "Real", about: "Blue circles: real points. They stay; G never gets to see them." },
  { id: "fakes", name: "Generated", about: "Orange diamonds: what G makes of 2\u202f000 inputs, always the same." },
  { id: "heat", name: "D’s map", about: "What D believes: the purpler, the surer that it is real there." },
  { id: "contour", name: "Boundary", about: "Where D cannot decide between real and fake." },
  { id: "arrows", name: "Pull", about: "What D tells G: which way a generated point should go to fool D." },
  { id: "manifold", name: "Grid", about: "Squared paper over G’s inputs, as G bends it: dense where points go." },
];
const FIRST_SHOWN = new Set(["real", "fakes", "heat", "contour", "arrows"]);
const TOLD = "G moves orange to where D sees purple; D keeps purple on blue.";
const TOLD_BEFORE = "Blue: real points. After Train orange ones join them, made by the generator.";
export const MOST_ARROWS = 90, MOST_TRAILS = 20, TRAIL_STEPS = 80, REACH_PX = 11, SHARPEST = 2, UNIT_SHADES = 9;

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
  setMoment = momentMethods.setMoment;
  leaveMoment = momentMethods.leaveMoment;
  changed = momentMethods.changed;
  shadeOf = momentMethods.shadeOf;

  /** threshold(step): D's dividing line then; onClose(): the shown unit was put away. */
  constructor({ threshold, onClose }) {
    this.threshold = threshold;
    this.onClose = onClose;
    this.shown = new Set(FIRST_SHOWN);
    this.glide = new Glide();
    this.probability = true;
    this.stage = this.scene = this.overlay = this.look = null;
    this.picked = null; // what the pointer is on: {fake: index} or {real: index}
    this.trails = new Map(); // index -> [[step, x, y], ...] by step
    this.moment = this.aside = null; // a moment of a step taken apart, and the run that it covers
    this.frame = 0;
    this.realSheet = new PointSheet();
    this.fakeSheet = new PointSheet();
    this.build();
    this.plane = new Plane(this.canvas, {
      changed: () => { this.soon(); this.showZoom(); },
      hovered: (x, y) => this.pick(x === null ? null : this.nearest(x, y)),
      tapped: (x, y, event) => this.tap(this.nearest(x, y, event.pointerType === "touch" ? 2 : 1)),
    });
    this.ink = this.canvas.getContext("2d", { alpha: false });
    this.sizes = new ResizeObserver(() => this.resize());
    this.sizes.observe(this.canvas);
    this.reset();
  }

  build() {
    const small = (name, sign, label, action) => make("button", { type: "button", class: "gs-button gs-small", "data-testid": name,
      "aria-label": label, title: label, onClick: action }, sign);
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
    this.legend = make("div", { class: "gs-legend", "data-testid": "legend" }, make("span", {}, "D: fake"), make("i", { "aria-hidden": "true" }), make("span", {}, "real"));
    this.clearButton = make("button", { type: "button", class: "gs-button gs-small gs-clear", "data-testid": "clear-trails", hidden: true, onClick: () => this.clearTrails() });
    this.tip = make("div", { class: "gs-tip gs-point-tip", role: "status", hidden: true, "data-testid": "point-tip" });
    this.unitPicture = make("canvas", { class: "gs-unit-big", width: "1", height: "1", "aria-hidden": "true" });
    this.unitWords = make("span", { role: "status" });
    this.unitCard = make("div", { class: "gs-unit-card", "data-testid": "unit-card", hidden: true }, this.unitPicture, this.unitWords,
      make("button", { type: "button", class: "gs-button gs-small", "data-testid": "unit-close", "aria-label": "Close the unit's map", onClick: () => this.onClose() }, "✕"));
    this.root = make("div", { class: "gs-plane-root" }, this.bar,
      make("div", { class: "gs-plane-frame" }, this.canvas, this.corner, this.zoomBar, this.legend, this.clearButton, this.unitCard, this.tip), this.about);
  }

  reset() {
    this.stage = this.scene = this.overlay = this.realKey = null;
    this.step = -1;
    this.reach = 0;
    this.glide.clear();
    this.clearTrails();
    this.pick(null);
    this.setOverlay(null);
  }

  /** What stays for a whole run: extent, real [n * 2], latents [n * dim] or none yet, probability. */
  setStage(stage) {
    if (this.aside) return void (this.aside.stage = stage);
    this.stage = stage;
    this.realKey = null;
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
    const heat = scene.heat.values.filter(Number.isFinite), ends = heat.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]);
    if (!Number.isFinite(this.line)) this.line = this.probability || !heat.length ? 0.5 : (ends[0] + ends[1]) / 2; // before the first record
    const far = heat.length ? Math.max(ends[1] - this.line, this.line - ends[0]) : 1;
    this.reach = this.probability ? Math.max(this.line, 1 - this.line) : this.reach ? this.reach + 0.25 * (far - this.reach) : far;
    for (const index of this.trails.keys()) this.addToTrail(index);
    this.describe();
    this.soon();
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
    for (const button of this.toggles) button.setAttribute("aria-pressed", String(this.shown.has(button.dataset.layer)));
    this.showLegend();
    this.soon();
  }

  showLegend() {
    this.legend.hidden = !this.scene || !!this.overlay || !this.shown.has("heat");
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
    const ratio = Math.min(SHARPEST, window.devicePixelRatio || 1), side = Math.round(this.canvas.clientWidth * ratio);
    if (!side) return;
    if (this.canvas.width !== side || this.canvas.height !== side) Object.assign(this.canvas, { width: side, height: side });
    this.plane.size = side;
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

  /** Colours and sizes in force. */
  see() {
    const get = (name) => rgb(this.root, `var(${name})`), css = (name, alpha = 1) => `rgba(${get(name).join()}, ${alpha})`;
    const px = this.canvas.width / (this.canvas.clientWidth || 1), large = this.root.closest("[data-projector]") ? 1.5 : 1;
    const radius = px * large * Math.min(3.2, Math.max(1.9, this.canvas.clientWidth / 220)), paper = css("--gs-plane-paper");
    const [low, middle, high] = ["--gs-heat-fake", "--gs-heat-middle", "--gs-heat-real"].map(get);
    const unit = { g: scaleOf(get("--gs-heat-fake"), get("--gs-heat-middle"), get("--gs-heat-made")), d: scaleOf(low, middle, high) };
    return {
      px, large, radius, paper, unit, longest: px * large * Math.min(26, this.canvas.clientWidth / 18), heat: scaleOf(low, middle, high), ink: css("--st-text-color"), edge: css("--gs-contour"), halo: css("--gs-plane-paper", 0.75),
      casing: css("--gs-plane-paper", 0.7), arrow: css("--gs-pull", 0.92), lattice: css("--gs-lattice", 0.6), generated: css("--gs-generated"), trail: css("--gs-trail"),
      real: stampOf("circle", 1.15 * radius, css("--gs-real", 0.8), css("--gs-plane-paper", 0.55), 0.7 * px),
      fake: stampOf("diamond", 0.92 * radius, css("--gs-generated", 0.95), css("--gs-point-edge", 0.5), 0.7 * px),
      shaded: Object.fromEntries(["g", "d"].map((player) => [player, Array.from({ length: UNIT_SHADES }, (_, i) =>
        stampOf("diamond", 1.15 * radius, shadeAt(unit[player], (2 * i) / (UNIT_SHADES - 1) - 1), css("--gs-point-edge", 0.8), 0.7 * px))])),
      axes: { text: css("--gs-quiet-ink"), line: css("--st-text-color", 0.09), halo: css("--gs-plane-paper", 0.7), px: px * large, font: `500 ${11 * px * large}px ${getComputedStyle(this.root).fontFamily}` },
    };
  }

  /** One picture, as everything stands at `time`. */
  paint(time) {
    const { ink, plane, canvas } = this;
    if (!canvas.clientWidth || canvas.width < 2) return;
    const look = (this.look ??= this.see()), { px, large } = look;
    this.glide.at(time);
    const parts = this.scene && this.glide.parts;
    ink.globalAlpha = 1;
    ink.fillStyle = look.paper;
    ink.fillRect(0, 0, canvas.width, canvas.height);
    if (!this.stage) return;
    if (parts) this.paintField(ink, parts, look);
    drawAxes(ink, plane, look.axes);
    ink.lineJoin = ink.lineCap = "round";
    if (parts && this.shown.has("manifold") && parts.manifold.length) {
      ink.beginPath();
      traceManifold(ink, plane, parts.manifold, this.scene.manifold.shape);
      this.stroke(look.lattice, (this.scene.manifold.shape[0] > 1 ? 1.1 : 2.5) * px * large);
    }
    if (parts && this.shown.has("contour")) {
      ink.lineCap = "butt"; // of hundreds of short pieces
      ink.beginPath();
      traceLevel(ink, plane, parts.heat, this.scene.heat.shape[0], this.line);
      this.stroke(look.casing, 4 * px * large);
      this.stroke(look.edge, 1.8 * px * large);
      ink.lineCap = "round";
    }
    if (this.shown.has("real")) ink.drawImage(this.realPicture(look), 0, 0);
    if (!parts) return;
    if (this.shown.has("fakes")) {
      this.fakeSheet.clear(canvas.width);
      this.fakeSheet.put(plane, parts.fakes, look.fake, this.shade(look));
      ink.drawImage(this.fakeSheet.show(), 0, 0);
    }
    if (this.shown.has("arrows")) {
      ink.beginPath();
      const stride = strideFor(parts.fakes.length / 2, MOST_ARROWS), some = [];
      for (let i = 0; 2 * i < parts.fakes.length; i += stride) some.push(i);
      traceArrows(ink, plane, parts.fakes, parts.arrows, look.longest, some);
      this.stroke(look.arrow, 1.25 * px * large);
    }
    this.paintChosen(ink, parts, look);
  }

  stroke(style, width) {
    Object.assign(this.ink, { strokeStyle: style, lineWidth: width });
    this.ink.stroke();
  }

  paintField(ink, parts, look) {
    const unit = this.overlay?.field;
    if (!unit && !this.shown.has("heat")) return;
    const n = unit ? unit.n : this.scene.heat.shape[0];
    if (this.field?.n !== n) this.field = new FieldPicture(n);
    if (unit) this.field.fill(unit.values, look.unit[this.overlay.player], 0, unit.reach);
    else this.field.fill(parts.heat, look.heat, this.line, this.reach);
    this.field.draw(ink, this.plane);
  }

  /** With a unit of G on the stage every generated point wears what the unit says of it. */
  shade(look) {
    if (this.moment?.shades?.fakes) return this.shadeOf("diamond", this.moment.shades.fakes, look);
    const over = this.overlay?.points;
    if (!over) return null;
    const stamps = look.shaded[this.overlay.player];
    return (i) => stamps[Math.round(((Math.max(-1, Math.min(1, over.values[i] / over.reach)) + 1) / 2) * (UNIT_SHADES - 1))];
  }

  /** Real points stand still: stamped once for each view of the plane. */
  realPicture(look) {
    const { plane, canvas, realSheet } = this, key = [plane.cx, plane.cy, plane.zoom, canvas.width].join();
    if (this.realKey === key) return realSheet.canvas;
    this.realKey = key;
    realSheet.clear(canvas.width);
    realSheet.put(plane, this.stage.real, look.real, this.moment?.shades?.real && this.shadeOf("circle", this.moment.shades.real, look));
    return realSheet.show();
  }

  paintChosen(ink, parts, look) {
    const { px, large } = look, at = (i) => [parts.fakes[2 * i], parts.fakes[2 * i + 1]];
    const ring = (x, y, color) => {
      ink.beginPath();
      ink.arc(this.plane.x(x), this.plane.y(y), look.radius * 2.1, 0, 2 * Math.PI);
      this.stroke(look.paper, 4 * px * large);
      this.stroke(color, 2 * px * large);
    };
    for (const [index, path] of this.trails) {
      const until = path.findLastIndex(([step]) => step < this.step) + 1, now = at(index);
      drawTrail(ink, this.plane, [...path.slice(Math.max(0, until - TRAIL_STEPS), until).map(([, x, y]) => [x, y]), now], look.trail, 2.2 * px * large);
      ring(...now, look.trail);
    }
    const index = this.picked?.fake;
    if (index !== undefined) {
      ink.beginPath();
      traceArrows(ink, this.plane, parts.fakes, parts.arrows, 48 * px * large, [index]);
      this.stroke(look.casing, 5 * px * large);
      this.stroke(look.arrow, 2.6 * px * large);
      ring(...at(index), look.ink);
    } else if (this.picked) ring(this.stage.real[2 * this.picked.real], this.stage.real[2 * this.picked.real + 1], look.ink);
    if (this.picked) this.placeTip();
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
      this.unitPicture.getContext("2d").drawImage(picture.canvas, 0, 0);
    }
    this.soon();
  }
}
