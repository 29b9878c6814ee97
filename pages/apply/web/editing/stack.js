// The stack of steps as data, and its list: switched, moved, removed; what each says is one line.

import { make, renew } from "../../../ui/web/words.js";

export const MOST_STEPS = 64;
const FACTOR_WORDS = { hue: "Hue", size: "Size", x: "To the right", y: "Downwards" };
const fine = (n) => `${n < 0 ? "−" : "+"}${Math.abs(n).toFixed(2)}`, signed = (n) => `${n < 0 ? "−" : "+"}${Math.abs(n)}`;

/** A stack without steps. */
export const fresh = (model, size, source = "seed:1") => ({ format: "ganscope-edit", version: 1, model, size, start: { source }, edits: [] });

/** One line on a step. */
export function wordsOf(step, classes = []) {
  const inside = step.mask && step.name !== "repaint" ? (step.name === "drag" ? ", only the painted may move" : ", inside the painted") : "";
  const from = (source) => (source?.startsWith("seed:") ? source.replace(":", " ") : "another picture");
  const by = [step.right && `${signed(step.right)} px right`, step.down && `${signed(step.down)} px down`].filter(Boolean).join(", ");
  switch (step.name) {
    case "drag": return `Drag ${step.points.replaceAll(" ", "; ").replaceAll(":", " → ")}${inside}`;
    case "move": return `Move along ${step.along || "a direction"} by ${fine(step.amount ?? 1)}${inside}`;
    case "factor": return `${FACTOR_WORDS[step.factor] ?? step.factor} by ${fine(step.amount ?? 0)}${inside}`;
    case "class": return `Class ${classes[step.label ?? 0] ?? step.label}${inside}`;
    case "mix": return `Styles of ${from(step.source)} in layers ${step.layers}${inside}`;
    case "units": return `Units ${step.units} of ${step.layer} times ${step.scale ?? 0}${inside}`;
    case "repaint": return `Repaint the painted, number ${step.which ?? 1}`;
    case "copy": return `Copy from ${from(step.source)}${by && `, moved ${by}`}${step.way === "poisson" ? ", without a seam" : ""}${inside}`;
    case "blend": return `Blend with ${from(step.source)} by ${step.way ?? "latent"}${inside}`;
    default: return step.name;
  }
}

/** With the step of this kind that `same` finds changed, or added at the end, or taken away where `step` is null. */
export function withStep(stack, same, step) {
  const at = stack.edits.findLastIndex(same), edits = stack.edits.slice();
  if (at < 0 && step) edits.push(step);
  else if (at >= 0) edits.splice(at, 1, ...(step ? [{ ...edits[at], ...step }] : []));
  return { ...stack, edits };
}

export class StackList {
  /** act: { change(stack) } */
  constructor(act) {
    this.act = act;
    this.list = make("ol", { class: "ge-steps", "data-testid": "edit-steps", "aria-label": "Steps" });
  }

  /** said: of each step; began: what is to be said of the beginning. */
  draw(stack, said, classes, began) {
    this.stack = stack;
    const rows = stack.edits.map((step, i) => this.row(step, i, said[i] ?? [], classes));
    renew(this.list, make("li", { class: "ge-quiet", "data-testid": "edit-began" }, began), ...rows, ...(rows.length ? [] : [make("li", { class: "ge-quiet" }, "No steps yet.")]));
  }

  row(step, i, said, classes) {
    const words = wordsOf(step, classes), { edits } = this.stack, on = step.on !== false;
    const button = (name, sign, title, enabled, act) => make("button", { type: "button", class: "ga-button ge-small", title, "aria-label": `${title}: ${words}`, "data-testid": `edit-${name}-${i}`, disabled: !enabled, onClick: act }, sign);
    return make("li", { class: "ge-step" },
      make("label", { class: "ge-name" }, make("input", { type: "checkbox", checked: on, "data-testid": `edit-on-${i}`, onChange: (e) => this.put(edits.with(i, { ...step, on: e.target.checked })) }), make("span", {}, words)),
      make("span", { class: "ge-group" },
        button("up", "↑", "Move up", i > 0, () => this.put(moved(edits, i, i - 1))),
        button("down", "↓", "Move down", i < edits.length - 1, () => this.put(moved(edits, i, i + 1))),
        button("remove", "×", "Remove", true, () => this.put(edits.toSpliced(i, 1)))),
      ...(said.length ? [make("p", { class: "ge-said" }, said.join(" "))] : []));
  }

  put(edits) {
    this.act.change({ ...this.stack, edits });
  }
}

export function moved(edits, from, to) {
  const order = edits.slice();
  order.splice(to, 0, ...order.splice(from, 1));
  return order;
}
