// What is looked at, in the page's address: the stage's zoom and layers, the real pictures beside, the step. A link
// brings it back. The page's script leaves these names of the address alone.

import { FIRST_SHOWN } from "../../ui/web/plane/stage.js";

const NAMES = ["zoom", "layers", "beside", "at"], EVERY_MS = 350, NONE = "none";

export class LookedAt {
  constructor({ plane, film }) {
    this.plane = plane;
    this.film = film;
    /** @type {number | null} */
    this.asked = null; // a step that is to be looked at as soon as the run has told which it kept
    this.active = false; // of two runs side by side neither speaks for the page
    this.timer = 0;
    this.waits = false;
    this.toldAt = -Infinity;
    this.onBack = () => { if (this.active) this.take(); };
    window.addEventListener("popstate", this.onBack);
  }

  /** The view is shown; on: it is the page's only one. */
  update(on) {
    if (on && !this.active) this.take();
    this.active = on;
    this.soon();
  }

  /** As the address says. */
  take() {
    const query = new URLSearchParams(location.search), layers = query.get("layers"), at = query.get("at") ?? "";
    const zoom = (query.get("zoom") ?? "").split(",").map(Number);
    const known = new Set(this.plane.toggles.map((button) => button.dataset.layer)), chosen = (layers ?? "").split(",").filter((id) => known.has(id));
    this.plane.showLayers(chosen.length || layers === NONE ? chosen : FIRST_SHOWN);
    if (zoom.length === 3 && zoom.every(Number.isFinite)) this.plane.plane.goTo(zoom);
    else this.plane.plane.home();
    this.film.chooseReal({ 1: true, 0: false }[query.get("beside") ?? ""] ?? null);
    this.asked = /^\d{1,15}$/.test(at) ? Number(at) : null;
    if (this.asked === null && !this.film.live) this.film.goLive();
    this.follow();
  }

  /** The run has told which steps it kept. */
  follow() {
    if (this.asked === null || !this.film.kept.length) return;
    const step = this.asked;
    this.asked = null;
    this.film.follow(step);
  }

  /** Another run, or none. */
  forget() {
    if (this.active) this.asked = null;
  }

  /** Tell at the end of this task, so that a reload opens what was shown; again only after a pause: browsers count. */
  soon() {
    if (!this.active || this.waits) return;
    this.waits = true;
    const wait = this.toldAt + EVERY_MS - performance.now();
    if (wait > 0) this.timer = setTimeout(() => this.tell(), wait);
    else queueMicrotask(() => this.tell());
  }

  /** Complete the address in place. */
  tell() {
    this.waits = false;
    if (!this.active) return;
    const query = new URLSearchParams(location.search), before = query.toString(), now = this.words();
    for (const name of NAMES) {
      if (now[name] === undefined) query.delete(name);
      else query.set(name, now[name]);
    }
    if (query.toString() === before) return;
    this.toldAt = performance.now();
    const said = query.toString();
    history.replaceState(history.state, "", `${location.pathname}${said && `?${said}`}${location.hash}`);
  }

  words() {
    const { plane, film } = this, { zoom, cx, cy, atHome } = plane.plane, shown = [...plane.toggles].map((one) => one.dataset.layer).filter((id) => plane.shown.has(id));
    const usual = shown.length === FIRST_SHOWN.size && shown.every((id) => FIRST_SHOWN.has(id)), step = this.asked ?? (film.live ? null : film.wanted);
    return {
      ...(!atHome && { zoom: [zoom, cx, cy].map((number) => String(Number(number.toPrecision(5)))).join(",") }),
      ...(!usual && { layers: shown.join(",") || NONE }),
      ...(film.realChosen !== null && { beside: film.realChosen ? "1" : "0" }),
      ...(step !== null && { at: String(step) }),
    };
  }

  end() {
    this.active = false;
    clearTimeout(this.timer);
    window.removeEventListener("popstate", this.onBack);
  }
}
