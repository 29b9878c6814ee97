// The Explore page: one model, one present point, its picture, and tools that move it. Kept across reruns of the page.

import { addressOf } from "../../ui/web/addresses.js";
import { copyText } from "../../ui/web/copy.js";
import { component } from "../../ui/web/mounting.js";
import { dark, make, messageOf } from "../../ui/web/words.js";
import { Bookmarks } from "./bookmarks.js";
import { ModelCard } from "./card.js";
import { Explorer } from "./explorer.js";
import { LookHistory } from "./history.js";
import { BigPicture } from "./picture.js";
import { randomSeed, toolButton, tools } from "./tools.js";
import { TopLine } from "./top.js";

const NEWS_MS = 5000, TAB = "ganscope.explore.tab";

class ExploreView {
  constructor(parent) {
    const explorer = (this.explorer = new Explorer());
    this.picture = explorer.picture = new BigPicture(explorer);
    this.history = new LookHistory(explorer);
    this.bookmarks = new Bookmarks(explorer);
    this.top = new TopLine(explorer, { onModel: (id) => this.open(id), onFile: (file) => this.bring(file), onStep: (step) => this.open(explorer.model.id, { step }),
      onRemove: (id) => this.remove(id), onBack: (id) => this.bringBack(id) });
    const random = toolButton("random", "Random", { class: "gs-button gx-button gx-primary", "data-testid": "random", title: "A point drawn at random",
      onclick: () => explorer.show({ ...explorer.look, where: { seed: randomSeed() } }, { commit: true }) });
    const reset = toolButton("reset", "Reset", { title: "Back to where this model starts, without truncation, mixing or changed units", "data-testid": "reset",
      onclick: () => explorer.show(this.usual(), { commit: true }) });
    this.link = toolButton("link", "Copy link", { title: "Copy an address that brings this very point back, on another machine too", "data-testid": "link", onclick: () => this.copyLink() });
    this.tabs = make("div", { class: "gx-tabs", role: "tablist", "aria-label": "Tools" });
    this.panels = make("div", { class: "gx-panels" });
    this.actions = make("div", { class: "gx-actions" }, random, this.history.undoButton, this.history.redoButton, reset, make("i", { class: "gx-space" }), this.bookmarks.add, this.link);
    this.card = new ModelCard(explorer);
    this.left = make("div", { class: "gx-left" }, this.picture.root, this.actions, this.card.root);
    this.body = make("div", { class: "gx-body" }, this.left, this.bookmarks.root, make("section", { class: "gx-tools", "aria-label": "Tools" }, this.tabs, this.panels));
    this.nothing = make("div", { class: "gx-nothing", hidden: true, "data-testid": "nothing" });
    this.root = make("div", { class: "gs-live gx-explore", "data-testid": "explore" }, this.top.root, this.body, this.nothing);
    Object.assign(this.root, { explorer, view: this }); // for whoever measures it, shows it to a class or follows
    parent.append(this.root);
    this.tools = [];
    explorer.onRefused = (asked, problem) => this.refused(asked, problem);
    explorer.on("point", (look) => {
      this.picture.describe(lookWords(look, explorer));
      this.current?.made?.changed?.(look);
    });
    this.down = false;
  }

  update(data) {
    this.root.toggleAttribute("data-projector", !!data.projector);
    this.root.toggleAttribute("data-dark", dark(this.root));
    this.top.refuseFiles(data.no_files);
    if (data.token === this.token) return;
    this.token = data.token;
    this.explorer.connect(data.token, {
      ready: () => this.ready(),
      down: (lost) => this.lost(lost),
      refused: (sentence) => this.showNothing(sentence),
      stale: () => this.explorer.say("The server has started anew; reload this page."),
    });
  }

  lost(lost) {
    if (lost && !this.down && this.explorer.model) this.explorer.say("The connection was lost; it comes back by itself.");
    this.down = lost;
  }

  /** The server listens: the first time, or again after it was away. */
  async ready() {
    const { explorer } = this;
    if (explorer.model) return explorer.look && explorer.show(explorer.look);
    try {
      const { header } = await explorer.ask("models", {});
      explorer.models = header.models;
      explorer.tell("models", header.models);
      const asked = LookHistory.read();
      const known = (id) => header.models.some((m) => m.id === id);
      if (!header.models.length && !asked.model) return this.showNothing();
      this.top.setModels(header.models);
      if (asked.model && !known(asked.model)) asked.problem = "The link's model is not on this machine, so this is another one.";
      const first = known(asked.model) ? asked.model : header.models[0]?.id;
      if (!first) return this.showNothing(asked.problem);
      await this.open(first, asked.model && !known(asked.model) ? { problem: asked.problem } : asked);
    } catch (problem) {
      this.showNothing(messageOf(problem));
    }
  }

