// What convinced the discriminator: a signed heat map over the picture, and its score.

import { context2d } from "../../../../ui/web/canvas/context.js";
import { make, messageOf, rgb, say, short } from "../../../../ui/web/words.js";
import { oneAtATime } from "../../tools.js";

const REASONS = {
  integrated: ["Integrated gradients", "Gradients added up on the way from an empty picture to this one (Sundararajan et al. 2017). The shares of all pixels add up to the difference of the two scores."],
  gradient: ["Gradient × input", "The slope of the score at this picture times what the pixel differs from an empty one (Shrikumar et al. 2016): quick, but blind to what has levelled off."],
  occlusion: ["Occlusion", "Small squares are covered one after another; a pixel counts by how far the score falls when it is covered (Zeiler & Fergus 2014)."],
};
const SIGN_CELLS = 7, JUDGE_SIDE = 448;

export class Reasons {
  constructor(inside) {
    this.inside = inside;
    this.explorer = inside.explorer;
    this.method = "integrated";
    this.show = oneAtATime(() => this.fetch(), () => !this.root.hidden);
    this.buttons = Object.entries(REASONS).map(([method, [words, title]]) => make("button", { type: "button", class: "gs-button", title, "data-method": method, "data-testid": `judge-${method}`,
      "aria-pressed": String(method === this.method), onclick: () => this.choose(method) }, words));
    this.canvas = make("canvas", { class: "gx-judge-canvas", role: "img", "aria-label": "What convinced the discriminator", width: JUDGE_SIDE, height: JUDGE_SIDE, "data-testid": "judge-canvas" });
    this.score = make("b", { class: "gx-judge-score", "data-testid": "judge-score" });
    this.verdict = make("p", {});
    this.about = make("p", { class: "gx-quiet" });
    const key = (sign, tone, words) => make("li", { "data-tone": tone }, make("i", {}, sign), words);
    this.keys = make("ul", { class: "gx-judge-keys" }, key("+", "real", "spoke for “real”: without these pixels the score would be lower"), key("−", "fake", "spoke for “generated”: without them the score would be higher"));
    this.sums = make("p", { class: "gx-quiet", "data-testid": "judge-sums" });
    this.root = make("div", { class: "gx-inside-view", hidden: true }, make("div", { class: "gx-row" }, make("div", { class: "gx-segments", role: "group", "aria-label": "Method" }, ...this.buttons)),
      make("div", { class: "gx-judge" }, this.canvas, make("div", { class: "gx-judge-side" }, make("span", { class: "gx-label" }, "The discriminator’s score"), this.score, this.verdict, this.keys, this.sums)), this.about);
    this.sheet = new OffscreenCanvas(1, 1);
    this.choose(this.method);
  }

  forget() { this.at = null; }

  choose(method) {
    this.method = method;
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.method === method));
    say(this.about, `${REASONS[method][1]} “Empty” is a picture in the colour of this one’s edge.`);
    if (!this.root.hidden) this.show();
  }

  async fetch() {
    const { explorer, method } = this, { look, model } = explorer;
    if (!look) return;
    try {
      const answer = await explorer.ask("inside-evidence", { look, method });
      if (answer && model === explorer.model && method === this.method) this.draw(answer);
    } catch (problem) {
      explorer.say(messageOf(problem));
    }
  }

  draw({ header, blobs: [shares, picture] }) {
    const { size, score, blank_score: blank, probability } = header, real = 1 / (1 + Math.exp(-score));
    this.paint(size, new Float32Array(shares), new Uint8ClampedArray(picture));
    const signed = (v) => (v > 0 ? `+${short(v)}` : short(v));
    say(this.score, probability ? `${(100 * real).toFixed(real > 0.99 || real < 0.01 ? 1 : 0)} % real` : signed(score));
    say(this.verdict, probability ? `It takes this picture for ${real >= 0.5 ? "real" : "generated"}: its logit is ${signed(score)}; above 0 means real.` : "With this loss a score is no probability: only which picture has the higher one counts.");
    say(this.sums, `This picture ${signed(score)}, an empty one ${signed(blank)}: the difference is ${signed(score - blank)}${header.method === "integrated" ? `, and the map adds up to ${signed(score - blank - header.gap)}.` : "."}`);
    this.canvas.setAttribute("aria-label", `Which pixels spoke for real (blue, plus) and for generated (orange, minus); score ${signed(score)}`);
  }

  /** The picture in quiet greys, over it colour by share; in the strongest places its sign. */
  paint(size, shares, picture) {
    const css = (name) => rgb(this.root, `var(--gs-${name})`), blue = css("real"), orange = css("generated"), base = css("card");
    const sorted = Float32Array.from(shares, Math.abs).sort(), most = sorted[Math.floor(0.99 * (sorted.length - 1))] || sorted.at(-1) || 1;
    const image = new ImageData(size, size);
    for (let i = 0; i < size * size; i++) {
      const grey = 0.299 * picture[4 * i] + 0.587 * picture[4 * i + 1] + 0.114 * picture[4 * i + 2];
      const t = Math.min(1, Math.abs(shares[i]) / most) ** 0.7, ink = shares[i] > 0 ? blue : orange;
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = (0.62 * grey + 0.38 * base[c]) * (1 - 0.9 * t) + ink[c] * 0.9 * t;
      image.data[4 * i + 3] = 255;
    }
    Object.assign(this.sheet, { width: size, height: size });
    context2d(this.sheet).putImageData(image, 0, 0);
    const draw = context2d(this.canvas);
    draw.imageSmoothingEnabled = false;
    draw.drawImage(this.sheet, 0, 0, JUDGE_SIDE, JUDGE_SIDE);
    this.signs(draw, size, shares);
  }

  signs(draw, size, shares) {
    const cells = new Float32Array(SIGN_CELLS ** 2);
    shares.forEach((share, i) => {
      const x = Math.floor(((i % size) / size) * SIGN_CELLS), y = Math.floor((Math.floor(i / size) / size) * SIGN_CELLS);
      cells[y * SIGN_CELLS + x] += share;
    });
    const most = cells.reduce((a, b) => Math.max(a, Math.abs(b)), 0), side = JUDGE_SIDE / SIGN_CELLS;
    if (!most) return;
    Object.assign(draw, { textAlign: "center", textBaseline: "middle", font: `800 ${Math.round(side * 0.42)}px ${getComputedStyle(this.root).fontFamily}`, lineWidth: 4, strokeStyle: "#12161c", fillStyle: "#ffffff", lineJoin: "round" });
    cells.forEach((value, i) => {
      if (Math.abs(value) < 0.35 * most) return;
      const x = ((i % SIGN_CELLS) + 0.5) * side, y = (Math.floor(i / SIGN_CELLS) + 0.5) * side, sign = value > 0 ? "+" : "−";
      draw.strokeText(sign, x, y);
      draw.fillText(sign, x, y);
    });
  }
}
