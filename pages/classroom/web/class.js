// The Class page: what the teacher shows, in a frame that is led; and how the class has answered.

import { addressOf, guardedAddress } from "../../ui/web/addresses.js";
import { FOLLOWED, onClass, takePart, takesPart, tellClass } from "../../ui/web/class/link.js";
import { Guide, placeIn } from "../../ui/web/class/view.js";
import { copyText } from "../../ui/web/copy.js";
import { component } from "../../ui/web/mounting.js";
import { onlyHere, showQr } from "../../ui/web/share/qr.js";
import { dark, make, renew, say } from "../../ui/web/words.js";
import { isShowing, showClass } from "./desk.js";
import { histogram } from "./histogram.js";

const LEAD_MS = 120;
const DESK_WIDTH = 1366, DESK_HEIGHT = 768; // the projector shows a page as large as it is on a screen like this
const SCREENS = { frozen: "The teacher has frozen the picture", black: "The teacher has made the screen black for a moment", white: "The teacher has made the screen white for a moment" };

class ClassPage {
  constructor(parent) {
    const button = (name, text, action, more = {}) => make("button", { type: "button", class: "gs-button", "data-testid": name, onClick: action, ...more }, text);
    this.follows = true;
    this.now = make("b", { "data-testid": "class-now" });
    this.letGo = button("let-go", "Look around yourself", () => this.setFollow(false));
    this.back = button("come-back", "Follow the teacher again", () => this.setFollow(true), { class: "gs-button gd-primary" });
    this.home = button("take-home", "Take it home", () => this.tell("home", { address: this.shownAt(), step: this.stepNow(), at: Date.now() }),
      { title: "A branch of this run, or this point on Explore, as your own" });
    this.part = make("input", { type: "checkbox", "data-testid": "take-part", onChange: () => { takePart(this.part.checked); } });
    this.part.checked = takesPart();
    this.strip = make("div", { class: "gd-strip" }, this.now, make("i", { class: "gd-space" }), this.letGo, this.back, this.home);
    this.frame = make("iframe", { class: "gd-frame", title: "What the teacher shows", name: FOLLOWED, "data-testid": "class-frame", hidden: true });
    this.cover = make("div", { class: "gd-cover", "data-testid": "class-cover" });
    this.ring = make("i", { class: "gd-pointer", "aria-hidden": "true", hidden: true, "data-testid": "class-ring" });
    this.opened = make("p", { class: "gd-opened", hidden: true, "data-testid": "class-opened" });
    this.stage = make("div", { class: "gd-stage" }, this.frame, this.cover, this.ring, this.opened);
    this.nothing = make("div", { class: "gd-nothing", "data-testid": "class-nothing" });
    this.show = button("follow-me", "Follow me", () => { showClass(!isShowing()); this.draw(); }, { class: "gs-button gd-primary" });
    this.projector = make("a", { class: "gs-button", target: "_blank", rel: "opener", href: addressOf("class?screen=1"), "data-testid": "projector-window" }, "Open the projector’s window");
    this.link = make("span", { class: "gd-address", "data-testid": "class-address" });
    this.copy = button("copy-class", "Copy", () => { copyText(this.link.textContent); say(this.copy, "Copied"); });
    this.qr = button("class-qr", "QR code", () => this.showQr(), { title: "On the whole screen, to be read from the last row" });
    this.numbers = make("span", { class: "gd-quiet", "data-testid": "class-numbers" });
    this.desk = make("section", { class: "gd-desk", "aria-label": "The teacher’s desk", hidden: true },
      make("div", { class: "gd-row" }, this.show, this.projector, this.numbers),
      make("p", { class: "gd-quiet" }, "With Follow me on, go to any page: what you look at, point at and drag is what the class sees here. The projector’s window shows the same without any buttons; drag it to the second screen, and keep notes and settings on this one."),
      make("div", { class: "gd-row" }, make("span", {}, "The class opens"), this.link, this.copy, this.qr));
    this.results = make("section", { class: "gd-results", "aria-label": "How the class has answered", "data-testid": "class-results" });
    this.partRow = make("label", { class: "gd-part" }, this.part, "Count my answers to quizzes and questions in the class’s results, without my name");
    this.root = make("div", { class: "gs-live gd-page", "data-testid": "class" }, this.desk, this.strip, this.stage, this.nothing,
      this.partRow, this.results);
    parent.append(this.root);
    this.guide = new Guide(this.frame);
    this.told = {};
    this.leave = onClass((frame) => this.hear(frame));
    this.timer = setInterval(() => this.lead(), LEAD_MS);
    this.isScreen = new URLSearchParams(location.search).get("screen") === "1";
    this.root.toggleAttribute("data-screen", this.isScreen);
    document.documentElement.toggleAttribute("data-class-screen", this.isScreen);
  }

