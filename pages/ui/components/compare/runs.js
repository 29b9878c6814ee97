// How a run is named on every tab, whatever else the tab shows.

/** A run's letter in its colour. */
const badge = ({ letter, place }) => make("i", { class: "gc-badge", style: `--ink: var(--gc-${place % 8})`, "aria-hidden": "true" }, letter);
