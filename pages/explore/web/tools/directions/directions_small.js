// The picture where the hand is, on screens too small for both.

import { context2d } from "../../../../ui/web/canvas/context.js";
import { make } from "../../../../ui/web/words.js";

/** The big picture once more, small, in a corner of the window: while a slider is held and the picture is out of sight. */
export class SmallPicture {
  constructor(explorer) {
    this.canvas = make("canvas", { class: "gx-dir-small", hidden: true, "aria-hidden": "true", "data-testid": "small-picture" });
    document.body.append(this.canvas); // what is fixed inside the page's own containers would move with them
    this.big = () => explorer.picture.canvas;
    this.off = explorer.on("point", () => !this.canvas.hidden && this.draw());
  }

  /** row: what is held, which it does not cover. */
  hold(on, row) {
    clearTimeout(this.timer);
    if (!on) this.timer = setTimeout(() => { this.canvas.hidden = true; }, 900);
    else if (this.canvas.hidden && this.outOfSight) {
      this.canvas.hidden = false;
      this.canvas.toggleAttribute("data-low", !!row && row.root.getBoundingClientRect().top < 0.4 * innerHeight);
      this.draw();
    }
  }

  get outOfSight() {
    const { top, bottom, height } = this.big().getBoundingClientRect();
    return Math.min(bottom, innerHeight) - Math.max(top, 0) < 0.5 * height;
  }

  draw() {
    const { width, height } = this.big();
    if (this.canvas.width !== width) Object.assign(this.canvas, { width, height });
    context2d(this.canvas).drawImage(this.big(), 0, 0);
  }

  destroy() {
    this.off();
    clearTimeout(this.timer);
    this.canvas.remove();
  }
}
