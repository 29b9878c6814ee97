// The live channel's frames, and a socket that comes back by itself.

import { guardedAddress, socketAddress } from "../addresses.js";

/** The frame of a header and of blobs (array buffers), the other way round than `readFrame`. */
export function packFrame(header, blobs) {
  const text = new TextEncoder().encode(JSON.stringify({ ...header, blobs: blobs.map((blob) => blob.byteLength) }));
  const frame = new Uint8Array(4 + text.length + blobs.reduce((sum, blob) => sum + blob.byteLength, 0));
  new DataView(frame.buffer).setUint32(0, text.length, true);
  frame.set(text, 4);
  let at = 4 + text.length;
  for (const blob of blobs) {
    frame.set(ArrayBuffer.isView(blob) ? new Uint8Array(blob.buffer, blob.byteOffset, blob.byteLength) : new Uint8Array(blob), at);
    at += blob.byteLength;
  }
  return frame.buffer;
}

/** A binary frame: uint32 length of the header, the header in JSON, then the blobs whose lengths it lists. */
export function readFrame(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  let at = 4 + length;
  const blobs = header.blobs.map((size) => buffer.slice(at, (at += size)));
  return { header, blobs };
}

const FIRST_WAIT_MS = 400, LONGEST_WAIT_MS = 4000;
// The server speaks at least each 2.5 s once it has said anything; before that it may have to start.
const SILENT_MS = 7500, OPENING_MS = 9000, FIRST_FRAME_MS = 75_000, LOOK_MS = 1000, LATE_MS = 3000, GRACE_MS = 2500;

/**
 * Keep a socket open to `url` until `close()` is called. A dropped one is opened again, each time after twice the
 * wait, a little at random so that a class does not come back all at once. One from which nothing has come for longer
 * than the server is ever silent is given up and opened anew at once: a half-open one (sleep, another network) never
 * says that it is one. `onDown(true | false)` tells; `onStale` is called when the server has started anew since this
 * page was drawn, so that only a rerun of the page helps; `onSilent` when a half-open one was given up. `send` is false
 * where the socket is not open.
 * @param {string} url @param {string} token
 * @param {{ onFrame: (frame: any) => void, onDown: (down: boolean) => void, onStale: () => void, onSilent?: () => void }} told
 */
export function openChannel(url, token, { onFrame, onDown, onStale, onSilent = () => {} }) {
  /** @type {WebSocket} */
  let socket;
  let timer = 0, wait = FIRST_WAIT_MS, closed = false, opened = false;
  let heard = 0, patience = OPENING_MS, looked = performance.now();
  // A browser does not say why a socket was refused: ask over HTTP whether our token is from before a restart.
  const askWhy = async () => {
    const answer = await fetch(guardedAddress("live", token)).catch(() => null);
    if (answer?.status === 403 && !closed) onStale();
  };
  const hear = (within) => { heard = performance.now(); patience = within; };
  const open = () => {
    opened = false;
    hear(OPENING_MS);
    const made = (socket = new WebSocket(url));
    made.binaryType = "arraybuffer";
    made.onopen = () => { opened = true; hear(FIRST_FRAME_MS); };
    made.onmessage = (message) => {
      wait = FIRST_WAIT_MS;
      hear(SILENT_MS);
      onDown(false);
      const frame = readFrame(message.data);
      if (frame.header.type !== "beat") onFrame(frame);
    };
    made.onclose = (event) => {
      if (closed || event.code === 4404) return; // 4404: there is no such run, and the server has said so
      onDown(true);
      if (!opened) askWhy();
      again();
    };
  };
  const again = () => {
    clearTimeout(timer);
    timer = setTimeout(open, wait * (0.7 + 0.6 * Math.random()));
    wait = Math.min(2 * wait, LONGEST_WAIT_MS);
  };
  /** A tab that slept looks late: what has come meanwhile is heard first. */
  const look = () => {
    const now = performance.now();
    if (now - looked > LATE_MS) heard = Math.max(heard, now - patience + GRACE_MS);
    looked = now;
    if (closed || socket.readyState >= WebSocket.CLOSING || now - heard < patience) return;
    const wasOpen = opened;
    socket.onopen = socket.onmessage = socket.onclose = null; // its own end may come minutes later
    socket.close();
    onDown(true);
    if (wasOpen) onSilent();
    if (wasOpen) open();
    else again();
  };
  const hurry = () => {
    if (closed || socket.readyState !== WebSocket.CLOSED) return;
    clearTimeout(timer);
    open();
  };
  window.addEventListener("online", hurry);
  const looking = setInterval(look, LOOK_MS);
  open();
  return {
    send(message) {
      if (socket.readyState !== WebSocket.OPEN) return false;
      socket.send(message);
      return true;
    },
    close() {
      closed = true;
      clearTimeout(timer);
      clearInterval(looking);
      window.removeEventListener("online", hurry);
      socket.close();
    },
  };
}

export const socketUrl = (run, token) => socketAddress(`live/${encodeURIComponent(run)}`, token);

export const httpUrl = (run, rest, token) => guardedAddress(`live/${encodeURIComponent(run)}/${rest}`, token);
