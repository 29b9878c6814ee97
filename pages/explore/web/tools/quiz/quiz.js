// Real or fake? The person judges twenty pictures, the discriminator did; then both see how well.

import { context2d } from "../../../../ui/web/canvas/context.js";
import { answerClass } from "../../../../ui/web/class/link.js";
import { make, messageOf, rgb, say } from "../../../../ui/web/words.js";
import { randomSeed, registerTool, toolButton } from "../../tools.js";

const ROOM_MS = 3000;
const percent = (share) => (share === null ? "–" : `${Math.round(100 * share)} %`);

/** A number of this browser's own for this tab, so that whoever plays twice counts once; it says nothing of who that is. */
const PLAYER = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/**
 * sensitivity, specificity and accuracy of judgements; real, judged: lists of 0 and 1.
 * @returns {Record<"sensitivity" | "specificity" | "accuracy", any>} null: of none it cannot be said
 */
export function marksOf(real, judged) {
  const share = (rows) => (rows.length ? rows.filter((i) => real[i] === judged[i]).length / rows.length : null);
  const all = [...real.keys()];
  return { sensitivity: share(all.filter((i) => real[i])), specificity: share(all.filter((i) => !real[i])), accuracy: share(all) };
}

class Quiz {
  constructor(root, explorer) {
    this.explorer = explorer;
    this.canvas = make("canvas", { class: "gx-quiz-picture", role: "img", "aria-label": "A picture: real, or generated?", "data-testid": "quiz-picture" });
    this.at = make("p", { class: "gx-quiz-at", "data-testid": "quiz-at" });
    const answer = (value, words, key) => make("button", { type: "button", class: "gs-button gx-quiz-answer", title: `${words} (${key})`, "data-testid": `quiz-${value ? "real" : "fake"}`, onclick: () => this.answer(value) }, words);
    this.ask = make("div", { class: "gx-quiz-ask", hidden: true }, this.at, this.canvas,
      make("div", { class: "gx-row gx-quiz-answers" }, answer(1, "Real", "R or →"), answer(0, "Generated", "G or ←")));
    this.table = make("table", { class: "gx-quiz-marks", "data-testid": "quiz-marks" });
    this.sentence = make("p", { class: "gx-quiz-sentence", role: "status", "data-testid": "quiz-sentence" });
    this.cells = make("div", { class: "gx-quiz-cells" });
    this.bars = make("div", { class: "gx-quiz-bars", role: "img", "data-testid": "quiz-room" });
    this.room = make("div", { class: "gx-quiz-room", hidden: true }, make("span", { class: "gx-label" }, "Everybody with this link: how many of twenty were judged rightly"), this.bars);
    this.result = make("div", { class: "gx-quiz-result", hidden: true }, this.sentence, this.table, this.cells, this.room);
    this.words = make("p", { class: "gx-quiet" }, "Twenty pictures, real ones and generated ones in random order. You judge each, and so does this run’s discriminator; then you see who told them apart better.");
    this.start = toolButton("random", "Start", { class: "gs-button gx-button gx-primary", "data-testid": "quiz-start", onclick: () => this.begin(this.asked ?? randomSeed()) });
    this.show = toolButton("grid", "Show the class", { "data-testid": "quiz-show", title: "How everybody who opened this link did, without names", onclick: () => this.showRoom() });
    this.error = make("p", { class: "gx-back-error", role: "alert", hidden: true });
    root.append(make("div", { class: "gx-quiz", tabindex: "-1" }, this.words, make("div", { class: "gx-row" }, this.start, this.show), this.error, this.ask, this.result));
    this.root = root;
    const said = new URLSearchParams(location.search).get("quiz");
    this.asked = /^\d{1,10}$/.test(said ?? "") && Number(said) < 2 ** 31 ? Number(said) : null; // from a link: everybody gets these
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
    this.forget();
  }

  modelChanged() { this.forget(); }

  shown() { this.visible = true; this.write(); this.look(); }

  hidden() {
    this.visible = false;
    this.write();
  }

  destroy() {
    clearTimeout(this.timer);
    document.removeEventListener("keydown", this.onKey);
  }

  forget() {
    this.game = null;
    this.ask.hidden = this.result.hidden = this.room.hidden = true;
    this.error.hidden = true;
    this.show.hidden = this.asked === null;
    say(this.start.querySelector("span"), this.asked === null ? "Start" : "Start these twenty");
  }

  /** In the address, so that a copied link brings the same twenty to somebody else. */
  write() {
    const query = new URLSearchParams(location.search), seed = this.game?.seed ?? this.asked;
    if (this.visible && seed !== null && seed !== undefined) { query.set("tool", "quiz"); query.set("quiz", String(seed)); }
    else { query.delete("tool"); query.delete("quiz"); }
    history.replaceState(history.state, "", `${location.pathname}?${query}${location.hash}`);
  }

  async begin(seed) {
    const { explorer } = this, { model } = explorer;
    this.error.hidden = true;
    try {
      const answer = await explorer.ask("quiz", { seed }, { slot: "quiz" });
      if (!answer || model !== explorer.model) return;
      const { header, blobs: [atlas] } = answer;
      const sheet = new OffscreenCanvas(header.columns * header.size, header.rows * header.size);
      context2d(sheet).putImageData(new ImageData(new Uint8ClampedArray(atlas), sheet.width, sheet.height), 0, 0);
      this.game = { seed, sheet, ...header, said: [] };
    } catch (problem) {
      this.error.hidden = false;
      return say(this.error, messageOf(problem));
    }
    this.asked = null;
    this.result.hidden = true;
    this.ask.hidden = this.show.hidden = false;
    say(this.start.querySelector("span"), "Another twenty");
    this.write();
    this.draw();
  }

