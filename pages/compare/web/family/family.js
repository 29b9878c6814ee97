// The family tree: a row for each run, its line from the step where it begins to its newest, and from whom it comes.

import { component } from "../../../ui/web/mounting.js";
import { Wishes } from "../../../ui/web/wishes.js";
import { count, make } from "../../../ui/web/words.js";

const STATE_MARKS = { queued: "◷", running: "●", paused: "❚❚", stopping: "◼", finished: "✓", stopped: "◼", diverged: "▲", failed: "▲", interrupted: "◖" };
const SVG = "http://www.w3.org/2000/svg";
const WIDE = 1000, ROW = 10; // of the drawing's own units; it is stretched over the rows

function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

/** A round step at or above the longest run's, so that the axis ends in a number that can be read. */
function axisEnd(most) {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, most)));
  return [1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10].map((m) => m * power).find((end) => end >= most) ?? most;
}

function drawLines(rows, end) {
  const svg = shape("svg", { viewBox: `0 0 ${WIDE} ${rows.length * ROW}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  const x = (step) => (WIDE * step) / end, y = (row) => (row + 0.5) * ROW;
  rows.forEach((row, at) => {
    const line = { class: "gf-line", "data-state": row.state, style: row.colour ? `--run:${row.colour}` : "" };
    if (row.parent_row >= 0) svg.append(shape("path", { ...line, class: "gf-link", d: `M${x(row.begins)} ${y(row.parent_row)}V${y(at)}` }));
    if (row.twin_row >= 0) svg.append(shape("path", { class: "gf-twin", d: `M${x(0)} ${y(row.twin_row)}V${y(at)}` }));
    svg.append(shape("path", { ...line, d: `M${x(row.begins)} ${y(at)}H${Math.max(x(row.step), x(row.begins) + 2)}` }));
  });
  return svg;
}

function drawMarks(rows, end) {
  const share = (step) => `${(100 * step) / end}%`, top = (row) => `calc((${row} + 0.5) * var(--row))`;
  const marks = make("div", { class: "gf-marks", "aria-hidden": "true" });
  rows.forEach((row, at) => {
    const put = (className, text, step, line) => {
      const mark = make("span", { class: className }, text);
      mark.style.left = share(step);
      mark.style.top = top(line);
      if (row.colour) mark.style.setProperty("--run", row.colour);
      marks.append(mark);
    };
    if (row.parent_row >= 0) put("gf-dot", "", row.begins, row.parent_row);
    if (row.orphan) put("gf-open", "", row.begins, at);
    put("gf-end", STATE_MARKS[row.state] ?? "", row.step, at);
    marks.lastChild.dataset.state = row.state;
  });
  return marks;
}

function drawRow(row, tell) {
  const begun = row.branched >= 0 ? `from step ${count(row.branched)}` : row.twin_row >= 0 ? "twin" : "";
  const way = row.branched > row.step ? `on the way, at step ${count(row.step)}` : `${row.state}, step ${count(row.step)}`;
  const pick = make("button", { type: "button", class: "gf-pick", role: "checkbox", "aria-checked": String(!!row.letter),
    "aria-label": `Compare ${row.name}`, title: "Compare it on the other tabs", onClick: () => tell("chosen", row.id) }, row.letter || "+");
  if (row.colour) pick.style.setProperty("--run", row.colour);
  const open = make("button", { type: "button", class: "gf-open-run", title: "Open it in the Lab", onClick: () => tell("open", row.id) }, row.name);
  const words = [begun, row.orphan ? "its parent is gone" : row.words].filter(Boolean).join(": ");
  return make("li", { "data-run": row.id }, pick,
    make("div", { class: "gf-said" }, make("div", { class: "gf-first" }, open, make("span", { class: "gf-state" }, way)),
      make("div", { class: "gf-words", title: words }, words || (row.parent_row < 0 ? "the beginning of this family" : ""))));
}

function drawFamily(rows, tell) {
  const end = axisEnd(Math.max(...rows.map((row) => Math.max(row.step, row.branched))));
  const ticks = make("div", { class: "gf-axis", "aria-hidden": "true" }, ...[0, 0.25, 0.5, 0.75, 1].map((part) => {
    const tick = make("span", {}, count(Math.round(end * part)));
    tick.style.left = `${100 * part}%`;
    return tick;
  }));
  const plot = make("div", { class: "gf-plot" }, drawLines(rows, end), drawMarks(rows, end));
  const family = make("section", { class: "gf-family", "aria-label": `${rows.length} runs, from ${rows[0].name}` },
    make("div", { class: "gf-body" }, make("div", { class: "gf-left" }, plot, ticks),
      make("ol", {}, ...rows.map((row) => drawRow(row, tell)))));
  family.style.setProperty("--rows", String(rows.length));
  return family;
}

export class FamilyTree {
  constructor(parent) {
    parent.append((this.root = make("div", { class: "gf-root", "data-testid": "family", "data-presses": "kept" })));
    this.wishes = new Wishes();
    this.root.addEventListener("pointerdown", () => { this.pressed = true; });
    this.onRelease = () => {
      this.pressed = false;
      setTimeout(() => this.draw()); // after the click
    };
    for (const kind of ["pointerup", "pointercancel"]) document.addEventListener(kind, this.onRelease);
  }

  update(data, tell) {
    this.data = data;
    this.wishes.update(data.heard, tell);
    this.draw();
  }

  /** Only what is new, and never under a finger: a button that goes between down and up is not clicked. */
  draw() {
    const said = JSON.stringify([this.data.families, this.data.alone]);
    if (this.pressed || said === this.said) return;
    this.said = said;
    const { root, data: { families, alone } } = this, held = document.activeElement?.closest("[data-run]")?.getAttribute("data-run"), kind = document.activeElement?.className;
    const others = alone ? [make("p", { class: "gf-alone" }, `${count(alone)} more ${alone > 1 ? "runs have" : "run has"} neither branches nor a twin.`)] : [];
    root.replaceChildren(...families.map((rows) => drawFamily(rows, (...what) => this.wishes.ask(...what))), ...others);
    if (held) [...root.querySelectorAll("[data-run]")].find((row) => row.dataset.run === held)?.querySelector(`.${kind}`)?.focus({ preventScroll: true });
  }

  close() {
    for (const kind of ["pointerup", "pointercancel"]) document.removeEventListener(kind, this.onRelease);
    this.root.remove();
  }
}

export default component((parent) => new FamilyTree(parent));
