// The tool "Directions": found by a method, shown as strips, gone along with a slider, named and kept.

import { make, messageOf, say } from "../../../../ui/web/words.js";
import { drawPicture } from "../../explorer.js";
import { registerTool, toolButton } from "../../tools.js";
import { DirectionsForm, METHODS } from "./directions_form.js";
import { DirectionRow } from "./directions_row.js";
import { SmallPicture } from "./directions_small.js";

const SLOT = "directions", TOGETHER = 4, WAIT_MS = 200; // strips asked for at once: few, so that a drag does not wait for them

class DirectionsTool {
  constructor(root, explorer) {
    this.explorer = explorer;
    this.found = [];
    this.kept = [];
    this.visible = false;
    this.base = null; // where the sliders' middle is
    root.classList.add("gx-directions");
    this.form = new DirectionsForm(explorer, { onFind: () => this.find(), onStop: () => explorer.cancel(SLOT) });
    this.keptList = make("div", { class: "gx-dir-list", "data-testid": "directions-kept" });
    this.foundList = make("div", { class: "gx-dir-list", "data-testid": "directions-found" });
    this.keptTitle = make("h3", {}, "Kept");
    this.foundTitle = make("h3", {}, "Found");
    this.here = toolButton("here", "Start here", { class: "gs-button gs-small gx-button", "data-testid": "directions-here",
      title: "Make the present point the middle of every strip, with all sliders at 0", onclick: () => this.startHere() });
    this.lists = make("div", { class: "gx-dir-lists" }, this.keptTitle, this.keptList, make("div", { class: "gx-row" }, this.foundTitle, make("i", { class: "gx-space" }), this.here), this.foundList);
    root.append(this.form.root, this.lists);
    this.small = new SmallPicture(explorer);
    this.off = explorer.on("point", (look, asked) => this.follow(look, asked));
    this.modelChanged(explorer.model);
  }

  async modelChanged(model) {
    this.explorer.cancel(SLOT);
    this.explorer.cancel("directions-factors");
    this.of = model;
    this.base = null;
    this.found = [];
    this.kept = [];
    this.form.forget(model);
    this.draw();
    try {
      const answer = await this.explorer.ask("directions-options");
      if (!answer || this.of !== model) return;
      this.form.fill(answer.header);
      this.setKept(answer.header.directions);
      if (this.visible) this.shown();
    } catch (problem) {
      this.explorer.say(messageOf(problem));
    }
  }

  // --- looking for them

  /** The others that a choice in the form or of a row stands for. */
  others(value) {
    if (value === "kept") return this.kept.map((row) => row.direction);
    const row = this.all.find((other) => other.id === value);
    return row ? [row.direction] : [];
  }

  get options() { return this.form.options; }

  get all() { return [...this.kept, ...this.found]; }

  get class() { return this.explorer.look?.class ?? null; }

  async find() {
    const { form } = this, { op, args } = form.asked;
    const before = this.found.filter((row) => form.single || row.direction.method !== form.method); // other methods' stay
    /** @type {DirectionRow[] | undefined} */
    let rows; // as soon as they are known; how far they can be used comes later
    const show = (found) => {
      const moved = this.found.some((row) => row.amount && !before.includes(row));
      const made = found.map((one) => this.row(one));
      rows = made;
      this.found = [...made, ...before];
      if (moved || !this.base) this.centre();
      this.draw();
      made[0]?.root.scrollIntoView({ block: "nearest" });
    };
    const found = await this.ask(op, { class: this.class, others: this.others(form.without.value).map(sentDirection), ...args }, show);
    if (!found) return;
    if (!rows) show(found);
    else rows.forEach((row, i) => row.setRange(found[i]));
    this.readFactors();
  }

