// While no answer comes from the server, nothing on the page can be pressed: Streamlit would lose it without a word.

import { make, say } from "../../ui/web/words.js";

const LOOK_MS = 400, PATIENCE_MS = 2500, TOLD_MS = 8000;
const LOST = "The connection to the server is lost. Nothing can be pressed until it is back; it is tried again all the time.";
const LATE = "The connection is back. Your last press may not have arrived: where nothing has happened, press again.";
const READING = ["Tab", "Escape", "PageUp", "PageDown"];

export class LostConnection {
  /** socket: Streamlit's own; poke(): have Streamlit send something, which the server answers. */
  constructor(socket, poke) {
    this.socket = socket;
    this.poke = poke;
    this.isDown = false;
    this.since = 0; // when it began, 0: all is well
    this.poked = 0; // when an answer was asked for last
    this.late = false; // something was sent and not answered before that was found
    this.said = make("div", { class: "gd-lost", role: "alert", hidden: true, "data-testid": "lost" });
    document.body.append(this.said);
    // Pointers are kept away by the style sheet. In capture at the window: before a page's own listeners.
    window.addEventListener("keydown", (event) => this.key(event), true);
  }

  get lost() { return document.documentElement.hasAttribute("data-lost"); }

  /** The class's socket is down, or speaks (again). It matters where Streamlit's does not answer either. */
  down(isDown) {
    this.isDown = isDown;
    if (!isDown || this.since) return;
    this.since = performance.now();
    this.late = this.socket.unanswered;
    this.looking = setInterval(() => this.look(), LOOK_MS);
    this.ask();
    this.look();
  }

  ask() {
    this.poked = performance.now();
    this.poke();
  }

  look() {
    const now = performance.now();
    if (!this.socket.answered(this.since)) {
      if (now - this.since > PATIENCE_MS || this.socket.closed) this.show(true);
      if (now - this.poked > PATIENCE_MS) this.ask(); // one that has come back says nothing by itself
      return;
    }
    this.show(false);
    if (this.isDown) return;
    clearInterval(this.looking);
    this.since = 0;
  }

  show(lost) {
    if (lost === this.lost) return;
    document.documentElement.toggleAttribute("data-lost", lost);
    clearTimeout(this.fading);
    say(this.said, lost ? LOST : LATE);
    this.said.hidden = !lost && !this.late;
    if (!lost) this.fading = setTimeout(() => { this.said.hidden = true; }, TOLD_MS);
  }

  /** Reading, and typing on in a field, go on: what stands in a field is kept and told later. */
  key(event) {
    const { key, target } = event;
    if (!this.lost || event.ctrlKey || event.metaKey || READING.includes(key)) return;
    const typing = target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && ["text", "number", "search", "password"].includes(target.type));
    if (typing && key !== "Enter") return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}
