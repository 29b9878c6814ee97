// The parts of a lesson as elements: scenes, questions, tasks, formulas, code and claims.

import { make, say, short } from "../../ui/web/words.js";
import { columnNow, liveView } from "./noticing.js";
import { codeBlock, paragraphs, typeset } from "./text.js";

/** A block's element; given: { words, onControl, onTerm, onScene, onAnswer, onDone }, progress: { done, answers }. */
export function blockElement(block, given, progress) {
  return (KINDS[block.kind] ?? problem)(block, given, progress);
}

const KINDS = {
  text: (block, given) => make("div", { class: "gl-text" }, ...paragraphs(block.text, given)),
  problem,
  scene(block, given) {
    const go = make("button", { type: "button", class: "gl-go", "data-testid": `scene-${block.id}`, onClick: () => given.onScene(block) }, block.keys.button);
    return make("section", { class: "gl-scene" }, go, ...paragraphs(block.text, given));
  },
  question: (block, given, progress) => (block.choices ? choices : number)(block, given, progress),
  task(block, given, progress) {
    const mark = make("span", { class: "gl-mark", "data-testid": `mark-${block.id}` });
    const root = make("section", { class: "gl-task", "data-task": block.id }, make("header", {}, mark), ...paragraphs(block.text, given));
    showDone(root, given.words, progress.done.includes(block.id));
    return root;
  },
  formula(block, given) {
    const place = typeset(make("div", { class: "gl-formula" }), block.keys.tex, true), said = make("p", { class: "gl-quiet", role: "status" });
    const fill = make("button", { type: "button", class: "gs-button", "data-testid": "numbers", onClick: () => fillNumbers(block.keys.numbers, place, said, given.words) }, given.words.numbers);
    return make("figure", { class: "gl-figure" }, place, block.keys.numbers ? fill : "", said, make("figcaption", {}, ...paragraphs(block.text, given)));
  },
  code(block, given, progress) {
    if (!block.choices) return make("div", {}, ...paragraphs(block.text, given), codeBlock(block.code));
    const first = Number(block.keys.line), last = Number(block.keys.to ?? first);
    const place = make("div", { "data-testid": `code-${block.id}` }), lines = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    const show = (mended) => place.replaceChildren(mended ? codeBlock(block.mended) : codeBlock(block.code, lines));
    show(progress.done.includes(block.id));
    const asked = choices({ ...block, text: given.words.mend }, { ...given, onAnswer: (id, i) => {
      given.onAnswer(id, i, block.choices[i].right);
      show(block.choices[i].right);
    } }, progress);
    return make("section", { class: "gl-mend" }, ...paragraphs(block.text, given), place, asked);
  },
  notes: (block, given) => make("aside", { class: "gl-notes", "data-testid": "notes" }, make("small", {}, given.words.notes), ...paragraphs(block.text, given)),
  claim: (block, given) => make("aside", { class: "gl-claim" }, ...paragraphs(block.text, given), make("small", {}, given.words.claim)),
};

function problem(block) {
  return make("p", { class: "gl-problem", role: "note" }, block.text);
}

/** The sign and the word of a task's state. */
export function showDone(task, words, done) {
  task.toggleAttribute("data-done", done);
  say(task.querySelector(".gl-mark"), done ? `✓ ${words.done}` : `○ ${words.task}`);
}

/** The numbers of this moment in the place of the columns' names; a sentence where there are none. */
function fillNumbers(template, place, said, words) {
  let missing = !liveView()?.view;
  const columns = liveView()?.series.columns ?? {};
  const tex = template.replace(/\{([a-z_]+)\}/g, (whole, name) => {
    if (!(name in columns)) return whole;
    const value = columnNow(name);
    missing ||= !Number.isFinite(value);
    return `{${short(value).replace("−", "-").replace(/e([+-]?\d+)/, " \\cdot 10^{$1}")}}`;
  });
  say(said, missing ? words.no_numbers : "");
  if (!missing) typeset(place, tex, true);
}

/** A question with choices: each is a button, and what is said to it appears below. */
function choices(block, given, progress) {
  const said = make("p", { class: "gl-answer", role: "status", "data-testid": `answer-${block.id}` });
  const buttons = block.choices.map((choice, i) => make("button", { type: "button", class: "gl-choice", "aria-pressed": "false", "data-testid": `choice-${block.id}-${i}`,
    onClick: () => { press(i); given.onAnswer(block.id, i, choice.right); } }, make("i", { "aria-hidden": "true" }), make("span", {}, ...paragraphs(choice.text, given).flatMap((p) => [...p.childNodes]))));
  const press = (at) => {
    const { right, answer } = block.choices[at];
    buttons.forEach((button, i) => { button.setAttribute("aria-pressed", String(i === at)); button.dataset.verdict = i === at ? (right ? "right" : "wrong") : ""; });
    said.dataset.verdict = right ? "right" : "wrong";
    said.replaceChildren(make("b", {}, right ? `✓ ${given.words.right} ` : `✕ ${given.words.wrong} `), ...(answer === given.words.right ? [] : paragraphs(answer, given)).flatMap((p) => [...p.childNodes]));
  };
  const before = progress.answers[block.id];
  if (block.choices[before]) press(before);
  return make("section", { class: "gl-question", "data-question": block.id }, ...paragraphs(block.text, given),
    make("div", { class: "gl-choices", role: "group", "aria-label": given.words.predict }, ...buttons), said);
}

/** A question whose answer is a number. */
function number(block, given, progress) {
  const { number, within = "0", why = "" } = block.keys, said = make("p", { class: "gl-answer", role: "status", "data-testid": `answer-${block.id}` });
  const box = make("input", { type: "text", inputmode: "decimal", class: "gl-number", "aria-label": given.words.your_number, "data-testid": `number-${block.id}`, value: progress.answers[block.id] ?? "" });
  const press = () => {
    const value = Number(box.value.replace(",", ".").trim());
    if (box.value.trim() === "" || !Number.isFinite(value)) return;
    const right = Math.abs(value - Number(number)) <= Number(within);
    said.dataset.verdict = right ? "right" : "wrong";
    said.replaceChildren(make("b", {}, right ? `✓ ${given.words.right} ` : `✕ ${given.words.wrong} `), why);
    given.onAnswer(block.id, box.value.trim(), right);
  };
  box.addEventListener("keydown", (event) => { if (event.key === "Enter") press(); });
  const root = make("section", { class: "gl-question", "data-question": block.id }, ...paragraphs(block.text, given),
    make("div", { class: "gl-choices" }, box, make("button", { type: "button", class: "gs-button", onClick: press }, given.words.check)), said);
  if (progress.answers[block.id] !== undefined) press();
  return root;
}
