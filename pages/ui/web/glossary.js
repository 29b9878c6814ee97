// A title that leads to its term in the glossary.

import { addressOf } from "./addresses.js";
import { make } from "./words.js";

/** term: its id in assets/glossary, "" where the title has none. It opens beside the page, which goes on. */
export function titled(title, term) {
  if (!term) return make("h3", {}, title);
  return make("h3", {}, make("a", { class: "gs-term", href: addressOf(`learn?term=${term}`), target: "_blank", title: "What this is: glossary" }, title));
}
