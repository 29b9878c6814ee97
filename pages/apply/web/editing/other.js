// Another picture, from which something is taken: a seed's, or one's own in the generator's size; and how it looks.

import { context2d } from "../../../ui/web/canvas/context.js";
import { make, messageOf, say } from "../../../ui/web/words.js";

export const MOST_BYTES = 40e6;
export const randomSeed = () => Math.floor(Math.random() * 1e6);

export class OtherPicture {
  /**
   * view: who asks the server, and says what is wrong. own: whether it may be a picture of one's own.
   * @param {any} view @param {string} name @param {{own?: boolean, seed?: number, changed?: () => void}} how
   */
  constructor(view, name, { own = true, seed = 2, changed = () => {} } = {}) {
    this.view = view;
    this.changed = changed;
    this.pixels = ""; // "pixels:" and base64, of one's own
    this.shown = ""; // whose look stands there
    const button = (key, text, title, act) => make("button", { type: "button", class: "ga-button", title, "data-testid": `edit-${name}-${key}`, onClick: act }, text);
    this.seed = make("input", { type: "number", class: "ga-select ge-seed", min: "0", max: "999999999", step: "1", value: String(seed), "data-testid": `edit-${name}-seed`, onChange: () => this.take("") });
    this.file = make("input", { type: "file", accept: "image/*", hidden: true, "data-testid": `edit-${name}-file`, onChange: () => this.bring() });
    this.look = make("canvas", { class: "ge-look", role: "img", "aria-label": "The other picture", "data-testid": `edit-${name}-look` });
    this.words = make("span", {}, "Seed");
    this.root = make("div", { class: "ge-group" }, this.look, make("label", { class: "ge-field" }, this.words, this.seed),
      button("another", "Another", "A seed drawn at random", () => { this.seed.value = String(randomSeed()); this.take(""); }),
      ...(own ? [button("own", "My picture …", "Its pixels are taken; it stays on this machine", () => this.file.click()), this.file] : []));
  }

  get source() {
    return this.pixels || `seed:${Math.max(0, Math.round(Number(this.seed.value) || 0))}`;
  }

  take(pixels) {
    this.pixels = pixels;
    say(this.words, pixels ? "Your picture, or seed" : "Seed");
    this.show();
    this.changed();
  }

  async bring() {
    const { view } = this, file = this.file.files?.[0];
    this.file.value = "";
    if (!file) return;
    if (file.size > MOST_BYTES) return view.say("The picture is larger than 40 MB; make it smaller.");
    try {
      const answer = await view.ask("edit-bring", {}, { slot: "edit-bring-other", blobs: [await file.arrayBuffer()] });
      if (answer) this.take(answer.header.brought);
    } catch (problem) {
      view.say(messageOf(problem));
    }
  }

  /** How it looks, where that is not there yet; of another model than before: anew. */
  async show() {
    const { view, source } = this, key = `${view.model} ${source}`;
    if (key === this.shown || !view.options || !view.stack) return;
    this.shown = key;
    const stack = { ...view.stack, start: { source, label: view.stack.start.label ?? -1 }, edits: [] };
    try {
      const answer = await view.ask("edit", { stack, brought: "" }, { slot: `edit-other-${this.look.dataset.testid}` });
      if (!answer || this.shown !== key) return;
      const { header: { size }, blobs: [, pixels] } = answer;
      Object.assign(this.look, { width: size, height: size });
      context2d(this.look).putImageData(new ImageData(new Uint8ClampedArray(pixels), size, size), 0, 0);
    } catch (problem) {
      this.shown = "";
      view.say(messageOf(problem));
    }
  }
}
