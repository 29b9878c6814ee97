// Which units matter: each is switched off alone, and ranked by what that does to the picture, or to a class.

import { context2d } from "../../../../ui/web/canvas/context.js";
import { count, make, messageOf, say, short } from "../../../../ui/web/words.js";
import { toolButton } from "../../tools.js";
import { unitName } from "./inside.js";

const MATTER_SHOWN = 24;
const MEASURES = {
  change: ["Change of the picture", "How far the picture’s pixels move when the unit is off: mean absolute difference, as a share of the full range of brightness.", (v) => `${short(100 * v)} %`],
  more: ["More in this class than in others", "By how much more the unit changes pictures of this class than pictures of other classes.", (v) => `${short(100 * v)} %`],
  for_class: ["Speaks for this class", "By how much the discriminator’s evidence for this class (its score as this class, less the mean over all classes) falls when the unit is off.", short],
  score: ["Holds the score up", "By how much the discriminator’s score of the picture falls when the unit is off.", short],
};

export class UnitsThatMatter {
  constructor(inside) {
    this.inside = inside;
    this.explorer = inside.explorer;
    this.found = null;
    this.running = false;
    const start = (of, name) => toolButton("", "–", { "data-testid": `matter-${name}`, onclick: () => this.start(of) });
    this.onPicture = start("picture", "picture");
    this.onMany = start("many", "many");
    this.stop = toolButton("close", "Cancel", { hidden: true, "data-testid": "matter-cancel", onclick: () => this.explorer.cancel("inside-units") });
    this.by = make("select", { class: "gx-select", "aria-label": "Rank by", "data-testid": "matter-by", onchange: () => this.draw() });
    this.bar = make("progress", { class: "gx-progress", max: "1", value: "0", hidden: true, "aria-label": "Units switched off so far" });
    this.words = make("p", { class: "gx-quiet", role: "status", "data-testid": "matter-words" });
    this.list = make("ol", { class: "gx-matter", "data-testid": "matter-list" });
    this.ranking = make("label", { class: "gx-field", hidden: true }, make("span", { class: "gx-label" }, "Rank by"), this.by);
    this.root = make("div", { class: "gx-inside-view", hidden: true },
      make("div", { class: "gx-row" }, this.onPicture, this.onMany, this.stop, make("i", { class: "gx-space" }), this.ranking), this.bar, this.words, this.list);
    this.idle = "Every unit of the generator is switched off alone, once, and what changes is what it causes (after Bau et al., GAN Dissection).";
  }

  forget() {
    this.explorer.cancel("inside-units");
    this.found = null;
    this.tried = false;
    /** @type {any[]} */
    this.rows = [];
    this.list.replaceChildren();
    this.ranking.hidden = true;
    say(this.words, this.idle);
  }

  /** The class that is asked about in words; null where there are no classes. */
  className(look = this.explorer.look) {
    const { classes } = this.explorer.model, kind = look?.class;
    if (!classes.length || !kind) return null;
    return kind.length > 1 && kind[2] > 0 ? `${classes[kind[0]]} and ${classes[kind[1]]}` : classes[kind[0]];
  }

  show() {
    const name = this.className();
    say(this.onPicture.lastChild, "For this picture");
    say(this.onMany.lastChild, name ? `For the class ${name}` : "On average");
    this.onMany.title = name ? "Over 16 random pictures of this class, and 16 of other classes to compare with" : "Over 16 random pictures";
    if (!this.found && !this.running) {
      say(this.words, this.idle);
      if (!this.tried && this.explorer.look) this.start("picture"); // so that there is something to see; later only when asked
    } else if (this.found) this.tellStale();
    for (const { off, layer, unit } of this.rows ?? []) off.setAttribute("aria-pressed", String(this.inside.scale(layer, unit) === 0));
  }

