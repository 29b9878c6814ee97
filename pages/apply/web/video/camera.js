// The camera's picture beside the generator's nearest to it: each goes to the server by Explore's channel, and the next
// one only once the answer is there.

import { Channel, LOST } from "../../../explore/web/channel.js";
import { context2d } from "../../../ui/web/canvas/context.js";
import { component } from "../../../ui/web/mounting.js";
import { dark, make, messageOf, say } from "../../../ui/web/words.js";

const EVERY_MS = 100; // ten pictures a second, at most
const COUNTED = 20; // answers that the rate is told of
const NO_CAMERA = {
  NotAllowedError: "The browser was not allowed to use the camera: allow it beside the address, then press Start again.",
  NotFoundError: "This device has no camera; plug one in, then press Start again.",
  NotReadableError: "Another program is using the camera: close that, then press Start again.",
};
const NOT_SECURE = "A browser gives a page its camera only over https or as localhost: open this page so.";
const NOT_GIVEN = "This browser gives pages no camera.";

class CameraView {
  constructor(parent) {
    this.model = this.token = "";
    this.size = 0;
    this.number = 0; // of the start; another one ends what is under way
    /** @type {MediaStream | null} */
    this.stream = null;
    /** @type {any} */
    this.point = new ArrayBuffer(0);
    this.label = -1;
    /** @type {number[]} */
    this.times = [];
    this.video = /** @type {HTMLVideoElement} */ (make("video", { class: "gv-live", playsinline: true, "aria-label": "The camera", "data-testid": "camera-video" }));
    this.video.muted = true;
    this.small = document.createElement("canvas");
    this.build(parent);
  }

  build(parent) {
    this.button = make("button", { type: "button", class: "ga-button", "data-testid": "camera-start", onClick: () => (this.stream ? this.stop("Stopped.") : this.start()) }, "Start the camera");
    this.words = make("p", { class: "gv-said", role: "status", "data-testid": "camera-words" }, "Its pictures go to this server only, and are not kept.");
    this.made = make("canvas", { class: "gv-live", role: "img", "aria-label": "The generator's nearest picture", "data-testid": "camera-made" });
    const figure = (element, words) => make("figure", {}, element, make("figcaption", {}, words));
    this.root = make("div", { class: "gs-live gv", "data-testid": "camera" }, make("div", { class: "gv-row" }, this.button),
      make("div", { class: "gv-pair" }, figure(this.video, "The camera, its middle square"), figure(this.made, "The generator's nearest")), this.words);
    parent.append(this.root);
  }

  update(data) {
    this.root.toggleAttribute("data-projector", !!data.projector);
    this.root.toggleAttribute("data-dark", dark(this.root));
    if (data.model !== this.model) {
      this.model = data.model;
      if (this.stream) this.begin();
    }
    if (data.token !== this.token) this.connect(data.token);
  }

  connect(token) {
    this.token = token;
    this.channel?.close();
    this.channel = new Channel(token, {
      ready: () => {},
      down: (lost) => lost && this.stream && this.stop(LOST),
      refused: (sentence) => this.stop(sentence),
      stale: () => this.stop("The server has started anew; reload this page."),
    });
  }

  async start() {
    if (!window.isSecureContext) return say(this.words, NOT_SECURE);
    if (!navigator.mediaDevices?.getUserMedia) return say(this.words, NOT_GIVEN);
    const number = (this.number += 1);
    say(this.words, "Waiting for the camera …");
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 320 }, height: { ideal: 240 }, facingMode: "user" } });
      if (number !== this.number) return stop(stream);
      this.stream = stream;
      stream.getVideoTracks()[0]?.addEventListener("ended", () => this.stop("The camera was taken away."));
      this.video.srcObject = stream;
      await this.video.play();
      say(this.button, "Stop");
      this.begin();
    } catch (problem) {
      const name = problem instanceof DOMException ? problem.name : "";
      this.stop(NO_CAMERA[name] ?? `The camera does not start: ${messageOf(problem)}.`);
    }
  }

  /** Picture after picture, until another start or a stop. */
  async begin() {
    const number = (this.number += 1), { model } = this;
    Object.assign(this, { point: new ArrayBuffer(0), label: -1, times: [] });
    try {
      say(this.words, "The generator draws its samples …");
      const answer = await this.channel?.ask("camera-ready", { model });
      if (!answer || number !== this.number) return;
      this.size = answer.header.size;
      for (const canvas of [this.small, this.made]) Object.assign(canvas, { width: this.size, height: this.size });
      while (number === this.number) {
        const at = performance.now();
        await this.one(number, model);
        await new Promise((done) => setTimeout(done, Math.max(0, at + EVERY_MS - performance.now())));
      }
    } catch (problem) {
      if (number === this.number) this.stop(messageOf(problem));
    }
  }

  async one(number, model) {
    const { video, size } = this, side = Math.min(video.videoWidth, video.videoHeight);
    if (!side) return;
    const ink = context2d(this.small, { willReadFrequently: true });
    ink.imageSmoothingQuality = "high";
    ink.setTransform(-1, 0, 0, 1, size, 0); // as in a mirror, which is what is shown
    ink.drawImage(video, (video.videoWidth - side) / 2, (video.videoHeight - side) / 2, side, side, 0, 0, size, size);
    const { data } = ink.getImageData(0, 0, size, size);
    const answer = await this.channel?.ask("camera", { model, class: this.label }, { blobs: [data, this.point] });
    if (!answer || number !== this.number) return;
    const { header, blobs: [pixels, point] } = answer;
    Object.assign(this, { point, label: header.class });
    context2d(this.made).putImageData(new ImageData(new Uint8ClampedArray(pixels), size, size), 0, 0);
    this.times = [...this.times, performance.now()].slice(-COUNTED);
    this.root.dataset.pictures = String(Number(this.root.dataset.pictures ?? 0) + 1);
    const spent = (this.times.at(-1) ?? 0) - this.times[0], rate = (1000 * (this.times.length - 1)) / spent;
    if (this.times.length > 3) say(this.words, `${rate.toFixed(1)} pictures a second; off by ${header.error.toFixed(0)} of 255 grey levels.`);
  }

  stop(words) {
    this.number += 1;
    stop(this.stream);
    this.stream = this.video.srcObject = null;
    say(this.button, "Start the camera");
    say(this.words, words);
  }

  close() {
    this.stop("");
    this.channel?.close();
    this.root.remove();
  }
}

function stop(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

export default component((parent) => new CameraView(parent));
