// Copying a text, in every browser and on every kind of address.

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