  update(data, tell) {
    this.data = data;
    this.guide.ofExplore = data.explore;
    this.tell = tell;
    this.root.toggleAttribute("data-dark", dark(this.root));
    say(this.link, this.address());
    this.draw();
  }

  /** Where the class finds this page: as the teacher does, or by the name in the network where that leads nowhere else. */
  address() {
    const found = new URL(addressOf("class"));
    if (onlyHere(found.href) && this.data.hosts.length) found.hostname = this.data.hosts[0];
    return found.href;
  }

  /** Links to the class by name, the one that lets in first. @returns {[string, string][]} */
  links() {
    const plain = this.address(), { access } = this.data;
    /** @type {[string, string][]} */
    const forms = [["Address alone", plain]];
    if (access) forms.unshift(["With the token", `${plain}?access=${encodeURIComponent(access)}`]);
    return forms;
  }

  showQr() {
    showQr({ title: "The class", token: this.data.token, forms: this.links() });
  }

  /** Before anything is shown: what will be here; on the projector how the class gets there. */
  drawNothing() {
    const words = make("p", {}, this.isScreen ? "What the teacher shows will be here." : "As soon as the teacher presses Follow me, it is here: the page, the run, the picture under the teacher’s hand. Leave this page open, or look around; nothing of yours is changed by it.");
    if (!this.isScreen || !this.data.teacher) return this.nothing.replaceChildren(make("h3", {}, "Nothing is shown just now"), words);
    const [[, link]] = this.links();
    this.nothing.replaceChildren(make("h3", {}, "The class opens"), make("b", { class: "gd-address" }, this.address()),
      make("img", { class: "gd-code", alt: `QR code of ${link}`, src: guardedAddress(`scenes/qr.svg?text=${encodeURIComponent(link)}`, this.data.token), "data-testid": "class-code" }), words);
  }

  hear({ header, blobs }) {
    this.told[header.type] = header;
    if (header.type === "class") tellClass({ do: "follow", on: this.following });
    else if (header.type === "view") tellClass({ do: "follow", on: this.following });
    else if (header.type === "picture" && this.following) this.guide.draw(header, blobs[0]);
    if (header.type !== "pointer" && header.type !== "picture") this.draw();
    this.lead();
  }

  get view() { return this.told.view?.view ?? null; }

  /** The teacher’s own tab shows; it does not follow itself. */
  get teaches() { return !!this.data?.teacher && !this.isScreen; }

  get following() { return this.follows && !!this.view && !this.teaches; }

  setFollow(on) {
    this.follows = on;
    if (!on) this.guide.letGo();
    tellClass({ do: "follow", on: this.following });
    this.draw();
  }

