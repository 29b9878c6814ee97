// How a run is named on every tab, whatever else the tab shows.

import { make } from "../../ui/web/words.js";

/** A run's letter in its colour. */
export const badge = ({ letter, place }) => make("i", { class: "gc-badge", style: `--ink: var(--gc-${place % 8})`, "aria-hidden": "true" }, letter);
