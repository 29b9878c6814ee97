// A path as a film to keep: GIF or MP4, made on the server, saved by the browser.

import { addressOf } from "../../../../ui/web/addresses.js";
import { make, messageOf, say, still } from "../../../../ui/web/words.js";
import { toolButton } from "../../tools.js";

const FILM_SIZES = [128, 256, 512, 720, 1080], FILM_RATES = { gif: [10, 15, 20, 25, 50], mp4: [12, 15, 24, 25, 30, 50, 60] };
const FILM_KINDS = {
  mp4: ["MP4", "A video: small, every player shows it, slides and chats take it."],
  gif: ["GIF", "A picture that moves: it plays by itself wherever pictures are shown, and is larger."],
};

export class WalkFilm {
  constructor(explorer, keys, look) {
    this.explorer = explorer;
    this.keys = keys;
    this.look = look;
    this.kind = "mp4";
    this.rates = { gif: 20, mp4: 30 };
    this.seconds = null;
    this.url = "";
    this.making = false;
    const choose = (kind, label, title) => make("button", { type: "button", class: "gs-button", "data-kind": kind, title, "data-testid": `film-${kind}`, onclick: () => this.setKind(kind) }, label);
    this.kinds = make("div", { class: "gx-segments", role: "group", "aria-label": "Kind of film" }, ...Object.entries(FILM_KINDS).map(([kind, [label, title]]) => choose(kind, label, title)));
    const select = (label, title, options) => make("select", { class: "gx-select", "aria-label": label, title }, ...options.map(([value, text]) => make("option", { value }, text)));
    this.size = select("Size", "The side of the film, in pixels. Crisp pixels are squares of whole pixels, as many as fit.", FILM_SIZES.map((size) => [size, ""]));
    this.size.value = "512";
    this.rate = select("Frames a second", "How many pictures a second.", []);
    this.rate.addEventListener("change", () => { this.rates[this.kind] = Number(this.rate.value); });
    this.edges = select("Pixels", "How a small picture becomes a large one.", [["crisp", "Crisp pixels"], ["smooth", "Smooth"]]);
    this.edges.addEventListener("change", () => this.nameSizes());
    this.length = make("input", { type: "number", class: "gx-text gx-walk-number", min: "0.1", max: "60", step: "0.1", "aria-label": "Seconds of the film", "data-testid": "film-seconds",
      title: "How long the whole path takes in the film; as on the timeline until you change it.",
      onchange: () => { this.seconds = this.length.value === "" ? null : Number(this.length.value); this.draw(); } });
    this.go = toolButton("", "Make the film", { "data-testid": "film-make", onclick: () => this.run() });
    this.stop = toolButton("close", "Cancel", { "data-testid": "film-cancel", onclick: () => this.explorer.cancel("film") });
    this.bar = make("progress", { class: "gx-walk-bar", max: "1", value: "0", "aria-label": "Progress of the film" });
    this.words = make("span", { class: "gx-quiet", role: "status", "data-testid": "film-words" });
    this.busy = make("div", { class: "gx-row", hidden: true }, this.bar, this.words, this.stop);
    this.again = toolButton("", "Save again", { onclick: () => this.save() });
    this.said = make("span", { class: "gx-quiet", "data-testid": "film-done" });
    this.preview = make("div", { class: "gx-walk-preview" });
    this.done = make("div", { class: "gx-row", hidden: true }, this.preview, this.said, this.again);
    this.root = make("section", { class: "gx-card gx-walk-film", "aria-label": "Film of the path" },
      make("div", { class: "gx-row" }, make("h3", {}, "Film"), this.kinds, this.size, this.rate, this.edges, make("label", { class: "gx-field" }, this.length, make("span", { class: "gx-label" }, "seconds"))),
      make("div", { class: "gx-row gx-walk-make" }, this.go, this.busy, this.done));
    this.setKind("mp4");
  }

  setKind(kind) {
    this.kind = kind;
    for (const button of this.kinds.children) button.setAttribute("aria-pressed", String(button.dataset.kind === kind));
    this.rate.replaceChildren(...FILM_RATES[kind].map((rate) => make("option", { value: rate }, `${rate} a second`)));
    this.rate.value = String(this.rates[kind]);
  }

