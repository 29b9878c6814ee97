// "Only these controls": which of a page's controls a scene shows.

import { make, say } from "../words.js";

const MOST = 12;

export class Controls {
  /** changed(): others are chosen now. */
  constructor(changed) {
    this.changed = changed;
    this.summary = make("summary", {});
    this.filter = make("input", { type: "search", class: "gs-share-title", placeholder: "Find a control", "aria-label": "Find a control", "data-testid": "find-control", onInput: () => this.narrow() });
    this.list = make("div", { class: "gs-share-list" });
    this.locked = make("input", { type: "checkbox", "data-testid": "share-locked", onChange: () => changed() });
    this.lockedLine = make("label", { class: "gs-share-tick" }, this.locked, make("span", {}, "Without the quiet link to all others"));
    this.root = make("details", { class: "gs-share-more", "data-testid": "only-controls" }, this.summary, this.filter, this.list, this.lockedLine);
    this.chosen = new Set();
    this.ticks = [];
  }

  /** offered: { name, label, group } each; only: the names that are chosen. */
  offer(offered, only, locked) {
    const known = new Set(offered.map((one) => one.name));
    this.chosen = new Set([...only, ...this.chosen].filter((name) => known.has(name)));
    this.locked.checked ||= locked;
    this.ticks = offered.map(({ name, label, group }) => {
      const box = make("input", { type: "checkbox", checked: this.chosen.has(name), "data-testid": `only-${name}`, onChange: () => this.turn(name, box.checked) });
      return { name, group, box, line: make("label", { class: "gs-share-tick", title: name }, box, make("span", {}, label)), words: `${label} ${name}`.toLowerCase() };
    });
    const groups = [...new Set(offered.map((one) => one.group))];
    this.list.replaceChildren(...groups.map((group) => make("fieldset", {}, make("legend", {}, group), ...this.ticks.filter((one) => one.group === group).map((one) => one.line))));
    this.root.hidden = !offered.length;
    this.filter.hidden = offered.length < 12;
    this.show();
  }

  turn(name, on) {
    if (on) this.chosen.add(name);
    else this.chosen.delete(name);
    this.show();
    this.changed();
  }

  show() {
    const count = this.chosen.size;
    say(this.summary, count ? `Only these controls: ${count}` : "Only these controls …");
    for (const { name, box } of this.ticks) box.disabled = count >= MOST && !this.chosen.has(name);
    this.lockedLine.hidden = !count;
  }

  narrow() {
    const wanted = this.filter.value.trim().toLowerCase();
    for (const { line, words } of this.ticks) line.hidden = !words.includes(wanted);
    for (const group of this.list.children) /** @type {HTMLElement} */ (group).hidden = !group.querySelector("label:not([hidden])");
  }

  get query() {
    const only = this.ticks.filter((one) => this.chosen.has(one.name)).map((one) => one.name);
    return only.length ? { only: only.join(","), ...(this.locked.checked && { locked: "1" }) } : {};
  }
}
