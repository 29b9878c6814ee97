// Bookmarks: points kept with the model on the server, each with a picture and a name.

import { cutUp } from "../../ui/web/canvas/atlas.js";
import { make, messageOf } from "../../ui/web/words.js";
import { iconOf, toolButton } from "./tools.js";

export class Bookmarks {
  constructor(explorer) {
    this.explorer = explorer;
    this.list = make("div", { class: "gx-marks-list", role: "list" });
    this.add = toolButton("bookmark", "Bookmark", { "data-testid": "bookmark", title: "Keep this point with the model", onclick: () => this.keep() });
    this.hint = make("p", { class: "gx-marks-hint", title: "Points that you keep stand here, with this model, for everybody who opens it." }, iconOf("bookmark"), "None yet");
    this.root = make("aside", { class: "gx-marks", "aria-label": "Bookmarks", "data-testid": "bookmarks" }, this.hint, this.list);
    this.menu = null;
    this.onOutside = (event) => this.menu && !this.menu.contains(event.target) && this.closeMenu();
    document.addEventListener("pointerdown", this.onOutside, true);
  }

  async load() {
    const { explorer } = this, { model } = explorer;
    this.set([]);
    try {
      const answer = await explorer.ask("bookmarks");
      if (answer && model === explorer.model) this.set(answer.header.bookmarks);
    } catch (problem) {
      explorer.say(messageOf(problem));
    }
  }

  set(found) {
    const { bookmarks } = this.explorer;
    bookmarks.splice(0, bookmarks.length, ...found);
    this.draw();
    this.explorer.tell("bookmarks", bookmarks);
  }

  change(op, args) {
    return this.explorer.change(op, args, ({ bookmarks }) => this.set(bookmarks));
  }

  keep() {
    if (!this.explorer.point) return;
    const names = new Set(this.explorer.bookmarks.map((b) => b.name));
    let i = this.explorer.bookmarks.length + 1;
    while (names.has(`Point ${i}`)) i += 1;
    this.change("bookmark-add", { name: `Point ${i}`, look: this.explorer.frozen(), as_set: this.explorer.asSet() });
  }

  async remove(bookmark) {
    this.closeMenu();
    const gone = await this.change("bookmark-delete", { key: bookmark.id });
    if (gone) this.explorer.say(`${bookmark.name} is deleted.`, { label: "Undo", run: () => this.change("bookmark-restore", { key: bookmark.id }) });
  }

  draw() {
    const { bookmarks } = this.explorer;
    this.hint.hidden = bookmarks.length > 0;
    this.list.replaceChildren(...bookmarks.map((bookmark) => this.item(bookmark)));
    this.drawPictures();
  }

  item(bookmark) {
    const go = make("button", { type: "button", class: "gx-thumb", title: `${bookmark.name}: go there`, "aria-label": `Go to ${bookmark.name}`,
      onclick: () => this.explorer.show({ ...bookmark.look, where: bookmark.as_set ?? bookmark.look.where }, { commit: true, opened: true }) }, make("canvas", { width: 1, height: 1 }));
    const more = make("button", { type: "button", class: "gx-more", title: `Rename or delete ${bookmark.name}`, "aria-label": `Rename or delete ${bookmark.name}`,
      onclick: (event) => this.openMenu(bookmark, event.currentTarget.parentElement) }, "⋯");
    return make("div", { class: "gx-mark-item", role: "listitem", "data-testid": "bookmark-item" }, go, more, make("span", { class: "gx-mark-name", title: bookmark.name }, bookmark.name));
  }

  /** All in one atlas, cut up. */
  async drawPictures() {
    const { explorer } = this, looks = explorer.bookmarks.map((b) => b.look).slice(0, 256);
    if (!looks.length) return;
    try {
      const answer = await explorer.ask("looks", { looks, columns: 1 }, { slot: "bookmarks-pictures" });
      if (answer) cutUp(answer, [...this.list.querySelectorAll("canvas")]);
    } catch { /* names stand without pictures */ }
  }

  openMenu(bookmark, item) {
    this.closeMenu();
    const name = make("input", { type: "text", class: "gx-text", maxlength: "60", value: bookmark.name, "aria-label": "Name", disabled: !!bookmark.refused, title: bookmark.refused || "" });
    const rename = () => {
      const text = name.value.trim();
      this.closeMenu();
      if (text && text !== bookmark.name) this.change("bookmark-rename", { key: bookmark.id, name: text });
    };
    name.addEventListener("keydown", (event) => {
      if (event.key === "Enter") rename();
      if (event.key === "Escape") this.closeMenu();
    });
    const locked = bookmark.refused ? { disabled: true, title: bookmark.refused } : {};
    this.menu = make("div", { class: "gx-menu", role: "dialog", "aria-label": `${bookmark.name}` }, name,
      make("div", { class: "gx-row" }, toolButton("", "Rename", { onclick: rename, ...locked }), toolButton("close", "Delete", { onclick: () => this.remove(bookmark), ...locked })));
    const view = this.root.closest(".gx-explore"), box = item.getBoundingClientRect(), frame = view.getBoundingClientRect();
    view.append(this.menu);
    this.menu.style.top = `${box.bottom - frame.top + 4}px`;
    this.menu.style.left = `${Math.min(box.left - frame.left, frame.width - this.menu.offsetWidth - 8)}px`;
    name.select();
    name.focus();
  }

  closeMenu() {
    this.menu?.remove();
    this.menu = null;
  }

  close() {
    document.removeEventListener("pointerdown", this.onOutside, true);
  }
}
