// Marks: random pictures, each to be marked yes or no; from them a direction.

import { make, messageOf, say } from "../../../../ui/web/words.js";
import { cutUp } from "../../../../ui/web/canvas/atlas.js";
import { randomSeed, toolButton } from "../../tools.js";

const SAMPLES = 12, FEWEST = 2;

export class DirectionMarks {
  constructor(tool) {
    this.tool = tool;
    this.grid = make("div", { class: "gx-dir-samples", role: "group", "aria-label": "Pictures to mark" });
    this.count = make("span", { class: "gx-quiet", role: "status", "data-testid": "marks-count" });
    this.root = make("div", { class: "gx-dir-marks", hidden: true, "data-testid": "marks" }, this.grid, make("div", { class: "gx-row" }, this.count, make("i", { class: "gx-space" }),
      toolButton("random", "Others", { class: "gs-button gs-small gx-button", title: "Other pictures in place of those without a mark; marks stay", "data-testid": "marks-others", onclick: () => this.fill() }),
      toolButton("close", "No marks", { class: "gs-button gs-small gx-button", title: "Begin anew", onclick: () => this.reset(true) })));
    this.cells = [];
  }

  get enough() { return FEWEST <= Math.min(this.marked(true).length, this.marked(false).length); }

  get asked() { return this.cells.filter((cell) => cell.yes !== null).map(({ look, yes }) => ({ look, yes })); }

  marked(yes) { return this.cells.filter((cell) => cell.yes === yes); }

  setVisible(visible) {
    this.root.hidden = !visible;
    if (visible && this.tool.explorer.look && !this.cells.length) this.fill();
  }

  reset(again = false) {
    this.cells = [];
    this.grid.replaceChildren();
    this.tell();
    if (again) this.fill();
  }

  /** As many without a mark as there is room for, with those that have one kept in front. */
  async fill() {
    const { explorer } = this.tool, model = this.tool.of, kept = this.cells.filter((cell) => cell.yes !== null);
    const look = { ...explorer.look, mix: [], units: [] };
    const fresh = Array.from({ length: SAMPLES }, () => this.cell({ ...look, where: { seed: randomSeed() } }));
    try {
      const answer = await explorer.ask("looks", { looks: fresh.map((cell) => cell.look), columns: SAMPLES }, { slot: "directions-marks" });
      if (!answer || model !== this.tool.of) return;
      cutUp(answer, fresh.map((cell) => cell.canvas));
      this.cells = [...kept, ...fresh];
      this.grid.replaceChildren(...this.cells.map((cell) => cell.root));
      this.tell();
    } catch (problem) {
      explorer.say(messageOf(problem));
    }
  }

  cell(look) {
    const cell = { look, yes: null, canvas: make("canvas", { width: 1, height: 1 }) };
    const button = (yes) => make("button", { type: "button", class: "gx-dir-verdict", "data-yes": String(yes), "aria-pressed": "false", "data-testid": yes ? "mark-yes" : "mark-no", title: yes ? "Yes, this has it" : "No, this has it not",
      "aria-label": yes ? "Yes" : "No", onclick: () => this.mark(cell, cell.yes === yes ? null : yes) }, yes ? "✓" : "✕");
    cell.buttons = [button(false), button(true)];
    const go = make("button", { type: "button", class: "gx-thumb", title: "Go there; Y and N mark it", "aria-label": "Go to this picture; Y and N mark it", onclick: () => this.tool.explorer.show(look, { commit: true }), onkeydown: (event) => {
      const yes = { y: true, n: false }[event.key.toLowerCase()];
      if (yes !== undefined && !event.ctrlKey && !event.metaKey) this.mark(cell, cell.yes === yes ? null : yes);
    } }, cell.canvas);
    cell.root = make("div", { class: "gx-dir-sample" }, go, make("div", {}, ...cell.buttons));
    return cell;
  }

  mark(cell, yes) {
    cell.yes = yes;
    cell.root.dataset.mark = yes === null ? "" : yes ? "yes" : "no";
    for (const button of cell.buttons) button.setAttribute("aria-pressed", String(yes !== null && button.dataset.yes === String(yes)));
    this.tell();
  }

  tell() {
    const [yes, no] = [this.marked(true).length, this.marked(false).length];
    say(this.count, yes + no === 0 ? "Think of something to look for, and mark what has it and what has it not." : `${yes} yes, ${no} no${this.enough ? "" : ` · at least ${FEWEST} of each`}`);
    this.tool.update();
  }
}
