// What a page shows, as far as it can be told to others: read on the teacher's page, brought about on a student's.

import { addressOf } from "../addresses.js";
import { openedIn, Openers } from "./opened.js";

const NOT_TOLD = ["projector", "access", "token", "zoom", "at"], MOST_ADDRESS = 30_000;

/** @returns {any} the Lab's live view in a document, null where there is none */
export const liveIn = (document) => document.querySelector("[data-testid=live]")?.live ?? null;
/** @returns {any} likewise the Explore page */
export const exploreIn = (document) => document.querySelector("[data-testid=explore]")?.view ?? null;
const mainIn = (document) => document.querySelector("[data-testid=stMain]") ?? document.scrollingElement;

/** Which page is open: "" is the Lab. */
export const pageIn = (window) => window.location.pathname.split("/").pop();

/** Page and query of what is on the screen now. */
export function addressNow() {
  const query = new URLSearchParams(location.search), explore = exploreIn(document);
  for (const name of NOT_TOLD) query.delete(name);
  const lesson = query.get("lesson");
  if (lesson) query.set("lesson", lesson.split(".")[0]); // what a reader has done of it is a reader's own
  if (explore?.current && pageIn(window) === "explore") query.set("tool", explore.current.name);
  const text = query.toString().replaceAll("'", "%27");
  return text && text.length < MOST_ADDRESS ? `${pageIn(window)}?${text}` : pageIn(window);
}

export function viewNow(clean) {
  const live = liveIn(document), explore = exploreIn(document), main = mainIn(document), room = main.scrollHeight - main.clientHeight;
  const plane = live?.film.points ? live.plane.plane : null, scope = live?.microscope;
  return {
    address: addressNow(),
    step: live && !live.film.live && Number.isInteger(live.film.wanted) ? live.film.wanted : null,
    plane: plane ? [plane.cx, plane.cy, plane.zoom] : null,
    scope: scope?.taken ? [scope.step, scope.at] : null,
    scroll: room > 0 ? Math.min(1, Math.max(0, main.scrollTop / room)) : 0,
    clean,
    opened: openedIn(document),
    title: (live ? `Lab · ${live.data.name || "the next run"}` : explore?.explorer.model ? `Explore · ${explore.explorer.model.label}` : document.title.replace(/ [·•-] GANscope$/, "")).slice(0, 200),
  };
}

// --- the pointer: over what, which of those, and where on it, so that it means the same on every size of screen

const KEYED = "key:", KEY = "st-key-";

const placesOf = (document, name) => [...document.querySelectorAll(name.startsWith(KEYED) ? `.${CSS.escape(KEY + name.slice(KEYED.length))}` : `[data-testid="${CSS.escape(name)}"]`)];

/** What it is over, by a name of our own or else by a key of Streamlit's: its own names are those of every button. */
function overIn(target) {
  const own = target.closest('[data-testid]:not([data-testid^="st"])'), keyed = target.closest(`[class*="${KEY}"]`);
  if (own && !(keyed && own.contains(keyed))) return [own.getAttribute("data-testid"), own];
  const key = [...(keyed?.classList ?? [])].find((one) => one.startsWith(KEY));
  if (key) return [KEYED + key.slice(KEY.length), keyed];
  const other = target.closest("[data-testid]");
  return other && [other.getAttribute("data-testid"), other];
}

export function placeOf(event) {
  const [name, over] = (event.target instanceof Element && overIn(event.target)) || ["", null];
  if (!over) return null;
  const box = over.getBoundingClientRect(), index = placesOf(document, name).indexOf(over);
  if (index < 0 || index > 999 || name.length > 80 || !box.width || !box.height) return null;
  const share = (at, from, size) => Math.round(1e4 * Math.min(1, Math.max(0, (at - from) / size))) / 1e4;
  return [name, index, share(event.clientX, box.left, box.width), share(event.clientY, box.top, box.height)];
}

/** Where in a window that is, null where it is not there. */
export function placeIn(document, [name, index, x, y]) {
  const box = placesOf(document, name)[index]?.getBoundingClientRect();
  return box && box.width ? [box.left + x * box.width, box.top + y * box.height] : null;
}

// --- bringing it about in a frame

const split = (address, ofExplore) => {
  const [page, text = ""] = address.split(/\?(.*)/s), query = new URLSearchParams(text);
  /** @type {any} */
  const explore = {};
  if (page === "explore") for (const name of ofExplore) { explore[name] = query.get(name); query.delete(name); }
  return { page, rest: `${page}?${query}`, explore };
};

/** Leads the page in a frame where a view says. ofExplore: names in an address that are Explore's own. */
export class Guide {
  constructor(frame) {
    this.frame = frame;
    /** @type {string[]} */
    this.ofExplore = [];
    this.openers = new Openers();
    /** @type {any} */
    this.waiting = null;
    this.forget();
  }