  showNothing(sentence) {
    this.body.hidden = this.top.root.hidden = true;
    this.nothing.hidden = false;
    this.nothing.replaceChildren(
      make("div", { class: "gx-nothing-grid", "aria-hidden": "true" }, ...Array.from({ length: 16 }, () => make("i"))),
      make("h3", {}, "No trained generator yet"),
      make("p", {}, sentence || "Here its latent space lies under your hand: drag, and the picture follows. A run can be explored from its first checkpoint on, also while it trains."),
      make("a", { class: "gs-button gx-primary", href: addressOf("./"), target: "_self" }, "Train one in the Lab"));
  }

  /**
   * Turn to a model: at the point that a link asks for, else where this tab was, else where the model starts.
   * @param {string} id @param {{step?: number | null, look?: any, problem?: string}} how
   */
  async open(id, { step = null, look = null, problem = "" } = {}) {
    const { explorer } = this, stays = explorer.model?.id === id;
    let answer;
    try {
      answer = await explorer.ask("open", { model: id, step }, { slot: "open" });
    } catch (error) {
      if (step !== null && !stays) return this.open(id, { look, problem: messageOf(error) });
      explorer.say(messageOf(error));
      if (explorer.model) this.top.setModel(explorer.model);
      else if (explorer.models[0] && explorer.models[0].id !== id) return this.open(explorer.models[0].id, { problem: messageOf(error) });
      else this.showNothing(messageOf(error));
      return;
    }
    if (!answer) return;
    const before = explorer.look;
    explorer.model = answer.header.model;
    explorer.next = null;
    this.top.setModel(explorer.model);
    if (!stays) explorer.look = explorer.point = null;
    for (const tool of this.tools) tool.made?.modelChanged?.(explorer.model);
    if (!this.tools.length) this.mountTools();
    explorer.tell("model", explorer.model);
    this.bookmarks.load();
    this.watchNews();
    const recalled = this.history.recall();
    if (stays) explorer.show(before, { commit: true, quiet: true });
    else if (look) {
      this.fromLink = true;
      explorer.show({ ...this.usual(), ...look }, { commit: true, opened: true });
    } else if (recalled) explorer.show(this.history.present, { commit: true, quiet: true });
    else explorer.show(this.usual(), { commit: true });
    if (problem) explorer.say(problem);
  }

  refused(asked, problem) {
    if (this.explorer.point) return;
    // The very first look: of a link, or of a tab's memory of another network. The usual view, and why.
    const usual = this.usual();
    if (JSON.stringify(asked.look) === JSON.stringify(usual)) return;
    this.history.clear();
    this.explorer.show(usual, { commit: true });
    this.explorer.say(this.fromLink ? `The link's point does not fit this model, so this is the usual view: ${messageOf(problem)}` : messageOf(problem));
    this.fromLink = false;
  }

  usual() {
    return { where: { seed: this.explorer.model.seed ?? 0 }, class: this.explorer.model.classes.length ? [0] : null, psi: 1, mix: [], units: [] };
  }

  /** A look as an address has it, null where it means none; whole: with what it leaves out. */
  lookOf(text, whole = false) {
    const look = text ? LookHistory.expanded(text) : null;
    return look && whole ? this.explorer.whole({ ...this.usual(), ...look }) : look;
  }

  /** Whether a run that trains has a newer checkpoint than the one shown. */
  watchNews() {
    clearInterval(this.news);
    if (this.explorer.model.kind !== "run") return;
    this.news = setInterval(async () => {
      const { model } = this.explorer;
      if (document.hidden || this.down) return;
      const answer = await this.explorer.ask("steps", {}).catch(() => null);
      const newest = answer ? Math.max(...answer.header.steps) : -1;
      if (answer && model === this.explorer.model) {
        Object.assign(model, { steps: answer.header.steps, moments: answer.header.moments });
        for (const tool of this.tools) tool.made?.newsCame?.(model);
        if (newest > model.step) this.top.offer(newest);
      }
    }, NEWS_MS);
  }

  async bring(file) {
    const { explorer } = this;
    if (file.size > 70e6) return explorer.say("That file is larger than 70 MB, which no generator of this program is.");
    try {
      const answer = await explorer.ask("bring", { name: file.name, model: null }, { slot: "bring", blobs: [await file.arrayBuffer()] });
      if (!answer) return;
      explorer.models = answer.header.models;
      this.nothing.hidden = true;
      this.body.hidden = this.top.root.hidden = false;
      this.top.setModels(explorer.models);
      await this.open(answer.header.brought);
    } catch (problem) {
      explorer.say(messageOf(problem));
    }
  }

  async remove(id) {
    const { explorer } = this, name = explorer.model.label;
    try {
      const answer = await explorer.ask("remove", { model: id }, { slot: "catalog" });
      if (!answer) return;
      explorer.models = answer.header.models;
      this.top.setModels(explorer.models);
      this.top.setRemoved(id);
      explorer.say(`${name} is no longer in the list.`);
      if (explorer.models.length) await this.open(explorer.models[0].id);
    } catch (problem) {
      explorer.say(messageOf(problem));
    }
  }

