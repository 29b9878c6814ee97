// Whether a task is done, by what the watched run tells and by what is on the page.

const HOLDS = {
  ">=": (a, b) => a >= b, "<=": (a, b) => a <= b, "=": (a, b) => a === b || (typeof b === "number" ? Number(a) === b : String(a) === b),
  ">": (a, b) => a > b, "<": (a, b) => a < b,
};

/** The Lab's view of the run that is watched, null where there is none. */
export const liveView = () => /** @type {any} */ (document.querySelector("[data-testid=live]"))?.live ?? null;

const explorer = () => /** @type {any} */ (document.querySelector("[data-testid=explore]"))?.explorer ?? null;

/** What has been seen since a lesson was opened: presses and looks. */
export class Noticed {
  constructor() {
    this.presses = new Set();
    this.looks = new Set();
  }

  look() {
    const look = explorer()?.look;
    if (look) this.looks.add(JSON.stringify(look));
  }

  /** Whether all conditions of a task hold; given: what the server says of the page and of the run. */
  all(conditions, given) {
    return conditions.every((condition) => this.holds(condition, given));
  }

  holds({ name, sign, value, over }, given) {
    if (name === "pressed") return this.presses.has(value);
    if (name === "looks") return HOLDS[sign](this.looks.size, value);
    if (name === "page") return given.page === value;
    if (name === "tool") return document.querySelector(".gx-tabs [aria-selected=true]")?.getAttribute("data-testid") === `tab-${value}`;
    const live = liveView(), run = given.run;
    if (!live?.view || !run || live.view.id !== run.id) return false;
    if (name === "scene") return run.scenes.includes(value);
    if (name === "state") return live.view.state === value;
    if (name.startsWith("config.")) return HOLDS[sign](run.config[name.slice(7)], value);
    if (name === "step") return HOLDS[sign](live.view.step, value);
    const column = (live.series.columns[name] ?? []).filter(Number.isFinite);
    if (!column.length) return false;
    const now = over === "max" ? Math.max(...column) : over === "min" ? Math.min(...column) : column.at(-1);
    return HOLDS[sign](now, value);
  }
}

/** This moment's value of a column, NaN where there is none. */
export function columnNow(name) {
  const live = liveView();
  return live?.view ? live.series.known(name, live.series.length - 1) : NaN;
}
