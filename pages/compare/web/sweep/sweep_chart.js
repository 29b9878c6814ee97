// What the swept fields do to a measure: a line over one field, a table of shades over two, in SVG.

import { make, short } from "../../../ui/web/words.js";

const SVG = "http://www.w3.org/2000/svg";
const SHADES = 5, FEW = 8; // values of a field of which each has a tick, and the mean a line

function draw(tag, attributes = {}, ...parts) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) if (value != null && value !== false) element.setAttribute(name, value === true ? "" : value);
  element.append(...parts);
  return element;
}

const mean = (values) => values.reduce((sum, v) => sum + v, 0) / values.length;
export const distinct = (values) => [...new Set(values)];

/** A field's values in the order of an axis: numbers by size, words as they were given. */
function ordered(axis, members) {
  const texts = distinct(members.map((m) => m.values[axis.path]));
  const number = new Map(members.map((m) => [m.values[axis.path], m.numbers[axis.path]]));
  return texts.every((t) => number.get(t) != null) ? texts.sort((a, b) => number.get(a) - number.get(b)) : texts;
}

/** From 0, the worst, to SHADES - 1, the best, among all values. */
function shadeOf(value, values, better) {
  const low = Math.min(...values), high = Math.max(...values);
  if (!(high > low)) return SHADES - 1;
  const share = (value - low) / (high - low);
  return Math.min(SHADES - 1, Math.floor((better === "low" ? 1 - share : share) * SHADES));
}

/** One field: a dot a member, the mean as a line. points: [{x, y, run, words}]; the x of words are their places. */
export function lineChart(axis, members, values, measure, width, best, onPick) {
  const height = 232, left = 58, right = 16, top = 12, bottom = 44;
  const names = ordered(axis, members), numeric = members.every((m) => m.numbers[axis.path] != null);
  const log = numeric && axis.log && members.every((m) => m.numbers[axis.path] > 0);
  const place = (m) => (numeric ? (log ? Math.log(m.numbers[axis.path]) : m.numbers[axis.path]) : names.indexOf(m.values[axis.path]));
  const known = members.filter((m) => Number.isFinite(values.get(m.run)));
  const xs = members.map(place), ys = known.map((m) => values.get(m.run));
  let [x0, x1] = [Math.min(...xs), Math.max(...xs)], [y0, y1] = [Math.min(...ys), Math.max(...ys)];
  if (x0 === x1) [x0, x1] = [x0 - 1, x1 + 1];
  if (y0 === y1) [y0, y1] = [y0 - Math.max(0.5, Math.abs(y0) * 0.1), y1 + Math.max(0.5, Math.abs(y1) * 0.1)];
  const pad = (y1 - y0) * 0.08, inset = numeric ? 14 : (width - left - right) / (2 * names.length);
  const X = (x) => left + inset + ((x - x0) / (x1 - x0)) * (width - left - right - 2 * inset);
  const Y = (y) => height - bottom - ((y - y0 + pad) / (y1 - y0 + 2 * pad)) * (height - top - bottom);
  const root = draw("svg", { viewBox: `0 0 ${width} ${height}`, width, height, class: "gw-svg", role: "img", "aria-label": `${measure.label} over ${axis.label}` });
  for (const share of [0, 0.5, 1]) {
    const y = y0 + share * (y1 - y0);
    root.append(draw("line", { x1: left, x2: width - right, y1: Y(y), y2: Y(y), class: "gw-rule" }), draw("text", { x: left - 8, y: Y(y) + 4, class: "gw-tick", "text-anchor": "end" }, short(y)));
  }
  const byName = names.map((name) => ({ name, at: members.find((m) => m.values[axis.path] === name), ys: known.filter((m) => m.values[axis.path] === name).map((m) => values.get(m.run)) }));
  const ticks = numeric && names.length > FEW ? [0, 0.5, 1].map((share) => x0 + share * (x1 - x0)).map((x) => [x, short(log ? Math.exp(x) : x)]) : byName.map(({ name, at }) => [place(at), name]);
  let last = -Infinity;
  for (const [at, name] of ticks) {
    const x = X(at), half = 3.9 * Math.min(name.length, 14);
    if (x - half < last + 6) continue; // it would run into the one before
    last = x + half;
    root.append(draw("text", { x, y: height - bottom + 18, class: "gw-tick", "text-anchor": "middle" }, name.length > 14 ? `${name.slice(0, 13)}…` : name));
  }
  root.append(draw("text", { x: (left + width - right) / 2, y: height - 6, class: "gw-name", "text-anchor": "middle" }, axis.unit ? `${axis.label}, ${axis.unit}` : axis.label));
  const line = byName.filter((one) => one.ys.length).map((one) => `${X(place(one.at))},${Y(mean(one.ys))}`);
  if (line.length > 1 && names.length <= FEW) root.append(draw("polyline", { points: line.join(" "), class: "gw-mean" }));
  for (const m of known) {
    const dot = draw("circle", { cx: X(place(m)), cy: Y(values.get(m.run)), r: m.run === best ? 6.5 : 4.5, class: "gw-dot", "data-best": m.run === best });
    dot.append(draw("title", {}, `${m.words}: ${short(values.get(m.run))}`));
    dot.addEventListener("click", () => onPick(m.run));
    root.append(dot);
  }
  return root;
}

/** Two fields: a cell a pair, the mean of what else varies; a real table, which reads without its colours. */
export function heatTable(axes, members, values, measure, best) {
  const [across, down] = axes, columns = ordered(across, members), rows = ordered(down, members);
  const cells = rows.map((row) => columns.map((column) => {
    const here = members.filter((m) => m.values[across.path] === column && m.values[down.path] === row);
    const found = here.map((m) => values.get(m.run)).filter(Number.isFinite);
    return { value: found.length ? mean(found) : NaN, best: here.some((m) => m.run === best), there: here.length };
  }));
  const all = cells.flat().map((c) => c.value).filter(Number.isFinite);
  const head = make("tr", {}, make("th", { scope: "col", class: "gw-corner" }, make("span", { title: down.label }, `${down.short} ↓`), make("span", { title: across.label }, `${across.short} →`)), ...columns.map((c) => make("th", { scope: "col" }, c)));
  const body = rows.map((row, i) => make("tr", {}, make("th", { scope: "row" }, row), ...cells[i].map((cell) => {
    const shade = Number.isFinite(cell.value) && measure.better ? shadeOf(cell.value, all, measure.better) : -1;
    return make("td", { "data-shade": shade >= 0 ? shade : null, "data-best": cell.best }, cell.there ? short(cell.value) + (cell.best ? " ★" : "") : "");
  })));
  const most = Math.max(...cells.flat().map((cell) => cell.there));
  const about = `${measure.label}${most > 1 ? `: each cell is the mean of up to ${most} runs` : ""}.${measure.better ? ` ${measure.better === "low" ? "Lower" : "Higher"} is better, and darker.` : ""}`;
  return make("div", { class: "gc-scroll", tabindex: "0", role: "region", "aria-label": `${measure.label} over ${across.label} and ${down.label}` },
    make("table", { class: "gw-heat" }, make("thead", {}, head), make("tbody", {}, ...body)), make("p", { class: "gc-note" }, about));
}