  lead() {
    if (!this.view || !this.following) return void (this.ring.hidden = this.opened.hidden = true);
    const screen = this.told.screen?.screen ?? "";
    const scale = this.isScreen ? Math.max(1, Math.min(innerWidth / DESK_WIDTH, innerHeight / DESK_HEIGHT)) : 1;
    this.frame.style.setProperty("--scale", scale.toFixed(4));
    this.guide.lead(this.view);
    const { unseen } = this.guide.openers;
    say(this.opened, `The teacher has opened ${unseen.map((label) => `“${label}”`).join(" and ")}.`);
    this.opened.hidden = !unseen.length || ["black", "white"].includes(screen);
    const at = this.told.pointer?.at, place = at && !screen && this.frame.contentDocument && placeIn(this.frame.contentDocument, at);
    this.ring.hidden = !place;
    if (place) this.ring.style.transform = `translate(${scale * place[0]}px, ${scale * place[1]}px)`;
  }

  shownAt() {
    const place = this.frame.contentWindow?.location;
    return this.follows || !place ? this.view?.address ?? "" : `${place.pathname.split("/").pop()}${place.search}`;
  }

  stepNow() {
    const film = this.frame.contentDocument?.querySelector("[data-testid=live]")?.["live"]?.film;
    return film && !film.live && Number.isInteger(film.wanted) ? film.wanted : film?.kept.at(-1)?.[0] ?? null;
  }

  draw() {
    const { view, following, teaches } = this, screen = this.told.screen?.screen ?? "";
    this.desk.hidden = !teaches;
    say(this.show, isShowing() ? "Stop showing" : "Follow me");
    const here = this.told.here;
    const others = here ? here.pages - 1 : 0; // this one is open too
    say(this.numbers, !here ? "" : others < 1 ? "No other page is open yet" : `${others} other page${others === 1 ? "" : "s"} open, ${here.following} follow${here.following === 1 ? "s" : ""}`);
    this.partRow.hidden = teaches && !this.part.checked;
    this.strip.hidden = teaches || this.isScreen || !view;
    this.stage.hidden = teaches || !view;
    this.frame.hidden = !view;
    this.frame.inert = following;
    this.cover.hidden = !following;
    this.cover.dataset.screen = following ? screen : "";
    this.root.toggleAttribute("data-following", following);
    say(this.now, !view ? "" : following ? (SCREENS[screen] ?? `The teacher shows ${view.title || "a page"}`) : "You look around by yourself; the class goes on.");
    this.letGo.hidden = !following;
    this.back.hidden = this.follows;
    this.nothing.hidden = teaches || !!view;
    if (!view && !teaches && !this.nothing.childElementCount && this.data) this.drawNothing();
    this.drawResults();
  }

  drawResults() {
    const { results = [], for_all: forAll = false } = this.told.results ?? {};
    this.results.hidden = this.isScreen && !forAll;
    const parts = results.map((one) => histogram(one, this.data?.questions ?? {}));
    if (this.teaches) parts.unshift(make("div", { class: "gd-row" }, make("h3", {}, "How the class has answered"), make("i", { class: "gd-space" }),
      make("button", { type: "button", class: "gs-button", "aria-pressed": String(forAll), "data-testid": "results-for-all", onClick: () => tellClass({ do: "results", on: !forAll }) }, forAll ? "Shown to everybody" : "Show to everybody"),
      make("button", { type: "button", class: "gs-button", "data-testid": "results-clear", onClick: () => tellClass({ do: "clear" }) }, "Clear")),
      results.length ? "" : make("div", { class: "gd-empty" }, make("i", { "aria-hidden": "true" }, make("i"), make("i"), make("i"), make("i")), make("p", { class: "gd-quiet" }, "Nobody has answered yet. Answers of students who take part come here, without names: Real or fake? on Explore, the ten questions of Learn, and those of the lessons.")));
    else if (parts.length) parts.unshift(make("h3", {}, "How the class has answered"));
    renew(this.results, ...parts);
  }

  close() {
    clearInterval(this.timer);
    this.leave();
    tellClass({ do: "follow", on: false });
    document.documentElement.removeAttribute("data-class-screen");
    this.root.remove();
  }
}

export default component((parent) => new ClassPage(parent));
