// The pad: a piece of the latent space under the hand. Drag anywhere, and the picture follows.

import { context2d } from "../../../../ui/web/canvas/context.js";
import { make } from "../../../../ui/web/words.js";
import { registerTool } from "../../tools.js";
import { ThreePoints, TwoDirections } from "./pad_planes.js";
import { SeedsPlane } from "./pad_seeds.js";

export const TILES = 9, KEPT_TILES = 1500, MAP_MS = 120;

class PadTool {
  constructor(root, explorer) {
    this.explorer = explorer;
    this.canvas = make("canvas", { class: "gx-pad-canvas", tabindex: "0", role: "application", "data-testid": "pad",
      "aria-label": "Pad: drag, or use the arrow keys, and the picture follows." });
    this.knob = make("i", { class: "gx-knob", hidden: true });
    this.field = make("div", { class: "gx-pad-field" }, this.canvas, this.knob);
    this.side = make("div", { class: "gx-pad-side" });
    /** @type {Record<string, any>} */
    this.modes = Object.fromEntries(PAD_MODES.map((Mode) => [Mode.id, new Mode(this)]));
    this.buttons = PAD_MODES.map((Mode) => make("button", { type: "button", class: "gs-button", "aria-pressed": "false", title: Mode.help, "data-testid": `pad-${Mode.id}`,
      "data-mode": Mode.id, onclick: () => this.choose(Mode.id, true) }, Mode.label));
    this.spaces = make("div", { class: "gx-segments", role: "group", "aria-label": "Space of the plane", hidden: true }, ...["z", "w"].map((space) =>
      make("button", { type: "button", class: "gs-button", "data-space": space, "aria-pressed": "false", onclick: () => this.setSpace(space),
        title: space === "z" ? "Straight lines between latents as they are drawn" : "Straight lines between styles, which the mapping network makes of z: changes are more even" }, `in ${space}`)));
    root.append(make("div", { class: "gx-row" }, make("div", { class: "gx-segments", role: "group", "aria-label": "What the pad spans" }, ...this.buttons), make("i", { class: "gx-space" }), this.spaces),
      make("div", { class: "gx-pad" }, this.field, this.side));
    this.view = { x: 0.5, y: 0.5, span: 1.7 };
    this.at = null; // the present point's place on the pad, [x, y]
    this.space = null;
    this.frame = 0; // asked for, to be drawn
    this.visible = false;
    this.listen();
    this.offs = [explorer.on("point", (look, asked) => this.follow(look, asked)), explorer.on("bookmarks", () => this.mode?.bookmarksChanged?.())];
    this.watcher = new ResizeObserver(() => this.resize());
    this.watcher.observe(this.field);
    this.modelChanged(explorer.model);
  }

  listen() {
    const { canvas } = this, on = (name, f, options) => canvas.addEventListener(name, f, options);
    on("pointerdown", (e) => this.down(e));
    // Raw updates come as soon as the hand moves, not with the next frame; where there are none, moves do.
    on("onpointerrawupdate" in window ? "pointerrawupdate" : "pointermove", (e) => this.move(e));
    on("pointerup", (e) => this.up(e));
    on("pointercancel", (e) => this.up(e));
    on("wheel", (e) => this.mode.wheel?.(e), { passive: false });
    on("keydown", (e) => this.key(e));
    on("keyup", (e) => this.keyed && e.key.startsWith("Arrow") && this.settle());
  }

  shown() {
    this.visible = true;
    this.resize();
    this.soon(0);
  }

  hidden() { this.visible = false; }

  modelChanged(model) {
    this.spaces.hidden = !model.spaces.includes("w");
    this.space = model.spaces.includes("w") ? "w" : null;
    this.showSpace();
    this.at = this.kind = null;
    for (const mode of Object.values(this.modes)) mode.reset();
    this.choose(this.mode?.constructor.id ?? PAD_MODES[0].id);
    if (this.explorer.look) this.adopt(this.explorer.look, { opened: true }); // the pad came after the point
    this.paint();
  }

  /** The plane that a look lies on becomes the pad's; whether there is one. */
  adopt(look, asked) {
    for (const mode of Object.values(this.modes)) {
      if (!mode.adopt(look, asked)) continue;
      this.adoptSpace(look.where.along?.[0] ?? look.where);
      if (mode !== this.mode) this.choose(mode.constructor.id);
      else this.side.replaceChildren(...mode.controls());
      this.at = mode.place(look, this.explorer);
      this.show();
      this.soon(0);
      return true;
    }
    return false;
  }

