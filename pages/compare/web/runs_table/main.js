// The table of all runs. What is chosen in it is compared on the other tabs.

import { guardedAddress } from "../../../ui/web/addresses.js";
import { component } from "../../../ui/web/mounting.js";
import { Wishes } from "../../../ui/web/wishes.js";
import { dark, make } from "../../../ui/web/words.js";
import { TopBar } from "./bar.js";
import { Row } from "./row.js";
import { AFTER, BEFORE, compareKeys, measureKey, passes } from "./values.js";

const POLL_MS = 2500;
const ANSWER_MS = 5000;
const SHOWN = "ganscope.runs.columns";
const MOST_FIRST = 4; // measures shown where nobody has said which

export class RunsTable {
  constructor(parent) {
    this.rows = new Map(); // id -> Row
    this.order = [];
    this.picked = [];
    this.measures = [];
    this.best = {};
    this.columns = [];
    this.sorted = { name: "run", sign: -1 };
    this.bar = new TopBar(this);
    this.head = make("tr", {});
    this.body = make("tbody", {});
    this.nothing = make("p", { class: "gt-quiet gt-nothing", hidden: true }, "No run passes the filter.");
    this.table = make("table", { class: "gt-table" }, make("caption", { class: "gt-hidden" }, "All runs"), make("thead", {}, this.head), this.body);
    this.root = make("div", { class: "gs-live gc-root gt-root", "data-testid": "runs-table", "data-presses": "kept" }, this.bar.root, make("div", { class: "gt-scroll" }, this.table), this.nothing);
    parent.append(this.root);
    this.timer = setInterval(() => this.poll(), POLL_MS);
    this.wishes = new Wishes();
    this.chose = 0; // when runs were chosen here that the page has not taken up yet
  }

  update(data, trigger) {
    this.data = data;
    this.trigger = trigger;
    this.token = data.token;
    this.wishes.update(data.heard, trigger);
    this.root.toggleAttribute("data-dark", dark(this.root));
    this.root.toggleAttribute("data-projector", data.projector);
    this.measures = data.measures;
    this.setRows(data.rows);
    // An answer to an earlier click must not undo a later one.
    if (Date.now() - this.chose > ANSWER_MS || String(data.chosen) === String(this.picked)) {
      this.picked = data.chosen;
      this.chose = 0;
    }
    this.picked = this.picked.filter((id) => this.rows.has(id)); // deleted meanwhile
    this.setColumns();
    this.bar.showGone(data.deleted, data.last);
    this.draw();
  }

  setRows(rows) {
    const ids = new Set(rows.map((row) => row.id));
    for (const id of this.rows.keys()) if (!ids.has(id)) this.rows.delete(id);
    for (const row of rows) {
      if (!this.rows.has(row.id)) this.rows.set(row.id, new Row(this, row.id));
      this.rows.get(row.id).update(row);
    }
    this.findBest();
    this.bar.update(this.all());
  }

  all() {
    return [...this.rows.values()].map((one) => one.row);
  }

  /** Of each measure that has a better end, the runs that are best on the same features and samples. */
  findBest() {
    this.best = {};
    for (const { name, higher } of this.measures) {
      if (higher === null || higher === undefined) continue;
      const groups = new Map();
      for (const row of this.all()) {
        const key = measureKey(name)(row);
        if (key) groups.set(`${key[0]}|${row.data || ""}`, [...(groups.get(`${key[0]}|${row.data || ""}`) || []), [key[1], row.id]]);
      }
      this.best[name] = new Set([...groups.values()].filter((group) => group.length > 1).flatMap((group) => {
        const end = (higher ? Math.max : Math.min)(...group.map(([value]) => value));
        return group.filter(([value]) => value === end).map(([, id]) => id);
      }));
    }
  }

  // --- columns

  shownColumns() {
    const there = this.measures.filter((measure) => this.all().some((row) => row.metrics[measure.name]));
    let kept = null;
    try {
      kept = JSON.parse(localStorage.getItem(SHOWN) ?? "null");
    } catch {
      // nothing can be kept in this browser
    }
    const wanted = Array.isArray(kept) ? new Set(kept) : new Set(there.filter((measure) => measure.first).slice(0, MOST_FIRST).map((measure) => measure.name));
    return { there, wanted };
  }

  setColumns() {
    const { there, wanted } = this.shownColumns();
    const measures = there.filter((measure) => wanted.has(measure.name)).map((measure) => ({ ...measure, measure: true, number: true, key: measureKey(measure.name), first: measure.higher ? "descending" : "ascending" }));
    this.columns = [...BEFORE, ...measures, ...AFTER];
    const names = this.columns.map((column) => column.name).join();
    if (names === this.laid) return;
    this.laid = names;
    this.bar.showColumns(there, wanted);
    this.bar.showSort(this.columns, this.sorted.name);
    this.everyone = make("input", { type: "checkbox", "aria-label": "Choose all that are shown", onClick: () => this.choose(this.everyone.checked ? this.order : []) });
    const head = (column) => make("th", { scope: "col", class: column.number ? "gt-number" : "", "data-column": column.name, title: column.about || "" },
      make("button", { type: "button", onClick: () => this.sortBy(column.name) }, column.label));
    this.head.replaceChildren(make("th", { class: "gt-pick", scope: "col" }, make("label", {}, this.everyone)), ...this.columns.map(head));
  }

