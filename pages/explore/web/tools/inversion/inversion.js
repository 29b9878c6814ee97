// The tool "Your image": a picture goes in, and the generator's nearest latent comes back (inversion).

import { context2d } from "../../../../ui/web/canvas/context.js";
import { count, make, messageOf, rgb, say } from "../../../../ui/web/words.js";
import { drawPicture } from "../../explorer.js";
import { choiceField, registerTool, toolButton } from "../../tools.js";

const SLOT = "invert", MOST = 40e6;
const EFFORTS = { "16 × 200": { restarts: 16, iterations: 200 }, "16 × 800": { restarts: 16, iterations: 800 } };

/** @typedef {import("../../tools.js").Choice} Choice */
/** @typedef {Record<"canvas" | "hint" | "box" | "caption" | "shape", any>} Framed */

class InversionTool {
  constructor(root, explorer) {
    this.root = root;
    this.explorer = explorer;
    this.source = null; // { source: "upload", file, bytes } or { source: "real", index }
    this.target = this.result = null;
    this.running = 0; // the number of the search under way, 0 where there is none
    this.searches = 0;
    this.build();
    this.modelChanged(explorer.model);
  }

  build() {
    this.file = make("input", { type: "file", accept: "image/*,.heic,.heif,.hif,.avif,.jfif,.jpe,.pjpeg", hidden: true, "data-testid": "invert-file", onchange: () => { this.take(this.file.files[0]); this.file.value = ""; } });
    const choose = toolButton("file", "Choose a picture", { "data-testid": "invert-choose", title: "PNG, JPEG, HEIC, AVIF, WebP, TIFF, BMP or GIF; it is fitted to what this generator makes", onclick: () => this.file.click() });
    const real = toolButton("random", "A real one", { "data-testid": "invert-real", title: "Some image of the data set that no run trains on (held out): can the generator make it?", onclick: () => this.choose({ source: "real", index: Math.floor(Math.random() * 1e6) }) });
    const frame = (name, words, label) => {
      const canvas = make("canvas", { class: "gx-canvas", role: "img", "aria-label": label, "data-testid": name, hidden: true, width: 28, height: 28 });
      const hint = make("p", { class: "gx-quiet gx-back-hint" }, words), box = make("div", { class: "gx-back-frame" }, canvas, hint);
      const caption = make("p", { class: "gx-quiet gx-back-caption" });
      return { canvas, hint, box, caption, shape: make("figure", { class: "gx-back-figure" }, make("h3", { class: name === "invert-target" ? "gx-back-wanted" : "" }, label), box, caption) };
    };
    /** @type {Framed} */
    this.wanted = frame("invert-target", "Drop a picture here", "Wanted");
    /** @type {Framed} */
    this.found = frame("invert-best", "The best picture so far appears here", "Generated");
    this.dropping(this.wanted.box);
    const refit = () => this.source && this.choose(this.source);
    /** @type {Choice} */
    this.swap = choiceField("invert-swap", "Light and dark", "Fashion-MNIST is light on black; a drawing on paper is the other way round. By itself: what makes the picture's border like that of this generator's pictures.",
      [["auto", "By itself"], ["no", "As it is"], ["yes", "Swapped"]], refit);
    /** @type {Choice} */
    this.fit = choiceField("invert-fit", "Not square?", "Crop keeps the middle, border keeps everything and fills up, stretch distorts.", [["crop", "Crop"], ["border", "Border"], ["stretch", "Stretch"]], refit);
    /** @type {Choice} */
    this.space = choiceField("invert-space", "Search in", "z: what the generator is drawn from. W: after the mapping network. W+: a style of its own for each layer, which comes nearest but may leave what the generator knows.",
      [["z", "z"], ["w", "W"], ["ws", "W+"]], refit);
    /** @type {Choice} */
    this.kind = choiceField("invert-class", "Class", "A conditional generator is asked for a class. Any: it starts from all classes and goes on with what is nearest.", [], refit);
    this.number = make("input", { type: "number", class: "gx-text gx-back-number", min: "0", step: "1", "data-testid": "invert-number", onchange: () => this.choose({ source: "real", index: Math.max(0, Math.round(Number(this.number.value)) || 0) }) });
    this.which = make("label", { class: "gx-field", title: "Which of the held-out images" }, make("span", { class: "gx-label" }, "Image number"), this.number);
    /** @type {Choice} */
    this.effort = choiceField("invert-effort", "Effort", "How many restarts go down the loss at once, and for how many iterations. 800 iterations take four times as long and come a little nearer.",
      Object.keys(EFFORTS).map((words) => [words, words]), refit);
    this.go = toolButton("", "Search", { class: "gs-button gx-button", "data-testid": "invert-go", title: "Restarts go down the loss in one batch: pixels, and what the discriminator sees, with a pull towards usual latents; the worse half is given up twice on the way", onclick: () => (this.running ? this.stop() : this.search()) });
    this.bar = make("progress", { class: "gx-progress", max: "1", value: "0", "aria-label": "Search" });
    this.words = make("span", { class: "gx-quiet", "aria-live": "off" });
    this.doing = make("div", { class: "gx-back-doing" }, this.bar, this.words);
    this.chart = make("canvas", { class: "gx-back-chart", role: "img", "aria-label": "Error of each restart over the iterations", "data-testid": "invert-chart" });
    this.verdict = make("b", { "data-testid": "invert-verdict" });
    this.figures = make("p", { class: "gx-quiet", "data-testid": "invert-figures" });
    this.here = toolButton("here", "Explore from here", { class: "gs-button gx-button gx-primary", "data-testid": "invert-here", title: "Make this the present point", onclick: () => this.explore() });
    this.told = make("div", { class: "gx-back-told", role: "status", hidden: true }, this.verdict, this.here, this.figures);
    this.error = make("p", { class: "gx-back-error", role: "alert", hidden: true, "data-testid": "invert-problem" });
    this.options = make("div", { class: "gx-row" }, this.which, this.swap.field, this.fit.field, this.space.field, this.kind.field, this.effort.field);
    this.root.classList.add("gx-back");
    this.root.append(make("div", { class: "gx-row" }, choose, real, make("i", { class: "gx-space" }), this.go), this.file, this.error,
      make("div", { class: "gx-back-pair" }, this.wanted.shape, this.found.shape, this.told), this.options, this.doing, this.chart);
    /** @type {ResizeObserver} */
    this.watcher = new ResizeObserver(() => this.draw());
    this.watcher.observe(this.chart);
  }