  adoptSpace({ space }) {
    if (this.spaces.hidden) return;
    this.space = space === "w" ? "w" : "z";
    this.showSpace();
  }

  setSpace(space) {
    this.space = space;
    this.showSpace();
    this.mode.spaceChanged?.();
    this.soon(0);
    if (this.at) this.go(this.at, true);
  }

  showSpace() {
    for (const button of this.spaces.children) button.setAttribute("aria-pressed", String(button.dataset.space === this.space));
  }

  /** What a place of a plane says of the space that it lies in. */
  get inSpace() { return this.space === "w" ? { space: "w" } : {}; }

  choose(id, byHand = false) {
    this.mode = this.modes[id];
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.mode === id));
    this.side.replaceChildren(...this.mode.controls());
    this.map = null;
    this.mode.chosen();
    if (byHand) this.at = this.mode.place(this.explorer.look, this.explorer);
    this.show();
    this.soon(0);
  }

  // --- where the hand is

  /** From the window to the pad's numbers, and back to shares of the pad. */
  world(event) {
    const box = this.box ?? this.canvas.getBoundingClientRect(), { x, y, span } = this.view;
    return [x + ((event.clientX - box.left) / box.width - 0.5) * span, y - ((event.clientY - box.top) / box.height - 0.5) * span];
  }

  share([x, y]) {
    return [0.5 + (x - this.view.x) / this.view.span, 0.5 - (y - this.view.y) / this.view.span];
  }

  down(event) {
    if (event.button > 0 || this.pointer !== undefined) return;
    this.pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.box = this.canvas.getBoundingClientRect();
    this.field.dataset.held = "";
    this.mode.down(this.world(event), event);
  }

  move(event) {
    if (event.pointerId === this.pointer) this.mode.move(this.world(event), event);
  }

  up(event) {
    if (event.pointerId !== this.pointer) return;
    this.pointer = this.box = undefined;
    delete this.field.dataset.held;
    this.settle();
  }

  settle() {
    this.keyed = false;
    if (this.at) this.go(this.at, true);
    this.mode.settled?.();
  }

  key(event) {
    const by = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!by) return this.mode.key?.(event);
    event.preventDefault();
    const step = this.view.span * (event.shiftKey ? 0.08 : 0.016), [x, y] = this.at ?? [this.view.x, this.view.y];
    this.keyed = true;
    this.mode.step([x + step * by[0], y + step * by[1]]);
  }

  /** The picture of a place of the pad. */
  go(at, commit = false) {
    this.at = at;
    this.explorer.show({ where: this.mode.where(at) }, { commit, from: this });
    this.show();
  }

  // --- what is to be seen

  /** The present point has moved, by this hand or another. */
  follow(look, asked) {
    const kind = JSON.stringify([look.class, look.psi, look.mix, look.units]);
    if (kind !== this.kind) {
      this.kind = kind;
      this.mode.forget();
      this.soon(MAP_MS);
    }
    if (asked.from === this) return;
    if (this.adopt(look, asked)) return;
    this.at = this.mode.elsewhere(look, asked);
    this.show();
  }

  resize() {
    const side = Math.round(this.field.clientWidth * Math.min(2, devicePixelRatio));
    if (!side || !this.visible) return;
    if (this.canvas.width !== side) Object.assign(this.canvas, { width: side, height: side });
    this.paint();
    this.show();
  }

  /** Ask for what lies where, in a moment. */
  soon(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.visible && this.explorer.look && this.mode.fetch(), wait);
  }

  show() {
    const at = this.at ?? this.mode.middle ?? null;
    this.knob.hidden = !at;
    if (at) {
      const [x, y] = this.share(at), out = !this.at || x < 0 || x > 1 || y < 0 || y > 1, held = (v) => 100 * Math.min(1, Math.max(0, v));
      this.knob.style.left = `${held(x)}%`;
      this.knob.style.top = `${held(y)}%`;
      this.knob.toggleAttribute("data-out", out);
    }
  }

  repaint() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.paint();
    });
  }

  paint() {
    const ink = context2d(this.canvas), side = this.canvas.width;
    ink.imageSmoothingEnabled = false;
    ink.clearRect(0, 0, side, side);
    this.mode.paint(ink, side);
  }

  destroy() {
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    this.watcher.disconnect();
    for (const off of this.offs) off();
  }
}

const PAD_MODES = [ThreePoints, TwoDirections, SeedsPlane];

registerTool({ name: "pad", label: "Pad", order: 1, title: "Drag through a plane of the latent space", mount: (root, explorer) => new PadTool(root, explorer) });
