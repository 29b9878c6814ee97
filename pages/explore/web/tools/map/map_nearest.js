// Is it copying? The training images nearest to the present picture, beside how near real images come.

import { context2d } from "../../../../ui/web/canvas/context.js";
import { count, make, messageOf, rgb, say, short } from "../../../../ui/web/words.js";
import { oneAtATime } from "../../tools.js";

const NEAR_COUNT = 7;

export class Nearest {
  constructor(explorer) {
    this.explorer = explorer;
    this.sight = make("select", { class: "gx-select", "data-testid": "nearest-features", onchange: () => this.ask() },
      make("option", { value: "pixels" }, "Pixels"), make("option", { value: "discriminator" }, "What D sees"));
    this.row = make("div", { class: "gx-near-row", "data-testid": "nearest-row" });
    this.verdict = make("p", { class: "gx-near-verdict", role: "status", "data-testid": "nearest-verdict" });
    this.all = make("p", { class: "gx-quiet" });
    this.chart = make("canvas", { class: "gx-near-chart", role: "img", "aria-label": "Distances to the nearest training image" });
    this.keys = make("p", { class: "gx-quiet gx-near-keys" },
      ...[["real", this.real = make("span", {}, "real images")], ["generated", "random samples"], ["this", "this one"]].map(([kind, words]) => make("span", {}, make("i", { "data-kind": kind }), words)));
    this.bar = make("progress", { class: "gx-progress", max: "1", value: "0", "aria-label": "Search for neighbours" });
    this.words = make("p", { class: "gx-quiet" });
    this.error = make("p", { class: "gx-back-error", role: "alert", hidden: true });
    this.more = make("div", { class: "gx-near-more", hidden: true }, this.verdict, this.chart, this.keys, this.all);
    this.root = make("div", { class: "gx-near", hidden: true },
      make("div", { class: "gx-row" }, make("label", { class: "gx-field", title: "Pixels: root mean square over grey levels. What D sees: the activations before the discriminator's head, which mind shape more than place." }, make("span", { class: "gx-label" }, "Compared by"), this.sight)),
      this.error, this.row, this.bar, this.words, this.more);
    this.watcher = new ResizeObserver(() => this.draw());
    this.watcher.observe(this.chart);
    this.latest = oneAtATime(() => this.fetch(), () => this.root.isConnected && !this.root.hidden);
  }

  forget(model) {
    this.shown = null;
    this.row.replaceChildren();
    this.more.hidden = true;
    this.error.hidden = true;
    this.sight.querySelector("[value=discriminator]").disabled = !model.has_discriminator;
    if (!model.has_discriminator) this.sight.value = "pixels";
  }

  async ask() {
    if (!(await this.latest())) return;
    this.bar.style.visibility = "hidden";
    say(this.words, "");
  }

  async fetch() {
    const { explorer } = this, { look, model } = explorer, features = this.sight.value;
    if (!look) return;
    try {
      const onProgress = (header) => { this.bar.style.visibility = "visible"; this.bar.value = header.progress; say(this.words, header.words); };
      const answer = await explorer.ask("nearest", { look, features, count: NEAR_COUNT }, { onProgress });
      if (!answer || model !== explorer.model) return;
      this.error.hidden = true;
      this.show(answer);
    } catch (problem) {
      this.error.hidden = false;
      this.more.hidden = true;
      this.row.replaceChildren();
      say(this.error, messageOf(problem));
    }
  }

  show({ header, blobs: [atlas, real, generated] }) {
    const sheet = new OffscreenCanvas(header.columns * header.size, header.size), { size } = header;
    context2d(sheet).putImageData(new ImageData(new Uint8ClampedArray(atlas), header.columns * size, size), 0, 0);
    const cell = (draw, words, title, kind) => {
      const canvas = make("canvas", { width: size, height: size });
      draw(context2d(canvas));
      return make("figure", { class: "gx-near-cell", "data-kind": kind, title }, canvas, make("figcaption", {}, ...words.map((w) => make("span", {}, w))));
    };
    const { picture } = this.explorer, numbers = header.distances.map((d) => short(d));
    this.row.replaceChildren(cell((ink) => ink.drawImage(picture.canvas, 0, 0, size, size), ["This one", ""], "The present picture", "generated"),
      ...header.indices.map((index, i) => cell((ink) => ink.drawImage(sheet, i * size, 0, size, size, 0, 0, size, size), [numbers[i], header.names[i]],
        `Training image ${count(index)}${header.names[i] ? `, ${header.names[i]}` : ""}: ${numbers[i]} ${header.unit}`, "real")));
    say(this.verdict, header.verdict);
    say(this.all, header.of_all);
    say(this.real, header.held_out ? "new real images (held out)" : "real images, to another one");
    this.shown = { real: new Float32Array(real), generated: new Float32Array(generated), at: header.distances[0], unit: header.unit };
    this.more.hidden = false;
    this.draw();
  }

  /** How the distances are spread: real above the line, generated below, this one across both. */
  draw() {
    const { chart, shown } = this, px = Math.min(2, window.devicePixelRatio || 1), wide = Math.round(chart.clientWidth * px), high = Math.round(chart.clientHeight * px);
    if (!shown || !wide || !high) return;
    Object.assign(chart, { width: wide, height: high });
    const ink = context2d(chart), color = (name) => `rgb(${rgb(chart, `var(${name})`).join()})`, quiet = color("--gs-quiet-ink");
    const most = 1.05 * Math.max(shown.at, shown.real[shown.real.length - 1], shown.generated[shown.generated.length - 1] ?? 0), bins = 36;
    const floor = high - 16 * px, middle = floor / 2, x = (v) => (v / most) * wide;
    for (const { values, way, name } of [{ values: shown.real, way: -1, name: "--gs-real" }, { values: shown.generated, way: 1, name: "--gs-generated" }]) {
      const heights = new Array(bins).fill(0);
      for (const v of values) heights[Math.min(bins - 1, Math.floor((v / most) * bins))] += 1 / values.length;
      const top = Math.max(...heights, 1e-9);
      ink.fillStyle = color(name);
      heights.forEach((h, i) => {
        const long = (h / top) * (middle - 3 * px);
        ink.fillRect((i * wide) / bins, way < 0 ? middle - px - long : middle + px, wide / bins - px, long);
      });
    }
    ink.fillStyle = color("--st-text-color");
    ink.fillRect(x(shown.at) - 1.25 * px, 0, 2.5 * px, floor);
    ink.fillStyle = quiet;
    ink.font = `${11 * px}px ${getComputedStyle(chart).fontFamily}`;
    ink.textBaseline = "bottom";
    ink.fillText("0", 0, high);
    ink.textAlign = "right";
    ink.fillText(`${short(most)} ${shown.unit}`, wide, high);
  }

  close() {
    this.watcher.disconnect();
  }
}
