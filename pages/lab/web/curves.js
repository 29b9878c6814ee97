// The curves: Plotly, fed by the socket, redrawn at most a few times a second and only where they can be seen.

import { titled } from "../../ui/web/glossary.js";
import { loadPlotly, purgePlot } from "../../ui/web/plotly.js";
import { count, make, rgb, say, short } from "../../ui/web/words.js";

// The theme's own colours: real, generated, the discriminator, good.
const BLUE = "--gs-real", ORANGE = "--gs-generated", PURPLE = "--gs-judge", GREEN = "--gs-good";
const POINTS = 900, REDRAW_MS = 400, STILL_MS = 2000, LOOK_MS = 3000;
const SEEN = 1 / 150; // of a curve's length: what adds less moves it by two or three pixels, and may wait

const line = (column, name, color, dash = "solid", width = 2) => ({ column, name, color, dash, width });

/** One block a chart. `share`: values from 0 to 1. */
const CHARTS = [
  { id: "losses", term: "loss", title: "Losses", about: "Each network pushes its own down; side by side and level is healthy.", lines: [
    line("d_loss", "Discriminator", PURPLE), line("g_loss", "Generator", ORANGE, "dash")] },
  { id: "scores", term: "discriminator", title: "D's score", about: "1: D is sure it is real; 0: generated. Close together: D can hardly tell.",
    raw: "The higher, the more real to D. Close together: D can hardly tell.", lines: [
    line("d_real", "of real", BLUE), line("d_fake", "of generated", ORANGE, "dash")] },
  { id: "accuracy", term: "discriminator", title: "D's accuracy", about: "The share D gets right; 0.5 is guessing", share: true, guide: 0.5, lines: [
    line("d_accuracy_real", "on real", BLUE), line("d_accuracy_fake", "on generated", ORANGE, "dash")] },
  { id: "gradients", term: "gradient", title: "Gradient norms", about: "How hard each is pushed to change", log: true, lines: [
    line("d_grad_norm", "Discriminator", PURPLE), line("g_grad_norm", "Generator", ORANGE, "dash")] },
  { id: "speed", term: "batch", title: "Throughput", about: "Real images seen in a second", zero: true, lines: [
    line("images_per_second", "images / s", GREEN)] },
  { id: "augmentation", term: "augmentation", title: "Augmentation", about: "ADA: rises while D is too sure of real images", when: "augmentation_strength", lines: [
    line("augmentation_strength", "strength", GREEN), line("d_sign_real", "mean sign on real", PURPLE, "dash")] },
  { id: "overfitting", term: "memorisation", title: "Seen and unseen", about: "D's score of real images. A gap: it knows its own by heart", when: "d_held_out", lines: [
    line("d_real", "trained on", BLUE), line("d_held_out", "never seen", PURPLE, "dash")] },
];

export class Curves {
  constructor() {
    this.series = null;
    this.range = null; // [step, step] that the viewer has zoomed to
    this.cursor = null;
    this.changes = [];
    this.run = "";
    this.probability = true;
    this.timer = 0;
    this.drawn = { series: null, length: 0, at: 0 };
    /** @type {{at: number, look: any}} */
    this.styled = { at: -LOOK_MS, look: null };
    /** @type {any[]} */
    this.charts = CHARTS.map((spec) => this.chart(spec));
    this.main = make("div", { class: "gs-charts" }, ...this.charts.slice(0, 2).map((c) => c.root));
    this.more = make("div", { class: "gs-more" }, ...this.charts.slice(2).map((c) => c.root));
    this.watcher = new IntersectionObserver((entries) => {
      for (const entry of entries) this.charts.find((c) => c.plot === entry.target).seen = entry.isIntersecting;
      this.soon(0);
    });
    this.sizes = new ResizeObserver(() => this.soon(60, true));
    for (const chart of this.charts) {
      this.watcher.observe(chart.plot);
      this.sizes.observe(chart.plot);
    }
    this.onVisible = () => document.hidden || this.soon(0);
    document.addEventListener("visibilitychange", this.onVisible);
  }

