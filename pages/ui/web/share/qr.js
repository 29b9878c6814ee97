// A link as a QR code on the whole screen, for the last row.

import { guardedAddress } from "../addresses.js";
import { make, say } from "../words.js";

const LOCAL = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
export const ONLY_HERE = "Only this machine reaches this address. Others need the one that the server has in your network.";

/** Whether an address leads nowhere but to the machine that it is typed on. */
export const onlyHere = (address) => LOCAL.test(new URL(address).hostname);

/**
 * Shows it until Escape, a press outside of it or Close. forms: [name, address] each, the first is shown first.
 * @param {{ title: string, forms: [string, string][], token: string }} what
 */
export function showQr({ title, forms, token }) {
  const picture = make("img", { class: "gs-qr-code", "data-testid": "qr-code" }), address = make("p", { class: "gs-qr-address", "data-testid": "qr-address" });
  const note = make("p", { class: "gs-qr-note", role: "status" });
  const choose = (at) => {
    const [, link] = forms[at];
    for (const [i, button] of buttons.entries()) button.setAttribute("aria-pressed", String(i === at));
    note.hidden = !onlyHere(link);
    say(note, onlyHere(link) ? ONLY_HERE : "");
    say(address, link);
    address.dataset.long = String(link.length > 80);
    picture.alt = `QR code of ${link}`;
    picture.hidden = false;
    picture.src = guardedAddress(`scenes/qr.svg?text=${encodeURIComponent(link)}`, token);
  };
  picture.addEventListener("error", () => {
    picture.hidden = true;
    note.hidden = false;
    say(note, "This link is too long for a QR code; its short form fits.");
  });
  const buttons = forms.map(([name], at) => make("button", { type: "button", class: "gs-copy", "aria-pressed": "false", onClick: () => choose(at) }, name));
  /** @type {HTMLDialogElement} */
  const dialog = make("dialog", { class: "gs-qr", "aria-label": "QR code", "data-testid": "qr", onClick: (event) => { if (event.target === dialog) dialog.close(); } },
    make("div", { class: "gs-qr-bar" }, make("strong", {}, title), make("i"), ...(buttons.length > 1 ? buttons : []),
      make("button", { type: "button", class: "gs-copy", "data-testid": "qr-close", onClick: () => dialog.close() }, "Close")),
    picture, address, note);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  choose(0);
}
