// The Learn page: the lessons with what is done of them, the glossary, and ten questions before and after.

import { addressOf } from "../../ui/web/addresses.js";
import { answerClass } from "../../ui/web/class/link.js";
import { component } from "../../ui/web/mounting.js";
import { make, say } from "../../ui/web/words.js";
import { blockElement } from "./blocks.js";
import { change, keepLanguage, ofLesson, read, saveCsv } from "./progress.js";
import { inline, paragraphs } from "./text.js";

class LearnPage {
  constructor(parent) {
    this.root = make("div", { class: "gl-page", "data-testid": "learn" });
    parent.append(this.root);
    this.drawn = "";
    this.when = "before"; // of the ten questions: asked before or after the lessons
  }

  update(data, tell) {
    this.data = data;
    this.tell = tell;
    const kept = read().language;
    if (!new URLSearchParams(location.search).get("lang") && kept && kept !== data.language && data.languages[kept]) this.setLanguage(kept);
    const drawn = JSON.stringify(data);
    if (drawn !== this.drawn) this.draw();
    this.drawn = drawn;
  }

  get given() {
    return { words: this.data.words, onControl: () => {}, onTerm: (id) => this.toTerm(id), onScene: () => {}, onAnswer: (id, answer, right) => this.answered(id, answer, right) };
  }

  draw() {
    const { words, language } = this.data;
    this.root.lang = language;
    const select = make("select", { class: "gl-small", "aria-label": words.language, "data-testid": "learn-language", onChange: (e) => this.setLanguage(e.target.value) },
      ...Object.entries(this.data.languages).map(([code, name]) => make("option", { value: code, selected: code === language }, name)));
    this.terms = make("dl", { class: "gl-terms" });
    this.check = make("section", { class: "gl-check", "aria-labelledby": "gl-check" });
    this.root.replaceChildren(
      make("section", { "aria-labelledby": "gl-lessons" }, make("header", { class: "gl-row" }, make("h2", { id: "gl-lessons" }, words.lessons), select), this.lessons()),
      this.check, this.glossary());
    this.drawCheck();
    const asked = new URLSearchParams(location.search).get("term");
    if (asked) this.toTerm(asked);
  }

  lessons() {
    const { words, lessons } = this.data, kept = read();
    return make("ol", { class: "gl-cards" }, ...lessons.map(({ number, title, summary, minutes, marks }) => {
      const done = marks.filter((id) => ofLesson(kept, number).done.includes(id)).length, whole = done === marks.length && done > 0;
      const bar = make("i", { class: "gl-bar", "aria-hidden": "true" });
      bar.style.setProperty("--part", String(done / Math.max(1, marks.length)));
      return make("li", {}, make("button", { type: "button", class: "gl-card", "data-testid": `card-${number}`, "data-done": whole, onClick: () => this.tell("open", number) },
        make("b", {}, String(Number(number))), make("span", {}, make("strong", {}, title), make("span", {}, summary)),
        make("small", {}, `${whole ? "✓ " : ""}${words.minutes.replace("{n}", minutes)} · ${words.progress.replace("{done}", String(done)).replace("{all}", String(marks.length))}`), bar));
    }));
  }

  // --- glossary

  glossary() {
    const { words, terms } = this.data;
    const box = make("input", { type: "search", class: "gl-number gl-search", placeholder: words.search, "aria-label": words.search, "data-testid": "term-search", onInput: () => {
      const wanted = box.value.trim().toLowerCase();
      for (const row of this.terms.children) row.toggleAttribute("hidden", !row.textContent.toLowerCase().includes(wanted));
    } });
    this.terms.append(...Object.entries(terms).map(([id, { name, text, figure }]) => make("div", { id: `term-${id}`, tabindex: "-1", "data-testid": "term" },
      make("dt", {}, figure ? make("img", { src: addressOf(figure), alt: "", loading: "lazy", width: "120", height: "80" }) : "", name), make("dd", {}, ...inline(text, this.given)))));
    return make("section", { "aria-labelledby": "gl-glossary" }, make("header", { class: "gl-row" }, make("h2", { id: "gl-glossary" }, words.glossary), box), this.terms);
  }

  toTerm(id) {
    const row = document.getElementById(`term-${id}`);
    row?.scrollIntoView({ block: "center" });
    row?.focus({ preventScroll: true });
  }

  // --- ten questions

  get answers() { return read().check?.[this.when] ?? {}; }

  drawCheck() {
    const { words, questions } = this.data;
    const tabs = ["before", "after"].map((when) => make("button", { type: "button", class: "gs-button", "aria-pressed": String(when === this.when), "data-testid": `check-${when}`,
      onClick: () => { this.when = when; this.drawCheck(); } }, words[when]));
    this.score = make("p", { class: "gl-score", role: "status", "data-testid": "check-score" });
    const name = make("input", { type: "text", class: "gl-number gl-name", maxlength: "80", placeholder: words.your_name, "aria-label": words.your_name });
    const list = make("ol", {}, ...questions.map((block) => make("li", {}, block.kind === "problem" ? make("p", { class: "gl-problem" }, block.text)
      : blockElement(block, this.given, { done: [], answers: Object.fromEntries(Object.entries(this.answers).map(([id, { answer }]) => [id, answer])) }))));
    this.check.replaceChildren(make("header", { class: "gl-row" }, make("h2", { id: "gl-check" }, words.check_yourself), make("div", { class: "gl-segments", role: "group", "aria-labelledby": "gl-check" }, ...tabs)),
      ...paragraphs(words.check_about, this.given), list,
      make("footer", { class: "gl-row" }, this.score, name,
        make("button", { type: "button", class: "gs-button", "data-testid": "check-save", onClick: () => this.save(name.value.trim()) }, words.save),
        make("button", { type: "button", class: "gs-button", onClick: () => { change((kept) => { delete kept.check; }); this.drawCheck(); } }, words.clear)));
    this.showScore();
  }

  answered(id, answer, right) {
    answerClass(`check.${this.when}.${id}`, Number(answer));
    change((kept) => { kept.check = { ...kept.check, [this.when]: { ...kept.check?.[this.when], [id]: { answer, right } } }; });
    this.showScore();
  }

  showScore() {
    say(this.score, this.data.words.score.replace("{n}", String(Object.values(this.answers).filter(({ right }) => right).length)));
  }

  save(name) {
    const kept = read().check ?? {}, rows = [["name", "when", "question", "answer", "right"]];
    for (const when of ["before", "after"]) for (const block of this.data.questions) {
      const found = kept[when]?.[block.id];
      if (found) rows.push([name, when, block.id, block.choices ? block.choices[found.answer]?.text : found.answer, found.right ? "1" : "0"]);
    }
    saveCsv("ganscope-check-yourself.csv", rows);
  }

  setLanguage(code) {
    keepLanguage(code);
    this.tell("language", code);
  }

  close() {
    this.root.remove();
  }
}

export default component((parent) => new LearnPage(parent));
