// The live view of one run: a socket, the status strip, the film and the curves. Kept across reruns of the page.

import { guardedAddress } from "../../ui/web/addresses.js";
import { decodeFrame } from "../../ui/web/channel/frames.js";
import { Series } from "../../ui/web/channel/series.js";
import { httpUrl, openChannel, socketUrl } from "../../ui/web/channel/wire.js";
import { component } from "../../ui/web/mounting.js";
import { Stage } from "../../ui/web/plane/stage.js";
import { dark, make, say } from "../../ui/web/words.js";
import { Curves } from "./curves.js";
import { Film } from "./film.js";
import { Measures } from "./measures.js";
import { Microscope } from "./microscope/microscope.js";
import { Networks } from "./networks/networks.js";
import { Quality } from "./quality.js";
import { StatusStrip } from "./status.js";

const PAINT_MS = 250, FIRST_PATIENCE_MS = 1000;
const TWIN_MOVED = "gs-twin-moved";
const CONTROLS = ".st-key-controls"; // the page's row of buttons
const BRANCH = ".st-key-branch [aria-expanded]";

export class LiveView {
  constructor(parent) {
    this.status = new StatusStrip();
    this.curves = new Curves();
    const threshold = (step) => this.threshold(step);
    this.measures = new Measures();
    this.quality = new Quality();
    this.networks = new Networks({ below: this.measures.root, onUnit: (overlay) => this.plane.setOverlay(overlay) });
    this.plane = new Stage({ threshold, onClose: () => this.networks.close() });
    this.film = new Film({ onScrub: (step) => { this.setCursor(step); this.tellTwin(step); }, threshold, plane: this.plane, onScene: (scene) => this.microscope.showRun(scene),
      onBranch: (step) => this.tell("branch", step) });
    this.microscope = new Microscope({ stage: this.plane, networks: this.networks, ask: (what) => this.ask(what),
      opened: (on) => this.root.toggleAttribute("data-scope", on) });
    this.film.root.querySelector(".gs-timeline").append(this.microscope.button);
    this.root = make("div", { class: "gs-live", "data-testid": "live" },
      this.status.root, make("div", { class: "gs-body" }, this.film.root, this.networks.root, this.microscope.root, this.curves.main), this.quality.root, this.curves.more);
    this.body = this.root.querySelector(".gs-body");
    parent.append(this.root);
    this.atControls = false;
    this.onFocus = (event) => { this.atControls = !!event.target.closest?.(CONTROLS); };
    for (const kind of ["focusin", "pointerdown"]) document.addEventListener(kind, this.onFocus);
    this.onOpening = (event) => this.tellMoment(event.target.closest?.(BRANCH));
    document.addEventListener("click", this.onOpening, true);
    this.onTwin = (event) => this.followTwin(event.detail);
    window.addEventListener(TWIN_MOVED, this.onTwin);
    this.data = {};
    this.told = "";
    this.down = false;
  }

  /** What the page says now; called after every rerun of it. */
  update(data, tell) {
    const before = this.data;
    this.data = data;
    this.tell = tell;
    const look = () => `${this.root.hasAttribute("data-projector")} ${getComputedStyle(this.root).backgroundColor} ${this.root.hasAttribute("data-dark")}`, looked = look();
    this.root.toggleAttribute("data-projector", !!data.projector);
    this.root.toggleAttribute("data-dark", dark(this.root));
    this.film.probability = this.curves.probability = this.plane.probability = data.probability;
    this.film.classNames = data.class_names;
    if (this.film.canBranch !== data.can_branch) { this.film.canBranch = data.can_branch; this.film.update(); }
    if (look() !== looked) this.restyle();
    if (data.run !== before.run || data.token !== before.token) this.open();
    else if (!data.run && (data.preview?.key !== before.preview?.key || data.missing !== before.missing)) this.showPreview();
    this.paint();
    this.compare();
    this.curves.soon(60);
    setTimeout(() => this.keepFocus(), 100);
  }

  /** Pause becomes Resume: who pressed it with a key goes on from there, not from the top of the page. */
  keepFocus() {
    if (!this.atControls || document.activeElement !== document.body) return;
    /** @type {HTMLElement} */ (document.querySelector(`${CONTROLS} button:not(:disabled)`))?.focus({ preventScroll: true });
  }

