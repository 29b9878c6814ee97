// The tools of the Explore page: each registers itself here, in a file of its own.

import { make } from "../../ui/web/words.js";

export const tools = [];

/** { name, label, order, title?, mount(root, explorer) -> { shown(), hidden(), changed(look), modelChanged(model), destroy() } }, all optional. */
export function registerTool(tool) {
  tools.push(tool);
  tools.sort((a, b) => a.order - b.order);
}

/** float32 numbers as base64 of their little-endian bytes. */
export function encodeVector(vector) {
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
  let letters = "";
  for (let i = 0; i < bytes.length; i += 8192) letters += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(letters);
}

/** `ask` one at a time: while one is under way, another call only makes it follow, as long as it is `wanted` then.
 * Says whether it was this call that asked. */
export function oneAtATime(ask, wanted = () => true) {
  let busy = false, again = false;
  return async () => {
    again = true;
    if (busy) return false;
    busy = true;
    do {
      again = false;
      await ask();
    } while (again && wanted());
    busy = false;
    return true;
  };
}

export const randomSeed = () => Math.floor(Math.random() * 2 ** 31);

/** Standard normal numbers that follow from a seed (mulberry32, Box and Muller). */
function normalFrom(seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** `count` unit vectors at right angles, float32 [dim] each. */
export function orthonormal(dim, count, seed) {
  const normal = normalFrom(seed), found = [];
  while (found.length < Math.min(count, dim)) {
    const vector = Float64Array.from({ length: dim }, normal);
    for (const other of found) {
      const along = other.reduce((sum, v, i) => sum + v * vector[i], 0);
      for (let i = 0; i < dim; i++) vector[i] -= along * other[i];
    }
    const norm = Math.hypot(...vector);
    if (norm > 1e-6) found.push(vector.map((v) => v / norm));
  }
  return found.map((vector) => Float32Array.from(vector));
}

const ICONS = {
  undo: "M6 3 2.5 6.5 6 10M3 6.5h6.5a4 4 0 0 1 0 8H6.5",
  redo: "M10 3l3.5 3.5L10 10M13 6.5H6.500a4 4 0 0 0 0 8h3",
  random: "M2.500 4.500h2c1.800 0 2.700 1.200 3.500 3.500s1.700 3.500 3.500 3.500h2M2.500 11.500h2c1 0 1.700-.4 2.200-1M9.300 5.500c.5-.6 1.200-1 2.200-1h2M11.700 2.500l2 2-2 2M11.700 9.500l2 2-2 2",
  reset: "M3 8a5 5 0 1 0 1.600-3.700L3 6M3 2.500V6h3.500",
  bookmark: "M4 2.500h8v11L8 10.300 4 13.500z",
  link: "M6.500 9.500l3-3M7.500 4.500l1.300-1.300a2.800 2.800 0 0 1 4 4L11.500 8.500M8.500 11.500l-1.300 1.300a2.800 2.800 0 0 1-4-4L4.500 7.500",
  grid: "M2.500 2.500h4.500v4.500h-4.500zM9 2.500h4.500v4.500H9zM2.500 9h4.500v4.500h-4.500zM9 9h4.500v4.500H9z",
  close: "M4 4l8 8M12 4l-8 8",
  pencil: "M3 13l.6-2.800 7-7a1.400 1.400 0 0 1 2 0l.2.2a1.400 1.400 0 0 1 0 2l-7 7z",
  file: "M4 2.500h5l3 3v8H4zM9 2.500v3h3",
  here: "M8 2v3M8 11v3M2 8h3M11 8h3",
};

/** A drawn sign, 16 by 16. */
export function iconOf(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("gx-icon");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button with a sign and words; without words its title is its name. */
export function toolButton(icon, words, attributes = {}) {
  const parts = [icon ? iconOf(icon) : "", words ? make("span", {}, words) : ""].filter(Boolean);
  return make("button", { type: "button", class: "gs-button gx-button", "aria-label": words ? null : attributes.title, ...attributes }, ...parts);
}

/** @typedef {{box: any, field: HTMLElement}} Choice */

/**
 * A box to choose from, with its label beside it. options: [value, words] each.
 * @returns {Choice}
 */
export function choiceField(name, label, title, options, onchange) {
  const box = make("select", { class: "gx-select", "data-testid": name, onchange }, ...options.map(([value, words]) => make("option", { value }, words)));
  return { box, field: make("label", { class: "gx-field", title }, make("span", { class: "gx-label" }, label), box) };
}
