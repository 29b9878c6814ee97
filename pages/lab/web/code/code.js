// The script of the settings in the panel: what just changed stands out.

import { component } from "../../../ui/web/mounting.js";
import { copyText } from "../../../ui/web/copy.js";
import { changedLines, tokens } from "./code_lines.js";

const SAID_MS = 1600;

/** @typedef {{ name: string, label: string, text: string, missing: string }} Script */

class CodeView {
  constructor(parent) {
    this.root = Object.assign(document.createElement("div"), { className: "gs-code" });
    this.root.dataset.testid = "code";
    this.head = this.root.appendChild(Object.assign(document.createElement("div"), { className: "gs-code-head" }));
    this.tabs = this.head.appendChild(Object.assign(document.createElement("div"), { className: "gs-code-tabs" }));
    this.tabs.setAttribute("role", "group");
    this.tabs.setAttribute("aria-label", "Written for");
    this.said = this.head.appendChild(Object.assign(document.createElement("span"), { className: "gs-code-said" }));
    this.said.dataset.testid = "code-said";
    this.said.setAttribute("aria-live", "polite");
    this.copyButton = this.button("Copy", "code-copy", () => this.copy());
    this.lines = this.root.appendChild(Object.assign(document.createElement("pre"), { className: "gs-code-text", tabIndex: 0 }));
    this.lines.setAttribute("aria-label", "The script");
    /** @type {Map<string, string>} */
    this.before = new Map();
    this.chosen = "";
    parent.append(this.root);
    this.shownFor = 0; // the press of the switch for which it came into sight last
  }

  button(words, testid, press) {
    const made = Object.assign(document.createElement("button"), { type: "button", className: "gs-copy", textContent: words, onclick: press });
    made.dataset.testid = testid;
    return this.head.appendChild(made);
  }

  /** asked: presses of the switch in this tab; a link that opens the code moves nothing. @param {{ scripts: Script[], asked: number }} data */
  update({ scripts, asked }) {
    /** @type {any[]} */
    this.scripts = scripts;
    if (!scripts.some((script) => script.name === this.chosen)) this.chosen = scripts[0].name;
    this.drawTabs();
    this.draw();
    if (asked === this.shownFor) return;
    this.shownFor = asked;
    requestAnimationFrame(() => this.root.scrollIntoView({ block: "center" })); // with its lines in it
  }

  drawTabs() {
    this.tabs.replaceChildren(...this.scripts.map((script) => {
      const tab = Object.assign(document.createElement("button"), {
        type: "button", className: "gs-code-tab", textContent: script.label, onclick: () => { this.chosen = script.name; this.drawTabs(); this.draw(); },
      });
      tab.setAttribute("aria-pressed", String(script.name === this.chosen));
      return tab;
    }));
  }

  draw() {
    const script = this.scripts.find((one) => one.name === this.chosen);
    this.copyButton.disabled = !script.text;
    if (!script.text) {
      this.drawn = "";
      this.lines.replaceChildren(script.missing);
      this.said.textContent = "";
      return;
    }
    if (this.drawn === script.name + script.text) return;
    this.drawn = script.name + script.text;
    const before = this.before.get(script.name), changed = before === undefined ? new Set() : changedLines(before, script.text);
    this.before.set(script.name, script.text);
    this.lines.replaceChildren(...tokens(script.text).map((parts, number) => row(parts, changed.has(number))));
    const count = script.text.split("\n").length - 1;
    this.said.textContent = changed.size ? `${changed.size} ${changed.size > 1 ? "lines" : "line"} changed` : `${count} lines`;
    const first = this.lines.querySelector(".gs-code-new");
    if (first instanceof HTMLElement) this.lines.scrollTop = first.offsetTop - this.lines.offsetTop - this.lines.clientHeight / 3;
  }

  async copy() {
    await copyText(this.scripts.find((one) => one.name === this.chosen).text);
    this.copyButton.textContent = "Copied";
    setTimeout(() => { this.copyButton.textContent = "Copy"; }, SAID_MS);
  }

  close() {
    this.root.remove();
  }
}

/** A line as an element: pieces of text, each of a kind. */
function row(parts, changed) {
  const line = Object.assign(document.createElement("span"), { className: changed ? "gs-code-line gs-code-new" : "gs-code-line" });
  for (const [kind, text] of parts) {
    if (!kind) line.append(text);
    else line.append(Object.assign(document.createElement("span"), { className: `gs-code-${kind}`, textContent: text }));
  }
  line.append("\n");
  return line;
}

export default component((parent) => new CodeView(parent));
