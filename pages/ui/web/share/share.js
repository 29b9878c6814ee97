// Share: the scene that is on the page as a link, a short link, a QR code and a file; and a file opened.

import { addressOf, guardedAddress } from "../addresses.js";
import { copyText } from "../copy.js";
import { component } from "../mounting.js";
import { make, messageOf, say } from "../words.js";
import { Controls } from "./controls.js";
import { onlyHere, ONLY_HERE, showQr } from "./qr.js";

const PICTURE = ["zoom", "layers", "beside", "at"]; // what the Lab's picture says in the address
const LESSONS = ["lesson", "lang"], NOT_SHARED = ["projector", "access", "token", "title", "only", "locked"];
const SAID_MS = 1600, MOST_FILE = 64_000;

class ShareView {
  constructor(parent) {
    const press = (name, label, title, action) => make("button", { type: "button", class: "gs-copy", "data-testid": name, title, onClick: () => this.attempt(action) }, label);
    this.copyButton = press("copy-link", "Copy link", "An address that opens this anywhere; no server has to keep anything", () => this.copy(false));
    this.shortButton = press("short-link", "Copy short link", "A short address; this server keeps what it opens", () => this.copy(true));
    this.qrButton = press("show-qr", "QR code", "On the whole screen, to be read from the last row", () => this.showQr());
    this.lead = make("p", { class: "gs-share-lead" });
    this.address = make("input", { class: "gs-share-address", readonly: true, hidden: true, "aria-label": "The link", "data-testid": "share-address", onFocus: () => this.address.select() });
    this.note = make("p", { class: "gs-share-note", role: "status", "data-testid": "share-note" });
    this.asRun = make("input", { type: "checkbox", "data-testid": "share-run", onChange: () => this.changed() });
    this.runLine = make("label", { class: "gs-share-tick" }, this.asRun, make("span", {}, "Open this run, at the moment that is looked at, where the run is"));
    this.controls = new Controls(() => this.changed());
    this.title = make("input", { type: "text", maxlength: "80", class: "gs-share-title", "data-testid": "share-title", placeholder: "Title (may be empty)", "aria-label": "Title of the scene", onInput: () => this.changed() });
    this.file = make("input", { type: "file", accept: ".json,application/json", hidden: true, "data-testid": "scene-file", onChange: () => this.attempt(() => this.open()) });
    this.root = make("div", { class: "gs-share", "data-testid": "share-view" }, this.lead,
      make("div", { class: "gs-share-row" }, this.copyButton, this.shortButton, this.qrButton), this.address, this.note, this.runLine, this.controls.root,
      make("details", { class: "gs-share-more" }, make("summary", {}, "Title and scene file"), this.title,
        make("div", { class: "gs-share-row" }, press("save-scene", "Save as a file", "A scene file: one page of JSON, to keep, to edit and to open anywhere", () => this.save()),
          press("open-scene", "Open a file …", "A scene file that was saved before", () => this.file.click())), this.file));
    this.root.addEventListener("pointerenter", () => { if (this.data.page === "explore" && !this.controls.ticks.length) this.offer(); }); // its tools are there by now
    parent.append(this.root);
    this.made = new Map(); // what was asked for -> the server's answer
  }

  update(data) {
    const before = this.data;
    this.data = data;
    say(this.lead, data.page === "lab" ? "The link opens this panel, with these settings, on any machine." : "The link opens this page as it is now.");
    this.runLine.hidden = !data.run;
    if (!before) this.title.value = data.title;
    if (!before || JSON.stringify(before.controls) !== JSON.stringify(data.controls)) this.offer();
    if (JSON.stringify(before) !== JSON.stringify(data)) this.changed();
  }

  offer() {
    const { page, controls, only, locked } = this.data, here = new URLSearchParams(location.search);
    if (page === "explore") this.controls.offer(tabs(), (here.get("only") ?? "").split(","), here.get("locked") === "1");
    else this.controls.offer(controls, only, locked);
  }

