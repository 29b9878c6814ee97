// A sweep: the measure over the swept fields, and every member side by side while they train.

import { guardedAddress } from "../../../ui/web/addresses.js";
import { component } from "../../../ui/web/mounting.js";
import { dark, make, say, short } from "../../../ui/web/words.js";
import { MemberCard, unpack } from "./sweep_card.js";
import { distinct, heatTable, lineChart } from "./sweep_chart.js";

const POLL_MS = 1000, AGAIN_MS = 4000;
const chosenMeasure = {}; // by sweep, while the page is open

class SweepView {
  constructor(parent) {
    this.select = make("select", { class: "gc-select", "aria-label": "Measure", "data-testid": "sweep-measure", onChange: () => { chosenMeasure[this.data.sweep] = this.select.value; this.show(); } });
    this.said = make("p", { class: "gw-said", role: "status", "data-testid": "sweep-best" });
    this.chart = make("div", { class: "gw-chart", "data-testid": "sweep-chart" });
    this.cards = make("div", { class: "gw-cards", "data-testid": "sweep-cards" });
    this.root = make("div", { class: "gs-live gc-root gw-root", "data-testid": "sweep-view" },
      make("div", { class: "gc-bar" }, make("label", { class: "gc-choice" }, make("span", { class: "gc-label" }, "Measure"), this.select), this.said), this.chart, this.cards);
    parent.append(this.root);
    this.all = new Map();
    this.status = [];
    this.sized = new ResizeObserver(() => { this.drawChart(); for (const card of this.all.values()) card.draw(this.real); });
    this.sized.observe(this.root);
    this.seen = () => { if (!document.hidden) this.poll(); };
    document.addEventListener("visibilitychange", this.seen);
  }

  update(data, send) {
    const other = !this.data || this.data.sweep !== data.sweep;
    this.data = data;
    this.send = send;
    this.root.toggleAttribute("data-dark", dark(this.root));
    this.root.toggleAttribute("data-projector", data.projector);
    this.real = data.real ? unpack(data.real) : null;
    for (const card of this.all.values()) card.draw(this.real); // in the colours of now
    if (other) {
      this.status = [];
      this.moved = null;
      this.all = new Map(data.members.map((member) => [member.run, new MemberCard(member, (run) => this.send("open", run))]));
      this.cards.replaceChildren(...[...this.all.values()].map((card) => card.root));
      this.select.replaceChildren(...data.measures.map((m) => make("option", { value: m.name }, m.unit ? `${m.label} (${m.unit})` : m.label)));
    }
    if (data.measures.some((m) => m.name === chosenMeasure[data.sweep])) this.select.value = chosenMeasure[data.sweep];
    this.show();
    this.poll();
  }

  async poll() {
    clearTimeout(this.timer);
    if (this.closed || document.hidden || this.asking) return;
    this.asking = true;
    const { sweep, token } = this.data, shown = [...this.all.values()].map((card) => card.shown ?? "").join(",");
    try {
      const answer = await fetch(guardedAddress(`sweeps/${encodeURIComponent(sweep)}?shown=${shown}`, token));
      if (this.closed) return;
      if (answer.status === 403 || answer.status === 404) this.tell("stale");
      if (answer.ok && sweep === this.data.sweep) {
        this.status = (await answer.json()).members;
        this.show();
      }
    } catch {
      // the server is away: ask again
    } finally {
      this.asking = false;
    }
    const live = !this.status.length || this.status.some((one) => one.live);
    if (!this.closed) this.timer = setTimeout(() => this.poll(), live ? POLL_MS : AGAIN_MS);
  }

  tell(signature) {
    if (this.moved === signature) return;
    this.moved = signature;
    this.send("moved", signature);
  }

  show() {
    this.measure = this.data.measures.find((m) => m.name === this.select.value);
    /** @type {Map<string, number>} */
    this.values = new Map(this.status.map((one) => [one.run, one.values?.[this.measure?.name]]));
    const known = [...this.values].filter(([, value]) => Number.isFinite(value));
    const { better } = this.measure ?? {};
    /** @type {string | null} */
    this.best = better && known.length > 1 ? known.reduce((a, b) => ((better === "high" ? b[1] > a[1] : b[1] < a[1]) ? b : a))[0] : null;
    this.status.forEach((one) => this.all.get(one.run)?.update(one, this.measure, one.run === this.best, this.real, this.data.token));
    const winner = this.data.members.find((m) => m.run === this.best);
    const over = this.status.length && this.status.every((one) => !one.live);
    say(this.said, winner ? `Best ${over ? "member" : "so far"}: ${winner.words} (${short(this.values.get(winner.run))})` : this.status.length && !known.length ? "Nothing has been measured yet." : "");
    if (this.status.length) {
      const signature = this.status.map((one) => one.state).join("|");
      if (signature !== this.data.signature) this.tell(signature);
    }
    this.drawChart();
  }

  drawChart() {
    const { axes, members } = this.data ?? { axes: [], members: [] }, width = Math.floor(this.chart.clientWidth);
    const known = this.measure && [...(this.values?.values() ?? [])].some(Number.isFinite);
    if (!known || width < 60) {
      if (!known && this.drawn) this.chart.replaceChildren();
      this.drawn = known ? this.drawn : null;
      return;
    }
    const drawn = axes.map((axis) => ({ axis, count: distinct(members.map((m) => m.values[axis.path])).length })).filter((one) => one.count > 1);
    const key = JSON.stringify([width, this.measure.name, this.best, [...this.values]]);
    if (key === this.drawn) return; // nothing moves for nothing
    this.drawn = key;
    const open = (run) => this.send("open", run), two = drawn.length > 1 && drawn.slice(0, 2).every((one) => one.count <= 12);
    if (two) this.chart.replaceChildren(heatTable(drawn.slice(0, 2).map((one) => one.axis), members, this.values, this.measure, this.best));
    else {
      const narrow = drawn.length > 1 ? Math.min(width, Math.max(280, Math.floor(width / drawn.length) - 12)) : width;
      this.chart.replaceChildren(...drawn.map(({ axis }) => lineChart(axis, members, this.values, this.measure, Math.min(narrow, 760), this.best, open)));
    }
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.sized.disconnect();
    document.removeEventListener("visibilitychange", this.seen);
    this.root.remove();
  }
}

export default component((parent) => new SweepView(parent));