  restyle() {
    this.quality.soon();
    this.plane.restyle();
    this.networks.restyle();
    this.measures.soon();
  }

  /** Twins are looked at together: where one film is moved to a step, the other goes there too. */
  tellTwin(step) {
    if (this.data.twin && !this.following) window.dispatchEvent(new CustomEvent(TWIN_MOVED, { detail: { run: this.data.run, step } }));
  }

  followTwin({ run, step }) {
    if (!run || run !== this.data.twin) return;
    this.following = true;
    this.film.follow(step);
    this.following = false;
  }

  /** The page's Branch is being opened: it begins at the moment that is looked at. */
  tellMoment(button) {
    const step = this.film.shown?.step;
    if (button && this.data.can_branch && step !== undefined && button.getAttribute("aria-expanded") !== "true") this.tell("looking", { run: this.data.run, step });
  }

  /** The film stands at a step, null: at the newest. */
  setCursor(step) {
    this.curves.setCursor(step);
    this.quality.setCursor(step);
    this.measures.cursor = step;
    this.measures.soon();
  }

  /** Points in the plane instead of images, or images again. */
  setPoints(on) {
    this.root.toggleAttribute("data-points", on);
    this.film.setPoints(on);
    this.status.setPoints(on);
    this.curves.setPoints(on);
  }

  /** What stays for a whole run of points; again after every reconnection. */
  setStage(header, [real, latents]) {
    const { extent, latent, layers } = header;
    this.measures.setStage(header);
    const stage = { extent, layers, dim: latent.dim, distribution: latent.distribution, real: new Float32Array(real), latents: new Float32Array(latents) };
    this.setPoints(true);
    this.plane.setStage(stage);
    this.networks.setStage(stage);
  }

  open() {
    this.channel?.close();
    this.channel = null;
    this.view = null;
    this.changes = 0;
    this.told = "";
    this.down = false;
    this.series = new Series(this.data.columns);
    this.curves.open(this.data.run || "none", this.series, this.data.plotly);
    this.setPoints(false);
    this.microscope.reset();
    this.plane.reset();
    this.networks.reset();
    this.measures.reset();
    this.quality.reset();
    this.measures.series = this.series;
    this.measures.cursor = null;
    this.film.open(this.data.run ? { run: this.data.run, token: this.data.token } : null);
    this.root.dataset.empty = String(!this.data.run);
    say(this.film.heading, this.data.run ? "Generated" : "Real");
    if (this.data.run) this.listen();
    else this.showPreview();
  }

