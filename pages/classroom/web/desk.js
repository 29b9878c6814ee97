// On every page: the tab's place in the class, and the teacher's bar while the class follows.

import { FOLLOWED, joinClass, onClass, tellClass } from "../../ui/web/class/link.js";
import { exploreIn, pageIn, placeOf, viewNow } from "../../ui/web/class/view.js";
import { component } from "../../ui/web/mounting.js";
import { make, say } from "../../ui/web/words.js";
import { LostConnection } from "./lost.js";
import { Presses } from "./presses.js";
import { StreamlitSocket } from "./streamlit_socket.js";

const SHOW_MS = 100, SHOWING = "ganscope.class.showing", CLASS_PAGE = "class", MOST_PICTURE_BYTES = 390_000;
const SCREENS = [["frozen", "Freeze", "What the class sees stays as it is, while you go on"], ["black", "Black", "A black screen for the class and the projector"], ["white", "White", "A white screen for the class and the projector"]];
const NOTES = "What a lesson says to teachers, on this screen alone";
const TOGGLES = [["pointer", "Pointer", "A large ring at your pointer, on this screen too"], ["clean", "Picture only", "Stage, grid or picture alone on the whole screen (Esc ends it)"], ["notes", "Notes", NOTES]];

const ON = { pointer: false, clean: false, notes: false }; // the tab's, whichever page it turns to

class Desk {
  constructor(parent) {
    this.parent = parent;
    /** @type {any} */
    this.sent = {}; // what the class has been told last
    this.leave = () => {};
    this.number = 0;
    this.echoed = false; // what this tab shows has come back: a view of another's is newer
    this.tell = (..._what) => {};
    /** @type {any} */
    this.pointer = null;
    this.on = ON;
    this.screen = "";
    this.showing = sessionStorage.getItem(SHOWING) === "1";
    this.count = make("span", { class: "gd-count", "data-testid": "class-count" });
    const button = (name, text, title, action) => make("button", { type: "button", class: "gd-button", title, "aria-pressed": "false", "data-testid": `class-${name}`, onClick: action }, text);
    this.screens = Object.fromEntries(SCREENS.map(([name, text, title]) => [name, button(name, text, title, () => this.setScreen(this.screen === name ? "" : name))]));
    this.toggles = Object.fromEntries(TOGGLES.map(([name, text, title]) => [name, button(name, text, title, () => this.toggle(name))]));
    this.end = button("end", "Stop showing", "The class looks around by itself again", () => this.show(false));
    this.bar = make("div", { class: "gd-bar", role: "toolbar", "aria-label": "What the class sees", hidden: true, "data-testid": "class-bar" },
      make("b", { class: "gd-live" }, "● The class follows"), this.count, ...Object.values(this.screens), ...Object.values(this.toggles), this.end);
    this.ring = make("i", { class: "gd-pointer", "aria-hidden": "true", hidden: true });
    this.onMove = (event) => this.moved(event);
    this.onKey = (event) => { if (event.key === "Escape" && this.on.clean) this.toggle("clean"); };
    this.onFull = () => { if (!document.fullscreenElement && this.on.clean) this.toggle("clean"); };
  }

  update({ token, teacher }, tell) {
    if (window.name === FOLLOWED) return;
    this.tell = tell;
    this.teacher = teacher;
    if (!this.joined) {
      this.joined = true;
      document.body.append(this.bar, this.ring);
      document.addEventListener("pointermove", this.onMove, { capture: true, passive: true });
      document.addEventListener("keydown", this.onKey);
      document.addEventListener("fullscreenchange", this.onFull);
      this.leave = onClass((frame) => this.hear(frame));
      this.timer = setInterval(() => { this.tellView(); this.lookForNotes(); }, SHOW_MS);
    }
    lost ??= new LostConnection(streamlit, presses, poke);
    // A later desk of the same tab joins nothing: the socket is the tab's.
    joinClass(token, { down: (down) => lost?.down(down), stale: poke, silent: () => streamlit.doubt(poke) });
    this.draw();
  }

  hear({ header }) {
    if (header.type === "class") {
      this.number = header.you;
      this.echoed = false;
      if (this.showing && header.teacher) this.sent = {}; // it has come back: say all of it again
      if (this.showing && this.screen) tellClass({ do: "screen", screen: this.screen });
    } else if (header.type === "here") {
      say(this.count, `${header.following} follow${header.following === 1 ? "s" : ""}`);
    } else if (header.type === "screen") {
      this.screen = header.screen;
      this.draw();
    } else if (header.type === "view") {
      if (header.by === this.number) this.echoed = true;
      else if (header.by !== 0 && this.echoed && this.showing) this.show(false, { quietly: true }); // another tab shows now
    }
  }

