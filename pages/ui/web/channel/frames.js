// Frames of the film: an atlas of samples or a scene of points, decoded, and how an atlas stands on the screen.

import { context2d } from "../canvas/context.js";
import { readScene } from "../plane/stage_scene.js";
import { make } from "../words.js";

/** How a grid stands on the screen: a narrow, high one (few classes, a column each) in blocks side by side. */
export function laidOut({ columns, rows }) {
  const blocks = Math.max(1, Math.round(Math.sqrt(rows / columns))), down = Math.ceil(rows / blocks);
  return { across: columns * blocks, down };
}

/** Column and row on the screen of sample `index`. */
export function place(frame, index) {
  const { down } = laidOut(frame), c = index % frame.columns, r = Math.floor(index / frame.columns);
  return [c + frame.columns * Math.floor(r / down), r % down];
}

/** The sample at a column and row of the screen, -1 where there is none. */
export function sampleAt(frame, c, r) {
  const { across, down } = laidOut(frame);
  const row = r + down * Math.floor(c / frame.columns);
  return c >= 0 && r >= 0 && c < across && r < down && row < frame.rows ? row * frame.columns + (c % frame.columns) : -1;
}

const LEAST_COLUMN = 13; // pixels: narrower columns have no room for a name at all

/** The classes' names above their columns: across where the longest word fits, else upwards. */
export function drawNames(row, canvas, frame, names) {
  const across = frame && names.length && frame.columns === names.length ? laidOut(frame).across : 0, wide = canvas.clientWidth / (across || 1);
  const key = across && wide >= LEAST_COLUMN ? `${across} ${Math.round(wide)} ${names.join()}` : "";
  if (row.dataset.key === key) return;
  Object.assign(row.dataset, { key });
  row.hidden = !key;
  if (!key) return row.replaceChildren();
  row.removeAttribute("data-upwards");
  const ink = context2d(new OffscreenCanvas(1, 1)), { fontWeight, fontSize, fontFamily } = getComputedStyle(row);
  ink.font = `${fontWeight} ${fontSize} ${fontFamily}`;
  const longest = Math.max(...names.flatMap((name) => name.split(/[\s/]+/)).map((word) => ink.measureText(word).width));
  row.toggleAttribute("data-upwards", longest > wide - 2);
  row.style.gridTemplateColumns = `repeat(${across}, minmax(0, 1fr))`;
  row.replaceChildren(...Array.from({ length: across }, (_, i) => {
    const name = names[i % names.length];
    return make("span", { title: name }, name.replaceAll("-", "\u2011").replaceAll("/", "/\u200b"));
  }));
}

/** Draw an atlas without gaps as separate samples: enlarged by whole pixels first, then fitted, so edges stay crisp. */
export function drawAtlas(canvas, frame) {
  const ratio = window.devicePixelRatio || 1, width = Math.round(canvas.clientWidth * ratio);
  if (!width) return;
  if (!frame) return context2d(canvas).clearRect(0, 0, canvas.width, canvas.height);
  const { bitmap, columns, rows, size } = frame, { across, down } = laidOut(frame);
  const height = Math.round((width * down) / across);
  canvas.style.aspectRatio = `${across} / ${down}`;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const gap = Math.max(1, Math.round((width / across) * 0.035));
  const cell = (width - gap * (across - 1)) / across;
  if (cell <= 0) return; // on its way to being shown
  const times = Math.ceil(cell / size);
  const big = new OffscreenCanvas(columns * size * times, rows * size * times), ink = context2d(big);
  ink.imageSmoothingEnabled = false;
  ink.drawImage(bitmap, 0, 0, big.width, big.height);
  const out = context2d(canvas);
  out.clearRect(0, 0, width, height);
  out.imageSmoothingQuality = "high";
  for (let i = 0; i < columns * rows; i++) {
    const [c, r] = place(frame, i), x = Math.round(c * (cell + gap)), y = Math.round(r * (cell + gap));
    const w = Math.round(c * (cell + gap) + cell) - x, h = Math.round(r * (cell + gap) + cell) - y, s = size * times;
    out.drawImage(big, (i % columns) * s, Math.floor(i / columns) * s, s, s, x, y, w, h);
  }
}

/** A frame of images from a PNG, or of points (one "pixel" each) from an encoded scene. */
export async function decodeFrame(header, bytes, scores) {
  if (header.size === 1) return { ...header, scene: readScene(bytes.buffer ?? bytes), scores };
  const bitmap = await createImageBitmap(new Blob([bytes], { type: header.mime ?? "image/png" }));
  return { ...header, bitmap, scores };
}

/** {frame} of a kept grid, or {frame: null, why}: what the server says instead, "" where the connection failed. */
export async function fetchFrame(url) {
  try {
    const answer = await fetch(url);
    if (!answer.ok) return { frame: null, why: await answer.text() };
    const { png, scores, ...header } = await answer.json();
    return { frame: await decodeFrame(header, Uint8Array.from(atob(png), (c) => c.charCodeAt(0)), scores.map((s) => s ?? NaN)), why: "" };
  } catch {
    return { frame: null, why: "" };
  }
}