  /** A long request of ours: its directions, or null. early(directions): what is known of them on the way. */
  async ask(op, args, early) {
    const { explorer } = this, model = this.of;
    this.form.setBusy(true);
    try {
      const answer = await explorer.ask(op, args, { slot: SLOT, onProgress: ({ progress, words, directions }) => {
        if (model !== this.of) return;
        this.form.progress(progress, words);
        if (directions) early?.(directions);
      } });
      return answer && model === this.of ? answer.header.directions : null;
    } catch (problem) {
      explorer.say(messageOf(problem));
      return null;
    } finally {
      this.form.setBusy(false);
    }
  }

  /**
   * A row's direction with other layers, or without another: in its place where it was found, else a new one.
   * @param {any} row @param {{layers?: any, without?: any}} how
   */
  async change(row, { layers = row.direction.layers, without = null }) {
    const others = without ? [without.direction] : [];
    const found = await this.ask("directions-change", { class: this.class, direction: sentDirection(row.direction), layers, others: others.map(sentDirection) });
    if (!found) return row.drawDetails();
    const label = [row.direction.label, without && `without ${without.direction.label}`].filter(Boolean).join(" ").slice(0, 60);
    const changed = this.row({ ...found[0], label, layers });
    const at = this.found.indexOf(row);
    this.found = at < 0 ? [changed, ...this.found] : this.found.with(at, changed);
    changed.open = true;
    changed.amount = at < 0 ? 0 : row.amount;
    this.draw();
    if (changed.amount) this.show(true);
    this.readFactors();
  }

  row(direction) { return new DirectionRow(this, direction); }

  /** Known factors of the rows that have none yet, one after another. */
  async readFactors() {
    if (!this.options?.factors || this.reading || !this.visible) return;
    this.reading = true;
    const model = this.of;
    for (let row; model === this.of && this.visible && (row = this.all.find((one) => !one.factors)); ) {
      try {
        const answer = await this.explorer.ask("directions-factors", { direction: sentDirection(row.direction), class: this.class });
        if (!answer) break;
        row.setFactors(answer.header);
      } catch (problem) {
        row.setFactors({ problem: messageOf(problem) });
      }
    }
    this.reading = false;
    if (model !== this.of) this.readFactors();
  }

  // --- going along them

  /** The present look has changed, by a slider of ours or by somebody else. */
  follow(look, asked) {
    if (asked.from === this) return;
    this.unseen = !this.visible;
    if (this.visible) this.take(look, asked.commit ? 0 : WAIT_MS);
  }

  /** Sliders where the look says they are (a step of the history), else all at 0 and the look in their middle. */
  take(look, wait = 0) {
    const along = look.where.along ?? [];
    const rows = along.map((move) => this.all.find((row) => row.is(move)));
    const ours = along.length > 0 && rows.every(Boolean);
    this.base = ours ? look.where.base : this.explorer.freeze();
    for (const row of this.all) {
      const at = ours ? rows.indexOf(row) : -1;
      row.setAmount(at < 0 ? 0 : along[at].amount / row.direction.unit);
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.strips(), wait);
  }

  /** The present point becomes the middle of every strip. */
  centre() {
    if (!this.explorer.point) return;
    this.base = this.explorer.freeze();
    for (const row of this.all) row.setAmount(0);
  }

  startHere() {
    if (!this.explorer.point) return;
    this.centre();
    this.show(true);
    this.strips();
  }

  /** The picture at what all sliders say. */
  show(commit, row = null) {
    this.base ??= this.explorer.freeze();
    const along = this.all.filter((row) => row.amount).map((row) => row.move());
    this.explorer.show({ where: along.length ? { base: this.base, along } : this.base }, { commit, from: this });
    this.small.hold(!commit, row);
  }

  // --- what is to be seen

  shown() {
    this.visible = true;
    if (this.explorer.look && (this.unseen || !this.base)) this.take(this.explorer.look);
    this.unseen = false;
    this.form.setVisible(true);
    this.strips();
    this.readFactors();
  }

  hidden() {
    this.visible = false;
    this.form.setVisible(false);
  }

  setKept(directions) {
    const before = new Map(this.kept.map((row) => [row.direction.key, row]));
    this.kept = directions.map((direction) => {
      const row = before.get(direction.key);
      if (!row) return this.row(direction);
      row.rename(direction.label);
      return row;
    });
    this.draw();
  }