  chart(spec) {
    const chart = { spec, hidden: new Set(), seen: false, drawn: false, size: "" };
    chart.values = spec.lines.map(() => make("b", {}, "–"));
    chart.names = spec.lines.map((l) => make("span", {}, l.name));
    const keys = spec.lines.map((l, i) =>
      make("button", { type: "button", class: "gs-key", style: `--ink: var(${l.color})`, "data-dash": l.dash, "aria-pressed": "true",
        title: "Show or hide this line", onClick: (e) => this.toggle(chart, l.column, e.currentTarget) },
      make("i", { "aria-hidden": "true" }), chart.names[i], chart.values[i]));
    chart.reset = make("button", { type: "button", class: "gs-button gs-reset", hidden: true, onClick: () => this.zoom(null) }, "Whole run");
    chart.plot = make("div", { class: "gs-plot" });
    chart.about = make("p", { class: "gs-about", title: spec.about }, spec.about);
    chart.root = make("section", { class: "gs-chart", "aria-label": spec.title, "data-testid": `chart-${spec.id}` },
      make("header", {}, titled(spec.title, spec.term), make("div", { class: "gs-keys" }, ...keys), chart.reset), chart.about, chart.plot);
    chart.root.hidden = !!spec.when; // one that only some runs have
    return chart;
  }

  /** What one sample is called: an image, or a point in the plane. */
  setPoints(on) {
    const { names, about } = this.charts.find((chart) => chart.spec.id === "speed"), samples = on ? "points" : "images";
    say(names[0], `${samples} / s`);
    say(about, (about.title = `Real ${samples} seen in a second`));
  }

  open(run, series, plotlyPath) {
    this.run = run;
    this.series = series;
    this.range = this.cursor = null;
    this.changes = [];
    this.path = plotlyPath;
    this.soon(0);
  }

  toggle(chart, column, key) {
    if (!chart.hidden.delete(column)) chart.hidden.add(column);
    key.setAttribute("aria-pressed", String(!chart.hidden.has(column)));
    this.soon(0);
  }

  zoom(range) {
    this.range = range;
    for (const chart of this.charts) chart.reset.hidden = !range;
    this.soon(0);
  }

  setCursor(step) {
    this.cursor = step;
    this.soon(60);
  }

