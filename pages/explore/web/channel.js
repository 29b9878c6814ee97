// The Explore page's side of the channel: requests with answers, the newest of each slot.

import { socketAddress } from "../../ui/web/addresses.js";
import { openChannel, packFrame } from "../../ui/web/channel/wire.js";

export const LOST = "The connection was lost; it comes back by itself, then try again.";

export class Channel {
  /** ready(): the server listens (again). down(true | false), refused(sentence), stale(): as they say. */
  constructor(token, { ready, down, refused, stale }) {
    this.pending = new Map();
    this.waiting = new Map(); // asked while the socket was not open: the newest of each slot
    this.open = false;
    this.last = 0;
    this.socket = openChannel(socketAddress("explore", token), token, {
      onDown: (lost) => {
        if (lost) this.lose();
        down(lost);
      },
      onStale: stale,
      onFrame: ({ header, blobs }) => {
        if (header.hello) {
          this.open = true;
          const waited = [...this.waiting.values()];
          this.waiting.clear();
          for (const { id, frame } of waited) {
            const asked = this.pending.get(id);
            if (asked) asked.sent = this.socket.send(frame);
          }
          return ready();
        }
        if (header.refused) return refused(header.refused);
        this.hear(header, blobs);
      },
    });
  }

  hear(header, blobs) {
    const asked = this.pending.get(header.id);
    if (!asked) return;
    if (header.progress !== undefined) return asked.onProgress?.(header, blobs);
    this.pending.delete(header.id);
    if (header.ok) asked.resolve({ header, blobs });
    else if (header.dropped) asked.resolve(null);
    else asked.reject(new Error(header.problem ?? LOST));
  }

  lose() {
    this.open = false;
    for (const [id, asked] of this.pending) {
      if (!asked.sent) continue;
      this.pending.delete(id);
      asked.reject(new Error(LOST));
    }
  }

  /**
   * What the server answers, { header, blobs }; null where a newer request took its place. Rejects with a sentence.
   * @param {string} op
   * @param {object} args
   * @param {{ slot?: string, blobs?: any[], onProgress?: (header: any, blobs: any[]) => void }} how
   */
  ask(op, args, { slot = op, blobs = [], onProgress } = {}) {
    const id = (this.last += 1), header = { ...args, id, slot, do: op };
    const frame = blobs.length ? packFrame(header, blobs) : JSON.stringify(header);
    return new Promise((resolve, reject) => {
      const asked = { resolve, reject, onProgress, sent: false };
      this.pending.set(id, asked);
      asked.sent = this.open && this.socket.send(frame);
      if (asked.sent) return;
      const older = this.waiting.get(slot);
      if (older) {
        this.pending.get(older.id)?.resolve(null);
        this.pending.delete(older.id);
      }
      this.waiting.set(slot, { id, frame });
    });
  }

  cancel(slot) {
    if (this.open) this.socket.send(JSON.stringify({ do: "cancel", slot }));
  }

  close() {
    this.socket.close();
    for (const asked of this.pending.values()) asked.resolve(null);
    this.pending.clear();
  }
}