  draw() {
    this.keptTitle.hidden = !this.kept.length;
    this.foundTitle.hidden = this.here.hidden = !this.found.length && !this.kept.length;
    say(this.foundTitle, this.found.length ? "Found" : "");
    this.keptList.replaceChildren(...this.kept.map((row) => row.root));
    this.foundList.replaceChildren(...(this.found.length || this.kept.length ? this.foundByMethod() : [this.nothing()]));
    this.form.offerWithout(this.kept);
    for (const row of this.all) row.drawDetails();
    this.strips();
  }

  /** Rows of one method together, below its name where there are several. */
  foundByMethod() {
    const groups = new Map();
    for (const row of this.found) groups.set(row.direction.method, [...(groups.get(row.direction.method) ?? []), row]);
    const name = (method) => make("h4", { class: "gx-quiet", "data-testid": "found-method" }, METHODS[method]?.[0] ?? "Others");
    return [...groups].flatMap(([method, rows]) => [...(groups.size > 1 ? [name(method)] : []), ...rows.map((row) => row.root)]);
  }

  nothing() {
    return make("div", { class: "gx-dir-nothing" }, make("i", {}), make("i", {}), make("i", {}), make("i", {}), make("i", {}), make("i", {}), make("i", {}),
      make("p", { class: "gx-quiet" }, "Each direction that is found stands here as a strip: the present picture in the middle, and what the direction makes of it on either side. Drag along a strip and the picture follows."));
  }

  /** Pictures of the strips that are not of the present base, a few at a time. */
  async strips() {
    if (this.asking || !this.visible || !this.explorer.look || !this.base) return;
    this.asking = true;
    for (let rows; this.visible && this.explorer.look; ) {
      const look = { ...this.explorer.look, where: this.base }, key = JSON.stringify(look), model = this.of;
      rows = this.all.filter((row) => row.stripOf !== key).slice(0, TOGETHER);
      if (!rows.length) break;
      for (const row of rows) row.stripOf = key;
      try {
        const answer = await this.explorer.ask("directions-strips", { look, directions: rows.map((row) => sentDirection(row.direction)) });
        if (answer && model === this.of) this.cut(answer, rows);
      } catch (problem) {
        this.explorer.say(messageOf(problem));
        break;
      }
    }
    this.asking = false;
  }

  cut({ header: { columns, size }, blobs: [pixels] }, rows) {
    const bytes = columns * size * size * 4;
    rows.forEach((row, i) => drawPicture(row.canvas, columns * size, size, pixels.slice(i * bytes, (i + 1) * bytes)));
  }

  // --- keeping them

  keeping(op, args) {
    return this.explorer.change(op, args, ({ directions }) => this.setKept(directions));
  }

  async keep(row) {
    const answer = await this.keeping("direction-keep", { direction: sentDirection(row.direction), name: row.direction.label });
    if (!answer) return;
    const mine = this.kept.find((one) => one.direction.key === answer.header.key);
    this.found = this.found.filter((one) => one !== row);
    mine?.adopt(row);
    this.draw();
  }

  async remove(row) {
    const { key, label } = row.direction;
    const moved = row.amount !== 0;
    if (!(await this.keeping("direction-delete", { key }))) return;
    if (moved) this.startHere();
    this.explorer.say(`${label} is deleted.`, { label: "Undo", run: () => this.keeping("direction-restore", { key }) });
  }

  destroy() {
    this.off();
    clearTimeout(this.timer);
    this.small.destroy();
    this.explorer.cancel(SLOT);
    this.explorer.cancel("directions-factors");
  }
}

/** A direction as the server takes it. */
function sentDirection({ vector, space, unit, label, method, layers, low, high, figures }) {
  return { vector, space, unit, label, method, layers, low, high, figures };
}

registerTool({ name: "directions", label: "Directions", order: 3, title: "Directions of the latent space that mean something: find, try, name and keep them", mount: (root, explorer) => new DirectionsTool(root, explorer) });
