// Before the first Train: a recorded training where there is one, else what there is to learn from.

import { guardedAddress } from "../../../ui/web/addresses.js";
import { make, say } from "../../../ui/web/words.js";
import { Offer, Recording } from "./recording.js";

const BEFORE = "Blue: real points. After Train orange ones join them, made by the generator.";
const TO_COME = "Here come the generator’s pictures, out of noise.";

export class BeforeTrain {
  /** view: the LiveView in whose place all of it stands. */
  constructor(view) {
    this.view = view;
    this.offer = new Offer({ onTrain: () => view.tell("train", Date.now()) });
    /** @type {Recording | null} */
    this.recording = null; // that plays where there is no run
  }

  stop() {
    this.recording?.stop();
    this.recording = null;
    this.offer.show(null);
  }

  /** A recorded training, told as the channel would tell it. */
  async play() {
    const { view } = this, { recording: path, preview } = view.data, recording = (this.recording = new Recording((frame) => view.receive(frame)));
    this.show();
    const found = await recording.load(path);
    if (recording !== this.recording) return;
    if (!found) {
      this.recording = null;
      view.root.dataset.empty = "true";
      return;
    }
    view.film.open({ run: "", frame: (step) => recording.frame(step), real: preview?.path && guardedAddress(preview.path, view.data.token) });
    this.offer.show(found);
    recording.start();
  }

  /** Real images in the picture's place, and what will be there. */
  async show() {
    const { view } = this, { film } = view, { preview, token } = view.data;
    view.setPoints(!!preview?.extent);
    film.shown = null;
    say(film.caption, preview?.extent ? preview.caption : "");
    if (preview?.extent) {
      this.cover("");
      view.caption.write(BEFORE);
      return this.showPoints(preview);
    }
    view.plane.reset();
    this.cover(view.data.missing || TO_COME);
    if (!preview) return film.preview(null, "");
    try {
      const answer = await fetch(guardedAddress(preview.path, token));
      if (!answer.ok || view.data.run || view.data.preview.key !== preview.key) return;
      const bitmap = await createImageBitmap(await answer.blob());
      film.preview({ bitmap, columns: preview.columns, rows: preview.rows, size: bitmap.width / preview.columns }, preview.caption);
    } catch { /* the words stand without the picture */ }
  }

  /** In the plane: the real points alone. points: float32 [n * 2] in base64. */
  showPoints({ points, extent, caption }) {
    const { view } = this, bytes = Uint8Array.from(atob(points), (c) => c.charCodeAt(0));
    view.setPoints(true);
    view.plane.setStage({ extent, real: new Float32Array(bytes.buffer), latents: null });
    view.networks.plan(view.data.networks); // until the run tells of its own
    view.drawing.answered(view.plane.stage.real);
    view.plane.canvas.setAttribute("aria-label", caption);
  }

  /** Words over the picture's place; "" takes them away. */
  cover(text) {
    const { empty } = this.view.film;
    empty.replaceChildren(...(text ? [make("p", {}, text)] : []));
    empty.hidden = !text;
  }
}
