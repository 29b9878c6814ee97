// The live view of one run: a socket, the status strip, the film and the curves. Kept across reruns of the page.

import { decodeFrame } from "../../ui/web/channel/frames.js";
import { Series } from "../../ui/web/channel/series.js";
import { httpUrl, openChannel, socketUrl } from "../../ui/web/channel/wire.js";
import { component } from "../../ui/web/mounting.js";
import { Stage } from "../../ui/web/plane/stage.js";
import { dark, make, say } from "../../ui/web/words.js";
import { PageAround } from "./around.js";
import { BeforeTrain } from "./recording/before.js";
import { Beginning } from "./beginning.js";
import { Caption } from "./caption.js";
import { Curves } from "./curves.js";
import { Drawing } from "./drawing/drawing.js";
import { Film } from "./film.js";
import { Headline } from "./quality/headline.js";
import { LookedAt } from "./looked.js";
import { Measures } from "./quality/measures.js";
import { Microscope } from "./microscope/microscope.js";
import { Networks } from "./networks/networks.js";
import { Quality } from "./quality/quality.js";
import { StatusStrip } from "./status.js";

const PAINT_MS = 250;
const FIXED = "The networks of a run stay as they are; those of the next one are in the panel, under Networks.";

const KEPT = "This scene leaves the networks as they are.";

export class LiveView {
  constructor(parent) {
    this.status = new StatusStrip();
    this.curves = new Curves();
    this.caption = new Caption({ told: (frame) => { this.headline.show(frame); this.plane.tellPlaces(); } }); // numbers and words of the same picture
    const threshold = (step) => this.threshold(step);
    this.measures = new Measures();
    this.headline = new Headline();
    this.quality = new Quality();
    this.networks = new Networks({ below: this.measures.root, onUnit: (overlay) => this.plane.setOverlay(overlay), onLayers: (player, hidden) => this.tell("layers", { player, hidden }) });
    this.plane = new Stage({ threshold, onClose: () => this.networks.close(), captioned: true, onLook: () => this.looked?.soon() });
    /** @type {Film} */
    this.film = new Film({ onScrub: (step) => { if (step !== null) this.beginning.end(); this.setCursor(step); this.around.tellTwin(step); this.looked?.soon(); }, threshold, plane: this.plane, onScene: (scene) => this.microscope.showRun(scene),
      onBranch: (step) => this.tell("branch", step), onLook: () => this.looked?.soon(),
      onShown: (frame, live) => {
        this.caption.show(frame, live && ["running", "recording"].includes(this.view?.state));
        if (this.view?.state === "recording" && frame) this.status.moment(frame.step); // the same picture's, not the newest number's
      } });
    this.looked = new LookedAt({ plane: this.plane, film: this.film });
    this.microscope = new Microscope({ stage: this.plane, networks: this.networks, ask: (what) => this.ask(what),
      opened: (on) => { this.root.toggleAttribute("data-scope", on); this.letFlow(); } });
    this.film.root.querySelector(".gs-timeline").append(this.microscope.button);
    this.status.root.insertBefore(this.headline.root, this.status.figures);
    this.drawing = new Drawing({ stage: this.plane, keep: (text) => this.keep("drawing", [Date.now(), text]) });
    this.before = new BeforeTrain(this);
    this.beginning = new Beginning({ tell: (frame) => this.receive(frame), frame: (step) => this.film.frame(step), show: (frame) => this.showFrame(frame) });
    this.root = make("div", { class: "gs-live", "data-testid": "live" },
      this.status.root, this.caption.root, make("div", { class: "gs-body" }, this.film.root, this.networks.root, this.microscope.root, this.curves.main), this.quality.root, this.curves.more);
    this.body = this.root.querySelector(".gs-body");
    /** @type {any} */ (this.root).live = this; // for a lesson beside it, which notices what the run does
    parent.append(this.root);
    this.data = {};
    this.around = new PageAround({ tell: (...what) => this.tell(...what), moment: () => this.film.shown?.step, follow: (step) => this.film.follow(step) });
    this.down = false;
  }

