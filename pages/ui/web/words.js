// Numbers as people read them, and small helpers for the page.

import { context2d } from "./canvas/context.js";

const COUNT = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
export const count = (n) => (Number.isFinite(n) ? COUNT.format(n) : "–");

/** Three significant digits, a true minus sign. */
export function short(n) {
  if (!Number.isFinite(n)) return "–";
  const size = Math.abs(n);
  const text = size !== 0 && (size < 0.001 || size >= 1e5) ? n.toExponential(1)
    : n.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 || size === 0 ? 2 : 3);
  return text.replace("-", "−");
}

/** Images in a form that fits: 950, 12.3 k, 1.25 M. */
export function compact(n) {
  if (!Number.isFinite(n)) return "–";
  if (n < 10000) return count(n);
  if (n < 1e6) return `${(n / 1e3).toFixed(n < 1e5 ? 1 : 0)} k`;
  return `${(n / 1e6).toFixed(2)} M`;
}

/** Seconds as a clock: 0:42, 12:05, 1:02:03. */
export function clock(seconds) {
  if (seconds === null || !Number.isFinite(seconds)) return "–";
  const whole = Math.round(seconds), s = whole % 60, m = Math.floor(whole / 60) % 60, h = Math.floor(whole / 3600);
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A new element; `parts` are children, `attributes` may hold on<Event> functions. */
export function make(tag, attributes = {}, ...parts) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2).toLowerCase(), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...parts);
  return element;
}

/** What went wrong, in words: of an error its message. @param {unknown} problem */
export const messageOf = (problem) => (problem instanceof Error ? problem.message : String(problem));

/** Set text only where it changed, so that nothing is laid out anew for nothing. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** New children for the old ones; who had the focus on one of them has it on the new one of that `data-testid`. */
export function renew(parent, ...children) {
  const held = parent.contains(document.activeElement) ? document.activeElement?.getAttribute("data-testid") : "";
  parent.replaceChildren(...children);
  if (held) [...parent.querySelectorAll("[data-testid]")].find((child) => child.dataset.testid === held)?.focus({ preventScroll: true });
}

export const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** A CSS colour, variables and mixtures included, as [r, g, b] from 0 to 255. */
export function rgb(element, css) {
  const probe = make("i", { style: `color: ${css}` });
  element.append(probe);
  const ink = context2d(new OffscreenCanvas(1, 1));
  ink.fillStyle = getComputedStyle(probe).color;
  probe.remove();
  ink.fillRect(0, 0, 1, 1);
  return [...ink.getImageData(0, 0, 1, 1).data].slice(0, 3);
}

/** Whether the theme now in force is a dark one. */
export function dark(element) {
  const [r, g, b] = rgb(element, "var(--st-background-color)");
  return 0.299 * r + 0.587 * g + 0.114 * b < 128;
}