  async bringBack(id) {
    const { explorer } = this;
    try {
      const answer = await explorer.ask("bring-back", { model: id }, { slot: "catalog" });
      if (!answer) return;
      explorer.models = answer.header.models;
      this.top.setModels(explorer.models);
      await this.open(id);
    } catch (problem) {
      explorer.say(messageOf(problem));
    }
  }

  async copyLink() {
    if (!this.explorer.point) return;
    const copied = await copyText(this.history.link());
    this.explorer.say(copied ? "The link is copied; it brings back this very point." : "This browser copies nothing by itself; the address above is the link.");
  }

  // --- tools

  mountTools() {
    this.tools = tools.map((tool) => {
      const id = `gx-tool-${tool.name}`;
      const tab = make("button", { type: "button", class: "gx-tab", role: "tab", id: `${id}-tab`, "aria-controls": id, "aria-selected": "false", tabindex: "-1",
        title: tool.title ?? null, "data-testid": `tab-${tool.name}`, onclick: () => this.choose(tool.name) }, tool.label);
      const panel = make("div", { class: "gx-panel", role: "tabpanel", id, "aria-labelledby": `${id}-tab`, hidden: true, "data-testid": `panel-${tool.name}` });
      return { ...tool, tab, panel, made: null };
    });
    this.showTools();
    this.panels.replaceChildren(...this.tools.map((tool) => tool.panel));
    this.tabs.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by) return;
      const shown = this.tools.filter((tool) => !tool.tab.hidden), next = shown[(shown.indexOf(this.current) + by + shown.length) % shown.length];
      this.choose(next.name);
      next.tab.focus();
      event.preventDefault();
    });
    const last = new URLSearchParams(location.search).get("tool") ?? sessionStorage.getItem(TAB);
    const shown = this.tools.filter((tool) => !tool.tab.hidden);
    this.choose(shown.some((tool) => tool.name === last) ? last : shown[0]?.name);
  }

  /** All tools, or those alone that a scene shows; then, unless it says otherwise, a quiet way to the others. */
  showTools() {
    const query = new URLSearchParams(location.search), asked = (query.get("only") ?? "").split(",");
    const only = this.tools.some((tool) => asked.includes(tool.name)) ? asked : null;
    for (const tool of this.tools) tool.tab.hidden = !!only && !only.includes(tool.name);
    const all = make("button", { type: "button", class: "gx-tab gx-quiet", "data-testid": "all-tools", onclick: () => {
      const now = new URLSearchParams(location.search);
      now.delete("only");
      history.replaceState(history.state, "", `${location.pathname}?${now}${location.hash}`);
      this.showTools();
    } }, "All tools");
    this.tabs.replaceChildren(...this.tools.map((tool) => tool.tab));
    this.allTools?.remove();
    this.allTools = all;
    if (only && query.get("locked") !== "1") this.tabs.after(all);
  }

  choose(name) {
    const next = this.tools.find((tool) => tool.name === name), before = this.current;
    if (!next || next === before) return;
    if (before) {
      before.panel.hidden = true;
      before.tab.setAttribute("aria-selected", "false");
      before.tab.tabIndex = -1;
      before.made?.hidden?.();
    }
    this.current = next;
    next.panel.hidden = false;
    next.tab.setAttribute("aria-selected", "true");
    next.tab.tabIndex = 0;
    requestAnimationFrame(() => { // in a strip that is narrower than its tabs
      const strip = next.tab.parentElement;
      if (strip) strip.scrollLeft = Math.max(0, next.tab.offsetLeft - strip.offsetLeft - 40);
    });
    sessionStorage.setItem(TAB, name);
    try {
      next.made ??= next.mount(next.panel, this.explorer) ?? {};
      next.made.shown?.();
      if (this.explorer.look) next.made.changed?.(this.explorer.look);
    } catch (error) {
      next.panel.replaceChildren(make("p", { class: "gx-quiet" }, "This tool did not start; reload the page."));
      console.error(error);
    }
  }

  close() {
    clearInterval(this.news);
    for (const tool of this.tools) tool.made?.destroy?.();
    this.history.close();
    this.bookmarks.close();
    this.explorer.close();
    this.root.remove();
  }
}

/** What a look is, in a few words. */
function lookWords({ where, psi, mix, units }, { model }) {
  const kind = { seed: `seed ${where.seed}`, plane: "on a plane", seeds: "between seeds", base: "along directions", sum: "a sum", path: "on a path", z: "a point in z", w: "a point in w", ws: "styles layer by layer" };
  const name = Object.keys(kind).find((key) => key in where);
  return [kind[name], `${model.dim} numbers`, psi !== 1 && `truncated to ${psi.toFixed(2)}`, mix.length && "styles mixed", units.length && `${units.length} unit${units.length > 1 ? "s" : ""} changed`].filter(Boolean).join(" · ");
}

export default component((parent) => new ExploreView(parent));
