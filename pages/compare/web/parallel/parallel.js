// Parallel coordinates: a line for each run through an axis for each setting, to what a measure came to.

import { component } from "../../../ui/web/mounting.js";
import { dark, make, renew, say, short } from "../../../ui/web/words.js";
import { badge } from "../runs.js";
import { Axis, NOWHERE, draw, markOf } from "./parallel_axis.js";

const NEAR_PX = 14, LEAST_BRUSH_PX = 5, BANDS = 5;
const HEIGHT = 24, TOP = 4.5, BOTTOM = 3.5, LETTER = 0.4, LEAST_GAP = 6.5, LINE = 0.9; // in rem, so that a projector's type fits too
const memory = { metric: "", shown: new Map() }; // while the page is open

class ParallelView {
  constructor(parent) {
    this.metric = make("select", { class: "gc-select", "aria-label": "Measure", "data-testid": "parallel-metric", onChange: () => { memory.metric = this.metric.value; this.rebuild(); } });
    this.pills = make("div", { class: "gc-pills", role: "group", "aria-label": "Settings shown" });
    this.svg = draw("svg", { class: "gc-parallel", role: "img", "aria-label": "Settings and measures of the runs", "data-testid": "parallel", onPointermove: (e) => this.hover(e), onPointerleave: () => this.stress(null) });
    this.tip = make("div", { class: "gs-tip gc-tip", hidden: true, role: "status" });
    this.scale = make("div", { class: "gc-scale" });
    this.clear = make("button", { type: "button", class: "gs-button", "data-testid": "clear-brushes", onClick: () => this.unbrush() }, "Show all");
    this.words = make("span", { class: "gc-label", role: "status", "data-testid": "parallel-words" });
    this.choose = make("button", { type: "button", class: "gs-button", "data-testid": "compare-these", onClick: () => this.tell("chosen", this.taken().map(({ id }) => id)) });
    this.best = make("table", { class: "gc-table gc-best", "data-testid": "parallel-best" });
    this.root = make("div", { class: "gs-live gc-root", "data-testid": "compare-parallel" },
      make("div", { class: "gc-bar" }, make("label", { class: "gc-choice" }, make("span", { class: "gc-label" }, "Measure"), this.metric), this.scale),
      this.pills, make("div", { class: "gc-scroll gc-plot" }, this.svg, this.tip),
      make("div", { class: "gc-bar" }, this.clear, this.words, this.choose), make("div", { class: "gc-scroll" }, this.best));
    parent.append(this.root);
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.root);
  }

  update(data, tell) {
    this.tell = tell;
    this.root.toggleAttribute("data-dark", dark(this.root));
    if (JSON.stringify(data) === this.said) return;
    this.said = JSON.stringify(data);
    this.data = data;
    const names = data.metrics.map(({ name }) => name);
    if (!names.includes(memory.metric)) memory.metric = names[0];
    this.metric.replaceChildren(...data.metrics.map(({ name, label, unit }) => make("option", { value: name, selected: name === memory.metric }, unit ? `${label} (${unit})` : label)));
    this.rebuild();
  }

  get measure() {
    return this.data.metrics.find(({ name }) => name === memory.metric);
  }

  /** The axes anew: those of the settings that are shown, then the measure's own. */
  rebuild() {
    const { runs, axes } = this.data, shown = axes.filter(({ path, shown: first }) => memory.shown.get(path) ?? first);
    const values = runs.map(({ values: known }) => known[memory.metric] ?? null);
    /** @type {Axis[]} */
    this.axes = [...shown.map((spec) => new Axis(spec)), new Axis({ ...this.measure, path: "", kind: "number", scale: this.measure.log ? "log" : "linear", values })];
    /** @type {Axis} */
    this.end = this.axes[this.axes.length - 1];
    renew(this.pills, ...axes.map(({ path, label }) => make("button", { type: "button", class: "gc-pill", "data-testid": `axis-${path}`, title: path,
      "aria-pressed": String(shown.some((spec) => spec.path === path)), onClick: () => { memory.shown.set(path, !shown.some((spec) => spec.path === path)); this.rebuild(); } }, label)));
    this.pills.hidden = axes.length < 2;
    this.showScale();
    this.draw();
  }

  /** What a line's shade means. */
  showScale() {
    const { higher } = this.measure, [worse, better] = higher === null || higher === undefined ? ["low", "high"] : ["worse", "better"];
    this.scale.replaceChildren(make("span", { class: "gc-label" }, worse), ...Array.from({ length: BANDS }, (_, i) => make("i", { style: `background: var(--shade-${i})` })), make("span", { class: "gc-label" }, better));
  }

  /** Which of the shades a run's line has: by its rank's place on the measure's axis. */
  shade(run) {
    const place = this.end.at(run.values[memory.metric] ?? null);
    if (place === NOWHERE) return null;
    return Math.min(BANDS - 1, Math.floor((this.measure.higher === false ? 1 - place : place) * BANDS));
  }

  taken() {
    const found = this.data.runs.filter((_, i) => this.axes.every((axis) => axis.takes(axis.spec.values[i])));
    const sign = this.measure.higher === true ? -1 : 1, value = (run) => run.values[memory.metric] ?? Infinity * sign;
    return found.sort((a, b) => sign * (value(a) - value(b)));
  }

  // Drawing

  x(i) {
    return this.left + i * this.gap;
  }

  y(place) {
    return this.top + (1 - place) * this.span;
  }

  draw() {
    if (!this.axes || !this.root.clientWidth) return;
    /** @type {number} */
    this.rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const { rem } = this, height = HEIGHT * rem;
    /** @type {number} */
    this.top = TOP * rem;
    /** @type {number} */
    this.span = (HEIGHT - TOP - BOTTOM) * rem;
    const n = this.axes.length, room = this.svg.parentElement.clientWidth, width = Math.max(room, ((n - 1) * LEAST_GAP + 9) * rem);
    /** @type {number} */
    this.left = 1.5 * rem + LETTER * rem * Math.max(6, ...this.axes[0].marks().map(([, words]) => words.length));
    /** @type {number} */
    this.gap = (width - this.left - 5.6 * rem) / Math.max(1, n - 1);
    for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) this.svg.setAttribute(name, value);
    /** @type {Map<string, any>} */
    this.lines = new Map(this.data.runs.map((run, i) => [run.id, this.line(run, i)]));
    this.svg.replaceChildren(draw("g", {}, ...[...this.lines.values()].map(({ path }) => path)), ...this.axes.map((axis, i) => this.axis(axis, i)));
    this.svg.setAttribute("aria-label", `${this.data.runs.length} runs, each a line through ${n - 1} settings to ${this.measure.label}; the table below lists them.`);
    this.show();
  }

  line(run, index) {
    const places = this.axes.map((axis) => axis.at(axis.spec.values[index])), points = places.map((p, i) => [this.x(i), this.y(p)]);
    const way = points.map(([x, y], i) => {
      if (!i) return `M${x},${y}`;
      const [bx, by] = points[i - 1], middle = (bx + x) / 2;
      return `C${middle},${by} ${middle},${y} ${x},${y}`;
    }).join("");
    const shade = this.shade(run), stroke = shade === null ? "var(--gs-quiet-ink)" : `var(--shade-${shade})`;
    return { run, points, path: draw("path", { d: way, class: "gc-line", style: `--stroke: ${stroke}`, "data-run": run.id, "data-unmeasured": shade === null }) };
  }

  axis(axis, i) {
    const x = this.x(i), { spec } = axis, isEnd = axis === this.end, { rem } = this, lines = wrapped(spec.label, Math.min(24, Math.floor(this.gap / (LETTER * rem)) - 2));
    const anchor = i === 0 ? "start" : isEnd ? "end" : "middle", at = i === 0 ? 4 : isEnd ? x + 5 * rem : x;
    const bar = draw("rect", { x: x - 13, y: this.top - 6, width: 26, height: this.y(NOWHERE) - this.top + 20, class: "gc-brush-area", tabindex: 0, role: "button", "data-testid": `brush-${spec.path || "metric"}`,
      "aria-label": `${spec.label}: drag to keep a part; arrow keys move its lower end, with Shift its upper end; Escape takes it away`,
      onPointerdown: (e) => this.startBrush(e, axis), onPointermove: (e) => this.moveBrush(e), onPointerup: (e) => this.endBrush(e), onPointercancel: (e) => this.endBrush(e), onKeydown: (e) => this.brushByKey(e, axis) });
    axis.box = draw("rect", { x: x - 9, width: 18, class: "gc-brush", rx: 3 });
    return draw("g", { class: isEnd ? "gc-end" : "" },
      ...lines.map((text, k) => draw("text", { x: at, y: this.top - 1.1 * rem - LINE * rem * (lines.length - 1 - k), "text-anchor": anchor, class: "gc-axis-name" }, text)),
      draw("line", { x1: x, x2: x, y1: this.y(1), y2: this.y(0), class: "gc-axis" }),
      ...axis.marks().flatMap(([place, words]) => [draw("line", { x1: x - 4, x2: x + 4, y1: this.y(place), y2: this.y(place), class: "gc-axis" }),
        draw("text", { x: isEnd ? x + 9 : x - 8, y: this.y(place) + 4, "text-anchor": isEnd ? "start" : "end", class: "gc-mark" }, words)]), axis.box, bar);
  }

  /** Lines, brushes, words and the table, as they stand now. */
  show() {
    const taken = this.taken(), ids = new Set(taken.map(({ id }) => id)), brushed = this.axes.some(({ brush }) => brush);
    for (const { run, path } of this.lines.values()) {
      path.toggleAttribute("data-out", !ids.has(run.id));
      path.toggleAttribute("data-stressed", run.id === this.stressed);
      if (run.id === this.stressed) path.parentNode.append(path);
    }
    this.svg.toggleAttribute("data-some", !!this.stressed);
    for (const { brush, box } of this.axes) {
      box.toggleAttribute("data-on", !!brush);
      if (brush) for (const [name, value] of Object.entries({ y: this.y(brush[1]) - 3, height: Math.max(6, this.y(brush[0]) - this.y(brush[1]) + 6) })) box.setAttribute(name, value);
    }
    this.clear.disabled = !brushed;
    say(this.words, brushed ? `${taken.length} of ${this.data.runs.length} runs pass.` : "Drag along an axis to keep the runs that pass there.");
    this.choose.hidden = !taken.length || taken.length > 24;
    say(this.choose, taken.length === 1 ? "Compare this run" : `Compare these ${taken.length} runs`);
    this.showBest(taken);
  }

  showBest(taken) {
    const settings = this.axes.slice(0, -1), { runs } = this.data, rows = taken.slice(0, 12).map((run) => make("tr", { "data-run": run.id,
      onPointerenter: () => this.stress(run.id), onPointerleave: () => this.stress(null) },
    make("th", { scope: "row" }, ...(run.letter ? [badge(run), " "] : []), run.name),
    make("td", { class: "gc-strong" }, short(run.values[memory.metric] ?? NaN)),
    ...settings.map(({ spec }) => { const value = spec.values[runs.indexOf(run)]; return make("td", {}, value === null ? "–" : typeof value === "number" ? markOf(value) : value); })));
    this.best.replaceChildren(make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Run"), make("th", { scope: "col" }, this.measure.label), ...settings.map(({ spec }) => make("th", { scope: "col" }, spec.label)))), make("tbody", {}, ...rows));
  }

  // The pointer

  at(event) {
    const box = this.svg.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /** The run whose line is nearest to the pointer. */
  hover(event) {
    if (this.brushing) return;
    const [px, py] = this.at(event), i = Math.max(0, Math.min(this.axes.length - 2, Math.floor((px - this.left) / this.gap)));
    let best = NEAR_PX, found = null;
    for (const { run, points, path } of this.lines.values()) {
      const a = points[i], b = points[i + 1];
      if (!b || path.hasAttribute("data-out")) continue;
      const t = Math.max(0, Math.min(1, (px - a[0]) / (b[0] - a[0]))), bent = curved(t), far = Math.abs(a[1] + bent * (b[1] - a[1]) - py);
      if (far < best) [best, found] = [far, run.id];
    }
    this.stress(found, px, py);
  }

  stress(id, px = 0, py = 0) {
    const run = id && this.data.runs.find((one) => one.id === id);
    if (id !== this.stressed) {
      this.stressed = id;
      for (const { run: one, path } of this.lines.values()) path.toggleAttribute("data-stressed", one.id === id);
      this.svg.toggleAttribute("data-some", !!id);
    }
    this.tip.hidden = !run || !px;
    if (this.tip.hidden) return;
    this.tip.replaceChildren(make("b", {}, run.name), make("br"), `${this.measure.label} ${short(run.values[memory.metric] ?? NaN)}`);
    Object.assign(this.tip.style, { left: `${px}px`, top: `${Math.max(50, py)}px` });
  }

  placeAt(py) {
    return Math.max(NOWHERE, Math.min(1, 1 - (py - this.top) / this.span));
  }

  startBrush(event, axis) {
    event.currentTarget.setPointerCapture(event.pointerId);
    this.brushing = { axis, from: this.at(event)[1] };
    this.stress(null);
  }

  moveBrush(event) {
    if (!this.brushing) return;
    const { axis, from } = this.brushing, to = this.at(event)[1];
    if (Math.abs(to - from) < LEAST_BRUSH_PX) return;
    axis.brush = [this.placeAt(Math.max(from, to)), this.placeAt(Math.min(from, to))];
    this.show();
  }

  endBrush(event) {
    if (!this.brushing) return;
    const { axis, from } = this.brushing;
    if (Math.abs(this.at(event)[1] - from) < LEAST_BRUSH_PX) axis.brush = null; // a click takes the brush away
    this.brushing = null;
    this.show();
  }

  /** Up and down move the lower end, with Shift the upper one. */
  brushByKey(event, axis) {
    const by = { ArrowUp: 0.05, ArrowDown: -0.05 }[event.key];
    if (event.key === "Escape") axis.brush = null;
    else if (by) {
      const [low, high] = axis.brush ?? [NOWHERE, 1];
      axis.brush = event.shiftKey ? [low, Math.max(low, Math.min(1, high + by))] : [Math.min(high, Math.max(NOWHERE, low + by)), high];
    } else return;
    event.preventDefault();
    this.show();
  }

  unbrush() {
    for (const axis of this.axes) axis.brush = null;
    this.show();
  }

  close() {
    this.sizes.disconnect();
    this.root.remove();
  }
}

/** How far the line has climbed at a share of the way between two axes: of the Bézier curve that `line` draws. */
function curved(t) {
  let low = 0, high = 1;
  for (let k = 0; k < 18; k++) {
    const s = (low + high) / 2, x = 1.5 * s * (1 - s) * (1 - s) + 1.5 * s * s * (1 - s) + s * s * s;
    if (x < t) low = s;
    else high = s;
  }
  return low * low * (3 - 2 * low);
}

/** Words in at most three lines of about `most` letters. */
function wrapped(text, most) {
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = `${lines[lines.length - 1]} ${word}`.trim();
    if (longer.length <= most || lines[lines.length - 1] === "") lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.length > 3 ? [...lines.slice(0, 2), `${lines[2]}…`] : lines;
}

export default component((parent) => new ParallelView(parent));
