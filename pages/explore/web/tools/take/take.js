// The tool "Take away": files of this model and of this point, made when their button is pressed.

import { context2d } from "../../../../ui/web/canvas/context.js";
import { make, messageOf, say } from "../../../../ui/web/words.js";
import { registerTool, toolButton } from "../../tools.js";
import { bytesWords } from "../walk/walk_film.js";

const PIXELS = 512;

/** kind -> [title, what it is for]; "here": made by the browser. */
const POINT = {
  picture: ["Picture", "PNG", "What you see, each pixel as a sharp square: for a slide or a page."],
  latent: ["Latent", "NPZ", "The numbers behind this picture, for numpy and the sampling script."],
  point: ["Point", "JSON", "The same point with class, truncation and all that was done to it."],
};
const MODEL = {
  safetensors: ["Generator", "safetensors", "The trained weights and their settings; GANscope and PyTorch open it."],
  onnx: ["Generator", "ONNX", "The network itself for other programs: onnxruntime, browsers, phones."],
  discriminator: ["Discriminator", "safetensors", "Its opponent’s weights, in half precision: what it learned to look for."],
  "sample-script": ["Sampling script", "zip", "sample.py draws pictures from the weights, which lie beside it."],
  "train-script": ["Training script", "Python", "train.py trains this very run again, in plain PyTorch made to be read; the images that it learns from lie beside it where they are here."],
  config: ["Settings", "JSON", "Every setting of the run; train --config starts another with them."],
};

class TakeTool {
  constructor(root, explorer) {
    this.explorer = explorer;
    this.rows = {};
    this.sizes = {};
    this.making = "";
    this.asked = null;
    const section = (title, words, kinds) => make("section", { class: "gx-take-part", "aria-label": title },
      make("header", { class: "gx-row" }, make("h3", {}, title), words), ...Object.entries(kinds).map(([kind, about]) => this.row(kind, about)));
    this.thumb = make("canvas", { class: "gx-take-thumb", width: 28, height: 28, "aria-hidden": "true" });
    this.name = make("span", { class: "gx-quiet" });
    this.words = make("p", { class: "gx-quiet", role: "status", "data-testid": "take-words" });
    root.classList.add("gx-take");
    root.append(section("This picture", this.thumb, POINT), section("This model", this.name, MODEL), this.words);
    this.modelChanged(explorer.model);
  }

  row(kind, [label, format, words]) {
    const size = make("span", { class: "gx-take-size gx-quiet" }), bar = make("progress", { class: "gx-walk-bar", max: "1", hidden: true, "aria-label": `Progress: ${label}` });
    const button = toolButton("", "Save", { "aria-label": `Save ${label}, ${format}`, title: words, "data-testid": `take-${kind}`, onclick: () => this.take(kind) });
    const shape = make("span", { class: "gx-take-format" }, format);
    const about = make("div", { class: "gx-take-about" }, make("b", {}, label, shape), make("p", { class: "gx-quiet" }, words));
    this.rows[kind] = { shape, row: make("div", { class: "gx-take-row", "data-kind": kind }, about, size, bar, button), size, bar, button, label };
    return this.rows[kind].row;
  }

  modelChanged(model) {
    this.explorer.cancel("take");
    this.sizes = {};
    this.config = null;
    this.asked = null;
    for (const { size } of Object.values(this.rows)) delete size.dataset.saved;
    say(this.name, model ? model.label : "");
    say(this.words, "");
    this.draw();
    if (this.visible) this.shown();
  }

  async shown() {
    this.visible = true;
    this.changed();
    const { model } = this.explorer;
    if (!model || this.asked === model) return;
    this.asked = model;
    try {
      const answer = await this.explorer.ask("takeaway", { look: this.explorer.frozen() }, { slot: "takeaway" });
      if (!answer || this.explorer.model !== model) return;
      const { sizes, formats, config, with_data: withData } = answer.header;
      this.sizes = sizes;
      this.config = config;
      this.withData = withData;
      for (const [kind, words] of Object.entries(formats)) say(this.rows[kind].shape, words);
      this.draw();
      const scripts = await this.explorer.ask("takeaway-scripts", {}, { slot: "takeaway-scripts" });
      if (!scripts || this.explorer.model !== model) return;
      Object.assign(this.sizes, scripts.header.sizes);
      this.draw();
    } catch (problem) {
      this.asked = null;
      this.explorer.say(messageOf(problem));
    }
  }