  /** Whatever the frame shows by now, the view is brought about anew. */
  forget() {
    this.at = this.led = "";
    this.scrolled = -1;
    this.view = this.waiting = null;
  }

  /** As much of `view` as can be brought about now; called again and again. */
  lead(view) {
    const window = this.frame.contentWindow, document = this.frame.contentDocument;
    if (!window || !document?.body) return;
    const { rest, explore } = split(view.address, this.ofExplore);
    if (rest !== this.at) {
      if (!this.at) this.frame.src = addressOf(`./${view.address}`); // the first time: the page is loaded there
      else if (!atRest(document)) return;
      else goTo(window, view.address);
      this.at = rest;
      this.led = "";
      this.scrolled = -1;
      this.openers.unseen = [];
      return;
    }
    document.documentElement.toggleAttribute("data-followed", true);
    document.documentElement.toggleAttribute("data-clean", view.clean);
    if (!atRest(document)) return;
    this.leadLab(document, view);
    if (pageIn(window) === "explore") this.leadExplore(document, explore);
    this.openers.lead(document, view.opened ?? []);
    const main = mainIn(document);
    if (view.scroll !== this.scrolled) main.scrollTop = view.scroll * (main.scrollHeight - main.clientHeight);
    this.scrolled = view.scroll;
  }

  leadLab(document, { step, plane, scope }) {
    const live = liveIn(document);
    if (!live?.view) return;
    const wanted = `${live.data.run} ${step}`, { film } = live;
    if (this.led !== wanted && (step === null || film.kept.length)) {
      this.led = wanted;
      film.follow(step);
    }
    live.microscope.follow(scope);
    const own = live.plane.plane;
    if (!plane || !film.points || (own.cx === plane[0] && own.cy === plane[1] && own.zoom === plane[2])) return;
    [own.cx, own.cy, own.zoom] = plane;
    own.told();
  }

  /** Another model is opened; another point of the same is taken over without asking the server for its picture. */
  leadExplore(document, { model, step, look, tool }) {
    const page = exploreIn(document), { explorer } = page ?? {};
    if (!explorer?.model || !model) return;
    if (this.waiting) this.draw(...this.waiting);
    const wanted = `${model} ${step}`;
    if (this.led !== wanted) {
      const opened = explorer.model.id === model && (step === null || String(explorer.model.step) === step);
      if (!opened) page.open(model, { step: step === null ? null : Number(step), look: page.lookOf(look) });
      this.led = wanted;
      this.looked = opened ? undefined : look;
    }
    if (tool) page.choose(tool);
    if (look && look !== this.looked && page.lookOf(look)) {
      this.looked = look;
      explorer.look = page.lookOf(look, true);
    }
  }

  /** The picture under the teacher's hand; across: of so many times so many, the pictures around it. */
  async draw(told, bytes) {
    const page = this.frame.contentDocument && exploreIn(this.frame.contentDocument);
    const { model = null, busy = false } = page?.explorer ?? {};
    this.waiting = model && !busy ? null : [told, bytes]; // a page that is still being opened has it then: its own first picture would lie over this one
    if (this.waiting) return;
    const { words, across } = told;
    const bitmap = await createImageBitmap(new Blob([bytes])), { width, height } = bitmap;
    const sheet = new OffscreenCanvas(width, height), ink = sheet.getContext("2d");
    ink?.drawImage(bitmap, 0, 0);
    const pixels = ink?.getImageData(0, 0, width, height).data;
    page.picture.showLed(across ? { columns: across, rows: across, size: width / across } : null, pixels);
    if (!across && width === height) page.picture.draw({ size: width }, pixels);
    page.picture.describe(words);
  }

  /** Left to itself: the page asks for what was only drawn. */
  letGo() {
    const document = this.frame.contentDocument, page = document && exploreIn(document);
    document?.documentElement.removeAttribute("data-followed");
    document?.documentElement.removeAttribute("data-clean");
    if (page?.explorer.model && page.explorer.look) page.explorer.show(page.explorer.look, { commit: true });
    page?.picture.endLed();
    this.openers.leave();
    this.forget();
    this.at = "?"; // the page is there: it is led on from here
  }
}

const atRest = (document) => document.querySelector("[data-test-script-state]")?.getAttribute("data-test-script-state") === "notRunning";

/** As if the browser had gone back to that address: every page is drawn for it, and nothing is loaded anew. */
function goTo(window, address) {
  window.history.replaceState(null, "", addressOf(`./${address}`));
  window.dispatchEvent(new window.PopStateEvent("popstate", { state: null }));
}
