// A place to choose: its picture, and a menu that sets it to the present point, a random one or a bookmark.

import { make, messageOf } from "../../../../ui/web/words.js";
import { cutUp } from "../../../../ui/web/canvas/atlas.js";
import { randomSeed } from "../../tools.js";

let places = 0;

/** chosen(where): the person chose another. set(where): it is this one now; draw(): its picture anew. */
export function placeChooser(explorer, name, chosen) {
  const slot = `place-${(places += 1) % 12}`, canvas = make("canvas", { width: 1, height: 1 });
  const place = { where: null, name };
  const thumb = make("button", { type: "button", class: "gx-thumb", title: `${name}: show it`, "aria-label": `${name}: show it`,
    onclick: () => place.where && explorer.show({ where: place.where, mix: [] }, { commit: true }) }, canvas);
  const menu = make("select", { class: "gx-select", "aria-label": `What ${name} is`, title: "This point, a random one, or one of your bookmarks", onchange: async () => {
    const { value } = menu;
    menu.selectedIndex = 0;
    try {
      const where = await placeOf(explorer, value);
      if (where) chosen(where);
    } catch (problem) {
      explorer.say(messageOf(problem));
    }
  } });
  menu.addEventListener("pointerdown", () => place.options());
  menu.addEventListener("focus", () => place.options());
  place.options = () => {
    const key = explorer.bookmarks.map((b) => `${b.id} ${b.name}`).join("|");
    if (menu.dataset.key === key) return;
    menu.dataset.key = key;
    menu.replaceChildren(...[["", "Set to…"], ["here", "This point"], ["random", "A random point"], ...explorer.bookmarks.map((b) => [`mark:${b.id}`, b.name])]
      .map(([value, words]) => make("option", { value }, words)));
  };
  place.options();
  place.root = make("div", { class: "gx-mix-place" }, thumb, make("div", {}, make("b", {}, name), menu));
  place.set = (where) => {
    place.where = where;
    place.draw();
  };
  place.draw = async () => {
    const { where } = place, { model, look } = explorer;
    if (!where || !look) return;
    try {
      const answer = await explorer.ask("looks", { looks: [{ ...look, where, mix: [] }], columns: 1 }, { slot });
      if (answer && where === place.where && model === explorer.model) cutUp(answer, [canvas]);
    } catch (problem) {
      explorer.say(messageOf(problem));
    }
  };
  place.menu = menu;
  return place;
}

/** The Where that a menu's choice means; null where there is none. With mixing made part of it. */
async function placeOf(explorer, choice) {
  if (choice === "random") return { seed: randomSeed() };
  const look = choice === "here" ? explorer.point && explorer.frozen() : explorer.bookmarks.find((b) => `mark:${b.id}` === choice)?.look;
  return look ? unmixed(explorer, look) : null;
}

/** A look's place, with what style mixing makes of it. */
async function unmixed(explorer, look) {
  if (!look.mix?.length) return look.where;
  const answer = await explorer.ask("mixed-point", { look }, { slot: "mixed-point" });
  return answer && answer.header.where;
}
