// The reading column: one lesson beside the page that it speaks of. Kept across reruns of the page.

import { addressOf } from "../../ui/web/addresses.js";
import { answerClass } from "../../ui/web/class/link.js";
import { component } from "../../ui/web/mounting.js";
import { make, say } from "../../ui/web/words.js";
import { blockElement, showDone } from "./blocks.js";
import { Noticed, liveView } from "./noticing.js";
import { find, point, pressedOf, unpoint } from "./pointing.js";
import { change, changeLesson, keepLanguage, ofLesson, read } from "./progress.js";
import { inline } from "./text.js";

const LOOK_MS = 400;
const EXPLORE_TAB = "ganscope.explore.tab"; // where Explore keeps which tool is open

class LessonColumn {
  constructor(parent) {
    this.body = make("div", { class: "gl-body", tabindex: "0", role: "document", "data-testid": "lesson-body" });
    this.title = make("h2", {});
    this.state = make("span", { class: "gl-state", role: "status", "data-testid": "lesson-progress" });
    this.foldButton = make("button", { type: "button", class: "gl-small", "data-testid": "lesson-fold", onClick: () => this.fold(!read().folded) });
    this.closeButton = make("button", { type: "button", class: "gl-small", "data-testid": "lesson-close", onClick: () => this.leave() }, "✕");
    this.language = make("select", { class: "gl-small", "data-testid": "lesson-language", onChange: () => this.setLanguage(this.language.value) });
    this.notice = make("p", { class: "gl-notice", role: "status", hidden: true });
    this.head = make("header", { class: "gl-head" }, make("div", { class: "gl-top" }, this.state, this.language, this.foldButton, this.closeButton), this.title);
    this.root = make("aside", { class: "gl-column", "data-testid": "lesson" }, this.head, this.notice, this.body);
    parent.append(this.root);
    this.noticed = new Noticed();
    this.body.addEventListener("scroll", () => { this.keepPlace ||= setTimeout(() => this.keepScroll(), 300); });
    this.onPress = (event) => this.pressed(event);
    document.addEventListener("click", this.onPress, true);
    this.looking = setInterval(() => this.look(), LOOK_MS);
    this.drawn = "";
  }

  update(data, tell) {
    if (data.lesson?.number !== this.data?.lesson?.number) this.going = false;
    this.data = data;
    this.tell = tell;
    const asked = new URLSearchParams(location.search).get("lang"), kept = read().language;
    if (!asked && kept && kept !== data.language && data.languages[kept]) this.setLanguage(kept);
    const drawn = JSON.stringify([data.lesson, data.problem, data.words]);
    if (drawn !== this.drawn) this.draw();
    this.drawn = drawn;
    this.fold(!!read().folded);
    this.look();
  }

  get number() { return this.data.lesson?.number ?? ""; }

  get given() {
    return { words: this.data.words, onControl: (name, button) => this.showControl(name, button), onTerm: (id, button) => this.showTerm(id, button),
      onScene: (scene) => this.setScene(scene), onAnswer: (id, answer, right) => this.answered(id, answer, right) };
  }

  draw() {
    const { lesson, problem, words, languages, language } = this.data;
    this.noticed = new Noticed();
    unpoint();
    this.root.setAttribute("aria-label", `${words.lesson} ${this.number}`);
    this.root.lang = this.body.lang = lesson?.language ?? "en";
    this.closeButton.setAttribute("aria-label", words.close);
    this.closeButton.title = words.close;
    this.language.setAttribute("aria-label", words.language);
    this.language.replaceChildren(...Object.entries(languages).map(([code, name]) => make("option", { value: code, selected: code === language }, name)));
    if (!lesson) {
      say(this.title, words.lessons);
      this.body.replaceChildren(make("p", { class: "gl-problem", role: "note" }, problem), this.list());
      return;
    }
    say(this.title, lesson.title);
    const progress = ofLesson(read(), lesson.number);
    this.tasks = lesson.blocks.filter((block) => block.kind === "task");
    this.pressNames = this.tasks.flatMap((task) => task.done.filter((c) => c.name === "pressed").map((c) => c.value));
    this.finish = make("section", { class: "gl-finish", hidden: true, "data-testid": "lesson-done" });
    this.body.replaceChildren(
      ...(problem ? [make("p", { class: "gl-problem", role: "note" }, problem)] : []),
      ...(lesson.language !== language ? [make("p", { class: "gl-quiet" }, words.english)] : []),
      ...lesson.blocks.map((block) => blockElement(block, this.given, progress)), this.finish,
      make("footer", { class: "gl-papers" }, make("p", {}, words.papers), make("ul", {}, ...lesson.papers.map(([name, address]) =>
        make("li", {}, make("a", { href: address, target: "_blank", rel: "noreferrer" }, name))))), this.list());
    this.body.scrollTop = progress.at;
    this.showProgress();
  }

