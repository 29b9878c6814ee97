// A button that copies this page's address.

import { component } from "./mounting.js";

const SAID_MS = 1600;

/** Puts a text into the clipboard, where the browser lets a page do so or not. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // no clipboard on a plain-HTTP address: the old way
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
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
    await copyText(this.button.title);
    this.button.textContent = "Copied";
    setTimeout(() => { this.button.textContent = this.label; }, SAID_MS);
  }

  close() {
    this.button.remove();
  }
}

export default component((parent) => new CopyButton(parent));