  dropping(box) {
    box.addEventListener("dragover", (event) => { event.preventDefault(); box.toggleAttribute("data-over", true); });
    box.addEventListener("dragleave", () => box.removeAttribute("data-over"));
    box.addEventListener("drop", (event) => {
      event.preventDefault();
      box.removeAttribute("data-over");
      this.take(event.dataTransfer.files[0]);
    });
  }

  modelChanged(model) {
    if (!model || model === this.model) return;
    this.model = model;
    if (this.running) this.stop();
    const { spaces, classes, channels } = model;
    this.kind.box.replaceChildren(make("option", { value: "" }, "Any"), ...classes.map((name, i) => make("option", { value: String(i) }, name)));
    this.space.box.value = spaces.includes("w") ? "w" : "z"; // W is smoother: the search comes nearer there
    this.space.field.hidden = !spaces.includes("w");
    this.kind.field.hidden = !classes.length;
    this.isGrey = channels === 1;
    this.clear();
    if (this.source) this.fetchTarget();
    else this.state();
  }

  clear() {
    this.result = this.target = null;
    this.curves = null;
    /** @type {{at: number, errors: Float32Array}[]} */
    this.trace = [];
    this.found.canvas.hidden = this.told.hidden = true;
    this.found.hint.hidden = false;
    say(this.found.caption, "");
    this.draw();
  }

  state() {
    const upload = this.source?.source === "upload";
    this.swap.field.hidden = !upload || !this.isGrey;
    this.fit.field.hidden = !upload;
    this.which.hidden = this.source?.source !== "real";
    this.options.hidden = !this.source;
    say(this.go.querySelector("span"), this.running ? "Stop" : this.result ? "Search again" : "Search");
    this.go.disabled = !this.running && !this.target;
    this.doing.style.visibility = this.running ? "visible" : "hidden";
  }

