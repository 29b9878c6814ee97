// Where a control is: found on the page by the words that are on it, and ringed for a moment.

import { make } from "../../ui/web/words.js";

const CONTROLS = "button, a[href], summary, label, [role=tab], [role=radio], [data-testid=stWidgetLabel], legend, h3";
const SHOWN_MS = 4000;

/** The words on a control, without the letters of its sign. */
export function nameOf(element) {
  const signs = element.querySelectorAll("[data-testid=stIconMaterial], [data-testid=stTooltipIcon], svg");
  let text = element.textContent;
  for (const sign of signs) text = text.replace(sign.textContent, "");
  return text.replace(/\s+/g, " ").trim();
}

const ours = (element) => !!element.closest("[data-testid=lesson]");
const seen = (element) => element.getClientRects().length > 0 && getComputedStyle(element).visibility !== "hidden";

/** The control with these words that can be seen, null where there is none. */
export function find(name) {
  const says = (element) => element.textContent.includes(name) || element.getAttribute("aria-label") === name;
  const all = [...document.querySelectorAll(CONTROLS)].filter((element) => says(element) && !ours(element) && seen(element));
  return all.find((element) => nameOf(element) === name || element.getAttribute("aria-label") === name)
    ?? all.find((element) => nameOf(element).startsWith(name)) ?? null;
}

/** The quoted control that a click has pressed, "" where it was none of them. */
export function pressedOf(event, names) {
  const element = event.target.closest?.("button, a[href], summary, [role=tab], [role=radio]");
  if (!element || ours(element)) return "";
  return names.find((name) => nameOf(element) === name || element.getAttribute("aria-label") === name) ?? "";
}

/** @type {HTMLElement | null} */
let ring = null;
let timer = 0;

/** Ring a control until a moment has gone by; false where it is not there. */
export function point(name) {
  const element = find(name);
  unpoint();
  if (!element) return false;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  element.scrollIntoView({ block: "center", inline: "nearest", behavior: still ? "auto" : "smooth" });
  const drawn = (ring = make("div", { class: "gl-ring", "aria-hidden": "true" }));
  document.body.append(drawn);
  const follow = () => {
    if (!ring) return;
    const { x, y, width, height } = element.getBoundingClientRect();
    Object.assign(ring.style, { left: `${x - 6}px`, top: `${y - 6}px`, width: `${width + 12}px`, height: `${height + 12}px` });
    requestAnimationFrame(follow);
  };
  follow();
  timer = setTimeout(unpoint, SHOWN_MS);
  return true;
}

export function unpoint() {
  clearTimeout(timer);
  ring?.remove();
  ring = null;
}
