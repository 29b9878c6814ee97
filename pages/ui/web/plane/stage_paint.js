// One picture of the stage: what lies over what, and in which colours. Methods of Stage.

import { rgb } from "../words.js";
import { UNIT_SHADES } from "./stage.js";
import { CELLS, Density } from "./stage_density.js";
import { drawAxes, drawTrail, scaleOf, shadeAt, stampOf, strideFor, traceArrows, traceLevel, traceManifold } from "./stage_layers.js";
import { FieldView, centresOf, joined } from "./stage_field.js";
import { seen } from "./stage_scale.js";

const MOST_ARROWS = 24, MOST_ARROWS_IN_A_STEP = 90; // of a whole run; of the few points of a step taken apart
const TRAIL_STEPS = 80;

export const paintMethods = {
  /** Colours and sizes in force. */
  see() {
    const get = (name) => rgb(this.root, `var(${name})`), css = (name, alpha = 1) => `rgba(${get(name).join()}, ${alpha})`;
    const px = this.canvas.width / (this.canvas.clientWidth || 1), large = this.root.closest("[data-projector]") ? 1.5 : 1;
    const radius = px * large * Math.min(3.2, Math.max(1.9, this.plane.size / px / 220));
    const [low, middle, high] = ["--gs-heat-fake", "--gs-heat-middle", "--gs-heat-real"].map(get);
    const unit = { g: scaleOf(low, middle, get("--gs-heat-made")), d: scaleOf(low, middle, high) };
    return {
      px, large, radius, unit, heat: unit.d, longest: px * large * Math.min(17, this.plane.size / px / 28),
      paper: css("--gs-plane-paper"), casing: css("--gs-plane-paper", 0.75), ink: css("--st-text-color"), edge: css("--gs-contour"), arrow: css("--gs-pull"),
      lattice: css("--gs-lattice", 0.5), tail: css("--gs-lattice"), trail: css("--gs-trail"), trouble: css("--gs-trouble"), solid: css("--gs-real"), dashed: css("--gs-trail"),
      real: stampOf("circle", 1.15 * radius, css("--gs-real", 0.8), css("--gs-plane-paper", 0.55), 0.7 * px),
      fake: stampOf("diamond", 0.92 * radius, css("--gs-generated", 0.95), css("--gs-point-edge", 0.5), 0.7 * px),
      shaded: Object.fromEntries(["g", "d"].map((player) => [player, Array.from({ length: UNIT_SHADES }, (_, i) =>
        stampOf("diamond", 1.15 * radius, shadeAt(unit[player], (2 * i) / (UNIT_SHADES - 1) - 1), css("--gs-point-edge", 0.8), 0.7 * px))])),
      axes: { over: this.barOver(px), text: css("--gs-quiet-ink"), line: css("--st-text-color", 0.09), halo: css("--gs-plane-paper", 0.7), px: px * large, font: `500 ${11 * px * large}px ${getComputedStyle(this.root).fontFamily}` },
    };
  },

  /** Where the layers' switches lie over the canvas, in its pixels: {right, top, bottom}; null where they stand above it. */
  barOver(px) {
    const bar = this.bar.getBoundingClientRect(), canvas = this.canvas.getBoundingClientRect();
    if (bar.bottom <= canvas.top + 1) return null;
    return { right: (bar.right - canvas.left) * px, top: (bar.top - canvas.top) * px, bottom: (bar.bottom - canvas.top) * px };
  },

  /** One picture, as everything stands at `time`. */
  paint(time) {
    const { ink, plane, canvas } = this;
    if (!canvas.clientWidth || canvas.width < 2) return;
    const look = (this.look ??= this.see());
    this.glide.at(time);
    const parts = this.scene && this.glide.parts;
    ink.globalAlpha = 1;
    ink.fillStyle = look.paper;
    ink.fillRect(0, 0, canvas.width, canvas.height);
    if (!this.stage) return;
    if (parts) this.paintField(ink, parts, look);
    drawAxes(ink, plane, look.axes);
    ink.lineJoin = ink.lineCap = "round";
    if (parts) this.paintLines(ink, parts, look);
    if (this.shown.has("real")) ink.drawImage(this.realPicture(look), 0, 0);
    if (!parts) return;
    if (this.shown.has("fakes")) {
      ink.strokeStyle = look.tail;
      if (!this.moment) this.tails.draw(ink, plane, parts.fakes, 1.6 * look.px * look.large);
      this.fakeSheet.clear(canvas.width, canvas.height);
      this.fakeSheet.put(plane, parts.fakes, look.fake, this.shade(look));
      ink.drawImage(this.fakeSheet.show(), 0, 0);
    }
    if (this.shown.has("arrows")) this.paintArrows(ink, parts, look);
    if (this.shown.has("density")) this.paintDensity(ink, parts, look);
    if (this.places.words.length && this.placesSeen) this.places.draw(ink, plane, look, this.stage.modes);
    this.paintChosen(ink, parts, look);
  },

  stroke(style, width) {
    Object.assign(this.ink, { strokeStyle: style, lineWidth: width });
    this.ink.stroke();
  },

  paintField(ink, parts, look) {
    const unit = this.overlay?.field;
    if (!unit && !this.shown.has("heat")) return;
    this.view ??= new FieldView();
    if (unit) return this.view.draw(ink, this.plane, this.spread(unit.values, unit.n, unit.around), look.unit[this.overlay.player], 0, unit.reach);
    const map = this.mapNow(parts), range = this.rangeNow(parts.heat), { middle, below, above } = range;
    this.view.draw(ink, this.plane, { ...map, field: map.field.map((score) => seen(score, this.probability)) }, look.heat, middle, above, below);
    this.tellRange(range);
  },

  /** D's map as it stands, with its margin where there is one. */
  mapNow(parts) {
    const n = this.scene.heat.shape[0], around = !!parts.margin?.length;
    return this.spread((this.whole = joined(parts.heat, n, parts.margin, this.whole)), n, around);
  },

  /** A field over the plane with the centres of its n columns and rows. */
  spread(field, n, around) {
    const { extent } = this.plane, [x0, x1, y0, y1] = extent, key = [...extent, n, around].join();
    if (this.centres?.key !== key) this.centres = { key, xs: centresOf(x0, x1, n, around), ys: centresOf(y0, y1, n, around) };
    return { field, around, xs: this.centres.xs, ys: this.centres.ys };
  },

  /** Columns and rows of the plane as pixels of the canvas. */
  pixelsOf({ xs, ys }) {
    return [xs.map((x) => this.plane.x(x)), ys.map((y) => this.plane.y(y))];
  },

  /** G's bent grid, and D's boundary over it. */
  paintLines(ink, parts, { px, large, lattice, casing, edge }) {
    if (this.shown.has("manifold") && parts.manifold.length) {
      ink.beginPath();
      traceManifold(ink, this.plane, parts.manifold, this.scene.manifold.shape);
      this.stroke(lattice, (this.scene.manifold.shape[0] > 1 ? 1.1 : 2.5) * px * large);
    }
    if (!this.shown.has("contour")) return;
    ink.lineCap = "butt"; // of hundreds of short pieces
    ink.beginPath();
    const map = this.mapNow(parts);
    traceLevel(ink, ...this.pixelsOf(map), map.field, this.line);
    this.stroke(casing, 5.5 * px * large);
    this.stroke(edge, 3 * px * large);
    ink.lineCap = "round";
  },

  /** Few, from the points' edges on, so that they hide none. */
  paintArrows(ink, parts, { px, large, radius, longest, casing, arrow }) {
    const stride = strideFor(parts.fakes.length / 2, this.moment ? MOST_ARROWS_IN_A_STEP : MOST_ARROWS), some = [];
    for (let i = 0; 2 * i < parts.fakes.length; i += stride) some.push(i);
    ink.beginPath();
    traceArrows(ink, this.plane, parts.fakes, parts.arrows, longest, some, 1.5 * radius);
    this.stroke(casing, 4 * px * large);
    this.stroke(arrow, 1.7 * px * large);
  },

  /** Lines around most of the real points, solid, and of the generated ones, dashed. */
  paintDensity(ink, parts, { px, large, casing, solid, dashed }) {
    const { density } = this, { extent, real } = this.stage, [x0, x1, y0, y1] = extent;
    const lines = this.pixelsOf({ xs: centresOf(x0, x1, CELLS, false), ys: centresOf(y0, y1, CELLS, false) });
    this.realDensity ??= new Density().of(real, extent);
    ink.lineCap = "butt";
    for (const [{ field, levels }, style, dash] of [[this.realDensity, solid, false], [density.of(parts.fakes, extent), dashed, true]]) {
      ink.beginPath();
      for (const level of levels) traceLevel(ink, ...lines, field, level, dash);
      this.stroke(casing, 4.5 * px * large);
      this.stroke(style, 2.4 * px * large);
    }
    ink.lineCap = "round";
  },

  /** With a unit of G on the stage every generated point wears what the unit says of it. */
  shade(look) {
    if (this.moment?.shades?.fakes) return this.shadeOf("diamond", this.moment.shades.fakes, look);
    const over = this.overlay?.points;
    if (!over) return null;
    const stamps = look.shaded[this.overlay.player];
    return (i) => stamps[Math.round(((Math.max(-1, Math.min(1, over.values[i] / over.reach)) + 1) / 2) * (UNIT_SHADES - 1))];
  },

  /** Real points stand still: stamped once for each view of the plane. */
  realPicture(look) {
    const { plane, canvas, realSheet } = this, key = [plane.cx, plane.cy, plane.zoom, canvas.width, canvas.height].join();
    if (this.realKey === key) return realSheet.canvas;
    this.realKey = key;
    realSheet.clear(canvas.width, canvas.height);
    realSheet.put(plane, this.stage.real, look.real, this.moment?.shades?.real && this.shadeOf("circle", this.moment.shades.real, look));
    return realSheet.show();
  },

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
  },
};