  async take(file) {
    if (!file) return;
    if (file.size > MOST) return this.fail("The picture is larger than 40 MB.");
    this.choose({ source: "upload", file: file.name, bytes: await file.arrayBuffer() });
  }

  /** A target: fitted and shown, then searched for. */
  async choose(source) {
    this.source = source;
    this.clear();
    if (await this.fetchTarget()) this.search();
  }

  asked() {
    const { source, index } = this.source;
    const about = source === "real" ? { source, index } : { source, invert: this.isGrey ? this.swap.box.value : "no", fit: this.fit.box.value };
    return [about, this.source.bytes ? [this.source.bytes] : []];
  }

  async fetchTarget() {
    const [about, blobs] = this.asked(), { source, model } = this;
    this.fail("");
    try {
      const answer = await this.explorer.ask("target", about, { slot: SLOT, blobs });
      if (!answer || source !== this.source || model !== this.model) return false;
      this.target = answer.header;
      drawPicture(this.wanted.canvas, answer.header.size, answer.header.size, answer.blobs[0]);
      this.wanted.canvas.hidden = false;
      this.wanted.hint.hidden = true;
      const { index, of, name, held_out: held, inverted } = answer.header;
      if (source.source === "real") this.number.value = source.index = index;
      say(this.wanted.caption, source.source === "real" ? `${held ? "Held-out" : "Training"} image ${count(index)} of ${count(of)}${name ? ` · ${name}` : ""}`
        : `${source.file.slice(0, 40)}${inverted ? " · light and dark swapped" : ""}`);
      this.state();
      return true;
    } catch (problem) {
      if (source === this.source) this.fail(messageOf(problem));
      return false;
    }
  }

  fail(sentence) {
    this.error.hidden = !sentence;
    say(this.error, sentence);
    if (sentence && !this.target) {
      this.wanted.canvas.hidden = true;
      this.wanted.hint.hidden = false;
      say(this.wanted.caption, "");
    }
    this.state();
  }

  async search() {
    const run = (this.running = this.searches += 1), { model } = this, [about, blobs] = this.asked();
    const kind = this.kind.box.value;
    this.result = null;
    this.told.hidden = true;
    this.trace = [];
    this.curves = null;
    this.fail("");
    Object.assign(this.bar, { value: 0 });
    try {
      const answer = await this.explorer.ask("invert", { ...about, space: this.space.box.value, class: kind === "" ? null : Number(kind), seed: run - 1, ...EFFORTS[this.effort.box.value] },
        { slot: SLOT, blobs, onProgress: (header, parts) => run === this.running && this.progress(header, parts) });
      if (run !== this.running || model !== this.model) return;
      this.running = 0;
      if (answer) this.done(answer);
    } catch (problem) {
      if (run !== this.running) return;
      this.running = 0;
      this.fail(messageOf(problem));
    }
    this.state();
  }

  progress(header, [picture, errors]) {
    this.bar.value = header.progress;
    say(this.words, header.words);
    if (!picture) return;
    this.best(header.size, picture);
    say(this.found.caption, `Off by ${header.best.toFixed(1)} of 255 so far`);
    this.trace.push({ at: header.at, errors: new Float32Array(errors) });
    this.draw();
  }

  best(size, picture) {
    drawPicture(this.found.canvas, size, size, picture);
    this.found.canvas.hidden = false;
    this.found.hint.hidden = true;
  }

  done({ header, blobs: [picture, curves] }) {
    this.result = header;
    this.curves = { values: new Float32Array(curves), restarts: header.restarts };
    this.best(header.size, picture);
    const kind = header.class ? ` · ${this.model.classes[header.class[0]]}` : "";
    say(this.found.caption, `Off by ${header.rmse.toFixed(1)} of 255 · PSNR ${header.psnr.toFixed(1)} dB${kind}`);
    say(this.verdict, header.verdict);
    say(this.figures, `${header.figures} ${header.whereabouts}`);
    this.told.hidden = false;
    this.draw();
  }

  stop() {
    this.running = 0;
    this.explorer.cancel(SLOT);
    this.state();
  }

  explore() {
    const { where, class: kind } = this.result;
    this.explorer.show({ where, class: kind, psi: 1, mix: [], units: [] }, { commit: true });
  }

