// The unit that somebody looks at: under the pointer, under the keys, or chosen. Methods of Networks.

import { MARGIN } from "../../../ui/web/plane/stage_field.js";
import { BIG_MAP, LEAVE_MS } from "./networks.js";
import { reachOf } from "./networks_units.js";

export const lookedMethods = {
  hover(unit) {
    if (!this.scene?.networks.size) return;
    clearTimeout(this.leaving);
    this.hovered = unit;
    this.askUnit();
  },

  /** Not at once: the pointer may be on its way to the next unit. */
  leave() {
    clearTimeout(this.leaving);
    if (!this.hovered) return;
    this.leaving = setTimeout(() => { this.hovered = null; this.showLooked(); }, LEAVE_MS);
  },

  showLooked() {
    this.markChosen();
    if (this.looked) this.askUnit();
    else this.onUnit(null);
  },

  choose(player, c, u) {
    const same = this.chosen && [this.chosen.player, this.chosen.c, this.chosen.u].join() === [player, c, u].join();
    if (same || !this.scene?.networks.size) return this.close();
    this.chosen = { player, c, u };
    this.showLooked();
  },

  close() {
    clearTimeout(this.leaving);
    this.chosen = this.hovered = null;
    this.showLooked();
  },

  markChosen() {
    for (const [player, card] of Object.entries(this.cards)) {
      for (const button of card.units.children) {
        button.setAttribute("aria-pressed", String(this.chosen?.player === player && button.dataset.at === `${this.chosen.c} ${this.chosen.u}`));
      }
    }
  },

  /** D's unit: a map of the plane. G's: a colour for every generated point, and a small map of the latent plane. */
  askUnit() {
    const looked = this.looked, { player, c, u } = looked, card = this.cards[player], wide = card.layers[0].in;
    const around = player === "d", across = BIG_MAP + (around ? 2 * MARGIN : 0);
    const map = this.inputs(player, BIG_MAP, around), area = map ? across ** 2 : 0, each = player === "g" ? this.stage.latents.length / wide : 0;
    const x = new Float32Array((area + each) * wide);
    if (map) x.set(map);
    if (each) x.set(this.stage.latents, area * wide);
    const drawn = card.layers.map((_, l) => (l + 1 === c ? [u] : []));
    const told = (values) => {
      if (looked !== this.looked) return;
      const layer = c === 0 ? `input ${u + 1}` : c === card.columns.length - 1 ? `output ${u + 1}` : `layer ${c}, unit ${u + 1}`, field = map && { n: BIG_MAP, around, values: values.subarray(0, area) };
      const inside = around ? values.filter((_, at) => Math.min(at % across, Math.floor(at / across)) >= MARGIN && Math.max(at % across, Math.floor(at / across)) < across - MARGIN) : values;
      const reach = reachOf(inside); // of the extent, as with D's own map: far away everything is extreme
      if (field) field.reach = reach;
      if (player === "d") this.onUnit({ player, words: `D, ${layer}: purple where it is above 0, grey where below`, field });
      else this.onUnit({ player, words: `G, ${layer}: ${map ? "over the plane of inputs z, and" : "its value"} as the colour of the points`, points: { values: values.subarray(area), reach }, small: field });
    };
    if (c === 0) told(Float32Array.from({ length: area + each }, (_, p) => x[wide * p + u]));
    else this.worker.ask("chosen", { layers: this.weightsOf(player), x, count: area + each, drawn }, (values) => told(values[c - 1][0]));
  },
};
