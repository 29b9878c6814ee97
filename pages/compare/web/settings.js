// Configurations side by side: a row a field, a column a run; at first only the rows in which the runs differ.

import { copyText } from "../../ui/web/copy.js";
import { component } from "../../ui/web/mounting.js";
import { dark, make, say } from "../../ui/web/words.js";
import { badge } from "./runs.js";

const SAID_MS = 1500;
const memory = { all: false, find: "" }; // while the page is open

class SettingsTable {
  constructor(parent) {
    this.all = make("button", { type: "button", class: "gs-button", "data-testid": "all-settings", onClick: () => { memory.all = !memory.all; this.draw(); } });
    this.find = make("input", { type: "search", class: "gc-find", placeholder: "Find a setting", "aria-label": "Find a setting", value: memory.find, "data-testid": "find-setting",
      onInput: () => { memory.find = this.find.value; this.draw(); } });
    this.words = make("span", { class: "gc-label", role: "status", "data-testid": "settings-words" });
    this.table = make("table", { class: "gc-table", "data-testid": "settings-table" });
    this.root = make("div", { class: "gs-live gc-root", "data-testid": "compare-settings" },
      make("div", { class: "gc-bar" }, this.all, this.find, this.words), make("div", { class: "gc-scroll", tabindex: "0", role: "region", "aria-label": "Settings of the runs" }, this.table));
    parent.append(this.root);
  }

  update(data) {
    this.data = data;
    this.root.toggleAttribute("data-dark", dark(this.root));
    this.draw();
  }

  close() {
    this.root.remove();
  }

  draw() {
    const { runs, rows } = this.data, differ = rows.filter((row) => row.differs), alone = runs.length < 2, all = memory.all || alone;
    const wanted = memory.find.trim().toLowerCase(), shown = (all ? rows : differ).filter(({ label, path }) => `${label} ${path}`.toLowerCase().includes(wanted));
    this.all.hidden = alone;
    this.all.setAttribute("aria-pressed", String(memory.all));
    say(this.all, `All ${rows.length} settings`);
    say(this.words, alone ? `${rows.length} settings.` : differ.length ? `${differ.length} of ${rows.length} settings differ.` : "These runs have the same settings.");
    this.table.replaceChildren(this.head(runs), make("tbody", {}, ...shown.map((row) => this.row(row, all))));
    this.table.hidden = !shown.length;
  }

  head(runs) {
    const cells = runs.map((run) => make("th", { scope: "col", style: `--ink: var(--gc-${run.place % 8})` },
      make("div", { class: "gc-head" }, ...(run.letter ? [badge(run)] : []), make("span", { class: "gc-name", title: run.id }, run.name)),
      make("small", {}, [run.state, run.preset && `preset ${run.preset}`, run.note].filter(Boolean).join(" · ")),
      ...(run.command ? [this.copy(run)] : [])));
    return make("thead", {}, make("tr", {}, make("th", { scope: "col", class: "gc-field" }, "Setting"), ...cells));
  }

  copy(run) {
    const button = make("button", { type: "button", class: "gs-button gc-copy", title: run.command, "data-testid": `command-${run.letter}`, onClick: async () => {
      say(button, (await copyText(run.command)) ? "Copied" : "It cannot be copied here");
      setTimeout(() => say(button, "Copy as a command"), SAID_MS);
    } }, "Copy as a command");
    return button;
  }

  /** Cells that are not as in the first column stand out: bold, with a mark. */
  row({ path, label, help, cells, notes, differs }, all) {
    return make("tr", { "data-differs": all && differs, "data-path": path },
      make("th", { scope: "row", class: "gc-field", title: help }, label, make("code", {}, path)),
      ...cells.map((text, i) => make("td", { "data-other": i > 0 && text !== cells[0], "data-none": text === "–" }, text,
        ...(notes[i] ? [make("small", {}, notes[i])] : []))));
  }
}

export default component((parent) => new SettingsTable(parent));
