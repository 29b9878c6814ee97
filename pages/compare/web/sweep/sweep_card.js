// One member of a sweep: its newest picture, what it sets, how far it is and what it measures.

import { guardedAddress } from "../../../ui/web/addresses.js";
import { context2d } from "../../../ui/web/canvas/context.js";
import { count, make, say, short } from "../../../ui/web/words.js";

const REACH = 65535;

export function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return new Uint16Array(bytes.buffer);
}

export class MemberCard {
  constructor(member, open) {
    this.member = member;
    this.canvas = make("canvas", { class: "gw-canvas", "aria-hidden": "true", hidden: true });
    this.picture = make("img", { class: "gw-canvas", alt: "", hidden: true });
    this.mark = make("span", { class: "gw-star", "aria-hidden": "true", hidden: true }, "★");
    this.value = make("b", { class: "gw-value" });
    this.state = make("span", { class: "gw-state" });
    this.fill = make("div", { class: "gs-bar-fill" });
    this.root = make("button", { type: "button", class: "gw-card", "data-run": member.run, onClick: () => open(member.run) },
      make("div", { class: "gw-picture" }, this.canvas, this.picture, this.mark),
      make("span", { class: "gw-words" }, member.words),
      make("span", { class: "gw-line" }, this.value, this.state),
      make("div", { class: "gw-bar", "aria-hidden": "true" }, this.fill));
    this.shown = null;
    this.points = null;
  }

  /** status: what the server says of it, or null before it has. */
  update(status, measure, best, real, token) {
    this.root.toggleAttribute("data-best", best);
    this.mark.hidden = !best;
    if (!status) return;
    this.root.dataset.state = status.state;
    this.root.disabled = status.state === "gone";
    const value = status.values?.[measure?.name];
    say(this.value, Number.isFinite(value) ? short(value) : "–");
    const words = status.stopped_early ? `stopped early, ${count(status.step)} steps` : status.cut_short ? `stopped as asked, ${count(status.step)} steps` : { running: `step ${count(status.step)}`, finished: `${count(status.step)} steps`, queued: "waiting", gone: "deleted" }[status.state] ?? status.state;
    say(this.state, words);
    this.fill.style.transform = `scaleX(${status.total ? Math.min(1, status.images / status.total) : 0})`;
    const name = `${this.member.words}: ${status.words}${measure ? `, ${measure.label} ${Number.isFinite(value) ? short(value) : "not measured yet"}` : ""}${best ? ", the best so far" : ""}. Open in the Lab.`;
    this.root.setAttribute("aria-label", name);
    this.root.title = status.error || name;
    if (status.points) {
      this.points = unpack(status.points);
      this.shown = status.grid;
      this.draw(real);
    } else if (status.grid != null && status.grid !== this.shown && !this.points) {
      this.shown = status.grid;
      this.picture.src = guardedAddress(`runs/${encodeURIComponent(this.member.run)}/thumb/${status.grid}.png`, token);
      this.picture.hidden = false;
    }
  }

  draw(real) {
    if (!this.points) return;
    this.canvas.hidden = false;
    const side = Math.round((this.canvas.clientWidth || 150) * Math.min(2, devicePixelRatio));
    if (this.canvas.width !== side) this.canvas.width = this.canvas.height = side;
    const ink = context2d(this.canvas), style = getComputedStyle(this.root), dot = Math.max(1.5, side / 110);
    ink.clearRect(0, 0, side, side);
    const spots = (points, colour, size, alpha, square) => {
      ink.fillStyle = colour;
      ink.globalAlpha = alpha;
      for (let i = 0; i < points.length; i += 2) {
        const x = (points[i] / REACH) * side, y = (1 - points[i + 1] / REACH) * side;
        if (square) ink.fillRect(x - size / 2, y - size / 2, size, size);
        else { ink.beginPath(); ink.arc(x, y, size / 2, 0, 7); ink.fill(); }
      }
    };
    if (real) spots(real, style.getPropertyValue("--gs-real"), dot * 1.3, 0.35, true);
    spots(this.points, style.getPropertyValue("--gs-generated"), dot * 1.7, 0.85, false);
    ink.globalAlpha = 1;
  }
}
