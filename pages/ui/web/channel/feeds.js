// What the chosen runs tell: records, kept grids and state of each, over a socket of its own that comes back by itself.

import { make, say } from "../words.js";
import { Series } from "./series.js";
import { openChannel, socketUrl } from "./wire.js";

/** One run. `told(what)` is called with "hello", "records", "grid", "kept", "view", "change", "stage", "down" or "refused". */
export class Feed {
  constructor(run, { token, columns, told, stale }) {
    this.id = run;
    this.told = told;
    this.series = new Series(columns);
    this.view = null;
    this.kept = [];
    this.newest = null;
    this.stage = null;
    this.changes = [];
    this.refused = "";
    this.down = false;
    this.channel = openChannel(socketUrl(run, token), token, {
      onFrame: (frame) => this.receive(frame),
      onStale: stale,
      onDown: (down) => { if (down !== this.down) { this.down = down; this.told("down"); } },
    });
  }

  receive({ header, blobs }) {
    if (this.closed) return;
    const { type } = header;
    if (type === "hello") this.hello(header, blobs);
    else if (type === "stage") this.setStage(header.stage, blobs);
    else if (type === "state") this.view = header.view;
    else if (type === "records") this.series.append(blobs[0]);
    else if (type === "kept") this.addKept(header.step, header.images);
    else if (type === "timeline") this.addMissing(header.kept);
    else if (type === "grid") return void this.addGrid(header.grid, blobs);
    else if (type === "change") this.changes = [...this.changes, header.change];
    else if (type === "refused") this.refused = header.why;
    this.told({ state: "view", timeline: "kept" }[type] ?? type);
  }

  hello(header, blobs) {
    this.series = new Series(header.columns);
    this.series.append(blobs[0]);
    this.view = header.view;
    this.kept = header.kept;
    this.changes = header.changes;
    this.refused = "";
    if (header.grid) this.addGrid(header.grid, blobs.slice(1));
  }

  setStage(header, [real, latents]) {
    this.stage = { extent: header.extent, modes: header.modes, layers: header.layers, dim: header.latent.dim, distribution: header.latent.distribution,
      real: new Float32Array(real), latents: new Float32Array(latents) };
  }

  addKept(step, images) {
    this.kept = [...this.kept.filter(([s]) => s < step), [step, images]]; // a resumed run goes back first
  }

  /** Kept steps that were on their way to the disk when we came; one of ours may be on its way there still. */
  addMissing(kept) {
    const known = new Set(this.kept.map(([step]) => step));
    this.kept = [...this.kept, ...kept.filter(([step]) => !known.has(step))].sort((a, b) => a[0] - b[0]);
  }

  /** The score above which D took a sample for real at a step; fixed: by the loss, null where it is half-way between D's means. */
  threshold(step, fixed) {
    if (Number.isFinite(fixed)) return fixed;
    const { step: steps, d_real: real, d_fake: fake } = this.series.columns, row = Math.max(0, rowAt(steps, step));
    return (real[row] + fake[row]) / 2;
  }

  /** A grid as it comes: decoded by whoever shows it. */
  addGrid(header, [png, scores]) {
    this.newest = { header, png, scores: new Float32Array(scores) };
    this.told("grid");
  }

  close() {
    this.closed = true;
    this.channel.close();
  }
}

/** The feeds of all chosen runs: opened and closed as the choice changes. */
export class Feeds {
  constructor(told, stale) {
    this.told = told;
    this.stale = stale;
    this.all = new Map();
    this.token = "";
  }

  choose(runs, token, columns) {
    if (token !== this.token) this.close();
    this.token = token;
    const wanted = new Set(runs);
    for (const [id, feed] of this.all) {
      if (wanted.has(id)) continue;
      feed.close();
      this.all.delete(id);
    }
    for (const id of wanted) {
      if (!this.all.has(id)) this.all.set(id, new Feed(id, { token, columns, told: (what) => this.told(id, what), stale: this.stale }));
    }
  }

  close() {
    for (const feed of this.all.values()) feed.close();
    this.all.clear();
  }
}

const AXES = [
  { id: "step", name: "Steps", unit: "steps", column: "step" },
  { id: "images", name: "Images", unit: "images seen", column: "images" },
  { id: "seconds", name: "Seconds", unit: "seconds of training", column: "elapsed_seconds" },
];
export const axisOf = (id) => AXES.find((axis) => axis.id === id) ?? AXES[0];
export const MOVES = ["queued", "running", "paused", "stopping"];

/** What one sample is called: a point where all runs make points in the plane, else an image. */
export const samplesOf = (runs) => (runs.length && runs.every(({ points }) => points) ? "points" : "images");

/** Steps, images or seconds: buttons of which one is pressed. `callSamples(word)` renames the second. */
export function axisChoice(now, chosen) {
  const buttons = AXES.map(({ id, name }) => make("button", { type: "button", class: "gs-button", "data-testid": `axis-${id}`,
    "aria-pressed": String(id === now), onClick: () => { press(id); chosen(id); } }, name));
  const press = (id) => AXES.forEach((axis, i) => buttons[i].setAttribute("aria-pressed", String(axis.id === id)));
  const root = make("div", { class: "gc-choice", role: "group", "aria-label": "Horizontal axis" }, make("span", { class: "gc-label" }, "By"), ...buttons);
  return Object.assign(root, { callSamples: (word) => say(buttons[1], word[0].toUpperCase() + word.slice(1)) });
}

/** Where a value stands at `x` along a rising column: index of the last row that is at most x, -1 before the first. */
export function rowAt(column, x) {
  let low = 0, high = column.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (column[middle] <= x) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
