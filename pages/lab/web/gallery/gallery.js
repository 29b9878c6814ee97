// Ways to begin: each recorded preset with a moving picture of its training, a sentence and a time. A press chooses it.

import { addressOf } from "../../../ui/web/addresses.js";
import { component } from "../../../ui/web/mounting.js";
import { dark, make } from "../../../ui/web/words.js";

export class Gallery {
  constructor(parent) {
    this.root = make("section", { class: "gs-ways", "aria-label": "Ways to begin", "data-testid": "ways" });
    parent.append(this.root);
    this.shown = "";
  }

  /** groups: [{title, ways: [{name, label, help, time, strip}]}]; chosen: a name. */
  update({ groups, chosen }, tell) {
    this.tell = tell;
    this.root.toggleAttribute("data-dark", dark(this.root));
    const what = JSON.stringify(groups);
    if (what !== this.shown) this.root.replaceChildren(...groups.map((group) => this.group(group)));
    this.shown = what;
    for (const button of this.root.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.preset === chosen));
  }

  group({ title, ways }) {
    return make("div", { class: "gs-ways-group" }, make("h3", {}, title), make("div", { class: "gs-ways-row" }, ...ways.map((way) => this.card(way))));
  }

  card({ name, label, help, time, strip }) {
    const picture = make("i", { class: "gs-way-picture", "aria-hidden": "true" });
    picture.style.backgroundImage = `url("${addressOf(strip)}")`;
    return make("button", { type: "button", class: "gs-way", "data-preset": name, "data-testid": `way-${name}`, onClick: () => this.tell("chosen", name) },
      picture, make("span", { class: "gs-way-words" }, make("b", {}, label), make("span", { class: "gs-way-help" }, help), make("small", {}, time)));
  }

  close() {
    this.root.remove();
  }
}

export default component((parent) => new Gallery(parent));
