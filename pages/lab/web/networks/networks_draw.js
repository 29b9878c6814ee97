// How a network is drawn: its units in columns, each with its small map, and its weights between them. Methods of Networks.

import { context2d } from "../../../ui/web/canvas/context.js";
import { SHARPEST } from "../../../ui/web/plane/stage.js";
import { FieldPicture, scaleOf } from "../../../ui/web/plane/stage_layers.js";
import { rgb } from "../../../ui/web/words.js";
import { SMALL_MAP } from "./networks.js";
import { reachOf } from "./networks_units.js";

const LEVELS = 4; // thicknesses of lines

export const drawMethods = {
  draw(player) {
    const card = this.cards[player], { canvas, columns, side } = card;
    if (!columns.length || !canvas.clientWidth) return;
    const px = Math.min(SHARPEST, window.devicePixelRatio || 1), width = Math.round(card.wide * px), height = Math.round(card.high * px);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const ink = context2d(canvas), look = (this.look ??= this.see());
    ink.setTransform(px, 0, 0, px, 0, 0);
    ink.clearRect(0, 0, card.wide, card.high);
    ink.lineCap = "round";
    card.layers.forEach((layer, l) => this.drawWeights(ink, columns[l], columns[l + 1], this.scene?.networks.get(layer.name)?.weight, layer, look[player], side));
    columns.forEach((column, c) => this.drawColumn(ink, card, column, c, look, player));
  },

  /** Lines between two columns; strokes are gathered by sign and thickness. */
  drawWeights(ink, from, to, weight, { in: ins }, tones, side) {
    let most = 1e-9;
    if (!weight) [weight, most] = [new Float32Array(to.size * ins).fill(-0.1), 1]; // not known: thin grey lines
    for (let o = 0; o < to.count; o++) for (let i = 0; i < from.count; i++) most = Math.max(most, Math.abs(weight[o * ins + i]));
    const paths = Array.from({ length: 2 * LEVELS }, () => new Path2D());
    for (let o = 0; o < to.count; o++) {
      for (let i = 0; i < from.count; i++) {
        const w = weight[o * ins + i] / most, level = Math.min(LEVELS - 1, Math.floor(Math.abs(w) * LEVELS)), path = paths[2 * level + (w < 0 ? 1 : 0)];
        const x0 = from.x + side / 2, x1 = to.x - side / 2, y0 = from.at(i), y1 = to.at(o), bend = (x1 - x0) * 0.4;
        path.moveTo(x0, y0);
        path.bezierCurveTo(x0 + bend, y0, x1 - bend, y1, x1, y1);
      }
    }
    paths.forEach((path, k) => {
      const level = Math.floor(k / 2);
      ink.globalAlpha = [0.16, 0.4, 0.7, 0.95][level];
      ink.lineWidth = [0.7, 1.1, 1.8, 2.8][level];
      ink.strokeStyle = k % 2 ? tones.down : tones.up;
      ink.stroke(path);
    });
    ink.globalAlpha = 1;
  },

  drawColumn(ink, card, { size, count, x, at }, c, look, player) {
    const half = card.side / 2, picture = (this.picture ??= new FieldPicture(SMALL_MAP));
    ink.imageSmoothingEnabled = true;
    for (let u = 0; u < count; u++) {
      const y = at(u), values = card.maps?.[c]?.[u];
      ink.beginPath();
      ink.roundRect(x - half, y - half, card.side, card.side, 4);
      ink.fillStyle = look.paper;
      ink.fill();
      if (values) {
        picture.fill(values, look[player].shades, 0, reachOf(values));
        ink.save();
        ink.clip();
        ink.drawImage(picture.canvas, x - half, y - half, card.side, card.side);
        ink.restore();
      }
      ink.lineWidth = 1;
      ink.strokeStyle = look.edge;
      ink.stroke();
    }
    if (c > 0 && c < card.columns.length - 1) return; // its words stand between its buttons
    ink.fillStyle = look.text;
    ink.font = look.font;
    ink.textAlign = "center";
    ink.textBaseline = "alphabetic";
    ink.fillText(this.columnWords({ size, count }, c, c === card.columns.length - 1, player), x, card.high - 9);
  },

  /** What stands below a column: what goes in or comes out, or how many units there are and, of many, are drawn. */
  columnWords({ size, count }, c, last, player) {
    const name = c === 0 ? (player === "g" ? "z" : "x, y") : last ? (player === "g" ? "x, y" : "score") : "";
    const many = size > count ? `${count} of ${size}` : String(size);
    return name && size > count ? `${name}: ${many}` : name || many;
  },

  see() {
    const get = (name) => rgb(this.root, `var(${name})`), css = (name) => `rgb(${get(name).join()})`;
    const tones = (up, made) => ({ up: css(up), down: css("--gs-weight-down"), shades: scaleOf(get("--gs-heat-fake"), get("--gs-heat-middle"), get(made)) });
    return { g: tones("--gs-generated", "--gs-heat-made"), d: tones("--gs-judge", "--gs-heat-real"), paper: css("--gs-card"), edge: css("--gs-unit-edge"), text: css("--gs-quiet-ink"),
      font: `500 ${this.root.closest("[data-projector]") ? 15 : 11}px ${getComputedStyle(this.root).fontFamily}` };
  },
};