  hidden() { this.visible = false; }

  changed() {
    const from = this.explorer.picture?.canvas;
    if (!from || !this.visible) return;
    Object.assign(this.thumb, { width: from.width, height: from.height });
    context2d(this.thumb).drawImage(from, 0, 0);
  }

  draw() {
    for (const [kind, { row, size }] of Object.entries(this.rows)) {
      const bytes = this.sizes[kind];
      if (size.dataset.saved !== "") say(size, bytes ? `about ${bytesWords(bytes)}` : "");
      if (kind === "discriminator") row.hidden = !this.explorer.model?.has_discriminator;
    }
    const train = this.rows["train-script"].size;
    if (this.withData && this.sizes["train-script"] && train.dataset.saved !== "") say(train, `about ${bytesWords(this.sizes["train-script"])} with the images`);
  }

  /** How this model's files begin. */
  stem() {
    const [, name] = this.explorer.model.id.split(/:(.*)/s), words = this.explorer.model.kind === "file" ? this.explorer.model.label : name;
    return words.toLowerCase().replace(/\.safetensors$/, "").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 60) || "generator";
  }

  async take(kind) {
    if (this.making || !this.explorer.model) return;
    const { bar, button, label } = this.rows[kind];
    this.making = kind;
    button.disabled = true;
    bar.removeAttribute("value");
    const slow = setTimeout(() => { bar.hidden = false; }, 150);
    try {
      const made = await this.made(kind, (part, words) => {
        if (part) bar.value = part;
        if (words) say(this.words, words);
      });
      if (made) {
        const [name, mime, data] = made;
        this.explorer.save(name, mime, data);
        say(this.words, `${name} saved: ${bytesWords(data.byteLength)}.`);
        say(this.rows[kind].size, `saved, ${bytesWords(data.byteLength)}`);
        this.rows[kind].size.dataset.saved = "";
      }
    } catch (problem) {
      say(this.words, `${label}: ${messageOf(problem)}`);
      this.explorer.say(messageOf(problem));
    }
    clearTimeout(slow);
    bar.hidden = true;
    button.disabled = false;
    this.making = "";
  }

  /** [name, MIME type, bytes] of a kind of file; null where nobody waits for it any more. */
  async made(kind, tell) {
    const { explorer } = this, text = (value) => new TextEncoder().encode(`${JSON.stringify(value, null, 1)}\n`);
    if (kind === "picture") return [`${this.stem()}.png`, "image/png", await this.png()];
    if (kind === "point") return [`${this.stem()}-point.json`, "application/json", text({ model: explorer.model.id, step: explorer.model.step, look: explorer.frozen() })];
    if (kind === "config") {
      if (!this.config) await this.shown();
      return this.config && [`${this.stem()}-config.json`, "application/json", text(this.config)];
    }
    const answer = await explorer.ask("take", { what: kind, look: explorer.frozen() }, { slot: "take", onProgress: ({ progress, words }) => tell(progress, words) });
    return answer && [answer.header.name, answer.header.mime, answer.blobs[0]];
  }

  /** The picture with every pixel a square of whole pixels, at least 512 in all. */
  async png() {
    const { canvas } = this.explorer.picture, scale = Math.ceil(PIXELS / canvas.width);
    const large = new OffscreenCanvas(canvas.width * scale, canvas.height * scale), pen = context2d(large);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(canvas, 0, 0, large.width, large.height);
    return (await large.convertToBlob({ type: "image/png" })).arrayBuffer();
  }

  destroy() { this.explorer.cancel("take"); }
}

registerTool({ name: "take", label: "Take away", order: 9, title: "Files of this picture and of this model", mount: (root, explorer) => new TakeTool(root, explorer) });
