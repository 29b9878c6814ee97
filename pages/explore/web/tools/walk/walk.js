// The tool "Walk": keyframes on a timeline, played in the big picture, and made into a film.

import { KeyTimeline } from "../../../../ui/web/keyframes/key_timeline.js";
import { KEYS_MOST, tenths } from "../../../../ui/web/keyframes/timed_keys.js";
import { make, messageOf, say } from "../../../../ui/web/words.js";
import { randomSeed, registerTool, toolButton } from "../../tools.js";
import { editFilmButton, WalkFilm } from "./walk_film.js";
import { EASINGS } from "./walk_keys.js";
import { PLAY_RATE, WalkPlayer } from "./walk_player.js";

const WAYS = {
  slerp: ["Arc", "Spherical interpolation (slerp): along the arc between two latents, so that their length stays usual. The usual way in Z."],
  lerp: ["Straight", "Linear interpolation (lerp): the straight line. In Z it passes through shorter, less usual latents; in W it is the usual way."],
  spline: ["Smooth", "A cubic spline through all keys: no corner at a key; in a loop it is periodic."],
};
const WALK_SPACES = {
  z: ["Z", "Between the latents as they are drawn."],
  w: ["W", "Between the styles that the mapping network makes of them: changes are more even."],
};

class WalkTool {
  constructor(root, explorer) {
    const keys = explorer.walk;
    this.explorer = explorer;
    this.keys = keys;
    this.chosen = null;
    this.own = null; // own: the look asked for last
    this.player = new WalkPlayer(explorer, { look: () => this.look(0), loop: () => keys.loop, onTime: (t) => this.moment(t),
      onState: (on) => this.showPlaying(on), onRate: (rate) => say(this.rate, rate === null ? "" : `${rate.toFixed(0)} frames a second`) });
    this.timeline = new KeyTimeline(keys, "walk", "path", { onScrub: (t, commit) => this.scrub(t, commit), onChoose: (id, go) => this.choose(id, go), onRemove: (id) => this.remove(id) });
    this.film = new WalkFilm(explorer, keys, () => this.look(0));
    this.build(root);
    this.off = [keys.onChange(() => this.redraw())];
    root.addEventListener("keydown", (event) => this.key(event));
    this.modelChanged(explorer.model);
  }

  build(root) {
    const { keys } = this;
    this.addButton = toolButton("", "+ Add this point", { "data-testid": "walk-add", title: "The point in the picture becomes the last key of the path", onclick: () => this.add() });
    this.playButton = toolButton("", "▶ Play", { "data-testid": "walk-play", title: "Play the path in the big picture (Space)", onclick: () => this.toggle() });
    this.time = make("output", { class: "gx-walk-time", "data-testid": "walk-time" });
    this.rate = make("span", { class: "gx-quiet", role: "status", "data-testid": "walk-rate", title: "The preview should show 30; this generator or this machine is slower. A film is not affected." });
    this.undoButton = toolButton("undo", "", { title: "Undo the last change of the path", "data-testid": "walk-undo", onclick: () => keys.undo() });
    this.clearButton = toolButton("", "Clear", { title: "Take all keys out; Undo brings them back", "data-testid": "walk-clear", onclick: () => this.clear() });
    this.empty = make("div", { class: "gx-walk-empty" },
      make("p", {}, "A path goes from key to key through the latent space. Add the point in the picture, move on, add the next."),
      toolButton("random", "Start with four random keys", { "data-testid": "walk-random", onclick: () => keys.add(Array.from({ length: 4 }, () => ({ where: { seed: randomSeed() }, class: this.explorer.look?.class ?? null }))) }));
    const group = (label, options, set) => make("div", { class: "gx-segments", role: "group", "aria-label": label },
      ...Object.entries(options).map(([value, [text, title]]) => make("button", { type: "button", class: "gs-button", "data-value": value, title, onclick: () => set(value) }, text)));
    this.ways = group("Way between keys", WAYS, (way) => keys.change(() => { keys.way = way; }));
    this.spaces = group("Space", WALK_SPACES, (space) => keys.change(() => { keys.space = space; }));
    this.loop = make("button", { type: "button", class: "gs-button", "aria-pressed": "false", "data-testid": "walk-loop", title: "From the last key back to the first, without end", onclick: () => keys.change(() => { keys.loop = !keys.loop; }) }, "↺ Loop");
    this.how = make("div", { class: "gx-row" }, this.ways, this.spaces, this.loop);
    this.inspector = make("div", { class: "gx-card gx-walk-key", hidden: true });
    this.editFilm = editFilmButton(this.explorer);
    root.classList.add("gx-walk");
    root.append(make("div", { class: "gx-row" }, this.addButton, this.playButton, this.time, this.rate, make("i", { class: "gx-space" }), this.undoButton, this.clearButton),
      this.empty, this.timeline.root, this.inspector, this.how, this.film.root, make("div", { class: "gx-row" }, this.editFilm));
  }