  draw() {
    const { game } = this, at = game.said.length;
    say(this.at, `Picture ${at + 1} of ${game.count}`);
    Object.assign(this.canvas, { width: game.size, height: game.size });
    this.cut(this.canvas, at);
  }

  cut(canvas, index) {
    const { sheet, columns, size } = this.game, x = (index % columns) * size, y = Math.floor(index / columns) * size;
    context2d(canvas).drawImage(sheet, x, y, size, size, 0, 0, size, size);
  }

  key(event) {
    if (!this.visible || this.ask.hidden || event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, select, textarea, [role=tablist]")) return;
    const value = { r: 1, ArrowRight: 1, g: 0, ArrowLeft: 0 }[event.key];
    if (value === undefined) return;
    event.preventDefault();
    this.answer(value);
  }

  answer(value) {
    const { game } = this;
    if (!game || game.said.length >= game.count) return;
    game.said.push(value);
    if (game.said.length < game.count) this.draw();
    else this.finish();
  }

  async finish() {
    const { game, explorer } = this, mine = marksOf(game.real, game.said), right = game.said.filter((said, i) => said === game.real[i]).length;
    answerClass(`quiz:${explorer.model.id.replace(/[^A-Za-z0-9._-]/g, "-").slice(0, 80)}:${game.seed}`, right);
    this.ask.hidden = true;
    this.result.hidden = false;
    this.drawMarks(mine, game.marks);
    const passed = game.real.filter((real, i) => !real && game.said[i]).length, fakes = game.real.filter((real) => !real).length;
    const whoWon = !game.marks ? "" : mine.accuracy > game.marks.accuracy ? " You told them apart better than the discriminator." : mine.accuracy < game.marks.accuracy ? " The discriminator told them apart better than you." : " You and the discriminator did equally well.";
    say(this.sentence, `${right} of ${game.count} right; ${passed} of ${fakes} generated pictures fooled you.${whoWon}${game.held_out ? "" : " The real ones are pictures that it trained on."}`);
    this.cells.replaceChildren(...game.real.map((real, i) => this.cell(real, i)));
    const answer = await explorer.ask("quiz-done", { seed: game.seed, right, player: PLAYER }).catch(() => null);
    if (!answer || game !== this.game) return;
    this.drawRoom(answer.header.histogram);
    this.timer = setTimeout(() => this.look(), ROOM_MS);
  }

  drawMarks(mine, judge) {
    const row = (name, marks, kind) => make("tr", { "data-kind": kind }, make("th", { scope: "row" }, name), ...["sensitivity", "specificity", "accuracy"].map((key) => make("td", {}, marks ? percent(marks[key]) : "–")));
    const head = (words, title) => make("th", { scope: "col", title }, words);
    this.table.replaceChildren(
      make("thead", {}, make("tr", {}, make("td"), head("Sensitivity", "Of the real pictures, the share taken for real"), head("Specificity", "Of the generated pictures, the share seen through"), head("Accuracy", "Of all pictures, the share judged rightly"))),
      make("tbody", {}, row("You", mine, "you"), row(judge ? "The discriminator" : "The discriminator (none came along)", judge, "judge")));
  }

  cell(real, index) {
    const { game } = this, fooled = (judged) => judged !== real;
    const canvas = make("canvas", { width: game.size, height: game.size });
    this.cut(canvas, index);
    const you = fooled(game.said[index]), judge = game.judged && fooled(game.judged[index]);
    const who = you && judge ? "both fooled" : you ? "you were fooled" : judge ? "D was fooled" : "";
    return make("figure", { class: "gx-quiz-cell", "data-kind": real ? "real" : "generated", "data-fooled": who !== "" }, canvas,
      make("figcaption", {}, make("b", {}, real ? "real" : "generated"), make("span", {}, who)));
  }

  // --- the room

  async showRoom() {
    this.room.hidden = false;
    this.result.hidden = false;
    if (!this.game) this.table.replaceChildren();
    this.look();
  }

  /** Again and again while it is looked at. */
  async look() {
    clearTimeout(this.timer);
    if (!this.visible || this.room.hidden) return;
    const seed = this.game?.seed ?? this.asked, answer = seed === null ? null : await this.explorer.ask("quiz-room", { seed }, { slot: "quiz-room" }).catch(() => null);
    if (answer) this.drawRoom(answer.header.histogram);
    this.timer = setTimeout(() => this.look(), ROOM_MS);
  }

  drawRoom(histogram) {
    const most = Math.max(1, ...histogram), players = histogram.reduce((a, b) => a + b, 0), [r, g, b] = rgb(this.root, "var(--gs-real)");
    this.room.hidden = false;
    this.bars.replaceChildren(...histogram.map((number, right) => make("div", { class: "gx-quiz-bar", title: `${right} right: ${number}` },
      make("i", { style: `height: ${(100 * number) / most}%; background: rgb(${r} ${g} ${b})` }), make("span", {}, right % 5 === 0 ? String(right) : ""))));
    const mean = players ? histogram.reduce((sum, number, right) => sum + number * right, 0) / players : 0;
    this.bars.setAttribute("aria-label", `${players} ${players === 1 ? "person has" : "people have"} judged these twenty; ${mean.toFixed(1)} right on average`);
    this.bars.dataset.players = String(players);
  }
}

registerTool({ name: "quiz", label: "Real or fake?", order: 11, title: "Twenty pictures: can you tell them from the real ones, and can the discriminator?", mount: (root, explorer) => new Quiz(root, explorer) });