  /** Sizes as the film will really have them. */
  nameSizes() {
    const { size: side } = this.explorer.model, smooth = this.edges.value === "smooth";
    for (const option of this.size.options) say(option, `${filmSide(Number(option.value), side, smooth)} px`);
  }

  /** After a change of the path. */
  draw() {
    this.nameSizes();
    const { total } = this.keys;
    this.root.hidden = total === 0;
    if (document.activeElement !== this.length) this.length.value = String(Math.round(100 * (this.seconds ?? Math.min(60, total))) / 100);
  }

  async run() {
    if (this.making) return;
    const { explorer, keys } = this, fps = Number(this.rate.value), kind = this.kind;
    const seconds = Math.min(60, this.seconds ?? keys.total);
    this.label = explorer.model.label;
    this.making = true;
    this.forget();
    this.go.hidden = true;
    this.busy.hidden = false;
    this.bar.value = 0;
    say(this.words, "Starting");
    try {
      const args = { look: this.look(), kind, size: Number(this.size.value), fps, seconds, smooth: this.edges.value === "smooth" };
      const answer = await explorer.ask("film", args, { slot: "film", onProgress: ({ progress, words }) => {
        this.bar.value = progress;
        say(this.words, words);
      } });
      if (answer) this.finish(answer, kind);
    } catch (problem) {
      explorer.say(messageOf(problem));
    }
    this.making = false;
    this.go.hidden = false;
    this.busy.hidden = true;
  }

  finish({ header: { mime, frames, side }, blobs: [data] }, kind) {
    const name = this.label.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "") || "path";
    this.file = { name: `${name}-walk.${kind}`, mime, data };
    this.url = URL.createObjectURL(new Blob([data], { type: mime }));
    const words = `${frames} frames of ${side} × ${side} pixels, ${bytesWords(data.byteLength)}`;
    const shown = kind === "gif" ? make("img", { src: this.url, alt: `The film: ${words}` })
      : make("video", { src: this.url, loop: true, muted: true, playsinline: true, controls: still(), "aria-label": `The film: ${words}` });
    if (kind === "mp4") {
      shown.muted = true;
      if (!still()) shown.play().catch(() => { shown.controls = true; });
    }
    this.preview.replaceChildren(shown);
    this.preview.hidden = kind === "gif" && still();
    say(this.said, `${this.file.name}: ${words}`);
    this.done.hidden = false;
    this.save();
  }

  save() { if (this.file) this.explorer.save(this.file.name, this.file.mime, this.file.data); }

  forget() {
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = "";
    this.file = null;
    this.done.hidden = true;
    this.preview.replaceChildren();
  }

  destroy() {
    this.explorer.cancel("film");
    this.forget();
  }
}

/** What leads from the point in the picture to a film of an edit that begins there, on a timeline like this one. */
export function editFilmButton(explorer) {
  const go = async () => {
    if (!explorer.point) return;
    const { model } = explorer, look = explorer.frozen(), plain = look.psi === 1 && !look.mix.length;
    try {
      const answer = plain && "seed" in look.where ? null : await explorer.ask("mixed-point", { look, truncated: true }, { slot: "walk-edit" });
      const [[space, place]] = Object.entries(answer ? answer.header.where : look.where);
      location.assign(addressOf(`apply?${new URLSearchParams({ workshop: "video", what: "film", model: model.id, start: `${space}:${place}`, ...(look.class && { class: look.class[0] }) })}`));
    } catch (problem) {
      explorer.say(messageOf(problem));
    }
  };
  return toolButton("", "Film an edit of this point …", { "data-testid": "walk-edit-film", onclick: go,
    title: "Drag this picture or move it along directions; the film shows how that grows and goes, with keys on a timeline like this one. Its page is Apply." });
}

/** The side of a film of pictures of `side` pixels, where `size` is asked for: see gan_core.export.film. */
const filmSide = (size, side, smooth) => (smooth || side > size ? size : size - (size % side));

export const bytesWords = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`);
