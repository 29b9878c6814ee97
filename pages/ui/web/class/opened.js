// What is opened on a page beside what its address says: menus, folded groups, dialogs. Told by key and label, and
// opened and closed on a page that is led.

const MENU = "[data-testid=stPopoverButton]", FOLD = "details > summary", KEY = "st-key-";
const AGAIN_MS = 1200; // a group takes a moment to unfold: a second press meanwhile would fold it again
const MOST = 24, MOST_KEY = 200, MOST_LABEL = 80; // as class_messages.py takes them

const keyOf = (element) => [...(element.closest(`[class*="${KEY}"]`)?.classList ?? [])].find((name) => name.startsWith(KEY))?.slice(KEY.length) ?? "";
/** What it is called: an icon of Streamlit's is a word in a font of its own. */
function labelOf(element) {
  const words = element.cloneNode(true);
  for (const icon of words.querySelectorAll("[data-testid=stIconMaterial], [aria-hidden=true]")) icon.remove();
  return words.textContent.trim().slice(0, MOST_LABEL);
}
const isOpen = (opener) => opener.matches(MENU) ? opener.getAttribute("aria-expanded") === "true" : opener.parentElement.open;
const openersOf = (document) => [...document.querySelectorAll(`${MENU}, ${FOLD}`)];
function dialogLabel(dialog) {
  const title = dialog.querySelector("[slot=title], h1, h2, h3");
  return dialog.getAttribute("aria-label") || (title && labelOf(title)) || "a dialog";
}

/** @returns {[string, string][]} [key, label] of whatever is open; a dialog, which only its own page can open, has no key */
export function openedIn(document) {
  const dialogs = [...document.querySelectorAll("[data-testid=stDialog], dialog[open]")].map((dialog) => /** @type {[string, string]} */ (["", dialogLabel(dialog)]));
  const openers = openersOf(document).filter(isOpen).map((opener) => /** @type {[string, string]} */ ([keyOf(opener).slice(0, MOST_KEY), labelOf(opener)]));
  return [...dialogs, ...openers].slice(0, MOST);
}

/** Opens and closes on the page in a frame what is open on another; what its reader has opened stays open. */
export class Openers {
  constructor() {
    this.own = new WeakSet();
    this.led = new WeakSet();
    this.pressed = new WeakMap(); // when
    this.wasLeft = false;
    /** @type {string[]} */
    this.unseen = []; // labels of what could not be opened here
  }

  /** One press at most, as closing one menu may close another: called again and again. */
  lead(document, wanted) {
    const openers = openersOf(document), open = openers.filter(isOpen);
    if (this.wasLeft) for (const one of open) if (!this.led.has(one)) this.own.add(one);
    this.wasLeft = false;
    const found = wanted.map(([key, label]) => this.find(openers, key, label)), shut = found.filter((one) => one && !isOpen(one));
    this.press(open.find((one) => !found.includes(one) && !this.own.has(one) && this.isFree(one)) ?? shut.find((one) => this.isFree(one)));
    this.unseen = wanted.filter((_, at) => !found[at] || (!isOpen(found[at]) && this.pressed.has(found[at]) && this.isFree(found[at]))).map(([, label]) => label);
  }

  /** By its key; where several have the same, or none, by its label. */
  find(openers, key, label) {
    const same = key ? openers.filter((one) => keyOf(one) === key) : [];
    return same.length > 1 ? same.find((one) => labelOf(one) === label) : same[0];
  }

  isFree(opener) { return performance.now() - (this.pressed.get(opener) ?? -Infinity) > AGAIN_MS; }

  press(opener) {
    if (!opener) return;
    this.pressed.set(opener, performance.now());
    if (isOpen(opener)) this.led.delete(opener);
    else this.led.add(opener);
    opener.click();
  }

  /** From now on whoever reads it opens and closes what they like. */
  leave() {
    this.wasLeft = true;
    this.unseen = [];
  }
}
