// Steps back and forth, kept for this tab over a reload; and the address that brings the present point back anywhere.

import { toolButton } from "./tools.js";

const STEPS = 200, LONGEST = 16_000; // letters of a look in an address

export class LookHistory {
  constructor(explorer) {
    this.explorer = explorer;
    this.undoButton = toolButton("undo", "", { title: "Undo (Ctrl+Z)", "data-testid": "undo", onclick: () => this.undo() });
    this.redoButton = toolButton("redo", "", { title: "Redo (Ctrl+Shift+Z)", "data-testid": "redo", onclick: () => this.redo() });
    this.clear();
    explorer.on("shown", (look, asked) => this.took(look, asked));
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
  }

  clear() {
    /** @type {any[]} */
    this.steps = [];
    this.at = -1;
    this.show();
  }

  get present() {
    return this.steps[this.at] ?? null;
  }

  took(look, asked) {
    if (!asked.quiet && JSON.stringify(look) !== JSON.stringify(this.present)) {
      this.steps = [...this.steps.slice(0, this.at + 1), look].slice(-STEPS);
      this.at = this.steps.length - 1;
    }
    this.show();
    this.keep();
    if (look === this.explorer.look) this.writeAddress();
  }

  undo() { this.go(this.at - 1); }

  redo() { this.go(this.at + 1); }

  go(at) {
    if (at < 0 || at >= this.steps.length) return;
    this.at = at;
    this.explorer.show(this.present, { commit: true, quiet: true });
    this.show();
  }

  show() {
    this.undoButton.disabled = this.at <= 0;
    this.redoButton.disabled = this.at >= this.steps.length - 1;
  }

  key(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.target.closest?.("input:not([type=range]), textarea, [contenteditable]")) return;
    const letter = event.key.toLowerCase();
    if (letter === "z" && !event.shiftKey) this.undo();
    else if (letter === "y" || (letter === "z" && event.shiftKey)) this.redo();
    else return;
    event.preventDefault();
  }

  // --- over a reload

  get place() { return `ganscope.explore.${this.explorer.model.id}`; }

  keep() {
    const { steps, at } = this;
    try {
      sessionStorage.setItem(this.place, JSON.stringify({ steps, at }));
    } catch { // full: the older half goes
      try { sessionStorage.setItem(this.place, JSON.stringify({ steps: [this.present], at: 0 })); } catch { /* without */ }
    }
  }

  /** The steps that this tab took with the model before; true where there are some. */
  recall() {
    this.clear();
    try {
      const { steps, at } = JSON.parse(sessionStorage.getItem(this.place) ?? "null");
      if (!Array.isArray(steps) || !steps[at]) return false;
      this.steps = steps;
      this.at = at;
    } catch {
      return false;
    }
    this.show();
    return true;
  }

  // --- the address

  /** The query of the present point: model, checkpoint, look without what is usual. */
  query() {
    const { model } = this.explorer;
    let look = compactLook(unusualParts(this.explorer.asSet()));
    if (look.length > LONGEST) look = compactLook(unusualParts(this.explorer.frozen())); // the point alone
    const query = new URLSearchParams(location.search);
    for (const name of ["model", "step", "look"]) query.delete(name);
    query.set("model", model.id);
    if (model.kind === "run") query.set("step", model.step);
    query.set("look", look);
    return query;
  }

  link() {
    return `${location.origin}${location.pathname}?${this.query()}`;
  }

  writeAddress() {
    history.replaceState(history.state, "", `${location.pathname}?${this.query()}${location.hash}`);
  }

  /** What the address asks for: { model, step, look }, null where it says nothing; `problem` where it cannot be read. */
  static read() {
    const query = new URLSearchParams(location.search), model = query.get("model");
    const step = query.get("step"), text = query.get("look"), found = { model, step: /^\d{1,15}$/.test(step ?? "") ? Number(step) : null, look: null };
    if (text === null) return found;
    found.look = LookHistory.expanded(text);
    if (!found.look) found.problem = "The link's point cannot be read, so this is the usual view.";
    return found;
  }

  /** The look that a text of an address means, null where it means none. */
  static expanded(text) {
    try {
      const look = expandLook(text);
      return typeof look === "object" ? look : null;
    } catch {
      return null;
    }
  }

  close() {
    document.removeEventListener("keydown", this.onKey);
  }
}

/** A look without what is usual. */
function unusualParts({ where, class: kind, psi, mix, units }) {
  return { where, ...(kind && { class: kind }), ...(psi !== 1 && { psi }), ...(mix.length && { mix }), ...(units.length && { units }) };
}

/** JSON as text that an address can hold without percent signs: base64 with - and _. */
function compactLook(value) {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function expandLook(text) {
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}