  soon(wait = REDRAW_MS, resized = false) {
    if (resized) for (const chart of this.charts) chart.size = "";
    if (this.timer && wait > 60) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => { this.timer = 0; this.draw(wait > 60); }, wait);
  }

  /** Whether so much has come since the last drawing that it would be seen, or it was long ago. */
  due(now) {
    const { series, length, at } = this.drawn;
    return series !== this.series || Math.abs(this.series.length - length) > SEEN * length || now - at > STILL_MS;
  }

  /** routine: only more records; anything that somebody did is drawn at once. */
  async draw(routine) {
    if (!this.series || document.hidden || this.closed) return;
    this.values();
    const now = performance.now();
    if (routine && !this.due(now)) return this.soon();
    this.drawn = { series: this.series, length: this.series.length, at: now };
    if (!this.series.length) return this.clear();
    let plotly;
    try {
      plotly = await loadPlotly(this.path);
    } catch {
      return void setTimeout(() => this.soon(), 3000);
    }
    if (this.closed) return;
    if (!routine || now - this.styled.at > LOOK_MS) this.styled = { at: now, look: this.look() };
    const { look } = this.styled;
    for (const chart of this.charts) {
      if (chart.seen && chart.plot.isConnected && chart.plot.clientWidth) this.drawOne(plotly, chart, look);
    }
  }

  /** Nothing to draw: each chart says what it will show. */
  clear() {
    for (const chart of this.charts) {
      if (chart.drawn) purgePlot(chart.plot);
      chart.drawn = false;
      chart.plot.replaceChildren();
    }
  }

  values() {
    for (const { spec, root } of this.charts) if (spec.when) root.hidden = !Number.isFinite(this.series.known(spec.when, this.series.length - 1));
    this.more.dataset.shown = String([...this.more.children].filter((chart) => !chart.hidden).length);
    for (const { spec, about } of this.charts) {
      if (spec.raw) say(about, (about.title = this.probability ? spec.about : spec.raw));
    }
    const row = this.cursor === null ? this.series.length - 1 : this.series.row(this.cursor);
    for (const chart of this.charts) {
      chart.spec.lines.forEach((l, i) => {
        const value = this.series.known(l.column, row);
        say(chart.values[i], l.column === "images_per_second" ? count(value) : short(value));
      });
    }
  }

  /** Colours of the theme now in force. */
  look() {
    const style = getComputedStyle(this.main), get = (name) => `rgb(${rgb(this.main, `var(${name})`).join()})`;
    return { lines: Object.fromEntries([BLUE, ORANGE, PURPLE, GREEN].map((name) => [name, get(name)])), ink: get("--gs-quiet-ink"), grid: get("--gs-line"), text: get("--st-text-color"), paper: get("--gs-card"), font: style.fontFamily, size: parseFloat(style.fontSize) * 0.8 };
  }

  drawOne(plotly, chart, look) {
    const { spec, plot } = chart;
    const traces = spec.lines.map((l) => ({
      ...this.series.shown(l.column, this.range, POINTS), name: l.name, mode: this.series.length < 3 ? "lines+markers" : "lines",
      line: { color: look.lines[l.color], dash: l.dash === "dash" ? "6px,3px" : l.dash, width: l.width }, visible: !chart.hidden.has(l.column),
      hovertemplate: "%{y:.4~g}", connectgaps: l.column === spec.when, type: "scatter",
    }));
    const axis = { gridcolor: look.grid, zeroline: false, linecolor: look.grid, tickfont: { color: look.ink }, fixedrange: false, automargin: false };
    const layout = {
      uirevision: this.run, margin: { l: 3.6 * look.size, r: 10, t: 6, b: 2.1 * look.size }, showlegend: false,
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: look.font, size: look.size, color: look.ink },
      hovermode: "x unified", hoverlabel: { bgcolor: look.paper, bordercolor: look.grid, font: { color: look.text, family: look.font, size: look.size } },
      dragmode: "zoom", width: plot.clientWidth, height: plot.clientHeight,
      xaxis: { ...axis, showgrid: false, ticks: "outside", ticklen: 4, tickcolor: look.grid, nticks: 6, rangemode: "tozero", hoverformat: ",d", tickformat: "~s",
        ...(this.range ? { range: [...this.range], autorange: false } : { autorange: true }) },
      yaxis: { ...axis, fixedrange: true, nticks: 5, ...this.vertical(spec), tickformat: spec.id === "speed" ? "~s" : "~g" },
      shapes: this.marks(look, spec),
    };
    plotly.react(plot, traces, layout, { displayModeBar: false, responsive: false, doubleClick: false });
    if (!chart.drawn) this.listen(chart);
  }

  vertical(spec) {
    if (spec.share || (["scores", "overfitting"].includes(spec.id) && this.probability)) return { range: [-0.02, 1.02], autorange: false };
    if (spec.log) return { type: "log", autorange: true, dtick: 1 };
    return spec.zero ? { rangemode: "tozero", autorange: true } : { autorange: true };
  }

  /** Where the film stands, where a setting was changed, and guessing. */
  marks(look, spec) {
    const upright = (x, color, dash, width) => ({ type: "line", xref: "x", yref: "paper", x0: x, x1: x, y0: 0, y1: 1, line: { color, dash, width } });
    const marks = this.changes.map((c) => upright(c.step, look.lines[GREEN], "dot", 1.5));
    if (this.cursor !== null) marks.push(upright(this.cursor, look.text, "solid", 1));
    if (spec.guide !== undefined) marks.push({ type: "line", xref: "paper", yref: "y", x0: 0, x1: 1, y0: spec.guide, y1: spec.guide, layer: "below", line: { color: look.ink, width: 1, dash: "dot" } });
    return marks;
  }

  listen(chart) {
    chart.drawn = true;
    chart.plot.on("plotly_relayout", (change) => {
      const from = change["xaxis.range[0]"], to = change["xaxis.range[1]"];
      if (Number.isFinite(from) && Number.isFinite(to)) this.zoom([from, to]);
    });
    chart.plot.on("plotly_doubleclick", () => this.zoom(null));
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.watcher.disconnect();
    this.sizes.disconnect();
    document.removeEventListener("visibilitychange", this.onVisible);
    for (const chart of this.charts) if (chart.drawn) purgePlot(chart.plot);
  }
}
