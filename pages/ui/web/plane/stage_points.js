// What the stage says of one point, and the trails of those that were chosen. Methods of Stage.

import { make, say, short } from "../words.js";
import { MOST_TRAILS, REACH_PX } from "./stage.js";
import { valueAt } from "./stage_field.js";

const vector = (values) => {
  const some = Array.from(values.slice(0, values.length > 4 ? 3 : 4), short);
  return `(${some.join(", ")}${values.length > 4 ? `, … ${values.length} numbers` : ""})`;
};

const COMPASS = ["→", "↗", "↑", "↖", "←", "↙", "↓", "↘"];
const wayOf = (dx, dy) => COMPASS[(Math.round(Math.atan2(dy, dx) / (Math.PI / 4)) + 8) % 8];

export const pointMethods = {
  /** The point at most a few pixels from (x, y) of the canvas: {fake} or {real}, null where there is none. */
  nearest(x, y, times = 1) {
    if (!this.stage) return null;
    const [wx, wy] = this.plane.world(x, y), px = this.look?.px ?? 1;
    const find = (points, within) => {
      let best = within * within, found = -1;
      for (let i = 0; 2 * i < points.length; i++) {
        const dx = points[2 * i] - wx, dy = points[2 * i + 1] - wy, far = dx * dx + dy * dy;
        if (far < best) [best, found] = [far, i];
      }
      return found;
    };
    const within = (REACH_PX * times * px) / this.plane.unit;
    const fake = this.scene && this.shown.has("fakes") ? find(this.glide.parts.fakes, within) : -1;
    if (fake >= 0) return { fake };
    const real = this.shown.has("real") ? find(this.stage.real, within) : -1;
    return real >= 0 ? { real } : null;
  },

  pick(picked) {
    if (!picked && !this.picked) return;
    this.picked = picked;
    this.tip.hidden = !picked;
    this.canvas.toggleAttribute("data-over", !!picked);
    this.soon();
  },

  tap(picked) {
    this.pick(picked);
    if (picked?.fake !== undefined) this.toggleTrail(picked.fake);
  },

  key(event) {
    if (this.plane.key(event)) return event.preventDefault();
    if (event.key === "Escape") return this.pick(null);
    const by = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] }[event.key];
    if (by && this.scene) this.walk(by);
    else if ((event.key === "Enter" || event.key === " ") && this.picked?.fake !== undefined) this.toggleTrail(this.picked.fake);
    else return;
    event.preventDefault();
  },

  /** From the point under attention, or the middle, to the nearest generated one on that side. */
  walk([ux, uy]) {
    const points = this.glide.parts.fakes, from = this.picked?.fake;
    const x = from === undefined ? this.plane.cx : points[2 * from], y = from === undefined ? this.plane.cy : points[2 * from + 1];
    let best = Infinity, found = from;
    for (let i = 0; 2 * i < points.length; i++) {
      const dx = points[2 * i] - x, dy = points[2 * i + 1] - y, along = dx * ux + dy * uy, across = Math.abs(dx * uy - dy * ux);
      const far = along + 2 * across;
      if (i !== from && along > 0 && along >= 0.7 * across && far < best) [best, found] = [far, i];
    }
    if (found !== undefined) this.pick({ fake: found });
  },

  /** D's score anywhere, from its map. */
  scoreAt(x, y) {
    const { field, xs, ys } = this.mapNow(this.glide.parts);
    return valueAt(field, xs, ys, x, y);
  },

  /** Beside the point, on the side where there is room, with what is known of it now. */
  placeTip() {
    const { fake, real } = this.picked, parts = this.scene && this.glide.parts, points = real === undefined ? parts?.fakes : this.stage.real;
    if (!points) return;
    const i = fake ?? real, x = points[2 * i], y = points[2 * i + 1];
    const score = fake === undefined ? (parts ? this.scoreAt(x, y) : NaN) : parts.scores[i];
    const rows = [["at", vector([x, y])]];
    if (fake !== undefined && this.stage.latents?.length) {
      const { latents, dim } = this.stage;
      rows.unshift(["made from z", vector(latents.subarray(dim * i, dim * i + dim))]);
    }
    if (Number.isFinite(score)) rows.push(["D says", `${score > this.line ? "real" : "fake"} · ${this.probability ? `${Math.round(100 * score)}% real` : `score ${short(score)}`}`]);
    if (fake !== undefined) {
      const dx = parts.arrows[2 * i], dy = parts.arrows[2 * i + 1], strength = Math.hypot(dx, dy);
      rows.push(["pull on G", strength > 0 ? `${wayOf(dx, dy)} ${short(strength)} · ${vector([dx, dy])}` : "none"]);
    }
    const title = fake === undefined ? "Real point" : `Generated point ${fake + 1}`;
    const hint = fake === undefined ? "" : this.trails.has(fake) ? "click: no trail" : "click: draw its trail";
    const text = [title, ...rows.flat(), hint].join("|");
    if (text !== this.tipText) {
      this.tipText = text;
      this.tip.replaceChildren(make("b", {}, title), make("dl", {}, ...rows.flatMap(([name, words]) => [make("dt", {}, name), make("dd", {}, words)])), ...(hint ? [make("small", {}, hint)] : []));
      this.tip.dataset.kind = fake === undefined ? "real" : "fake";
    }
    const side = this.canvas.clientWidth, below = this.canvas.clientHeight, cx = (this.plane.x(x) / this.canvas.width) * side, cy = (this.plane.y(y) / this.canvas.width) * side;
    const wide = this.tip.offsetWidth, high = this.tip.offsetHeight;
    const left = Math.max(4, Math.min(side - wide - 4, cx > side / 2 ? cx - wide - 16 : cx + 16)), top = Math.max(4, Math.min(below - high - 4, cy - high / 2));
    this.tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  },

  toggleTrail(index) {
    if (!this.trails.delete(index)) {
      if (this.trails.size >= MOST_TRAILS) this.trails.delete(this.trails.keys().next().value);
      this.trails.set(index, []);
      this.addToTrail(index);
    }
    this.tellTrails();
  },

  addToTrail(index) {
    const path = this.trails.get(index), points = this.scene.fakes.values, place = [this.step, points[2 * index], points[2 * index + 1]];
    const at = path.findLastIndex(([step]) => step < this.step) + 1;
    path.splice(at, path[at]?.[0] === this.step ? 1 : 0, place);
    if (path.length > 2000) path.shift();
  },

  clearTrails() {
    this.trails.clear();
    this.tellTrails();
  },

  tellTrails() {
    const n = this.trails.size;
    this.clearButton.hidden = !n;
    say(this.clearButton, `Clear ${n} ${n === 1 ? "trail" : "trails"}`);
    this.soon();
  },
};