  /** What the page says now; called after every rerun of it. */
  update(data, tell, keep) {
    const before = this.data;
    this.data = this.around.data = data;
    this.tell = tell;
    this.keep = keep;
    const look = () => `${this.root.hasAttribute("data-projector")} ${getComputedStyle(this.root).backgroundColor} ${this.root.hasAttribute("data-dark")}`, looked = look();
    this.root.toggleAttribute("data-projector", !!data.projector);
    this.root.toggleAttribute("data-simple", !data.full || !!data.projector);
    this.film.narrow = !!data.twin;
    this.root.toggleAttribute("data-dark", dark(this.root));
    this.film.probability = this.curves.probability = this.plane.probability = data.probability;
    this.film.classNames = data.class_names;
    if (this.film.canBranch !== data.can_branch) { this.film.canBranch = data.can_branch; this.film.update(); }
    if (look() !== looked) this.restyle();
    this.microscope.refuse(data.refused || "");
    this.microscope.elsewhere = data.elsewhere || "";
    this.networks.allow(data.run ? FIXED : data.networks_stay ? KEPT : "");
    if (before.run !== undefined && data.run !== before.run) this.looked.forget();
    if (data.run !== before.run || data.token !== before.token || data.recording !== before.recording) this.open();
    else if (!data.run && (data.preview?.key !== before.preview?.key || data.missing !== before.missing)) this.before.show();
    else if (!data.run && JSON.stringify(data.networks) !== JSON.stringify(before.networks)) this.networks.plan(data.networks);
    this.looked.update(!data.twin);
    this.letFlow();
    this.drawing.update(data.run ? null : data.drawing);
    this.paint();
    this.around.compare(this.view, this.changes);
    this.curves.soon(60);
    setTimeout(() => this.around.keepFocus(), 100);
  }

  /** In a run that trains, slowly enough to be followed, one step of many is shown flowing through the networks. */
  letFlow() {
    this.networks.flow.train(this.view?.state === "running" && this.data.pace > 0 && !this.microscope.isOpen);
  }

  restyle() {
    this.quality.soon();
    this.plane.restyle();
    this.networks.restyle();
    this.measures.soon();
  }

  /** The film stands at a step, null: at the newest. */
  setCursor(step) {
    this.curves.setCursor(step);
    this.quality.setCursor(step);
    this.measures.cursor = this.headline.cursor = step;
    this.measures.soon();
    this.headline.soon();
  }

  /** Points in the plane instead of images, or images again. */
  setPoints(on) {
    this.root.toggleAttribute("data-points", on);
    this.film.setPoints(on);
    (on ? this.plane.root.querySelector(".gs-plane-frame") : this.film.stage).append(this.before.offer.root);
    this.status.setPoints(on);
    this.curves.setPoints(on);
    if (!on) this.networks.plan(null);
  }

  /** What stays for a whole run of points; again after every reconnection. */
  setStage(header, [real, latents]) {
    const { extent, latent, layers, modes } = header;
    this.measures.setStage(header);
    this.headline.setStage(header);
    const stage = { extent, modes, layers, dim: latent.dim, distribution: latent.distribution, real: new Float32Array(real), latents: new Float32Array(latents) };
    this.setPoints(true);
    this.plane.setStage(stage);
    this.networks.setStage(stage);
  }

  open() {
    this.channel?.close();
    this.channel = null;
    this.view = null;
    this.changes = 0;
    this.around.forget();
    this.down = false;
    /** @type {Series} */
    this.series = new Series(this.data.columns);
    this.curves.open(this.data.run || "none", this.series, this.data.plotly);
    this.setPoints(false);
    this.microscope.reset();
    this.plane.reset();
    this.networks.reset();
    this.measures.reset();
    this.quality.reset();
    this.headline.reset(this.series);
    this.caption.reset();
    this.measures.series = this.series;
    this.measures.cursor = null;
    this.beginning.stop();
    this.before.stop();
    this.gridTurn = (this.gridTurn ?? 0) + 1; // a picture of before that is still being read is not shown any more
    this.film.open(this.data.run ? { run: this.data.run, token: this.data.token } : null);
    this.root.dataset.empty = String(!this.data.run && !this.data.recording);
    if (this.data.run) this.listen();
    else if (this.data.recording) this.before.play();
    else this.before.show();
  }

  listen() {
    if (this.data.preview?.extent) this.before.showPoints(this.data.preview); // until the run says more
    this.before.cover("");
    const channel = openChannel(socketUrl(this.data.run, this.data.token), this.data.token, {
      onFrame: (frame) => { if (channel === this.channel && (this.data.twin || !this.beginning.holds(frame))) this.receive(frame); },
      onStale: () => this.tell("moved", `restarted ${Date.now()}`),
      onDown: (down) => { if (channel === this.channel && down !== this.down) { this.down = down; this.paint(); } },
    });
    this.channel = channel;
  }

  receive({ header, blobs }) {
    if (header.type === "hello") this.hello(header, blobs);
    else if (header.type === "stage") this.setStage(header.stage, blobs);
    else if (header.type === "state") this.setView(header.view);
    else if (header.type === "records") this.addRecords(blobs[0]);
    else if (header.type === "kept") this.film.addKept(header.step, header.images);
    else if (header.type === "timeline") this.film.addMissing(header.kept);
    else if (header.type === "grid") this.addGrid(header.grid, blobs);
    else if (header.type === "change") this.addChange(header.change);
    else if (header.type === "caption") this.addCaption(header);
    else if (header.type === "troubles") this.caption.setTroubles(header.troubles);
    else if (header.type === "evaluated") {
      this.addEvaluation(header.evaluation);
      this.headline.add(header.evaluation);
    }
    else if (header.type === "dissected") this.microscope.receive(blobs[0]);
    else if (header.type === "refused") this.before.cover(header.why);
  }

