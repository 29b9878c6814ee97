// Curves of many runs laid over one another: a chart a measure, with zoom and pointer shared by all charts.

import { Feeds, MOVES, axisChoice, axisOf, samplesOf } from "../../../ui/web/channel/feeds.js";
import { component } from "../../../ui/web/mounting.js";
import { loadPlotly, purgePlot } from "../../../ui/web/plotly.js";
import { dark, make, renew, say, short } from "../../../ui/web/words.js";
import { badge } from "../runs.js";
import { dashSample, drawOverlay, lookOf, placeCursor } from "./curves_draw.js";
import { lineOf, smoothed, valueAt } from "./curves_line.js";

export const REDRAW_MS = 600, POINTS_IN_ALL = 6000, LEAST_POINTS = 150, MOST_POINTS = 900, FIRST_CHARTS = 6, SHOW_WAIT_MS = 120, EVALUATED_MS = 500;
const SMOOTHEST = 0.98;
/** @type {{axis: string, smoothing: number, measures: string[] | null, hidden: Set<string>, logs: Set<string>}} */
export const memory = { axis: "step", smoothing: 0, measures: null, hidden: new Set(), logs: new Set() }; // while the page is open

export class CompareCurves {
  constructor(parent) {
    this.feeds = new Feeds((run, what) => this.heard(run, what), () => this.tell?.("moved", `restarted ${Date.now()}`));
    /** @type {Record<string, any>} */
    this.data = { runs: [], measures: [] };
    this.charts = new Map();
    this.range = this.cursor = null;
    this.lines = new Map();
    this.told = "";
    this.pointing = 0;
    this.build();
    parent.append(this.root);
    this.watcher = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) for (const chart of this.charts.values()) if (chart.plot === target) chart.seen = isIntersecting;
      this.soon(0);
    });
    this.sizes = new ResizeObserver(() => this.soon(60));
    this.onVisible = () => document.hidden || this.soon(0);
    document.addEventListener("visibilitychange", this.onVisible);
  }

  build() {
    this.smooth = make("input", { type: "range", class: "gs-range", min: "0", max: String(SMOOTHEST), step: "0.01", value: String(memory.smoothing),
      "data-testid": "smoothing", "aria-label": "Smoothing", onInput: () => this.setSmoothing(Number(this.smooth.value)) });
    this.smoothValue = make("output", { class: "gc-number" });
    this.whole = make("button", { type: "button", class: "gs-button", "data-testid": "whole", disabled: true, onClick: () => this.zoom(null) }, "Whole length");
    this.axes = axisChoice(memory.axis, (axis) => this.setAxis(axis));
    this.bar = make("div", { class: "gc-bar" }, this.axes,
      make("label", { class: "gc-smooth", title: "Exponential moving average, as TensorBoard draws it: the line itself stands faintly behind." },
        make("span", { class: "gc-label" }, "Smoothing"), this.smooth, this.smoothValue), this.whole);
    this.legend = make("div", { class: "gc-legend", role: "group", "aria-label": "Runs" });
    this.pills = make("div", { class: "gc-pills", role: "group", "aria-label": "Measures" });
    this.grid = make("div", { class: "gc-charts" });
    this.empty = make("p", { class: "gc-empty", role: "status" });
    this.root = make("div", { class: "gs-live gc-root", "data-testid": "compare-curves" }, this.legend, this.bar, this.pills, this.empty, this.grid);
    this.showSmoothing();
  }

  update(data, tell) {
    this.tell = tell;
    this.data = data;
    this.root.toggleAttribute("data-projector", !!data.projector);
    this.root.toggleAttribute("data-dark", dark(this.root));
    this.feeds.choose(data.runs.map((run) => run.id), data.token, data.columns);
    this.axes.callSamples(samplesOf(data.runs));
    this.lines.clear();
    this.showLegend();
    this.showMeasures();
    this.soon(0);
  }

  /** What the horizontal axis counts. */
  get unit() {
    return memory.axis === "images" ? `${samplesOf(this.data.runs)} seen` : axisOf(memory.axis).unit;
  }

  heard(run, what) {
    if (["grid", "kept", "stage", "down"].includes(what)) return;
    if (what === "evaluated") return void (this.asking ||= setTimeout(() => { this.asking = 0; this.tell("moved", `evaluated ${Date.now()}`); }, EVALUATED_MS));
    for (const key of [...this.lines.keys()]) if (key.startsWith(`${run} `)) this.lines.delete(key);
    if (what !== "records") this.showLegend();
    if (what === "hello" || what === "refused") this.showMeasures();
    this.compare();
    this.soon(what === "records" ? REDRAW_MS : SHOW_WAIT_MS);
  }

  /** Tell the page when a run has come to rest, or begun: what else it draws depends on it. */
  compare() {
    const now = this.data.runs.map(({ id }) => this.feeds.all.get(id)?.view?.state ?? "").join("|");
    if (now === this.data.signature || now === this.told || now.split("|").includes("")) return;
    this.told = now;
    this.tell("moved", now);
  }

  // What is chosen

  setAxis(axis) {
    memory.axis = axis;
    this.lines.clear();
    this.zoom(null);
  }

  setSmoothing(weight) {
    memory.smoothing = weight;
    this.showSmoothing();
    this.soon(30);
  }

  showSmoothing() {
    this.smooth.style.setProperty("--part", `${(100 * memory.smoothing) / SMOOTHEST}%`);
    say(this.smoothValue, memory.smoothing.toFixed(2));
  }

  zoom(range) {
    this.range = range;
    this.whole.disabled = !range;
    this.soon(0);
  }

  toggleRun(id) {
    if (!memory.hidden.delete(id)) memory.hidden.add(id);
    this.showLegend();
    this.soon(0);
  }

  toggleMeasure(name) {
    const shown = new Set(this.measures());
    if (!shown.delete(name)) shown.add(name);
    memory.measures = [...shown];
    this.showMeasures();
    this.soon(0);
  }

  // What there is

  columns(run) {
    return this.feeds.all.get(run)?.series.columns;
  }

  /** The line of a run's measure before it is smoothed; kept until more arrives. */
  line(run, { name, evaluated }) {
    const key = `${run} ${name} ${memory.axis}`, known = this.lines.get(key);
    if (known) return known;
    const columns = evaluated ? this.data.evaluations[run] : this.columns(run);
    const line = columns ? lineOf(columns, name, memory.axis) : { x: [], y: [] };
    this.lines.set(key, line);
    return line;
  }

  has(measure) {
    return this.data.runs.some(({ id }) => this.line(id, measure).y.some((y) => y !== 0 || !measure.quiet));
  }

  there() {
    return this.data.measures.filter((measure) => this.has(measure));
  }

  /** Names of the measures that are charted: those picked, else the first few that any run has. */
  measures() {
    const there = this.there().map(({ name }) => name), picked = memory.measures?.filter((name) => there.includes(name));
    return picked ?? this.there().filter(({ first }) => first).slice(0, FIRST_CHARTS).map(({ name }) => name);
  }

  /** Where all charts end, so that a place means the same in each. */
  longest(runs) {
    let most = 0;
    for (const { measure } of this.charts.values()) for (const { id } of runs) most = Math.max(most, this.line(id, measure).x.at(-1) ?? 0);
    return most || 1;
  }

  /** Anew only where something of it is new: a state comes every second, and a button that goes cannot be clicked. */
  showLegend() {
    const states = this.data.runs.map(({ id, state }) => (this.feeds.all.get(id)?.refused ? "not readable" : this.feeds.all.get(id)?.view?.state ?? state));
    const key = JSON.stringify([this.data.runs, states, [...memory.hidden]]);
    if (key === this.legendSaid) return;
    this.legendSaid = key;
    renew(this.legend, ...this.data.runs.map((run, i) => {
      const feed = this.feeds.all.get(run.id), state = states[i], live = MOVES.includes(state);
      return make("button", { type: "button", class: "gc-run", "data-testid": `run-${run.letter}`, "aria-pressed": String(!memory.hidden.has(run.id)),
        title: `${run.name}\n${run.id}\n${feed?.refused || "Show or hide its lines"}`, style: `--ink: var(--gc-${run.place % 8})`,
        onClick: () => this.toggleRun(run.id), onPointerenter: () => this.stress(run.id), onPointerleave: () => this.stress(null) },
      badge(run), dashSample(run.place), make("span", { class: "gc-name" }, run.name),
      make("small", { "data-live": live }, state));
    }));
  }

  /** The run under the pointer stands out. */
  stress(run) {
    this.stressed = run;
    this.soon(0);
  }

  showMeasures() {
    const there = this.there(), shown = this.measures();
    this.pills.hidden = this.bar.hidden = !there.length;
    renew(this.pills, ...there.map(({ name, label, about }) => make("button", { type: "button", class: "gc-pill", "data-testid": `measure-${name}`,
      "aria-pressed": String(shown.includes(name)), title: about, onClick: () => this.toggleMeasure(name) }, label)));
    const wanted = there.filter(({ name }) => shown.includes(name)).map((measure) => this.chart(measure));
    for (const [name, chart] of this.charts) {
      if (wanted.includes(chart)) continue;
      this.drop(chart);
      this.charts.delete(name);
    }
    if (wanted.some((chart, i) => this.grid.children[i] !== chart.root)) this.grid.replaceChildren(...wanted.map(({ root }) => root));
    const waiting = this.data.runs.some(({ id }) => !this.feeds.all.get(id)?.view && !this.feeds.all.get(id)?.refused);
    say(this.empty, there.length || !this.data.runs.length ? "" : waiting ? "The curves are on their way." : "None of these runs has written a point of its curves yet.");
  }

  chart(measure) {
    const known = this.charts.get(measure.name);
    if (known) return Object.assign(known, { measure });
    const plot = make("div", { class: "gs-plot" }), readout = make("div", { class: "gc-readout", "data-testid": `values-${measure.name}` });
    const line = make("i", { class: "gc-cursor", hidden: true, "aria-hidden": "true" });
    const log = make("button", { type: "button", class: "gs-button gc-log", "aria-pressed": String(this.isLog(measure)), "data-testid": `log-${measure.name}`,
      title: "Logarithmic vertical axis", onClick: () => this.toggleLog(measure.name) }, "log");
    const root = make("section", { class: "gs-chart", "aria-label": measure.label, "data-testid": `overlay-${measure.name}` },
      make("header", {}, make("h3", {}, measure.label), make("span", { class: "gc-unit", title: `${measure.unit}${measure.unit && measure.about ? ". " : ""}${measure.about}` }, measure.unit), log), readout,
      make("div", { class: "gc-frame" }, plot, line));
    const chart = { measure, plot, root, readout, line, log, seen: false, drawn: false };
    this.charts.set(measure.name, chart);
    this.watcher.observe(plot);
    this.sizes.observe(plot);
    return chart;
  }

  isLog({ name, log }) {
    return !!log !== memory.logs.has(name);
  }

  toggleLog(name) {
    if (!memory.logs.delete(name)) memory.logs.add(name);
    const chart = this.charts.get(name);
    chart.log.setAttribute("aria-pressed", String(this.isLog(chart.measure)));
    this.soon(0);
  }

  drop(chart) {
    this.watcher.unobserve(chart.plot);
    this.sizes.unobserve(chart.plot);
    if (chart.drawn) purgePlot(chart.plot);
  }

  soon(wait = REDRAW_MS) {
    if (this.timer && wait > SHOW_WAIT_MS) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => { this.timer = 0; this.draw(); }, wait);
  }

  async draw() {
    if (document.hidden || this.closed) return;
    if (this.there().length !== this.pills.childElementCount) this.showMeasures(); // a first record has come
    let plotly;
    try {
      plotly = await loadPlotly(this.data.plotly);
    } catch {
      return void setTimeout(() => this.soon(), 3000);
    }
    if (this.closed) return;
    const look = lookOf(this.root), runs = this.data.runs.filter(({ id }) => !memory.hidden.has(id));
    this.end = this.longest(runs);
    for (const chart of this.charts.values()) {
      this.showValues(chart, runs);
      if (chart.seen && chart.plot.isConnected && chart.plot.clientWidth) drawOverlay(plotly, this, chart, runs, look);
    }
  }

  /** The pointer is at `x` of one chart: all charts read their lines there. null: at the newest point. */
  point(x) {
    if (x === this.cursor) return;
    this.cursor = x;
    this.pointing ||= requestAnimationFrame(() => {
      this.pointing = 0;
      const runs = this.data.runs.filter(({ id }) => !memory.hidden.has(id));
      for (const chart of this.charts.values()) {
        this.showValues(chart, runs);
        placeCursor(chart, this.cursor);
      }
    });
  }

  showValues({ measure, readout }, runs) {
    const at = this.cursor, floor = measure.evaluated && Number.isFinite(measure.guide) ? [make("span", { class: "gc-floor", title: "What real images score against real images: the floor" },
      make("i", { "aria-hidden": "true" }), "real ", make("b", {}, short(measure.guide)))] : [];
    readout.replaceChildren(...floor, ...runs.filter(({ id }) => this.line(id, measure).x.length).map((run) => {
      const line = this.line(run.id, measure);
      return make("span", { title: run.name }, badge(run), make("b", {}, short(valueAt({ x: line.x, y: smoothed(line.y, memory.smoothing) }, at))));
    }));
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.asking);
    cancelAnimationFrame(this.pointing);
    this.feeds.close();
    this.watcher.disconnect();
    this.sizes.disconnect();
    document.removeEventListener("visibilitychange", this.onVisible);
    for (const chart of this.charts.values()) if (chart.drawn) purgePlot(chart.plot);
    this.root.remove();
  }
}

export default component((parent) => new CompareCurves(parent));
