// How one chart of many runs is drawn: a line a run in its colour and dash, the unsmoothed one faintly behind it.

import { axisOf, rowAt } from "../../../ui/web/channel/feeds.js";
import { rgb } from "../../../ui/web/words.js";
import { LEAST_POINTS, MOST_POINTS, POINTS_IN_ALL, memory } from "./curves.js";
import { dashOf, smoothed, thinned } from "./curves_line.js";

/** Colours and type of the theme now in force. */
export function lookOf(root) {
  const style = getComputedStyle(root), get = (name) => `rgb(${rgb(root, `var(${name})`).join()})`;
  return { inks: Array.from({ length: 8 }, (_, i) => get(`--gc-${i}`)), ink: get("--gs-quiet-ink"), grid: get("--gs-line"), text: get("--st-text-color"),
    paper: get("--gs-card"), font: style.fontFamily, size: parseFloat(style.fontSize) * 0.8 };
}

/** A short stroke in a run's dash, for the legend. */
export function dashSample(place) {
  const gaps = { solid: "", dash: "5 3", dot: "1.5 2.5", dashdot: "5 2.5 1.5 2.5", longdash: "8 3", longdashdot: "8 2.5 1.5 2.5" };
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), line = document.createElementNS(svg.namespaceURI, "line");
  for (const [name, value] of Object.entries({ viewBox: "0 0 24 4", width: 24, height: 4, "aria-hidden": "true" })) svg.setAttribute(name, String(value));
  for (const [name, value] of Object.entries({ x1: 0, y1: 2, x2: 24, y2: 2, stroke: "var(--ink)", "stroke-width": 2.5, "stroke-dasharray": gaps[dashOf(place)] })) line.setAttribute(name, value);
  svg.append(line);
  return svg;
}

function tracesOf(view, measure, runs, look) {
  const most = Math.max(LEAST_POINTS, Math.min(MOST_POINTS, Math.floor(POINTS_IN_ALL / Math.max(1, runs.length)))), faint = [], clear = [];
  for (const run of runs) {
    const line = view.line(run.id, measure), color = look.inks[run.place % 8], away = view.stressed && view.stressed !== run.id;
    if (!line.x.length) continue;
    const one = { type: "scatter", mode: line.x.length < 3 || measure.evaluated ? "lines+markers" : "lines", name: `${run.letter} ${run.name}`, meta: run.id,
      marker: { size: 5, color }, opacity: away ? 0.2 : 1, line: { color, dash: dashOf(run.place), width: view.stressed === run.id ? 3.2 : 2 } };
    if (memory.smoothing) {
      faint.push({ ...one, ...thinned(line, view.range, most), opacity: away ? 0.06 : 0.22, mode: "lines", line: { color, width: 1 }, hoverinfo: "skip" });
    }
    const shown = memory.smoothing ? { x: line.x, y: smoothed(line.y, memory.smoothing) } : line;
    clear.push({ ...one, ...thinned(shown, view.range, most), hovertemplate: `${run.letter}  %{y:.4~g}<extra></extra>` });
  }
  return [...faint, ...clear];
}

export function drawOverlay(plotly, view, chart, runs, look) {
  const { measure, plot } = chart, axis = { gridcolor: look.grid, zeroline: false, linecolor: look.grid, tickfont: { color: look.ink }, automargin: false };
  const log = view.isLog(measure), guide = measure.guide ?? null;
  const layout = {
    uirevision: "compare", margin: { l: 3.8 * look.size, r: 10, t: 6, b: 3.3 * look.size }, showlegend: false,
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: look.font, size: look.size, color: look.ink },
    hovermode: "x unified", hoverlabel: { bgcolor: look.paper, bordercolor: look.grid, font: { color: look.text, family: look.font, size: look.size } },
    dragmode: "zoom", width: plot.clientWidth, height: plot.clientHeight,
    xaxis: { ...axis, showgrid: false, showspikes: false, ticks: "outside", ticklen: 4, tickcolor: look.grid, nticks: 6, hoverformat: memory.axis === "seconds" ? ",.1f" : ",d", tickformat: "~s",
      autorange: false, range: view.range ? [...view.range] : [-0.01 * view.end, 1.02 * view.end],
      title: { text: view.unit, standoff: 4, font: { size: look.size } } },
    yaxis: { ...axis, fixedrange: true, nticks: 5, tickformat: "~g", exponentformat: "power",
      ...(log ? { type: "log", autorange: true } : measure.share ? { type: "linear", range: [-0.02, 1.02], autorange: false } : { type: "linear", autorange: true, rangemode: measure.zero ? "tozero" : "normal" }) },
    shapes: [
      ...(guide === null ? [] : [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: guide, y1: guide, layer: "below", line: { color: look.ink, width: 1, dash: "dot" } }]),
      ...changesOf(view, runs, look),
    ],
  };
  plotly.react(plot, tracesOf(view, measure, runs, look), layout, { displayModeBar: false, responsive: false, doubleClick: false });
  if (!chart.drawn) listenTo(view, chart);
  placeCursor(chart, view.cursor);
}

/** Where a setting was changed while a run trained: a dotted upright in the run's colour. */
function changesOf(view, runs, look) {
  return runs.flatMap((run) => {
    const feed = view.feeds.all.get(run.id), { columns } = feed?.series ?? {};
    if (!feed?.changes.length) return [];
    const xs = columns[axisOf(memory.axis).column];
    return feed.changes.slice(-20).map(({ step }) => {
      const x = memory.axis === "step" ? step : xs[Math.max(0, rowAt(columns.step, step))];
      return { type: "line", xref: "x", yref: "paper", x0: x, x1: x, y0: 0, y1: 1, layer: "below", line: { color: look.inks[run.place % 8], dash: "dot", width: 1.2 } };
    });
  });
}

function listenTo(view, chart) {
  chart.drawn = true;
  chart.plot.on("plotly_relayout", (change) => {
    const from = change["xaxis.range[0]"], to = change["xaxis.range[1]"];
    if (Number.isFinite(from) && Number.isFinite(to)) view.zoom([from, to]);
  });
  chart.plot.on("plotly_doubleclick", () => view.zoom(null));
  chart.plot.on("plotly_hover", ({ points }) => view.point(Number(points[0].x)));
  chart.plot.on("plotly_unhover", () => view.point(null));
}

/** The upright line at the shared pointer. */
export function placeCursor({ plot, line, drawn }, x) {
  const axis = drawn && plot._fullLayout?.xaxis, at = axis && x !== null ? axis._offset + axis.l2p(x) : NaN;
  line.hidden = !(at >= axis._offset && at <= axis._offset + axis._length);
  if (!line.hidden) line.style.left = `${at}px`;
}
