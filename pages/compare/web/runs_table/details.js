// What opens under a row: all differences, all measures, tags and notes to write, and what can be done with the run.

import { addressOf, guardedAddress } from "../../../ui/web/addresses.js";
import { clock, count, make, say } from "../../../ui/web/words.js";
import { measureWords, stepWords } from "./values.js";

export class Details {
  constructor(table) {
    this.table = table;
    this.picture = make("img", { class: "gt-large", alt: "" });
    this.differs = make("dl", { class: "gt-facts" });
    this.measures = make("dl", { class: "gt-facts" });
    this.evaluated = make("p", { class: "gt-quiet gt-evaluated" });
    this.about = make("p", { class: "gt-quiet" });
    this.tags = make("input", { class: "gt-input", type: "text", maxlength: 400, placeholder: "for the talk, baseline", onChange: () => this.saveTags() });
    this.notes = make("textarea", { class: "gt-input", rows: 4, maxlength: 4000, placeholder: "What you saw, and what to try next", onChange: () => this.saveNotes() });
    this.checkpoints = make("select", { class: "gt-input", "aria-label": "Checkpoints in the file" },
      make("option", { value: "all" }, "with all checkpoints"), make("option", { value: "newest" }, "with the newest and the best"), make("option", { value: "none" }, "without checkpoints"));
    this.link = make("a", { class: "gs-button gt-link", download: "" }, "Export as one file");
    this.checkpoints.addEventListener("change", () => this.setLink());
    this.lab = make("a", { class: "gs-button gt-link", onClick: (event) => this.toLab(event) }, "Open in the Lab");
    this.remove = make("button", { class: "gs-button gt-danger", type: "button", onClick: () => this.table.ask(["delete", [this.row.id]]) }, "Delete");
    const field = (words, input) => make("label", { class: "gt-field" }, make("span", {}, words), input);
    this.against = make("h4", {});
    this.root = make("div", { class: "gt-details" },
      make("div", { class: "gt-side" }, this.picture, this.about),
      make("section", {}, this.against, this.differs),
      make("section", {}, make("h4", {}, "Measures"), this.evaluated, this.measures),
      make("section", { class: "gt-write" }, field("Tags, with commas between", this.tags), field("Notes", this.notes)),
      make("footer", {}, this.lab, this.link, this.checkpoints, this.remove));
  }

  update(row) {
    this.row = row;
    const shown = row.thumb === null ? "" : this.table.thumbUrl(row);
    if (this.picture.getAttribute("src") !== shown) this.picture.setAttribute("src", shown);
    this.picture.hidden = !shown;
    const began = row.parent ? ` Branched from ${row.parent_name || row.parent} at step ${count(row.parent_step)}.` : "";
    say(this.about, `${row.id}. ${row.words[0].toUpperCase()}${row.words.slice(1)}. ${count(row.images)} of ${count(row.total)} samples seen in ${clock(row.seconds)}; ${count(row.checkpoints)} checkpoint${row.checkpoints === 1 ? "" : "s"}.${began} ${row.error}`);
    say(this.against, row.against ? `Against ${row.against}` : "Settings");
    this.differs.replaceChildren(...(row.differs.length ? row.differs.flatMap(([label, value, before]) =>
      [make("dt", {}, label), make("dd", {}, value, before ? make("small", {}, ` instead of ${before}`) : "")])
      : [make("dd", { class: "gt-quiet" }, row.against ? "Nothing differs." : "It came from no preset that is known here.")]));
    const known = this.table.measures.filter((measure) => row.metrics[measure.name]);
    this.measures.replaceChildren(...(known.length ? known.flatMap((measure) => {
      const [value, what, floor, untrained] = row.metrics[measure.name], steps = stepWords(measure, row.metrics[measure.name]).join("; ");
      const known = (words, number) => (number === null || number === undefined ? "" : `; ${words} ${measureWords(measure, number)}`);
      const beside = what && `${known("real against real", floor)}${known("untrained", untrained)}`;
      return [make("dt", { title: measure.about }, measure.label), make("dd", {}, `${measureWords(measure, value)}${measure.share || !measure.unit ? "" : ` ${measure.unit}`}`, steps ? make("small", {}, ` ${steps}`) : "", beside ? make("small", {}, beside) : "")];
    }) : [make("dd", { class: "gt-quiet" }, "Nothing has been measured yet.")]));
    const what = Object.values(row.metrics).map((found) => found[1]).find(Boolean);
    say(this.evaluated, what ? `Evaluated on ${what}.` : "");
    if (document.activeElement !== this.tags) this.tags.value = row.tags.join(", ");
    if (document.activeElement !== this.notes) this.notes.value = row.notes;
    this.lab.href = addressOf(`./?run=${encodeURIComponent(row.id)}`);
    this.tags.disabled = this.notes.disabled = !!row.refused;
    this.tags.title = this.notes.title = row.refused;
    this.remove.disabled = row.live || !!row.refused;
    this.remove.title = row.refused ? row.refused : row.live ? "Stop it first: a run that trains cannot be deleted." : "It can be had back until the trash is emptied.";
    this.setLink();
  }

  setLink() {
    this.link.href = guardedAddress(`runs/${encodeURIComponent(this.row.id)}/archive.zip?checkpoints=${this.checkpoints.value}`, this.table.token);
  }

  saveTags() {
    this.table.ask(["tags", this.row.id, this.tags.value.split(",")]);
  }

  saveNotes() {
    this.table.ask(["notes", this.row.id, this.notes.value]);
  }

  /** In this tab where it is an ordinary click, so that nothing of the session is lost. */
  toLab(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    this.table.ask(["lab", this.row.id]);
  }
}