  /** Each restart's error on its way down, with what a random sample and the nearest of many come to. */
  draw() {
    const { chart } = this, px = Math.min(2, window.devicePixelRatio || 1), wide = Math.round(chart.clientWidth * px), high = Math.round(chart.clientHeight * px);
    if (!wide || !high) return;
    Object.assign(chart, { width: wide, height: high });
    const lines = this.lines();
    chart.style.visibility = lines.length ? "visible" : "hidden";
    if (!lines.length) return;
    const ink = context2d(chart), color = (name) => `rgb(${rgb(chart, `var(${name})`).join()})`;
    const marks = this.result ? [["a random sample", this.result.random], [`nearest of ${count(this.result.pool)}`, this.result.nearest]] : [];
    const top = 1.08 * Math.max(...lines.flatMap((line) => line.map(([, v]) => v)), ...marks.map(([, v]) => v));
    const left = 2.2 * 14 * px, bottom = high - 1.2 * 14 * px, x = (t) => left + t * (wide - left - 4 * px), y = (v) => bottom - (v / top) * (bottom - 6 * px);
    ink.font = `${11 * px}px ${getComputedStyle(chart).fontFamily}`;
    ink.fillStyle = color("--gs-quiet-ink");
    ink.textBaseline = "middle";
    ink.textAlign = "right";
    const step = [5, 10, 20, 50, 100].find((k) => top / k <= 4) ?? 100;
    for (let v = 0; v <= top; v += step) ink.fillText(String(v), left - 5 * px, y(v));
    ink.textBaseline = "bottom";
    ink.fillText("iterations", wide - 2 * px, high);
    ink.textAlign = "left";
    ink.fillText("error, grey levels", left, high);
    ink.lineJoin = "round";
    lines.forEach((line, i) => {
      const best = i === lines.length - 1;
      ink.strokeStyle = best ? color("--gs-generated") : color("--gs-quiet-ink");
      ink.globalAlpha = best ? 1 : 0.45;
      ink.lineWidth = (best ? 2.4 : 1) * px;
      ink.beginPath();
      for (const [t, v] of line) ink.lineTo(x(t), y(v));
      ink.stroke();
    });
    ink.globalAlpha = 1;
    ink.strokeStyle = ink.fillStyle = color("--st-text-color");
    ink.lineWidth = px;
    ink.setLineDash([4 * px, 4 * px]);
    ink.textAlign = "right";
    ink.textBaseline = "bottom";
    for (const [words, v] of marks) {
      ink.beginPath();
      ink.moveTo(left, y(v));
      ink.lineTo(wide, y(v));
      ink.stroke();
      ink.fillText(words, wide - 4 * px, y(v) - 2 * px);
    }
    ink.setLineDash([]);
  }

  /** [[share of the iterations, error], ...] of each restart, the best one last. */
  lines() {
    let rows, restarts, best;
    if (this.curves) {
      ({ restarts } = this.curves);
      best = this.result.best;
      const { values } = this.curves, steps = values.length / restarts;
      rows = Array.from({ length: steps }, (_, i) => [i / Math.max(1, steps - 1), values.subarray(i * restarts, (i + 1) * restarts)]);
    } else {
      if (!this.trace?.length) return [];
      rows = this.trace.map(({ at, errors }) => [at, errors]);
      const last = rows[rows.length - 1][1];
      restarts = last.length;
      best = last.reduce((b, v, i) => (Number.isFinite(v) && !(v >= last[b]) ? i : b), 0);
    }
    const line = (i) => rows.filter(([, errors]) => Number.isFinite(errors[i])).map(([t, errors]) => [t, errors[i]]);
    const order = [...Array(restarts).keys()].filter((i) => i !== best);
    return [...order, best].map(line);
  }

  destroy() {
    if (this.running) this.explorer.cancel(SLOT);
    this.watcher.disconnect();
  }
}

registerTool({
  name: "inversion", label: "Your image", order: 5, title: "Find the latent of a picture of yours, or of a real one (inversion)",
  mount: (root, explorer) => {
    const tool = new InversionTool(root, explorer);
    return { modelChanged: (model) => tool.modelChanged(model), shown: () => tool.draw(), destroy: () => tool.destroy() };
  },
});
