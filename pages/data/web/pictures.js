// A page of pictures, each a button that chooses it, and one action on the chosen ones.

import { component } from "../../ui/web/mounting.js";
import { Wishes } from "../../ui/web/wishes.js";
import { make, say } from "../../ui/web/words.js";

class PictureGrid {
  constructor(parent) {
    this.chosen = new Set();
    this.wishes = new Wishes();
    this.tiles = make("div", { class: "gp-tiles", role: "group", "aria-label": "Pictures of this set" });
    this.act = make("button", { class: "gs-button gp-act", type: "button", onClick: () => this.ask() });
    this.act.dataset.testid = "gp-act";
    this.none = make("button", { class: "gs-button", type: "button", onClick: () => this.choose([]) }, "Choose none");
    this.words = make("span", { class: "gp-words", role: "status" });
    this.root = make("div", { class: "gp", "data-presses": "kept" }, this.tiles, make("div", { class: "gp-bar" }, this.act, this.none, this.words));
    parent.append(this.root);
  }

  update(data, tell) {
    this.wishes.update(data.heard, tell);
    const page = JSON.stringify([data.picture, data.tiles, data.action]);
    this.data = data;
    if (page !== this.page) {
      this.page = page;
      this.chosen.clear();
      this.fill();
    }
    this.draw();
  }

  fill() {
    const { picture, across, tiles } = this.data;
    const down = Math.ceil(tiles.length / across);
    this.buttons = tiles.map((tile, i) => {
      const x = across > 1 ? ((i % across) / (across - 1)) * 100 : 0, y = down > 1 ? (Math.floor(i / across) / (down - 1)) * 100 : 0;
      const art = make("span", { class: "gp-art" });
      art.style.backgroundImage = `url("${picture}")`;
      art.style.backgroundSize = `${across * 100}% ${down * 100}%`;
      art.style.backgroundPosition = `${x}% ${y}%`;
      const button = make("button", { class: "gp-tile", type: "button", title: tile.words, "aria-label": tile.words, onClick: () => {
        if (!this.chosen.delete(tile.index)) this.chosen.add(tile.index);
        this.draw();
      } }, art, make("span", { class: "gp-mark", "aria-hidden": "true" }, this.data.mark));
      if (tile.note) button.append(make("span", { class: "gp-note" }, tile.note));
      return button;
    });
    this.tiles.replaceChildren(...this.buttons);
  }

  choose(indices) {
    this.chosen = new Set(indices);
    this.draw();
  }

  draw() {
    this.data.tiles.forEach((tile, i) => this.buttons[i].setAttribute("aria-pressed", String(this.chosen.has(tile.index))));
    const n = this.chosen.size;
    say(this.act, n ? `${this.data.action} ${n} picture${n === 1 ? "" : "s"}` : this.data.action);
    this.act.disabled = !n;
    this.none.hidden = !n;
    say(this.words, n ? `${n} chosen` : this.data.hint);
  }

  ask() {
    if (this.chosen.size) this.wishes.ask(...this.chosen);
  }

  close() {
    this.root.remove();
  }
}

export default component((parent) => new PictureGrid(parent));
