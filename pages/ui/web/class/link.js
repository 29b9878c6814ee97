// The tab's one socket to the class: what the teacher shows comes in, answers go out. Shared by all components.

import { socketAddress } from "../addresses.js";
import { openChannel, packFrame } from "../channel/wire.js";

const PART = "ganscope.class.part", PLAYER = "ganscope.class.player";
/** The name of a frame in which somebody follows: in it nothing is said to the class. */
export const FOLLOWED = "ganscope-followed";

/** @type {any} */
let channel = null;
let tokenNow = "";
const listeners = new Set(), known = new Map(); // kind -> the newest frame

/** Be in the class, once a tab. down(true | false), silent(), stale(): see `openChannel`. */
export function joinClass(token, { down, silent, stale }) {
  if (token === tokenNow || window.name === FOLLOWED) return;
  channel?.close();
  tokenNow = token;
  channel = openChannel(socketAddress("classroom", token), token, {
    onDown: down, onSilent: silent, onStale: stale,
    onFrame: (frame) => {
      const { type } = frame.header;
      if (type === "class") known.clear(); // it has come back: what is shown is told anew
      if (type !== "refused") known.set(type, frame);
      for (const listener of listeners) listener(frame);
    },
  });
}

/** Be told of every frame, those that have come already first; returns what ends it. */
export function onClass(listener) {
  listeners.add(listener);
  for (const frame of known.values()) listener(frame);
  return () => listeners.delete(listener);
}

/** False where the class cannot be reached just now. */
export const tellClass = (what, blobs = []) => !!channel?.send(blobs.length ? packFrame(what, blobs) : JSON.stringify(what));

const kept = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
const keep = (name, value) => { try { localStorage.setItem(name, value); } catch { /* a browser that keeps nothing */ } };

/** Whether this browser's answers are counted in the class. */
export const takesPart = () => kept(PART) === "1";
export const takePart = (on) => keep(PART, on ? "1" : "0");

/** An answer to a question, for who takes part: a number of this browser's own goes with it, and no name. */
export function answerClass(question, answer) {
  if (!takesPart() || !Number.isFinite(answer)) return;
  let player = kept(PLAYER) ?? "";
  if (!/^[0-9a-f]{32}$/.test(player)) {
    player = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    keep(PLAYER, player);
  }
  tellClass({ do: "answer", question, answer, player });
}
