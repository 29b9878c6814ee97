// A lesson's Markdown as elements: everything stands as text, and only the signs below mean anything.

import { addressOf } from "../../ui/web/addresses.js";
import { make } from "../../ui/web/words.js";

const SIGNS = /\*\*(.+?)\*\*|\*(.+?)\*|`(.+?)`|\{\{(.+?)\}\}|\[(.+?)\]\((.+?)\)|\$(.+?)\$/g;
const KATEX = "asset/katex-0.19.1";
const page = /** @type {any} */ (window);
/** @type {Promise<any> | null} */
let loading = null;

/** KaTeX, from our own server, once and only where there is a formula. */
function loadKatex() {
  if (page.katex) return Promise.resolve(page.katex);
  loading ??= new Promise((done, failed) => {
    document.head.append(make("link", { rel: "stylesheet", href: addressOf(`${KATEX}/katex.min.css`) }));
    const script = make("script", { src: addressOf(`${KATEX}/katex.min.js`) });
    script.onload = () => done(page.katex);
    script.onerror = () => { loading = null; script.remove(); failed(new Error("formulas")); };
    document.head.append(script);
  });
  return loading;
}

/** Typeset `tex` in an element; where that cannot be, it stands there as it was written. */
export function typeset(element, tex, displayMode = false) {
  element.textContent = tex;
  loadKatex().then((katex) => katex.render(tex, element, { displayMode, throwOnError: true })).catch(() => { element.textContent = tex; });
  return element;
}

/** Words with their signs; `given.onControl(name, button)` and `given.onTerm(id, button)` are called for what is pressed. */
export function inline(text, given) {
  const found = [];
  let at = 0;
  for (const match of text.matchAll(SIGNS)) {
    if (match.index > at) found.push(text.slice(at, match.index));
    const [, strong, slanted, code, control, words, target, tex] = match;
    if (strong) found.push(make("strong", {}, ...inline(strong, given)));
    else if (slanted) found.push(make("em", {}, ...inline(slanted, given)));
    else if (code) found.push(make("code", {}, code));
    else if (control) found.push(make("button", { type: "button", class: "gl-control", title: given.words.where, onClick: (e) => given.onControl(control, e.currentTarget) }, control));
    else if (tex) found.push(typeset(make("span", { class: "gl-math" }), tex));
    else found.push(link(words, target, given));
    at = match.index + match[0].length;
  }
  if (at < text.length) found.push(text.slice(at));
  return found;
}

function link(words, target, given) {
  if (target.startsWith("term:")) {
    const id = target.slice(5);
    return make("button", { type: "button", class: "gl-term", "aria-expanded": "false", onClick: (e) => given.onTerm(id, e.currentTarget) }, ...inline(words, given));
  }
  return isSecure(target) ? make("a", { href: target, target: "_blank", rel: "noreferrer" }, words) : words;
}

/** Paragraphs, headings, lists and blocks of code. */
export function paragraphs(text, given) {
  return text.split(/\n{2,}(?![^`]*\n```\s*(?:\n|$))/).filter((part) => part.trim()).map((part) => {
    const fence = part.match(/^```\w*\n([\s\S]*?)\n```$/), lines = part.split("\n");
    if (fence) return codeBlock(fence[1]);
    if (part.startsWith("## ")) return make("h3", {}, ...inline(part.slice(3), given));
    if (lines.every((line) => line.startsWith("- "))) return make("ul", {}, ...lines.map((line) => make("li", {}, ...inline(line.slice(2), given))));
    return make("p", {}, ...inline(lines.join(" "), given));
  });
}

/** wrong: numbers of lines, from 1, that are marked. */
export function codeBlock(code, wrong = []) {
  return make("pre", { class: "gl-code", tabindex: "0" }, make("code", {}, ...code.split("\n").map((line, i) =>
    make("span", { class: "gl-line", "data-wrong": wrong.includes(i + 1) }, `${line}\n`))));
}

/** Whether a target is an address elsewhere, and one that nobody on the way can change. */
function isSecure(target) {
  return URL.canParse(target) && new URL(target).protocol === "https:";
}