  /** What the scene is, as the query of its page. */
  get query() {
    const here = Object.fromEntries(new URLSearchParams(location.search)), { query, run } = this.data;
    const found = query ? { ...query, ...pick(here, [...PICTURE, ...LESSONS]) } : omit(here, NOT_SHARED);
    const asRun = !!run && this.asRun.checked;
    if (query && asRun) found.run = run;
    if (query && !asRun) delete found.at;
    const title = this.title.value.trim();
    return { ...found, ...this.controls.query, ...(title && { title }) };
  }

  /** Something of the scene is another now: the link is made ahead, so that a press finds it there. */
  changed() {
    this.made.clear();
    this.address.hidden = true;
    say(this.note, "");
    this.ask(false).catch(() => {});
  }

  /** The server's { link, scene, short } for what is on the page. */
  async ask(keep) {
    const body = JSON.stringify({ page: this.data.page, query: this.query, keep });
    const known = this.made.get(body);
    if (known) return known;
    const answer = await fetch(guardedAddress("scenes", this.data.token), { method: "POST", headers: { "Content-Type": "application/json" }, body }).catch(() => null);
    if (!answer) throw new Error("The server does not answer.");
    if (!answer.ok) throw new Error(await answer.text());
    const made = await answer.json();
    this.made.set(body, made);
    return made;
  }

  async copy(short) {
    const made = await this.ask(short), address = addressOf(`./${short ? made.short : made.link}`);
    const copied = await copyText(address), button = short ? this.shortButton : this.copyButton, label = short ? "Copy short link" : "Copy link";
    this.address.value = address;
    this.address.hidden = false;
    if (!copied) this.address.select();
    say(this.note, copied ? (onlyHere(address) ? ONLY_HERE : "") : "This browser copies nothing by itself: press Ctrl+C, or hold the link.");
    if (!copied) return;
    say(button, "Copied");
    setTimeout(() => say(button, label), SAID_MS);
  }

  async showQr() {
    const made = await this.ask(true);
    showQr({ title: this.title.value.trim(), token: this.data.token, forms: [["Short link", addressOf(`./${made.short}`)], ["Long link", addressOf(`./${made.link}`)]] });
  }

  async save() {
    const { scene } = await this.ask(false), name = (scene.title || "scene").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").toLowerCase() || "scene";
    const url = URL.createObjectURL(new Blob([`${JSON.stringify(scene, null, 2)}\n`], { type: "application/json" }));
    make("a", { href: url, download: `${name}.json` }).click();
    setTimeout(() => URL.revokeObjectURL(url), SAID_MS);
  }

  async open() {
    const file = this.file.files?.[0];
    this.file.value = "";
    if (!file) return;
    if (file.size > MOST_FILE) throw new Error("A scene file has at most 64 kB; this is something else.");
    const answer = await fetch(guardedAddress("scenes/open", this.data.token), { method: "POST", headers: { "Content-Type": "application/json" }, body: await file.arrayBuffer() });
    if (!answer.ok) throw new Error(await answer.text());
    location.assign(addressOf(`./${(await answer.json()).link}`));
  }

  /** Do it, or say in words why not. */
  async attempt(action) {
    try {
      await action();
    } catch (problem) {
      say(this.note, messageOf(problem));
    }
  }

  close() {
    this.root.remove();
  }
}

/** The tools of Explore, which register themselves. */
function tabs() {
  return [...document.querySelectorAll(".gx-tab[data-testid]")].map((tab) => ({ name: String(/** @type {HTMLElement} */ (tab).dataset.testid).replace("tab-", ""), label: tab.textContent ?? "", group: "Tools" }));
}

const pick = (from, names) => Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)));
const omit = (from, names) => Object.fromEntries(Object.entries(from).filter(([name]) => !names.includes(name)));

export default component((parent) => new ShareView(parent));
