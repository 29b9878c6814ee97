// One run in the table. Kept while the run is there, so that nothing jumps when a number changes.

import { clock, compact, count, make, say } from "../../../ui/web/words.js";
import { Details } from "./details.js";
import { STATE_MARKS, TONES, bytesWords, differsWords, letterOf, measureWords, stepWords, whenWords } from "./values.js";

export class Row {
  constructor(table, id) {
    this.table = table;
    this.id = id;
    this.open = false;
    this.box = make("input", { type: "checkbox", onClick: (event) => table.pick(id, this.box.checked, event.shiftKey) });
    this.badge = make("i", { class: "gc-badge", hidden: true });
    this.picture = make("img", { class: "gt-thumb", alt: "", loading: "lazy" });
    this.blank = make("span", { class: "gt-thumb gt-blank", "aria-hidden": "true" });
    this.name = make("button", { class: "gt-name", type: "button", "aria-expanded": "false", onClick: () => this.toggle() });
    this.under = make("small", {});
    this.note = make("small", { class: "gt-note" });
    this.mark = make("span", { class: "gt-mark", "aria-hidden": "true" });
    this.word = make("span", {});
    this.waits = make("small", { "data-testid": "waits" });
    this.bar = make("i", {});
    this.steps = make("span", {});
    this.part = make("small", {});
    this.differs = make("span", { class: "gt-differs" });
    this.tags = make("span", { class: "gt-tags" });
    this.disk = make("span", {});
    this.cells = {
      run: make("td", { class: "gt-run" }, make("div", {}, make("span", { class: "gt-picture" }, this.picture, this.blank), make("div", {}, this.name, this.under, this.note))),
      state: make("td", { "data-label": "State" }, make("span", { class: "gt-state" }, this.mark, this.word), this.waits),
      step: make("td", { class: "gt-number", "data-label": "Steps" }, this.steps, this.part, make("span", { class: "gt-bar" }, this.bar)),
      differs: make("td", { "data-label": "What differs" }, this.differs),
      tags: make("td", { "data-label": "Tags" }, this.tags),
      bytes: make("td", { class: "gt-number", "data-label": "On disk" }, this.disk),
    };
    this.pick = make("td", { class: "gt-pick" }, make("label", {}, this.box, this.badge));
    this.root = make("tr", { class: "gt-row", "data-testid": "run-row" });
    this.below = make("tr", { class: "gt-below", hidden: true });
  }

  toggle(open = !this.open) {
    this.open = open;
    this.name.setAttribute("aria-expanded", String(open));
    this.root.toggleAttribute("data-open", open);
    this.below.hidden = !open;
    if (!open) return;
    if (!this.details) {
      /** @type {Details | undefined} */
      this.details = new Details(this.table);
      this.cell = make("td", {}, this.details.root);
      this.below.append(this.cell);
    }
    this.cell.colSpan = this.table.columns.length + 1;
    this.details.update(this.row);
  }

  update(row) {
    this.row = row;
    this.root.dataset.run = row.id;
    say(this.name, row.name);
    this.name.title = row.id;
    say(this.under, [row.preset === row.name ? "" : row.preset, row.parent ? "branch" : "", row.whose, whenWords(row.created)].filter(Boolean).join(" · "));
    say(this.note, row.notes.split("\n")[0]);
    this.note.hidden = !row.notes;
    this.box.setAttribute("aria-label", `Compare ${row.name}, ${whenWords(row.created)}`);
    this.picture.hidden = row.thumb === null;
    this.blank.hidden = row.thumb !== null;
    if (row.thumb !== null) {
      const url = this.table.thumbUrl(row);
      if (this.picture.getAttribute("src") !== url) this.picture.setAttribute("src", url);
    }
    this.cells.state.firstChild.dataset.tone = (!row.cut_short && TONES[row.state]) || "";
    this.cells.state.title = row.error || row.words;
    say(this.mark, STATE_MARKS[row.cut_short ? "stopped" : row.state] || "");
    say(this.word, row.cut_short ? "stopped as asked" : row.state);
    say(this.waits, row.waits.split(":")[0]); // the whole of it, with why, is in the title
    say(this.steps, count(row.step));
    const part = row.total ? Math.min(1, row.images / row.total) : 0;
    say(this.part, `${part > 0 && part < 0.01 ? "<1" : Math.floor(100 * part)}% of ${compact(row.total)}`);
    this.cells.step.title = `${count(row.images)} of ${count(row.total)} samples, ${clock(row.seconds)} of training`;
    this.bar.style.transform = `scaleX(${part})`;
    say(this.differs, row.differs.length ? differsWords(row) : row.against ? "–" : "");
    this.differs.title = row.differs.length ? `Against ${row.against}:\n${row.differs.map(([l, v, b]) => `${l}: ${v}${b ? ` instead of ${b}` : ""}`).join("\n")}` : row.against && `The settings of ${row.against}.`;
    const tags = row.tags.join("\n");
    if (this.tags.dataset.tags !== tags) {
      this.tags.dataset.tags = tags;
      this.tags.replaceChildren(...row.tags.map((tag) => make("button", { class: "gt-tag", type: "button", title: `Show runs tagged "${tag}" only`, onClick: () => this.table.filterBy("tag", tag) }, tag)));
    }
    say(this.disk, bytesWords(row.bytes));
    if (this.open) this.details?.update(row);
  }

  /** Put the cells into the order of the columns; what is in its place is not touched, so that the focus stays. */
  lay(columns) {
    const cells = [this.pick, ...columns.map((column) => (column.measure ? this.measured(column) : this.cells[column.name]))];
    const now = this.root.children;
    if (now.length !== cells.length || cells.some((cell, i) => cell !== now[i])) this.root.replaceChildren(...cells);
    if (this.cell) this.cell.colSpan = columns.length + 1;
  }

  measured(column) {
    const cell = (this.cells[`of ${column.name}`] ||= make("td", { class: "gt-number", "data-label": column.label }));
    const found = this.row.metrics[column.name];
    const words = measureWords(column, found?.[0]), what = found?.[1] || "", steps = stepWords(column, found);
    if (cell.dataset.said !== `${words} ${what} ${steps}`) {
      cell.dataset.said = `${words} ${what} ${steps}`;
      cell.replaceChildren(words, ...[...steps, what].filter(Boolean).map((said) => make("small", { class: "gt-what" }, said)));
    }
    cell.title = found ? `${column.label}: ${found[0]}${[...steps, what].filter(Boolean).map((said) => `\n${said}`).join("")}` : "Not measured.";
    cell.toggleAttribute("data-best", this.table.best[column.name]?.has(this.id) || false);
    cell.toggleAttribute("data-none", !found);
    return cell;
  }

  /** place: among the chosen, -1 where it is not. */
  choose(place) {
    this.box.checked = place >= 0;
    this.badge.hidden = place < 0;
    this.root.toggleAttribute("data-chosen", place >= 0);
    if (place >= 0) {
      say(this.badge, letterOf(place));
      this.root.style.setProperty("--ink", `var(--gc-${place % 8})`);
    }
  }
}
