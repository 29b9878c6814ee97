// One moment of a step taken apart on the stage, instead of the run. Methods of Stage.

import { rgb, still } from "../words.js";
import { UNIT_SHADES } from "./stage.js";
import { shadeAt, stampOf } from "./stage_layers.js";

export const momentMethods = {
  /**
   * {scene, real [n * 2], latents, layers: ids, line, range, shades: {real?, fakes?}: from -1 to 1 for each point, span: ms};
   * null: the run again, as it stands by then.
   */
  setMoment(moment) {
    this.pick(null);
    if (!moment) return this.leaveMoment();
    const { stage, shown, trails, scene, step, line } = this;
    this.aside ??= { stage, shown, trails, line, frame: scene && { scene, step } };
    this.moment = moment;
    this.stage = { ...this.aside.stage, real: moment.real, latents: moment.latents };
    this.trails = new Map();
    Object.assign(this, { scene: moment.scene, line: moment.line, shown: new Set(moment.layers) });
    this.glide.aim(moment.scene, performance.now(), still(), moment.span);
    this.changed();
  },

  leaveMoment() {
    if (!this.aside) return;
    const { frame, ...run } = this.aside;
    this.moment = this.aside = this.scene = null;
    Object.assign(this, run);
    this.glide.clear();
    if (frame) this.show(frame, false);
    this.tellPlaces(); // the caption has spoken of this frame already
    this.changed();
  },

  changed() {
    this.realKey = null;
    for (const button of this.toggles) button.setAttribute("aria-pressed", String(this.shown.has(button.dataset.layer)));
    this.tellTrails();
    this.describe();
  },

  /** Stamps that wear D's colours: pick(i) for values from -1 to 1. */
  shadeOf(shape, values, look) {
    const edge = shape === "circle" ? "--gs-real" : "--gs-generated", [r, g, b] = rgb(this.root, `var(${edge})`);
    look.scored ??= {};
    look.scored[shape] ??= Array.from({ length: UNIT_SHADES }, (_, i) =>
      stampOf(shape, 1.8 * look.radius, shadeAt(look.heat, (2 * i) / (UNIT_SHADES - 1) - 1), `rgb(${r}, ${g}, ${b})`, 1.4 * look.px));
    return (i) => look.scored[shape][Math.round(((Math.max(-1, Math.min(1, values[i])) + 1) / 2) * (UNIT_SHADES - 1))];
  },
};