  // --- the frame's calls

  modelChanged(model) {
    this.player.pause();
    this.player.forget();
    this.spaces.hidden = !model.spaces.includes("w");
    this.editFilm.hidden = model.size < 2; // points of the plane are no pictures
    this.chosen = null;
    this.base = ""; // the next look is of this model: pictures anew
    this.film.forget();
    this.redraw();
  }

  hidden() { this.player.pause(); }

  /** Another look: one that we asked for, or not. Truncation, class and changed units hold along the path too. */
  changed(look) {
    const base = JSON.stringify([look.psi, look.class, look.mix, look.units]), place = JSON.stringify(look.where);
    const moved = place !== this.place;
    if (base !== this.base) {
      this.player.forget();
      this.pictures();
    }
    this.base = base;
    this.place = place;
    if (!moved && this.player.playing) this.explorer.picture.describe("playing a path");
    if (look === this.own || !moved) return;
    this.player.pause();
    const { where } = look; // a step of the page's own undo may lead back onto this path
    if ("path" in where && JSON.stringify(where.path) === JSON.stringify(this.keys.path())) this.moment(Math.min(where.at, this.keys.total));
  }

  destroy() {
    this.player.destroy();
    this.timeline.destroy();
    this.film.destroy();
    for (const off of this.off) off();
    clearTimeout(this.waiting);
  }

  // --- the path

  look(at) { return this.explorer.whole({ where: { path: this.keys.path(), at } }); }

