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

/**
 * Keep a socket open to `url` until `close()` is called. A dropped one is opened again, each time after twice the
 * wait, a little at random so that a class does not come back all at once. `onDown(true | false)` tells; `onStale` is called
 * when the server has started anew since this page was drawn, so that only a rerun of the page helps. `send` is false
 * where the socket is not open.
 */
export function openChannel(url, token, { onFrame, onDown, onStale }) {
  /** @type {WebSocket} */
  let socket;
  let timer = 0, wait = FIRST_WAIT_MS, closed = false, opened = false;
  // A browser does not say why a socket was refused: ask over HTTP whether our token is from before a restart.
  const askWhy = async () => {
    const answer = await fetch(guardedAddress("live", token)).catch(() => null);
    if (answer?.status === 403 && !closed) onStale();
  };
  const open = () => {
    opened = false;
    socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => { opened = true; };
    socket.onmessage = (message) => {
      wait = FIRST_WAIT_MS;
      onDown(false);
      onFrame(readFrame(message.data));
    };
    socket.onclose = (event) => {
      if (closed || event.code === 4404) return; // 4404: there is no such run, and the server has said so
      onDown(true);
      if (!opened) askWhy();
      timer = setTimeout(open, wait * (0.7 + 0.6 * Math.random()));
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    };
  };
  const hurry = () => {
    if (closed || socket.readyState !== WebSocket.CLOSED) return;
    clearTimeout(timer);
    open();
  };
  window.addEventListener("online", hurry);
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
      window.removeEventListener("online", hurry);
      socket.close();
    },
  };
}

export const socketUrl = (run, token) => socketAddress(`live/${encodeURIComponent(run)}`, token);

export const httpUrl = (run, rest, token) => guardedAddress(`live/${encodeURIComponent(run)}/${rest}`, token);