  listen() {
    if (this.data.preview?.extent) this.showPoints(this.data.preview); // until the run says more
    this.cover("");
    const channel = openChannel(socketUrl(this.data.run, this.data.token), this.data.token, {
      onFrame: (frame) => { if (channel === this.channel) this.receive(frame); },
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
    else if (header.type === "evaluated") this.quality.receive(header.evaluation);
    else if (header.type === "dissected") this.microscope.receive(blobs[0]);
    else if (header.type === "refused") this.cover(header.why);
  }

  hello(header, blobs) {
    this.series = new Series(header.columns);
    this.series.append(blobs[0]);
    this.curves.series = this.measures.series = this.series;
    this.curves.changes = header.changes;
    this.changes = header.changes.length;
    this.quality.open(header.measures, header.evaluations, header.evaluate_every);
    this.film.setKept(header.kept, header.damaged);
    this.setView(header.view);
    if (header.grid) this.addGrid(header.grid, blobs.slice(1));
    else if (this.film.damaged.size) this.cover("Its sample grids are damaged.");
    else this.cover(header.view.state === "queued" ? "It starts as soon as the device is free." : "The first samples are on their way.");
    this.curves.soon(0);
  }

  addRecords(blob) {
    this.series.append(blob);
    this.measures.soon();
    this.status.advance(this.series);
    this.paintSoon();
    this.curves.soon();
  }

  async addGrid(grid, blobs) {
    const turn = (this.gridTurn = (this.gridTurn ?? 0) + 1);
    const frame = await decodeFrame(grid, blobs[0], new Float32Array(blobs[1]));
    if (turn !== this.gridTurn) return;
    this.cover("");
    this.film.setNewest(frame);
  }

  addChange(change) {
    this.curves.changes = [...this.curves.changes, change];
    this.changes += 1;
    this.curves.soon(60);
    this.compare();
  }

  setView(view) {
    if (view.state === "running" && !view.images_per_second) { // read from the disk: the records know the speed
      view.images_per_second = this.series.last("images_per_second") || 0;
      view.eta_seconds = view.images_per_second > 0 ? (view.total_images - view.images) / view.images_per_second : null;
    }
    this.view = view;
    this.microscope.setView(view);
    const live = ["queued", "running", "paused", "stopping"].includes(view.state);
    this.quality.setLive(live);
    say(this.film.liveButton, live ? "Live" : "Newest");
    this.paint();
    this.compare();
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

  /**
   * Tell the page when what its buttons depend on has changed. A page that does not follow, because it looked a moment
   * too early or did not hear, is told again, ever more rarely.
   */
  compare() {
    clearTimeout(this.comparing);
    if (!this.view) return;
    const v = this.view, now = [v.state, v.queue_place, v.checkpoints, v.error, this.changes].join("|");
    if (now === this.data.signature) return;
    if (now !== this.told) this.patience = FIRST_PATIENCE_MS;
    else if (performance.now() < this.tellAgain) return this.compareLater();
    this.told = now;
    this.tellAgain = performance.now() + this.patience;
    this.patience *= 2;
    this.tell("moved", `${now} ${Date.now()}`);
    this.compareLater();
  }

  compareLater() {
    this.comparing = setTimeout(() => this.compare(), this.tellAgain - performance.now() + 10);
  }

  /** Records come many times a second; numbers that change faster than that cannot be read. */
  paintSoon() {
    this.painting ||= setTimeout(() => this.paint(), PAINT_MS);
  }

  paint() {
    clearTimeout(this.painting);
    this.painting = 0;
    this.status.show(this.view, { name: this.data.name, epochImages: this.data.epoch_images, down: this.down, series: this.series,
      probability: this.data.probability });
  }

  /** Words over the picture's place; "" takes them away. */
  cover(text) {
    this.film.empty.replaceChildren(...(text ? [make("p", {}, text)] : []));
    this.film.empty.hidden = !text;
  }

  /** Before the first Train: real images in the picture's place, and what will be there. */
  async showPreview() {
    const preview = this.data.preview;
    this.film.empty.hidden = true;
    this.setPoints(!!preview?.extent);
    if (!preview) {
      this.film.shown = null;
      this.film.redraw();
      say(this.film.caption, "");
      return this.cover(this.data.missing);
    }
    say(this.film.caption, preview.caption);
    if (preview.extent) return this.showPoints(preview);
    this.plane.reset();
    try {
      const answer = await fetch(guardedAddress(preview.path, this.data.token));
      if (!answer.ok || this.data.run || this.data.preview.key !== preview.key) return;
      const bitmap = await createImageBitmap(await answer.blob());
      this.film.shown = { bitmap, columns: preview.columns, rows: preview.rows, size: bitmap.width / preview.columns, step: 0, images: 0, scores: [] };
      this.film.redraw();
      say(this.film.caption, preview.caption);
      this.film.canvas.setAttribute("aria-label", preview.caption);
    } catch { /* the words stand without the picture */ }
  }

  /** Before the first Train in the plane: the real points alone. points: float32 [n * 2] in base64. */
  showPoints({ points, extent, caption }) {
    const bytes = Uint8Array.from(atob(points), (c) => c.charCodeAt(0));
    this.setPoints(true);
    this.plane.setStage({ extent, real: new Float32Array(bytes.buffer), latents: null });
    this.plane.canvas.setAttribute("aria-label", caption);
  }

  close() {
    clearTimeout(this.painting);
    clearTimeout(this.comparing);
    this.channel?.close();
    this.channel = null;
    this.microscope.end();
    this.plane.end();
    this.networks.end();
    this.measures.end();
    this.quality.end();
    this.curves.close();
    this.film.stopPlaying();
    for (const kind of ["focusin", "pointerdown"]) document.removeEventListener(kind, this.onFocus);
    document.removeEventListener("click", this.onOpening, true);
    window.removeEventListener(TWIN_MOVED, this.onTwin);
    this.root.remove();
  }
}

export default component((parent) => new LiveView(parent));
