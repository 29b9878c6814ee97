// What a view asks of its page by presses. Of the events that wait Streamlit keeps the newest: each tells all wishes that
// the page has not answered, so that none is lost; see wishes.py for the page's half.

const ON_ITS_WAY_MS = 5000; // a press that the page has not carried out by then was lost with its connection

export class Wishes {
  constructor() {
    this.last = this.toldAgain = 0;
    /** @type {any[][]} */
    this.unheard = [];
    this.tell = /** @type {(name: string, value: any) => void} */ (() => {});
  }

  /** After every drawing of the page; heard: the numbers of the wishes that it has carried out. */
  update(heard, tell) {
    this.tell = tell;
    this.unheard = this.unheard.filter(([number]) => !heard.includes(number));
    const lost = this.unheard.findLast(([number]) => number > this.toldAgain && number < Date.now() - ON_ITS_WAY_MS);
    if (!lost) return;
    [this.toldAgain] = lost; // once: the page does each number once, whatever it hears twice
    this.tell("asked", [...this.unheard]);
  }

  ask(...wish) {
    this.last = Math.max(this.last + 0.5, Date.now()); // two in one millisecond differ
    this.unheard.push([this.last, ...wish]);
    this.tell("asked", [...this.unheard]);
  }
}
