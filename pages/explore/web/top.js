// The line above everything: which model, which class, how much truncation.

import { count, make, say } from "../../ui/web/words.js";
import { toolButton } from "./tools.js";

/**
 * Where a model is from, as its card says it.
 * @param {{ details?: Record<string, any>, created?: string }} model
 */
export function originWords({ details = {}, created }) {
  const { trained_on: data, date, licence } = details;
  return [data && `Trained on ${data}`, date, licence && `data: ${licence}`, created].filter(Boolean).join(" · ");
}

const BRING = "Bring a generator that was downloaded elsewhere (.safetensors)";

export class TopLine {
  /** onModel(id), onFile(file): chosen by the person. onRemove(id): a brought file; onBack(id): after all not. */
  constructor(explorer, { onModel, onFile, onStep, onRemove, onBack }) {
    this.explorer = explorer;
    this.onStep = onStep;
    this.help = "The trained generator whose latent space this is: one that came along, or one of the runs here.";
    this.model = make("select", { class: "gx-select gx-model", "aria-label": "Model", "data-testid": "model",
      title: this.help, onchange: () => onModel(this.model.value) }, make("option", {}, "Models"));
    this.file = make("input", { type: "file", accept: ".safetensors", hidden: true, onchange: () => {
      if (this.file.files[0]) onFile(this.file.files[0]);
      this.file.value = "";
    } });
    this.bring = toolButton("file", "", { title: BRING, "data-testid": "bring", onclick: () => this.file.click() });
    this.remove = toolButton("close", "", { title: "Remove this brought file from the list; its bookmarks stay", "data-testid": "remove", hidden: true, onclick: () => onRemove(this.model.value) });
    this.back = toolButton("undo", "Bring it back", { "data-testid": "bring-back", hidden: true, onclick: () => onBack(this.removed) });
    this.newer = make("button", { type: "button", class: "gs-button gx-newer", hidden: true, "data-testid": "newer", onclick: () => this.onStep(this.newest) });
    this.note = make("span", { class: "gx-note" });
    const send = (commit) => this.explorer.show({ ...this.explorer.look, class: this.classes(), psi: Number(this.psi.value) }, { commit });
    const select = (label, title) => make("select", { class: "gx-select", "aria-label": label, title, onchange: () => { this.showMix(); send(true); } });
    this.first = select("Class", "The class that the generator is asked for. It was trained with these labels.");
    this.second = select("Second class", "A second class, to mix with the first.");
    const range = (attributes) => make("input", { type: "range", class: "gs-range", oninput: () => { this.showNumbers(); send(false); }, onchange: () => send(true), ...attributes });
    this.mix = range({ min: "0", max: "1", step: "0.01", value: "0.5", "aria-label": "Share of the second class", title: "How much of the second class" });
    this.psi = range({ min: "0", max: "1.5", step: "0.01", value: "1", "aria-label": "Truncation", "data-testid": "truncation" });
    this.psi.addEventListener("dblclick", () => { this.psi.value = "1"; this.showNumbers(); send(true); });
    this.psiNumber = make("output", {});
    const truth = "Truncation: below 1 the latent is pulled toward the middle, so that pictures become more usual and less varied; 1 leaves it as it is. Double-click: back to 1.";
    this.classGroup = make("div", { class: "gx-field gx-class", hidden: true }, make("span", { class: "gx-label" }, "Class"), this.first, this.second, this.mix);
    this.root = make("div", { class: "gx-top" },
      make("div", { class: "gx-field gx-pick" }, this.model, this.remove, this.bring, this.file, this.back, this.newer, this.note), this.classGroup,
      make("label", { class: "gx-field gx-psi", title: truth }, make("span", { class: "gx-label" }, "Truncation"), this.psi, this.psiNumber));
    explorer.on("point", (look) => this.take(look));
  }

  /** why: the sentence that says why no file may be brought, "" where one may. */
  refuseFiles(why) {
    this.bring.disabled = !!why;
    this.bring.title = why || BRING;
    this.bring.setAttribute("aria-label", this.bring.title);
  }

  setModels(models, chosen) {
    const groups = { asset: "Came along", run: "Runs here", file: "Brought here" };
    this.model.replaceChildren(...Object.entries(groups).map(([kind, label]) =>
      make("optgroup", { label }, ...models.filter((m) => m.kind === kind).map((m) => make("option", { value: m.id, title: originWords(m) }, m.label)))).filter((g) => g.children.length));
    if (chosen) this.model.value = chosen;
  }

  setModel(model) {
    this.model.value = model.id;
    this.remove.hidden = model.kind !== "file";
    this.remove.disabled = !!model.refused;
    if (model.id === this.removed) this.setRemoved("");
    this.model.title = originWords(model) || this.help;
    const named = (name, i) => make("option", { value: String(i) }, name);
    this.classGroup.hidden = !model.classes.length;
    this.first.replaceChildren(...model.classes.map(named));
    this.second.replaceChildren(make("option", { value: "" }, "not mixed"), ...model.classes.map(named));
    say(this.note, model.kind === "run" ? `step ${count(model.step)}` : "");
    this.newer.hidden = true;
  }

  /** A brought file was removed: it can be had back until another is. */
  setRemoved(id) {
    this.removed = id;
    this.back.hidden = !id;
  }

  /** A run has trained on: offer its newest checkpoint. */
  offer(step) {
    this.newest = step;
    this.newer.hidden = false;
    say(this.newer, `Newer: step ${count(step)}`);
  }

  classes() {
    if (!this.explorer.model.classes.length) return null;
    const first = Number(this.first.value);
    return this.second.value === "" ? [first] : [first, Number(this.second.value), Number(this.mix.value)];
  }

  take({ class: kind, psi }) {
    if (document.activeElement !== this.psi) this.psi.value = String(psi);
    if (kind && this.root.getRootNode().activeElement !== this.mix) {
      this.first.value = String(kind[0]);
      this.second.value = kind.length === 3 ? String(kind[1]) : "";
      if (kind.length === 3) this.mix.value = String(kind[2]);
    }
    this.showMix();
    this.showNumbers();
  }

  showMix() {
    this.mix.disabled = this.second.value === "";
    this.mix.style.visibility = this.mix.disabled ? "hidden" : "";
  }

  showNumbers() {
    say(this.psiNumber, Number(this.psi.value).toFixed(2));
    for (const input of [this.psi, this.mix]) input.style.setProperty("--part", `${(100 * (input.value - input.min)) / (input.max - input.min)}%`);
  }
}
