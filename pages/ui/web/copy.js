// A button that copies this page's address.

import { component } from "./mounting.js";

const SAID_MS = 1600;

/** Puts a text into the clipboard, where the browser lets a page do so or not; whether it is there now. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch { // no clipboard on a plain-HTTP address: the old way
    return copyBySelection(text);
  }
}

/** As a person copies: what is selected. The selection and the focus are as before when it is done. */
function copyBySelection(text) {
  const held = /** @type {HTMLElement | null} */ (document.activeElement), area = document.createElement("textarea");
  area.value = text;
  area.readOnly = true; // no keyboard opens on a phone
  Object.assign(area.style, { position: "fixed", inset: "0 auto auto 0", opacity: "0" });
  // Inside an open dialog nothing outside of it can be selected.
  (document.querySelector("dialog[open]") ?? held?.parentElement ?? document.body).append(area);
  area.select();
  area.setSelectionRange(0, text.length);
  const copied = document.execCommand("copy");
  area.remove();
  held?.focus?.({ preventScroll: true });
  return copied;
}

class CopyButton {
  constructor(parent) {
    this.button = Object.assign(document.createElement("button"), { type: "button", className: "gs-copy", onclick: () => this.press() });
    this.button.dataset.testid = "copy-link";
    parent.append(this.button);
  }

  update({ label, query }) {
    this.label = label;
    const link = new URL(location.pathname, location.origin);
    for (const [name, value] of Object.entries(query)) link.searchParams.set(name, value);
    this.button.textContent = label;
    this.button.title = link.href;
  }

  async press() {
    this.button.textContent = (await copyText(this.button.title)) ? "Copied" : "It cannot be copied here";
    setTimeout(() => { this.button.textContent = this.label; }, SAID_MS);
  }

  close() {
    this.button.remove();
  }
}

export default component((parent) => new CopyButton(parent));