  /** The way to every lesson, with what is done of it. */
  list() {
    const { words, list } = this.data, kept = read();
    return make("nav", { class: "gl-list", "aria-label": words.all }, ...list.map(({ number, title, marks }) => {
      const done = marks.filter((id) => ofLesson(kept, number).done.includes(id)).length;
      return make("button", { type: "button", "data-lesson": number, "aria-current": number === this.number ? "page" : null, onClick: () => this.open(number) },
        make("b", {}, String(Number(number))), make("span", {}, title), make("small", {}, done === marks.length ? "✓" : `${done}/${marks.length}`));
    }));
  }

  // --- what a reader does

  open(number) {
    this.body.scrollTop = 0;
    this.go(number);
  }

  leave() {
    this.root.hidden = true; // the page answers in a moment
    delete document.documentElement.dataset.lesson;
    this.go("");
  }

  /** To another lesson, or to none; until the page answers, the address is that one's already. */
  go(number) {
    this.going = true;
    this.writeAddress(number);
    this.tell("open", number);
  }

  setLanguage(code) {
    keepLanguage(code);
    this.tell("language", code);
  }

  fold(folded) {
    change((kept) => { kept.folded = folded; });
    const { words } = this.data;
    this.root.toggleAttribute("data-folded", folded);
    this.root.hidden = false;
    document.documentElement.dataset.lesson = folded ? "folded" : "open";
    say(this.foldButton, folded ? `${words.lesson} ${Number(this.number) || ""}` : "⟩");
    this.foldButton.setAttribute("aria-expanded", String(!folded));
    this.foldButton.setAttribute("aria-label", folded ? words.unfold : words.fold);
    this.foldButton.title = folded ? words.unfold : words.fold;
    if (!folded && this.data.lesson) this.body.scrollTop = ofLesson(read(), this.number).at;
  }

  answered(id, answer, right) {
    const block = this.data.lesson.blocks.find((one) => one.id === id && one.kind !== "task" && one.kind !== "scene");
    if (block.kind === "question") answerClass(`lesson.${this.number}.${id}`, Number(answer));
    changeLesson(this.number, (lesson) => { lesson.answers[id] = answer; });
    if (right || block.kind === "question") this.markDone(id);
  }

  setScene(scene) {
    const { page, model, tool } = scene.keys;
    if (tool) sessionStorage.setItem(EXPLORE_TAB, tool);
    if (page === "explore" && this.data.page === "explore") {
      const here = /** @type {any} */ (document.querySelector("[data-testid=explore]"))?.explorer?.model?.id;
      if (!model || here === model) /** @type {HTMLElement} */ (document.querySelector(`[data-testid="tab-${CSS.escape(tool ?? "")}"]`))?.click();
      else location.assign(addressOf(`explore?${new URLSearchParams({ model, lesson: this.number, lang: this.data.language })}`));
      return;
    }
    this.tell("scene", scene.id);
  }

  showControl(name, button) {
    const there = point(name);
    button.toggleAttribute("data-missing", !there);
    this.say(there ? "" : this.data.words.not_here.replace("{name}", name));
  }

  showTerm(id, button) {
    const before = this.root.querySelector(".gl-note"), term = this.data.terms[id];
    const same = before?.getAttribute("data-term") === id;
    this.root.querySelectorAll(".gl-term").forEach((other) => other.setAttribute("aria-expanded", "false"));
    before?.remove();
    if (same || !term) return;
    button.setAttribute("aria-expanded", "true");
    const note = make("div", { class: "gl-note", "data-term": id, role: "note" },
      term.figure ? make("img", { src: addressOf(term.figure), alt: "" }) : "", make("p", {}, make("b", {}, `${term.name}. `), ...inline(term.text, this.given)));
    button.closest("p, li, figcaption").after(note);
  }

