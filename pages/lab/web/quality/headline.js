// The one measure that a newcomer sees: how many places were found, or how far the generated still is from real.

import { count, make, say } from "../../../ui/web/words.js";

const DRAW_MS = 250;
const MOSTLY = 0.8; // a tick only where so many of the points lie in the places: one in each is little
const ABOUT = {
  places: "Places where real points are, and at least a tenth as many generated ones.",
  plane: "How far generated points must be moved to lie as real ones do. 100%: as it was at the beginning.",
  pictures: "The Fréchet distance to real images, as a share of the untrained generator’s. 100%: untrained.",
};

const percent = (share) => `${share > 0 && share < 0.095 ? (100 * share).toFixed(1).replace(/\.0$/, "") : Math.round(100 * share)}%`;

export class Headline {
  constructor() {
    this.name = make("span", { class: "gs-headline-name" });
    this.value = make("b", { "data-testid": "headline-value" });
    this.fill = make("i", { class: "gs-headline-fill" });
    this.floor = make("u", { class: "gs-headline-floor" });
    this.note = make("small", { "data-testid": "headline-note" });
    this.root = make("section", { class: "gs-headline", "data-testid": "headline", "aria-label": "How good it is", hidden: true },
      make("div", {}, this.name, this.value), make("div", { class: "gs-headline-bar", "aria-hidden": "true" }, this.fill, this.floor), this.note);
    this.reset(null);
  }

  reset(series) {
    this.series = series;
    this.cursor = null;
    this.stage = this.counted = null;
    /** @type {Map<string, Map<number, any>>} */
    this.found = new Map(); // "features samples" -> step -> evaluation
    this.hasMeasures = false;
    this.soon();
  }

  /** A run of points: {measures, floors, modes}. */
  setStage(stage) {
    this.stage = stage;
    this.soon();
  }

  /** The picture that is seen: what is counted in it stands here, as in its caption. */
  show(frame) {
    if (Object.keys(frame?.counted ?? {}).length) this.counted = frame.counted; // else it is still on its way
    if (this.stage) this.draw();
  }

  /** A run of images. Again after every reconnection. */
  open(measures, evaluations) {
    this.hasMeasures = !!measures?.length;
    for (const one of evaluations ?? []) this.add(one);
    this.soon();
  }

  add(one) {
    const kind = `${one.features} ${one.samples}`;
    const of = this.found.get(kind) ?? new Map();
    this.found.set(kind, of.set(one.step, one));
    this.soon();
  }

  soon() {
    this.timer ||= setTimeout(() => { this.timer = 0; this.draw(); }, DRAW_MS);
  }

  draw() {
    const now = this.stage ? this.ofPoints() : this.hasMeasures ? this.ofImages() : null;
    this.root.hidden = !now;
    if (!now) return;
    say(this.name, now.name);
    say(this.value, now.value);
    say(this.note, [now.note, this.stage && this.cursor !== null && `step ${count(this.cursor)}`].filter(Boolean).join(" · "));
    this.root.title = now.about;
    this.root.dataset.good = String(!!now.good);
    this.fill.style.width = `${100 * now.part}%`;
    this.floor.hidden = !(now.floor >= 0);
    this.floor.style.left = `${100 * now.floor}%`;
  }

  /** Rows of the records in which a measure was taken, up to the moment that is looked at. */
  rows(column) {
    const values = this.series?.columns[column] ?? [], until = this.cursor === null ? values.length - 1 : this.series.row(this.cursor), rows = [];
    for (let i = 0; i <= until; i++) if (Number.isFinite(values[i])) rows.push(values[i]);
    return rows;
  }

  /** A measure of the untrained generator, NaN until it is taken: the curves begin when much is learned. */
  untrained(column) {
    return [...this.found.values()].map((of) => of.get(0)?.values[column]).find(Number.isFinite) ?? NaN;
  }

  /** A measure of points as it stands: of the curves, or of an evaluation that is newer, such as that of a run's end. */
  latest(column, curve) {
    const until = this.cursor ?? Infinity, steps = this.series?.columns.step ?? [], values = this.series?.columns[column] ?? [];
    const since = steps[values.findLastIndex((v, i) => Number.isFinite(v) && steps[i] <= until)] ?? 0;
    const newer = [...this.found.values()].flatMap((of) => [...of.values()]).filter((one) => one.step > since && one.step <= until && Number.isFinite(one.values[column]));
    return newer.sort((a, b) => a.step - b.step).at(-1)?.values[column] ?? curve;
  }

  ofPoints() {
    const { modes, floors } = this.stage;
    if (modes) {
      const most = modes.centres.length, found = this.counted?.found ?? this.latest("modes_covered", this.rows("modes_covered").at(-1));
      const near = this.counted?.near ?? this.latest("high_quality_share", this.rows("high_quality_share").at(-1));
      return { name: "Places found", value: Number.isFinite(found) ? `${Math.round(found)} of ${most}` : `– of ${most}`, part: (found || 0) / most,
        note: Number.isFinite(near) ? `${percent(near)} of its points lie in them` : "", about: ABOUT.places, good: found >= most && near >= MOSTLY };
    }
    if (this.counted) return this.far(this.counted.left, this.counted.floor, ABOUT.plane);
    const untrained = this.untrained("sliced_wasserstein"), floor = floors.sliced_wasserstein?.mean / untrained;
    return this.far(this.latest("sliced_wasserstein", this.rows("sliced_wasserstein").at(-1)) / untrained, floor, ABOUT.plane);
  }

  /** Of the kind of evaluation of which there are most. d² is what a Fréchet distance is: d is its square root. */
  ofImages() {
    const kinds = [...this.found.values()].sort((a, b) => b.size - a.size), all = kinds[0];
    const until = this.cursor ?? Infinity, untrained = all?.get(0)?.values.fid;
    const newest = all && [...all.values()].filter(({ step }) => step <= until && (step > 0 || until === 0)).sort((a, b) => b.step - a.step)[0]; // the untrained one's says nothing of a later moment
    if (!newest || !(untrained > 0)) return { name: "How far from real", value: "–", part: 0, note: "measured after a while", about: ABOUT.pictures };
    return this.far(Math.sqrt(newest.values.fid / untrained), Math.sqrt(newest.floor.fid / untrained), ABOUT.pictures, newest.step);
  }

  far(share, floor, about, step = 0) {
    const known = Number.isFinite(share), part = known ? Math.min(1, Math.max(0, share)) : 0;
    const real = Number.isFinite(floor) ? `real against real ${percent(Math.max(0, floor))}` : "";
    return { name: "How far from real", value: known ? percent(part) : "–", part, floor, about, good: known && share <= 1.25 * floor,
      note: [real, step ? `step ${count(step)}` : ""].filter(Boolean).join(" · ") };
  }

  end() {
    clearTimeout(this.timer);
  }
}