  redraw() {
    const { keys } = this, some = keys.keys.length > 0, walkable = keys.keys.length > 1;
    this.player.forget();
    if (!walkable) this.player.pause();
    if (keys.index(this.chosen) < 0) this.chosen = null;
    this.empty.hidden = some;
    this.timeline.root.hidden = !some;
    this.how.hidden = this.playButton.hidden = this.time.hidden = !walkable;
    this.clearButton.hidden = !some;
    this.undoButton.disabled = !keys.before.length;
    for (const [group, value] of [[this.ways, keys.way], [this.spaces, keys.space]]) {
      for (const button of group.children) button.setAttribute("aria-pressed", String(button.dataset.value === value));
    }
    this.loop.setAttribute("aria-pressed", String(keys.loop));
    this.timeline.chosen = this.chosen;
    this.timeline.draw();
    this.showTime(this.timeline.at);
    this.drawInspector();
    this.film.draw();
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.pictures(), this.timeline.drag ? 200 : 20);
  }

  /** The strip's pictures and the keys', in one request. */
  async pictures() {
    const { keys, timeline, explorer } = this;
    if (!keys.keys.length || !explorer.look) return;
    const ids = keys.keys.map((key) => key.id);
    try {
      const answer = await explorer.ask("walk-frames", { look: this.look(0), times: [...timeline.stripTimes, ...keys.keys.map((key) => key.at)] }, { slot: "walk-strip" });
      if (answer && ids.join() === keys.keys.map((key) => key.id).join()) timeline.setPictures(answer, ids);
    } catch (problem) {
      explorer.say(messageOf(problem));
    }
  }

  /** The present point as a key: with what style mixing made of it, since a key is a place and nothing else. */
  async point() {
    const look = this.explorer.frozen();
    if (!look.mix.length) return { where: look.where, class: look.class };
    const answer = await this.explorer.ask("mixed-point", { look }, { slot: "walk-point" });
    return answer && { where: answer.header.where, class: look.class };
  }

  async add() {
    if (!this.explorer.point) return;
    try {
      const point = await this.point();
      if (!point) return;
      const id = this.keys.add([point]);
      if (id === null) this.explorer.say(`A path has at most ${KEYS_MOST} keys.`);
      else this.choose(id, false);
    } catch (problem) {
      this.explorer.say(messageOf(problem));
    }
  }

  choose(id, go) {
    const key = this.keys.keys[this.keys.index(id)];
    if (!key) return;
    this.chosen = id;
    this.timeline.choose(id);
    this.drawInspector();
    if (!go) return;
    this.player.pause();
    this.moment(key.at);
    this.own = this.explorer.show({ where: key.where, class: key.class ?? this.explorer.look.class, mix: [] }, { commit: true });
  }

  remove(id) {
    const i = this.keys.index(id);
    if (i < 0) return;
    this.keys.remove(id);
    this.explorer.say(`Key ${i + 1} is taken out.`, { label: "Undo", run: () => this.keys.undo() });
    const next = this.keys.keys[Math.min(i, this.keys.keys.length - 1)];
    if (next) this.timeline.buttons.get(next.id)?.focus();
  }

  clear() {
    this.keys.replaceAll([]);
    this.explorer.say("All keys are taken out.", { label: "Undo", run: () => this.keys.undo() });
  }

  drawInspector() {
    const { keys } = this, i = keys.index(this.chosen), key = keys.keys[i];
    this.inspector.hidden = !key;
    if (!key || this.inspector.contains(document.activeElement) && this.inspectorFor === `${key.id}`) return this.refreshInspector(key, i);
    this.inspectorFor = `${key.id}`;
    const button = (words, title, act, testid) => toolButton("", words, { title, "data-testid": testid ?? null, onclick: act });
    this.keyTitle = make("b", {});
    this.earlier = button("←", "Earlier in the order (Alt+Left)", () => keys.reorder(key.id, -1), "walk-earlier");
    this.later = button("→", "Later in the order (Alt+Right)", () => keys.reorder(key.id, 1), "walk-later");
    this.keySeconds = make("input", { type: "number", class: "gx-text gx-walk-number", min: "0.1", max: "60", step: "0.1", "aria-label": "Seconds to the next key", "data-testid": "walk-seconds",
      onchange: () => { if (Number(this.keySeconds.value) > 0) keys.setSeconds(key.id, Number(this.keySeconds.value)); } });
    this.easing = make("select", { class: "gx-select", "aria-label": "Pace to the next key", title: "How the pace changes on the way to the next key (easing).", "data-testid": "walk-easing", onchange: () => keys.set(key.id, { easing: this.easing.value }) },
      ...Object.entries(EASINGS).map(([value, [text, title]]) => make("option", { value, title }, text)));
    this.toNext = make("label", { class: "gx-field" }, make("span", { class: "gx-label" }, ""), this.keySeconds, make("span", { class: "gx-label" }, "s"), this.easing);
    this.inspector.replaceChildren(make("div", { class: "gx-row" }, this.keyTitle, this.toNext),
      make("div", { class: "gx-row" }, this.earlier, this.later, button("Show", "Show this key in the picture", () => this.choose(key.id, true)),
        button("Put this point here", "The point in the picture takes this key's place", () => this.replace(key.id), "walk-replace"), make("i", { class: "gx-space" }),
        toolButton("close", "Delete", { "data-testid": "walk-delete", title: "Take this key out; Undo brings it back", onclick: () => this.remove(key.id) })));
    this.refreshInspector(key, i);
  }

  refreshInspector(key, i) {
    if (!key) return;
    const { keys, explorer } = this, last = i === keys.keys.length - 1, names = explorer.model.classes;
    const kind = key.class && names.length ? (key.class.length === 1 ? names[key.class[0]] : `${names[key.class[0]]} and ${names[key.class[1]]}`) : "";
    say(this.keyTitle, `Key ${i + 1} of ${keys.keys.length}${kind ? ` · ${kind}` : ""}`);
    this.earlier.disabled = i === 0;
    this.later.disabled = last;
    this.toNext.hidden = keys.keys.length < 2 || (last && !keys.loop);
    say(this.toNext.firstChild, last ? "back to the first in" : "to the next in");
    if (document.activeElement !== this.keySeconds) this.keySeconds.value = String(tenths(last ? keys.tail : keys.keys[i + 1].at - key.at));
    this.easing.value = key.easing;
  }

  async replace(id) {
    try {
      const point = await this.point();
      if (point && this.keys.index(id) >= 0) this.keys.set(id, point);
    } catch (problem) {
      this.explorer.say(messageOf(problem));
    }
  }

  // --- playing

  toggle() {
    if (this.player.playing) {
      this.player.pause();
      this.own = this.explorer.show(this.look(this.timeline.at), { commit: true });
    } else {
      const { at } = this.timeline, { total } = this.keys;
      this.player.play(at >= total - 1.5 / PLAY_RATE ? 0 : at);
    }
  }

  showPlaying(on) {
    const { keys, timeline } = this;
    say(this.playButton.querySelector("span"), on ? "❚❚ Pause" : "▶ Play");
    if (on) this.explorer.picture.describe("playing a path");
    if (on || keys.loop || !keys.total || timeline.at < keys.total - 1.5 / PLAY_RATE) return;
    this.moment(keys.total); // it came to its end, and stays there
    this.own = this.explorer.show(this.look(keys.total), { commit: true });
  }

  moment(t) {
    this.timeline.setAt(t);
    this.showTime(t);
  }

  showTime(t) { say(this.time, `${t.toFixed(1)} / ${this.keys.total.toFixed(1)} s`); }

  scrub(t, commit) {
    this.player.pause();
    this.showTime(t);
    this.own = this.explorer.show(this.look(t), { commit });
  }

  key(event) {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !event.shiftKey && !event.target.closest("input[type=number]")) this.keys.undo();
    else if (event.key === " " && event.target.closest(".gs-kt")) this.toggle();
    else return;
    event.preventDefault();
    event.stopPropagation(); // the page's own undo is for points, this one for the path
  }
}

registerTool({ name: "walk", label: "Walk", order: 2, title: "Interpolation: a path through keys, played and filmed", mount: (root, explorer) => new WalkTool(root, explorer) });
