// Presses that have had no answer: which button it was, so that it can be said, and pressed again by who pressed it.

const TIED_MS = 1000; // what is sent so soon after a press is of that press
const MOST_LABEL = 60, MOST = 3;
/** What stands in a field, or is chosen, Streamlit keeps and tells again; `wishes.js` keeps what components of it ask. */
const KEPT = "[data-testid=stButtonGroup], [data-testid=stNumberInput], [data-testid=stFileUploader], [data-testid=stPopover], [data-presses=kept]";
const STREAMLITS = "[data-testid=stButton], [data-testid=stFormSubmitButton], [data-testid=stPageLink], [data-testid=stTopNavLinkContainer]";

function labelOf(element) {
  const words = element.cloneNode(true);
  for (const icon of words.querySelectorAll("[data-testid=stIconMaterial], [aria-hidden=true], svg, kbd")) icon.remove();
  const text = words.textContent.trim() || element.getAttribute("aria-label") || element.title || "";
  return text.length > MOST_LABEL ? `${text.slice(0, MOST_LABEL)}…` : text;
}

export class Presses {
  constructor() {
    /** @type {any} */
    this.last = null;
    /** @type {any[]} */
    this.waiting = [];
    window.addEventListener("click", (event) => this.clicked(event), true);
  }

  clicked({ target }) {
    const element = target instanceof Element ? target.closest("button, a[href]") : null;
    this.last = element && !element.closest(KEPT) 
      ? { element, label: labelOf(element), place: element.closest(STREAMLITS)?.getAttribute("data-testid") ?? "", at: performance.now() } : null;
  }

  /** Something goes to the server over this socket: of the last press, if that was just now. */
  sent(socket) {
    const { last } = this;
    this.last = null;
    if (!last?.label || performance.now() - last.at > TIED_MS) return;
    this.waiting = [...this.waiting.filter(({ label }) => label !== last.label), { ...last, socket }].slice(-MOST);
  }

  /** The server has said something over it: what had gone there before has arrived. */
  heard(socket) { if (this.waiting.length) this.waiting = this.waiting.filter((one) => one.socket !== socket); }

  /** Those that nothing was heard of, once. */
  take() {
    const taken = this.waiting;
    this.waiting = [];
    return taken;
  }

  /** Its button as it stands there now, null where there is none that can be pressed: a component's is its own matter. */
  static button({ element, label, place }) {
    if (!place) return null;
    const found = element.isConnected ? element : [...document.querySelectorAll(`[data-testid=${place}] :is(button, a)`)].find((one) => labelOf(one) === label);
    return found && labelOf(found) === label && !found.disabled && found.getClientRects().length ? found : null;
  }
}