  showColumn(name, on) {
    const { wanted } = this.shownColumns();
    if (on) wanted.add(name);
    else wanted.delete(name);
    try {
      localStorage.setItem(SHOWN, JSON.stringify([...wanted]));
    } catch {
      // shown until the page is left
    }
    this.setColumns();
    this.draw();
  }

  sortBy(name, keep = false) {
    const column = this.columns.find((one) => one.name === name);
    const first = column.first === "descending" ? -1 : 1;
    this.sorted = { name, sign: this.sorted.name === name && !keep ? -this.sorted.sign : first };
    this.bar.sort.value = name;
    this.draw();
  }

  filterBy(what, value) {
    this.bar[what].value = value;
    this.bar.filter[what] = value;
    this.draw();
  }

  // --- what is seen

  draw() {
    const column = this.columns.find((one) => one.name === this.sorted.name) || BEFORE[0];
    const passed = this.all().filter((row) => passes(row, this.bar.filter));
    passed.sort((a, b) => compareKeys(column.key(a), column.key(b), this.sorted.sign) || (a.id < b.id ? 1 : -1));
    this.order = passed.map((row) => row.id);
    for (const th of this.head.querySelectorAll("[data-column]")) {
      const sorted = th.dataset.column === column.name;
      th.setAttribute("aria-sort", sorted ? (this.sorted.sign > 0 ? "ascending" : "descending") : "none");
    }
    const wanted = this.order.flatMap((id) => [this.rows.get(id).root, this.rows.get(id).below]);
    for (const id of this.order) this.rows.get(id).lay(this.columns);
    const now = [...this.body.children];
    if (wanted.length !== now.length || wanted.some((element, i) => element !== now[i])) this.body.replaceChildren(...wanted);
    this.nothing.hidden = this.order.length > 0;
    this.bar.say(this.order.length, this.rows.size);
    this.drawChosen();
  }

  drawChosen() {
    for (const [id, row] of this.rows) row.choose(this.picked.indexOf(id));
    if (this.everyone) {
      const some = this.order.filter((id) => this.picked.includes(id)).length;
      this.everyone.checked = some > 0 && some === this.order.length;
      this.everyone.indeterminate = some > 0 && some < this.order.length;
    }
    this.bar.showChosen(this.picked, new Map([...this.rows].map(([id, one]) => [id, one.row])));
  }

  // --- what is done

  /** With shift: all from the last one that was picked. */
  pick(id, on, range = false) {
    const from = this.order.indexOf(this.last), to = this.order.indexOf(id);
    const ids = range && from >= 0 ? this.order.slice(Math.min(from, to), Math.max(from, to) + 1) : [id];
    this.last = id;
    this.choose(on ? [...this.picked, ...ids] : this.picked.filter((one) => !ids.includes(one)));
  }

  choose(ids) {
    this.picked = [...new Set(ids)].slice(0, this.data.most);
    this.chose = Date.now();
    this.drawChosen();
    this.ask(["choose", this.picked]);
  }

  ask(what) {
    this.wishes.ask(...what);
  }

  thumbUrl(row) {
    return guardedAddress(`runs/${encodeURIComponent(row.id)}/thumb/${row.thumb}.png`, this.token);
  }

  /** What trains, without a rerun of the page; a rerun where a run came, went or changed its state. */
  async poll() {
    if (document.hidden || this.polling) return;
    this.polling = true;
    try {
      const live = this.all().filter((row) => row.live).map((row) => row.id);
      const answer = await fetch(guardedAddress(`runs/rows?runs=${live.map(encodeURIComponent).join()}`, this.token));
      if (!answer.ok) return;
      const { rows, count: all } = await answer.json();
      if (this.closed) return;
      for (const row of rows) this.rows.get(row.id)?.update(row);
      const moved = [all, ...rows.filter((row) => !row.live).map((row) => row.id)].join();
      if (rows.length) {
        this.findBest();
        this.draw();
      }
      if ((all !== this.data.count || moved !== String(all)) && moved !== this.moved) {
        this.moved = moved;
        this.trigger("moved", moved);
      }
    } catch {
      // the server is away for a moment
    } finally {
      this.polling = false;
    }
  }

  close() {
    this.closed = true;
    clearInterval(this.timer);
    this.bar.close();
    this.root.remove();
  }
}

export default component((parent) => new RunsTable(parent));