  hello(header, blobs) {
    this.series = new Series(header.columns);
    this.series.append(blobs[0]);
    this.curves.series = this.measures.series = this.headline.series = this.series;
    this.curves.changes = header.changes;
    this.changes = header.changes.length;
    this.caption.setTroubles(header.troubles ?? []);
    this.quality.open(header.measures, header.evaluations, header.evaluate_every);
    this.headline.open(header.measures, header.evaluations);
    this.measures.evaluations = [];
    this.measures.addEvaluations(header.evaluations ?? []);
    this.film.setKept(header.kept, header.damaged);
    this.setView(header.view);
    if (header.grid) this.addGrid(header.grid, blobs.slice(1));
    else if (this.film.damaged.size) this.before.cover("Its sample grids are damaged.");
    else this.before.cover(header.view.state === "queued" ? "It starts as soon as the device is free." : "The first samples are on their way.");
    this.curves.soon(0);
    this.looked.follow();
  }

  addRecords(blob) {
    this.series.append(blob);
    this.measures.soon();
    this.headline.soon();
    this.status.advance(this.series);
    this.paintSoon();
    this.curves.soon();
  }

  async addGrid(grid, blobs) {
    const turn = (this.gridTurn = (this.gridTurn ?? 0) + 1);
    const frame = await decodeFrame(grid, blobs[0], new Float32Array(blobs[1]));
    if (turn === this.gridTurn) this.showFrame(frame);
  }

  showFrame(frame) {
    this.gridTurn = (this.gridTurn ?? 0) + 1;
    this.before.cover("");
    this.film.setNewest(frame);
  }

  /** Of the newest picture, which came before the server could say what it shows. */
  addCaption({ step, caption, counted }) {
    const { newest, shown } = this.film;
    for (const frame of new Set([newest, shown])) if (frame?.step === step) Object.assign(frame, { caption, counted });
    if (shown?.step === step) this.caption.show(shown, false);
  }

  addEvaluation(evaluation) {
    this.quality.receive(evaluation);
    this.measures.addEvaluations([evaluation]);
  }

  addChange(change) {
    this.curves.changes = [...this.curves.changes, change];
    this.changes += 1;
    this.curves.soon(60);
    this.around.compare(this.view, this.changes);
  }

  setView(view) {
    if (view.state === "running" && !view.images_per_second) { // read from the disk: the records know the speed
      view.images_per_second = this.series.last("images_per_second") || 0;
      view.eta_seconds = view.images_per_second > 0 ? (view.total_images - view.images) / view.images_per_second : null;
    }
    this.view = view;
    this.microscope.setView(view);
    this.letFlow();
    const live = ["queued", "running", "paused", "stopping"].includes(view.state);
    this.quality.setLive(live);
    say(this.film.liveButton, live ? "Live" : "Newest");
    this.paint();
    this.around.compare(this.view, this.changes);
  }

  /** The score above which D took an image for real at a step: the loss fixes it, or half-way between D's two means. */
  threshold(step) {
    if (Number.isFinite(this.data.threshold)) return this.data.threshold;
    const { d_real, d_fake } = this.series.columns, row = Math.max(0, this.series.row(step));
    return (d_real[row] + d_fake[row]) / 2;
  }

  /** Ask the run for something between two of its steps; what is in the way in a sentence, "" where nothing is. */
  async ask(what) {
    const { run, token } = this.data;
    const answer = await fetch(httpUrl(run, "command", token), { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(what) })
      .catch(() => null);
    return answer?.ok ? "" : answer ? answer.text() : "The server does not answer.";
  }

  /** Records come many times a second; numbers that change faster than that cannot be read. */
  paintSoon() {
    this.painting ||= setTimeout(() => this.paint(), PAINT_MS);
  }

  paint() {
    clearTimeout(this.painting);
    this.painting = 0;
    this.status.show(this.view, { name: this.data.name, epochImages: this.data.epoch_images, down: this.down, blank: this.data.drawing?.strokes === "", starting: !this.view && !!this.data.run });
  }

  close() {
    clearTimeout(this.painting);
    this.beginning.stop();
    this.before.stop();
    this.channel?.close();
    this.channel = null;
    this.microscope.end();
    this.plane.end();
    this.networks.end();
    this.measures.end();
    this.headline.end();
    this.drawing.end();
    this.caption.end();
    this.quality.end();
    this.curves.close();
    this.film.stopPlaying();
    this.around.end();
    this.looked.end();
    this.root.remove();
  }
}

export default component((parent) => new LiveView(parent));