  /** Begin or end to show what is on this screen. */
  show(on, { quietly = false } = {}) {
    this.showing = on;
    sessionStorage.setItem(SHOWING, on ? "1" : "0");
    this.sent = {};
    if (!on) {
      if (!quietly) tellClass({ do: "end" });
      for (const name of Object.keys(this.on)) if (this.on[name]) this.toggle(name);
    }
    this.draw();
    this.tellView();
  }

  setScreen(screen) {
    if (tellClass({ do: "screen", screen })) this.screen = screen;
    this.draw();
  }

  toggle(name) {
    this.on[name] = !this.on[name];
    if (name === "clean") {
      document.documentElement.toggleAttribute("data-clean", this.on.clean);
      if (this.on.clean) document.documentElement.requestFullscreen?.().catch(() => {}); // not where a browser knows none
      else if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
      dispatchEvent(new Event("resize"));
    }
    if (name === "notes") document.documentElement.toggleAttribute("data-notes", this.on.notes);
    this.draw();
  }

  /** Only lessons have notes. */
  lookForNotes() {
    const { notes } = this.toggles, none = !this.on.notes && !document.querySelector(".gl-notes");
    if (notes.disabled === none) return;
    notes.disabled = none;
    notes.title = none ? "Notes for teachers are in lessons: open one on the page Learn" : NOTES;
  }

  draw() {
    const seen = this.showing && this.teacher;
    this.bar.hidden = !seen;
    document.documentElement.toggleAttribute("data-showing", seen);
    for (const [name, button] of [...Object.entries(this.screens), ...Object.entries(this.toggles)]) {
      button.setAttribute("aria-pressed", String(name in this.on ? this.on[name] : this.screen === name));
    }
    this.bar.dataset.screen = this.screen;
    if (!this.on.pointer) this.ring.hidden = true;
  }

  moved(event) {
    this.pointer = placeOf(event);
    if (!this.on.pointer || !this.showing) return;
    this.ring.hidden = false;
    this.ring.style.transform = `translate(${event.clientX}px, ${event.clientY}px)`;
  }

  /** Whatever has changed since it was told last; on the Class page nothing, as that is where the class sits. */
  tellView() {
    if (!this.showing || !this.teacher || this.screen === "frozen" || pageIn(window) === CLASS_PAGE || document.hidden) return;
    if (!document.querySelector("[data-test-script-state=notRunning]")) return; // the address may be a step ahead
    const view = JSON.stringify(viewNow(this.on.clean)), pointer = JSON.stringify(this.pointer ?? null);
    if (view !== this.sent.view && tellClass({ do: "show", view: JSON.parse(view) })) this.sent.view = view;
    if (pointer !== this.sent.pointer && tellClass({ do: "pointer", at: this.pointer ?? null })) this.sent.pointer = pointer;
    this.tellPicture();
  }

  /** The picture under the hand on Explore, or those around it, made once here for everybody. */
  tellPicture() {
    const explore = exploreIn(document), { picture, explorer } = explore ?? {};
    const around = picture?.isAround && !picture.around.hidden ? picture.cells : null, shown = around ?? explorer?.point;
    if (!shown || shown === this.sent.shown || this.encoding) return;
    this.encoding = true;
    const words = picture.caption.textContent.slice(0, 200), across = around ? around.columns : 0;
    (around ? picture.around : picture.canvas).toBlob(async (blob) => {
      const bytes = blob && blob.size < MOST_PICTURE_BYTES ? await blob.arrayBuffer() : null;
      this.encoding = false;
      if (!bytes || tellClass({ do: "picture", words, across }, [bytes])) this.sent.shown = shown;
    }, around ? "image/webp" : "image/png", 0.9); // the picture alone to the last bit, sixty-four of them small
  }

  close() {
    if (!this.joined) return;
    clearInterval(this.timer);
    this.leave();
    document.removeEventListener("pointermove", this.onMove, { capture: true });
    document.removeEventListener("keydown", this.onKey);
    document.removeEventListener("fullscreenchange", this.onFull);
    this.bar.remove();
    this.ring.remove();
  }
}

/** @type {Desk | null} */
let desk = null;
const presses = new Presses();
const streamlit = new StreamlitSocket({
  sent: (socket) => { presses.sent(socket); lost?.sent(); },
  heard: (socket) => presses.heard(socket),
});
/** @type {LostConnection | null} */
let lost = null;
/** Have Streamlit say something to the server, and draw the page anew. */
const poke = () => desk?.tell("back", Date.now());
/** For the Class page: begin to show, or end. */
export const showClass = (on) => desk?.show(on);
export const isShowing = () => !!desk?.showing;

export default component((parent) => (desk = new Desk(parent)));
