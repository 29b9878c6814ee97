// How many gave which answer to one question: bars with numbers, and nobody's name.

import { make, short } from "../../ui/web/words.js";

const GAME = /^quiz:(.+):(\d+)$/, OF_TWENTY = 20;

/** What a question is called and what its answers say: of the application's own ones by name. */
function named(question, questions) {
  if (questions[question]) return questions[question];
  const game = question.match(GAME);
  if (game) return { text: "Real or fake? How many of twenty were judged rightly", choices: [], right: -1, all: OF_TWENTY };
  return { text: question, choices: [], right: -1 };
}

/** { question, people, counted: [[answer, how many]] } as a figure. */
export function histogram({ question, people, counted }, questions) {
  const { text, choices, right, all } = named(question, questions), given = new Map(counted);
  const answers = choices.length ? choices.map((_, i) => i) : all ? Array.from({ length: all + 1 }, (_, i) => i) : counted.map(([answer]) => answer);
  const most = Math.max(1, ...counted.map(([, number]) => number));
  const bar = (answer) => {
    const number = given.get(answer) ?? 0, fill = make("i", { class: "gd-fill" });
    fill.style.setProperty("--part", String(number / most));
    return make("li", { "data-right": answer === right }, make("span", { class: "gd-answer" }, choices[answer] ?? short(answer).replace(/\.0+$/, "")), make("span", { class: "gd-track" }, fill), make("b", {}, String(number)));
  };
  const shown = all ? answers.filter((answer) => given.has(answer) || answer % 5 === 0) : answers;
  return make("figure", { class: "gd-question", "data-testid": "class-question", "data-people": String(people) },
    make("figcaption", {}, text, make("small", {}, ` ${people} ${people === 1 ? "answer" : "answers"}`)), make("ol", {}, ...shown.map(bar)));
}
