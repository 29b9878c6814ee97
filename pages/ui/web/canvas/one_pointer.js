// A hand that draws on an element: one pointer at a time, from its press to its end, and the keys that mean the same everywhere.

export class OnePointer {
  /** begin(event): pressed; extend(event): each place on the way, moved(): after them; finish(): let go; abandon(): taken away. */
  constructor(element, { begin, extend, moved = () => {}, finish, abandon }) {
    this.element = element;
    this.begin = begin;
    this.extend = extend;
    this.moved = moved;
    /** @type {number | null} */
    this.id = null; // of the pointer that is down
    const on = (name, act) => element.addEventListener(name, act);
    on("pointerdown", (e) => this.down(e));
    on("pointermove", (e) => this.move(e));
    on("pointerup", (e) => e.pointerId === this.id && finish());
    on("pointercancel", (e) => e.pointerId === this.id && abandon());
  }

  down(event) {
    if (this.id !== null || event.button > 0) return;
    this.begin(event);
    this.id = event.pointerId;
    this.element.setPointerCapture(event.pointerId);
  }

  /** A browser tells of a quick hand only once a frame; where it has been in between, it tells when asked. */
  move(event) {
    if (event.pointerId !== this.id) return;
    const parts = event.getCoalescedEvents?.() ?? [];
    for (const part of parts.length ? parts : [event]) this.extend(part);
    this.moved();
  }

  /** What was drawn has ended: the next press begins anew. */
  release() {
    this.id = null;
  }
}

export const presses = (event) => event.key === " " || event.key === "Enter";
export const undoes = (event) => event.key === "Backspace" || (event.key === "z" && (event.ctrlKey || event.metaKey));
