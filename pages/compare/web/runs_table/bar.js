// Above the table: words and choices that filter it, the columns, what is chosen, what was deleted.

import { count, make, say } from "../../../ui/web/words.js";
import { bytesWords, letterOf, whenWords } from "./values.js";

export class TopBar {
  constructor(table) {
    this.table = table;
    this.filter = { words: "", state: "", preset: "", tag: "" };
    const changed = () => {
      for (const name of Object.keys(this.filter)) this.filter[name] = this[name].value;
      table.draw();
    };
    this.words = make("input", { class: "gt-input gt-search", type: "search", placeholder: "Filter: name, tag, note, setting", "aria-label": "Filter the runs", onInput: changed });
    const choice = (name) => make("select", { class: "gt-input", "aria-label": `Only this ${name}`, onChange: changed });
    this.state = choice("state");
    this.preset = choice("preset");
    this.tag = choice("tag");
    this.sort = make("select", { class: "gt-input gt-sort", "aria-label": "Sort by", onChange: () => table.sortBy(this.sort.value, true) });
    this.found = make("span", { class: "gt-quiet", role: "status" });
    this.menu = make("div", { class: "gt-menu" });
    this.columns = make("details", { class: "gt-columns" }, make("summary", { class: "gs-button" }, "Columns"), this.menu);
    document.addEventListener("pointerdown", (this.away = (event) => { if (!this.columns.contains(event.target)) this.columns.open = false; }));
    this.columns.addEventListener("keydown", (event) => { if (event.key === "Escape") { this.columns.open = false; this.columns.firstChild.focus(); } });
    this.chosen = make("div", { class: "gt-chosen", role: "status" });
    this.gone = make("div", { class: "gt-gone", role: "status" });
    this.root = make("div", { class: "gt-top" },
      make("div", { class: "gt-filters" }, this.words, this.state, this.preset, this.tag, this.sort, this.columns, this.found), this.gone, this.chosen);
  }

  /** The choices that there are now; what is chosen stays as long as it is one. */
  update(rows) {
    const fill = (select, any, values) => {
      const key = values.join("\n");
      if (select.dataset.values === key) return;
      select.dataset.values = key;
      const before = select.value;
      select.replaceChildren(make("option", { value: "" }, any), ...values.map((value) => make("option", { value }, value)));
      select.value = values.includes(before) ? before : "";
      select.hidden = !values.length;
    };
    const some = (values) => [...new Set(values)].sort();
    fill(this.state, "Any state", [...(rows.some((row) => row.live) ? ["live"] : []), ...some(rows.map((row) => row.state))]);
    fill(this.preset, "Any preset", some(rows.map((row) => row.preset)));
    fill(this.tag, "Any tag", some(rows.flatMap((row) => row.tags)));
    for (const name of Object.keys(this.filter)) this.filter[name] = this[name].value;
  }

  say(shown, all) {
    say(this.found, shown === all ? `${count(all)} run${all === 1 ? "" : "s"}` : `${count(shown)} of ${count(all)} runs`);
  }

  showColumns(measures, shown) {
    this.menu.replaceChildren(...measures.map((measure) => make("label", { title: measure.about },
      make("input", { type: "checkbox", checked: shown.has(measure.name), onChange: (event) => this.table.showColumn(measure.name, event.target.checked) }), measure.label)));
    if (!measures.length) this.menu.replaceChildren("Measures can be shown here once there are any.");
  }

  showSort(columns, now) {
    this.sort.replaceChildren(...columns.map((column) => make("option", { value: column.name }, `Sorted by ${column.label.toLowerCase()}`)));
    this.sort.value = now;
  }

  showChosen(ids, rows) {
    const live = ids.some((id) => rows.get(id)?.live), refused = ids.map((id) => rows.get(id)?.refused).find(Boolean) || "";
    const key = JSON.stringify([ids.map((id) => [id, rows.get(id)?.name]), live, refused]);
    if (key === this.shown) return; // so that the focus stays
    this.shown = key;
    this.chosen.hidden = !ids.length;
    if (!ids.length) return this.chosen.replaceChildren();
    const go = (tab, words) => make("button", { class: "gs-button", type: "button", onClick: () => this.table.ask(["tab", tab]) }, words);
    const pills = ids.map((id, place) => make("span", { class: "gt-pill", style: `--ink: var(--gc-${place % 8})` },
      make("i", { class: "gc-badge" }, letterOf(place)), make("span", {}, rows.get(id)?.name || id),
      make("button", { type: "button", "aria-label": `Compare ${rows.get(id)?.name || id} no more`, onClick: () => this.table.pick(id, false) }, "×")));
    this.chosen.replaceChildren(make("div", { class: "gt-pills" }, ...pills), make("div", { class: "gt-go" },
      go("curves", "Curves"), go("samples", "Samples"), go("settings", "Settings"),
      make("button", { class: "gs-button", type: "button", "data-testid": "measure-chosen", disabled: !!refused, title: refused || "The newest checkpoint of each and its best one, all on 2 000 samples, so that they compare.",
        onClick: () => this.table.ask(["measure", ids]) }, "Measure the chosen"),
      make("button", { class: "gs-button", type: "button", onClick: () => this.table.choose([]) }, "Clear"),
      make("button", { class: "gs-button gt-danger", type: "button", disabled: live || !!refused, title: refused ? refused : live ? "Stop those that train first." : "They can be had back until the trash is emptied.",
        onClick: () => this.table.ask(["delete", ids]) }, ids.length === 1 ? "Delete" : `Delete ${ids.length}`)));
  }

  /** deleted: what lies in the trash; last: the tokens of what this tab deleted just now. */
  showGone(deleted, last) {
    const just = deleted.filter((one) => last.includes(one.token));
    this.gone.hidden = !deleted.length;
    if (!deleted.length) return this.gone.replaceChildren();
    const open = this.gone.querySelector("details")?.open;
    const undo = just.length ? [make("span", {}, just.length === 1 ? `“${just[0].name}” was deleted.` : `${just.length} runs were deleted.`),
      make("button", { class: "gs-button gt-undo", type: "button", onClick: () => this.table.ask(["undelete", last]) }, "Undo")] : [];
    const size = deleted.reduce((sum, one) => sum + one.bytes, 0);
    const list = make("ul", {}, ...deleted.map((one) => make("li", {}, make("span", {}, one.name), make("small", {}, `${one.run} · ${bytesWords(one.bytes)} · deleted ${whenWords(one.when)}`),
      make("button", { class: "gs-button", type: "button", onClick: () => this.table.ask(["undelete", [one.token]]) }, "Restore"))));
    const empty = make("button", { class: "gs-button gt-danger", type: "button", onClick: () => this.emptyAsked(empty, size) }, `Empty the trash, ${bytesWords(size)}`);
    this.gone.replaceChildren(...undo, make("details", { open: open || false }, make("summary", {}, `Trash: ${count(deleted.length)} run${deleted.length === 1 ? "" : "s"}, ${bytesWords(size)}`), list, empty));
  }

  /** There is no way back from this one: it is pressed twice. */
  emptyAsked(button, size) {
    if (button.dataset.sure) return this.table.ask(["empty"]);
    button.dataset.sure = "1";
    say(button, `Delete ${bytesWords(size)} for good: press again`);
  }

  close() {
    document.removeEventListener("pointerdown", this.away);
  }
}