  say(sentence) {
    this.notice.hidden = !sentence;
    say(this.notice, sentence);
  }

  // --- what is noticed

  pressed(event) {
    if (!this.data?.lesson) return;
    const name = pressedOf(event, this.pressNames);
    if (name) this.noticed.presses.add(name);
    this.look();
  }

  /** Whether what is to be done has been done; and the address says where a reader is. */
  look() {
    if (!this.data?.lesson || this.going || document.hidden) return;
    this.noticed.look();
    const { done } = ofLesson(read(), this.number);
    for (const task of this.tasks) if (!done.includes(task.id) && this.noticed.all(task.done, this.data)) this.markDone(task.id);
    if (liveView()?.view?.state === "queued" && this.data.others) this.say(this.data.words.waits);
    else if (this.notice.textContent === this.data.words.waits) this.say("");
    this.markNext();
    this.writeAddress(this.number);
  }

  /** The control that the next task means is marked while it waits to be pressed. */
  markNext() {
    const done = ofLesson(read(), this.number).done, task = this.tasks.find((one) => !done.includes(one.id));
    const name = task?.text.match(/\{\{(.+?)\}\}/)?.[1], element = name && !this.root.hasAttribute("data-folded") ? find(name) : null;
    if (element === this.meant) return;
    this.meant?.classList.remove("gl-meant");
    element?.classList.add("gl-meant");
    this.meant = element;
  }

  markDone(id) {
    changeLesson(this.number, (lesson) => { if (!lesson.done.includes(id)) lesson.done.push(id); });
    this.showProgress();
  }

  showProgress() {
    const { lesson, words, list } = this.data, { done } = ofLesson(read(), this.number);
    const marked = lesson.marks.filter((id) => done.includes(id)).length, all = lesson.marks.length;
    say(this.state, `${words.lesson} ${Number(lesson.number)} · ${words.progress.replace("{done}", String(marked)).replace("{all}", String(all))}`);
    for (const task of this.body.querySelectorAll("[data-task]")) showDone(task, words, done.includes(task.getAttribute("data-task")));
    this.finish.hidden = marked < all;
    const next = list[list.findIndex(({ number }) => number === lesson.number) + 1];
    this.finish.replaceChildren(make("p", {}, `✓ ${words.done_all}`),
      ...(next ? [make("button", { type: "button", class: "gl-go", "data-testid": "lesson-next", onClick: () => this.open(next.number) }, `${words.next}: ${next.title}`)] : []));
  }

  keepScroll() {
    this.keepPlace = 0;
    if (this.data?.lesson && !this.root.hasAttribute("data-folded")) changeLesson(this.number, (lesson) => { lesson.at = this.body.scrollTop; });
  }

  /** `lesson=05.3`: lesson 5, three things done. */
  writeAddress(number) {
    const marks = this.data.list.find((one) => one.number === number)?.marks ?? [], kept = ofLesson(read(), number).done;
    const query = new URLSearchParams(location.search), done = marks.filter((id) => kept.includes(id)).length;
    const wanted = number ? (done ? `${number}.${done}` : number) : null;
    if (query.get("lesson") === wanted) return;
    if (wanted) query.set("lesson", wanted);
    else query.delete("lesson");
    const text = query.toString();
    history.replaceState(history.state, "", `${location.pathname}${text ? `?${text}` : ""}${location.hash}`);
  }

  close() {
    clearInterval(this.looking);
    clearTimeout(this.keepPlace);
    document.removeEventListener("click", this.onPress, true);
    this.meant?.classList.remove("gl-meant");
    unpoint();
    this.root.remove();
    // The next page's column may stand there already, and that page must keep the room that it makes for it.
    if (!document.querySelector(".gl-column")) delete document.documentElement.dataset.lesson;
  }
}

export default component((parent) => new LessonColumn(parent));
