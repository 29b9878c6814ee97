// The gallery's stage: a run that fails and, once asked for, the same run with what helps, shown at the same step.

import { guardedAddress } from "../../ui/web/addresses.js";
import { Feeds } from "../../ui/web/channel/feeds.js";
import { Timeline } from "../../ui/web/channel/timeline.js";
import { component } from "../../ui/web/mounting.js";
import { count, dark, make, say } from "../../ui/web/words.js";
import { greys } from "./look.js";
import { Side } from "./side.js";

const ASKED_MS = 4000; // so long a button that was pressed waits for the page
const MOVING = ["queued", "running", "stopping"];

class Duo {
  constructor(parent) {
    this.feeds = new Feeds((run, what) => this.heard(run, what), () => this.tell?.("stale", String(Date.now())));
    this.at = null; // the step that both are shown at; null: the newest
    this.known = null; // the training images that samples are held against
    this.failing = new Side(this, "failing");
    this.fixed = new Side(this, "fixed");
    this.build();
    parent.append(this.root);
  }

  build() {
    /** @type {Timeline} */
    this.timeline = new Timeline({ onMove: (step) => this.scrub(step), says: (step) => `step ${count(step)}` });
    this.again = make("button", { type: "button", class: "gs-button", "data-testid": "again", onClick: () => this.ask(this.again, "again") }, "↻ Watch it again");
    this.timeline.root.append(this.again);
    this.positions = [];
    this.fix = make("button", { type: "button", class: "gg-fix", "data-testid": "fix", onClick: () => this.ask(this.fix, "fix") });
    this.changes = make("dl", { class: "gg-changes" });
    this.cured = make("p", { class: "gg-cured" });
    this.offer = make("section", { class: "gg-offer", "data-testid": "offer", "aria-label": "What helps" },
      make("h3", {}, "What helps"), this.changes, this.fix, make("p", { class: "gg-quiet" }, "The same seed, from the start, with nothing else changed."));
    this.root = make("div", { class: "gs-live gg-root", "data-testid": "gallery" },
      make("div", { class: "gg-duo" }, this.failing.root, this.offer, this.fixed.root),
      this.cured, this.timeline.root);
  }

  update(data, tell) {
    const before = this.data;
    this.data = data;
    this.tell = tell;
    this.token = data.token;
    this.root.toggleAttribute("data-projector", !!data.projector);
    const wasDark = this.root.hasAttribute("data-dark");
    this.root.toggleAttribute("data-dark", dark(this.root));
    if (before?.scene.name !== data.scene.name) this.loadKnown(data.scene.known);
    this.scene = before?.scene.name === data.scene.name ? this.scene : data.scene;
    if (before?.failing !== data.failing || before?.fixed !== data.fixed) { this.timeline.stop(); this.at = null; }
    this.feeds.choose([data.failing, data.fixed].filter(Boolean), data.token, data.columns);
    this.failing.open(data.failing, this.scene);
    this.fixed.open(data.fixed, this.scene);
    this.showOffer();
    if (wasDark !== this.root.hasAttribute("data-dark")) for (const side of this.sides()) side.restyle();
    this.list();
    this.go();
  }

  sides() {
    return [this.failing, this.fixed];
  }

  showOffer() {
    const { button, changes, cured } = this.data.scene, done = !!this.data.fixed;
    this.offer.hidden = done;
    say(this.fix, button);
    this.changes.replaceChildren(...changes.flatMap(([name, from, to]) => [make("dt", {}, name), make("dd", {}, make("s", {}, from), " → ", make("b", {}, to))]));
    this.cured.hidden = !done;
    say(this.cured, cured);
  }

  /** Once for two clicks; the page may refuse, and then says why above. */
  ask(button, what) {
    button.disabled = true;
    setTimeout(() => { button.disabled = false; }, ASKED_MS);
    this.tell(what, String(Date.now()));
  }

  /** The training images that the samples of some scenes are held against. */
  async loadKnown(known) {
    this.known = null;
    if (!known) return;
    const { name } = this.data.scene;
    try {
      const answer = await fetch(guardedAddress(`preview/${known.key}.png`, this.token));
      if (!answer.ok) return;
      const sheet = { bitmap: await createImageBitmap(await answer.blob()), columns: known.columns, rows: known.rows, size: known.size };
      if (this.data.scene.name !== name) return;
      this.known = { ...sheet, greys: greys(sheet) };
      for (const side of this.sides()) if (side.shown) side.display(side.shown);
    } catch { /* the pictures stand without it */ }
  }

  heard(run, what) {
    const side = this.sides().find((one) => one.run === run);
    if (!side) return;
    if (what === "records") return this.showGaugesSoon();
    if (what === "kept" || what === "hello") this.list();
    side.tell();
    if (what === "stage" && side.shown) return side.display(side.shown);
    if (["hello", "grid", "kept"].includes(what) && this.at === null) this.go();
  }

  /** While the cure is on its way the failing run, which is at its end, is shown at the cure's step. */
  together() {
    const { feed } = this.fixed, view = feed?.view;
    return view && MOVING.includes(view.state) ? (feed.newest?.header.step ?? 0) : null;
  }

  go() {
    const step = this.at ?? this.together();
    this.timeline.show(this.positions, this.at);
    return Promise.all([this.failing.goTo(step), this.fixed.goTo(this.at)]);
  }

  list() {
    this.positions = [...new Set(this.sides().flatMap((side) => (side.run ? side.feed?.kept ?? [] : []).map(([step]) => step)))].sort((a, b) => a - b);
    this.timeline.show(this.positions, this.at);
  }

  scrub(step) {
    this.at = step;
    return this.go();
  }

  showGaugesSoon() {
    this.timer ||= setTimeout(() => this.showGauges(), 200);
  }

  /** The number of each side at the step that it shows, both on one scale. */
  showGauges() {
    clearTimeout(this.timer);
    this.timer = 0;
    const { gauge } = this.scene, open = this.sides().filter((side) => side.run), all = open.map((side) => side.rows());
    const values = all.flat().map(([, v]) => v), steps = all.flat().map(([s]) => s);
    if (!values.length) return;
    const ends = { low: gauge.low ?? Math.min(...values), high: Math.max(gauge.high ?? -Infinity, ...values), last: Math.max(...steps) };
    open.forEach((side, i) => {
      const rows = all[i], at = side.shown?.step ?? null, row = at === null ? -1 : rows.findLastIndex(([s]) => s <= at);
      const ink = getComputedStyle(side.root).getPropertyValue("--ink");
      side.gauge.show({ value: row < 0 ? NaN : rows[row][1], unit: gauge.unit, whole: gauge.whole, rows, ends, log: gauge.log, ink, at: row < 0 ? null : rows[row][0] });
    });
  }

  close() {
    this.timeline.stop();
    clearTimeout(this.timer);
    this.feeds.close();
    for (const side of this.sides()) side.close();
    this.root.remove();
  }
}

export default component((parent) => new Duo(parent));
