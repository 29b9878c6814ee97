// What a view asks of its page by presses. Of the events that wait Streamlit keeps the newest: each tells all wishes that
// the page has not answered, so that none is lost; see wishes.py for the page's half.

export class Wishes {
  constructor() {
    this.last = 0;
    /** @type {any[][]} */
    this.unheard = [];
    this.tell = /** @type {(name: string, value: any) => void} */ (() => {});
  }

  /** After every drawing of the page; heard: the numbers of the wishes that it has carried out. */
  update(heard, tell) {
    this.tell = tell;
    this.unheard = this.unheard.filter(([number]) => !heard.includes(number));
  }

  ask(...wish) {
    this.last = Math.max(this.last + 0.5, Date.now()); // two in one millisecond differ
    this.unheard.push([this.last, ...wish]);
    this.tell("asked", [...this.unheard]);
  }
}