  async start(of) {
    const { explorer } = this, { look, model } = explorer;
    if (!look) return;
    const name = this.className();
    this.tried = true;
    this.run(true);
    try {
      const answer = await explorer.ask("inside-units", { look, of }, { slot: "inside-units", onProgress: ({ progress, words }) => {
        this.bar.value = progress;
        say(this.words, words);
      } });
      if (!answer || model !== explorer.model) return this.run(false);
      const { header, blobs } = answer, measures = Object.fromEntries(header.measures.map((m, i) => [m, new Float32Array(blobs[i])]));
      const units = header.layers.flatMap((layer) => Array.from({ length: layer.units }, (_, unit) => ({ layer: layer.name, unit })));
      if (measures.elsewhere) measures.more = measures.change.map((v, i) => v - measures.elsewhere[i]);
      this.found = { ...header, of, name, look, units, measures };
      const kinds = Object.keys(MEASURES).filter((m) => measures[m]), before = this.by.value;
      this.by.replaceChildren(...kinds.map((m) => make("option", { value: m, title: MEASURES[m][1] }, MEASURES[m][0])));
      this.by.value = kinds.includes(before) && of === this.last ? before : of === "many" && measures.more ? "more" : "change";
      this.last = of;
      this.run(false);
      this.draw();
    } catch (problem) {
      this.run(false);
      say(this.words, messageOf(problem));
    }
  }

  run(on) {
    this.running = on;
    this.bar.hidden = this.stop.hidden = !on;
    this.bar.value = 0;
    this.onPicture.disabled = this.onMany.disabled = on;
    if (!on) this.show();
  }

  /** The measure belongs to the point that it was taken at. */
  tellStale() {
    const { found } = this, [, help] = MEASURES[this.by.value] ?? ["", ""], { look } = this.explorer;
    const bare = ({ where, class: kind, psi, mix }) => JSON.stringify(found.of === "picture" ? [where, kind, psi, mix] : [kind, psi]);
    const stale = bare(found.look) !== bare(look);
    this.list.toggleAttribute("data-stale", stale);
    const of = found.of === "picture" ? "one picture" : `${found.pictures} pictures${found.name ? ` of ${found.name}` : ""}`;
    const other = found.of === "picture" ? "That picture is no longer the present one: measure again." : "The class or the truncation is another now: measure again.";
    say(this.words, stale ? other : `${help} Measured on ${of}, ${count(found.units.length)} units.`);
  }

  async draw() {
    const { found, explorer } = this;
    if (!found) return;
    this.ranking.hidden = false;
    const measure = this.by.value, values = found.measures[measure], words = MEASURES[measure][2];
    this.tellStale();
    const order = [...values.keys()].sort((a, b) => values[b] - values[a]).slice(0, MATTER_SHOWN), most = Math.max(...order.map((i) => Math.abs(values[i])), 1e-12);
    this.rows = order.map((i) => this.row(found.units[i], values[i], most, words));
    this.list.replaceChildren(...this.rows.map(({ item }) => item));
    // The maps of those units, a request for each layer among them.
    for (const layer of new Set(this.rows.map((row) => row.layer))) {
      try {
        const answer = await explorer.ask("inside-maps", { look: { ...found.look, units: [] }, layer }, { slot: `inside-maps-${layer}` });
        if (!answer || found !== this.found) return;
        this.pictures(layer, answer);
      } catch {
        return; // the bars say it without
      }
    }
  }

  row({ layer, unit }, value, most, words) {
    const { inside } = this, name = unitName(inside.layers, layer, unit);
    const canvas = make("canvas", { width: 1, height: 1, "aria-hidden": "true" });
    const off = make("button", { type: "button", class: "gs-button gs-small", "aria-label": `Switch ${name} off, or on again`, title: "Switch it off, or on again", "aria-pressed": String(inside.scale(layer, unit) === 0),
      onclick: () => inside.set(layer, unit, inside.scale(layer, unit) === 0 ? 1 : 0) }, "Off");
    const item = make("li", {},
      make("button", { type: "button", class: "gx-matter-unit", title: `Show this unit among the maps of ${layer}`, "data-layer": layer, "data-unit": unit, onclick: () => inside.go(layer, unit) },
        canvas, make("span", {}, name.replace("layer ", "Layer ")), make("i", { class: "gx-matter-bar", "data-below": value < 0, style: `--share: ${Math.max(0.01, Math.abs(value) / most)}` }), make("b", {}, words(value))),
      off);
    return { item, canvas, off, layer, unit };
  }

  pictures(layer, { header: { size }, blobs }) {
    const shares = new Int8Array(blobs[0]), table = this.inside.views.maps.inks();
    for (const { canvas, layer: of, unit } of this.rows) {
      if (of !== layer) continue;
      const image = new ImageData(size, size);
      for (let i = 0; i < size * size; i++) image.data.set([...table[127 + shares[unit * size * size + i]], 255], 4 * i);
      Object.assign(canvas, { width: size, height: size });
      context2d(canvas).putImageData(image, 0, 0);
    }
  }
}
