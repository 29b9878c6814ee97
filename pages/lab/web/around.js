// What the live view and the page around it tell each other: what its buttons depend on, the focus, Branch, the twin.

const FIRST_PATIENCE_MS = 1000;
const TWIN_MOVED = "gs-twin-moved";
const CONTROLS = ".st-key-controls"; // the page's row of buttons
const BRANCH = ".st-key-branch [aria-expanded]";

export class PageAround {
  /** tell(name, value): to the page; moment(): the step that is looked at; follow(step): go where the twin has gone. */
  constructor({ tell, moment, follow }) {
    this.tell = tell;
    this.moment = moment;
    this.follow = follow;
    /** @type {Record<string, any>} */
    this.data = {}; // what the page said last
    this.told = "";
    this.tellAgain = 0; // when the page, if it has not followed, is told again
    this.patience = FIRST_PATIENCE_MS;
    this.atControls = this.following = false;
    this.onFocus = (event) => { this.atControls = !!event.target.closest?.(CONTROLS); };
    for (const kind of ["focusin", "pointerdown"]) document.addEventListener(kind, this.onFocus);
    this.onOpening = (event) => this.tellMoment(event.target.closest?.(BRANCH));
    document.addEventListener("click", this.onOpening, true);
    this.onTwin = (event) => this.followTwin(event.detail);
    window.addEventListener(TWIN_MOVED, this.onTwin);
  }

  /** Pause becomes Resume: who pressed it with a key goes on from there, not from the top of the page. */
  keepFocus() {
    if (!this.atControls || document.activeElement !== document.body) return;
    /** @type {HTMLElement} */ (document.querySelector(`${CONTROLS} button:not(:disabled)`))?.focus({ preventScroll: true });
  }

  /** Twins are looked at together: where one film is moved to a step, the other goes there too. */
  tellTwin(step) {
    if (this.data.twin && !this.following) window.dispatchEvent(new CustomEvent(TWIN_MOVED, { detail: { run: this.data.run, step } }));
  }

  followTwin({ run, step }) {
    if (!run || run !== this.data.twin) return;
    this.following = true;
    this.follow(step);
    this.following = false;
  }

  /** The page's Branch is being opened: it begins at the moment that is looked at. */
  tellMoment(button) {
    const step = this.moment();
    if (button && this.data.can_branch && step !== undefined && button.getAttribute("aria-expanded") !== "true") this.tell("looking", { run: this.data.run, step });
  }

  /** Another run: nothing was told of it yet. */
  forget() {
    clearTimeout(this.comparing);
    this.told = "";
  }

  /**
   * Tell the page when what its buttons depend on has changed. A page that does not follow, because it looked a moment
   * too early or did not hear, is told again, ever more rarely. view: the run's newest; changes: how many it has had.
   */
  compare(view, changes) {
    clearTimeout(this.comparing);
    if (!view || !this.data.run) return;
    const now = [view.state, view.queue_place, view.checkpoints, view.error, changes].join("|");
    if (now === this.data.signature) return;
    const again = () => { this.comparing = setTimeout(() => this.compare(view, changes), this.tellAgain - performance.now() + 10); };
    if (now !== this.told) this.patience = FIRST_PATIENCE_MS;
    else if (performance.now() < this.tellAgain) return again();
    this.told = now;
    this.tellAgain = performance.now() + this.patience;
    this.patience *= 2;
    this.tell("moved", `${now} ${Date.now()}`);
    again();
  }

  end() {
    clearTimeout(this.comparing);
    for (const kind of ["focusin", "pointerdown"]) document.removeEventListener(kind, this.onFocus);
    document.removeEventListener("click", this.onOpening, true);
    window.removeEventListener(TWIN_MOVED, this.onTwin);
  }
}
