// While no answer comes from the server, nothing on the page can be pressed: Streamlit would lose it without a word.
// What was pressed before that was found is named when the connection is back, and pressed again by who pressed it.

import { make, say } from "../../ui/web/words.js";
import { Presses } from "./presses.js";

const LOOK_MS = 400, SILENT_MS = 2000, PATIENCE_MS = 2500, GIVEN_UP_MS = 8000, TOLD_MS = 8000;
const SILENT = "The server has not answered for two seconds. What you press may come late, or not at all; if it does not, this will say so.";
const LOST = "The connection to the server is lost. Nothing can be pressed until it is back; it is tried again all the time.";
const LATE = "The connection is back. Your last press may not have arrived: where nothing has happened, press again.";
const READING = ["Tab", "Escape", "PageUp", "PageDown"];
const AT_REST = "[data-test-script-state=notRunning]";

export class LostConnection {
  /** socket: Streamlit's own, which tells `presses`; poke(): have Streamlit send something, which the server answers. */
  constructor(socket, presses, poke) {
    this.socket = socket;
    this.presses = presses;
    this.poke = poke;
    this.isDown = false;
    this.state = "";
    this.listening = 0;
    this.over = null; // the socket that was asked
    this.since = 0; // when it began, 0: all is well
    this.poked = 0; // when an answer was asked for last
    this.late = false; // something was sent and not answered before that was found
    this.words = make("span");
    this.again = make("span", { class: "gd-again" });
    this.said = make("div", { class: "gd-lost", role: "alert", hidden: true, "data-testid": "lost" }, this.words, this.again);
    document.body.append(this.said);
    // Pointers are kept away by the style sheet. In capture at the window: before a page's own listeners.
    window.addEventListener("keydown", (event) => this.key(event), true);
  }

  /** The class's socket is down, or speaks (again). It matters where Streamlit's does not answer either. */
  down(isDown) {
    this.isDown = isDown;
    if (!isDown || this.since) return;
    this.begin(performance.now());
    this.ask();
    this.look();
  }

  /** Something goes to the server: whether it is answered is known sooner than by a sign of life that is missing. */
  sent() {
    this.socket.probe();
    this.listening ||= setTimeout(() => {
      this.listening = 0;
      if (this.since || !this.socket.unanswered) return;
      if (performance.now() - this.socket.askedAt < SILENT_MS) return this.sent();
      this.begin(this.socket.askedAt);
      this.look();
    }, SILENT_MS);
  }

  begin(since) {
    this.since = since;
    this.late = this.socket.unanswered;
    this.over = this.socket.current;
    this.looking = setInterval(() => this.look(), LOOK_MS);
  }

  ask() {
    this.poked = performance.now();
    if (this.isDown || this.socket.closed) this.poke();
    else this.socket.probe(); // it may be slow: nothing more is asked of it
  }

  look() {
    const now = performance.now(), { isDown, socket } = this;
    if (!socket.answered(this.since)) {
      if (socket.closed || (isDown && now - this.since > PATIENCE_MS)) this.show("lost");
      else if (!isDown && now - this.since > SILENT_MS) this.show("silent");
      if (!isDown && !socket.closed && now - this.since > GIVEN_UP_MS) socket.doubt(this.poke); // it alone is dead
      else if (now - this.poked > PATIENCE_MS) this.ask(); // one that has come back says nothing by itself
      return;
    }
    if (this.presses.waiting.length && !document.querySelector(AT_REST)) return; // which buttons there are comes last
    if (socket.current === this.over) this.late = false; // it was only slow
    this.show("");
    if (isDown) return;
    clearInterval(this.looking);
    this.since = 0;
  }

  /** state: "" all is well, "silent" no answer has come for a while, "lost". */
  show(state) {
    if (state === this.state) return;
    this.state = state;
    document.documentElement.toggleAttribute("data-lost", state === "lost");
    clearTimeout(this.fading);
    this.again.replaceChildren();
    const unheard = state ? [] : this.presses.take();
    this.said.hidden = !state && !this.late && !unheard.length;
    say(this.words, state === "lost" ? LOST : state === "silent" ? SILENT : LATE);
    if (unheard.length) this.name(unheard);
    else if (!state) this.fading = setTimeout(() => { this.said.hidden = true; }, TOLD_MS);
  }

  /** Which presses had no answer, until it is read: whether to do it is for whoever pressed to say, as it may be done. */
  name(unheard) {
    const there = unheard.map((one) => Presses.button(one)), names = unheard.map(({ label }) => `“${label}”`).join(" and ");
    const gone = unheard.some(({ place }, at) => place && !there[at]);
    say(this.words, `The connection is back. Your ${unheard.length > 1 ? "presses" : "press"} on ${names} had no answer${gone ? "; what cannot be pressed any more may have arrived" : ""}. ${there.some(Boolean) ? "If nothing has happened:" : "If nothing has happened, press again."}`);
    const close = () => { this.said.hidden = true; };
    const button = (name, text, action) => make("button", { type: "button", class: "gd-button", "data-testid": name, onClick: () => { close(); action?.(); } }, text);
    this.again.replaceChildren(...unheard.flatMap((one, at) => there[at] ? [button("press-again", `Press “${one.label}” again`, () => Presses.button(one)?.click())] : []), button("press-not", "Leave it"));
  }

  /** Reading, and typing on in a field, go on: what stands in a field is kept and told later. */
  key(event) {
    const { key, target } = event;
    if (this.state !== "lost" || event.ctrlKey || event.metaKey || READING.includes(key)) return;
    const typing = target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && ["text", "number", "search", "password"].includes(target.type));
    if (typing && key !== "Enter") return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}
