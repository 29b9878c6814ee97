// The card of a generator that came along: how good it is, what it learned from, and how it was made.

import { make, say } from "../../ui/web/words.js";
import { originWords } from "./top.js";

export class ModelCard {
  constructor(explorer) {
    this.verdict = make("p", { class: "gx-card-verdict", "data-testid": "card-verdict" });
    this.origin = make("p", { class: "gx-quiet" });
    this.measures = make("dl", { class: "gx-card-measures", "data-testid": "card-measures" });
    this.command = make("pre", { class: "gx-card-command", tabindex: "0", "aria-label": "The command that made it" });
    const more = make("details", {}, make("summary", {}, "All measures, and how it was made"), this.measures, this.command);
    this.root = make("section", { class: "gx-card gx-card-model", "aria-label": "About this generator", hidden: true, "data-testid": "model-card" }, this.verdict, this.origin, more);
    explorer.on("model", (model) => this.take(model));
  }

  /** @param {{ details?: Record<string, any> }} model */
  take({ details = {} }) {
    const { verdict, metrics, command } = details;
    this.root.hidden = !verdict;
    if (!verdict) return;
    const at = verdict.indexOf(":");
    this.verdict.replaceChildren(make("b", {}, verdict.slice(0, at + 1)), verdict.slice(at + 1));
    this.root.toggleAttribute("data-far", verdict.startsWith("Far"));
    say(this.origin, originWords({ details }));
    this.measures.replaceChildren(...Object.entries(metrics).flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, String(Math.round(1000 * value) / 1000))]));
    say(this.command, command ?? "");
    this.command.hidden = !command;
  }
}
