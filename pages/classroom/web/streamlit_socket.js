// Streamlit's own socket has no sign of life: where ours was found half-open, its is given up as well, so that it
// comes back to the same session, with the same place and what stands in the forms.

const STREAM = "/_stcore/stream", HEALTH = "/_stcore/health", CONNECTIONS = 6, ANSWER_MS = 1500; // a browser's most to one server
const KEY = Symbol.for("ganscope.streamlit-socket");
const HEARTBEAT = new Uint8Array([136, 1, 1]); // a BackMsg in which app_heartbeat (field 17) is true: it is answered at once

export class StreamlitSocket {
  /** told: `sent(socket)` before something goes over it, `heard(socket)` when something has come. */
  constructor(told) {
    /** @type {any} */
    const page = window;
    this.known = page[KEY] ??= { socket: null, heard: 0, sent: 0, asked: 0 };
    this.known.told = told;
    if (this.known.hooked) return;
    const { known } = this, send = WebSocket.prototype.send;
    known.hooked = true;
    known.probe = (socket) => send.call(socket, HEARTBEAT);
    WebSocket.prototype.send = function (data) { // the only way to it: it is a page's first socket, made before us
      if (this.url.includes(STREAM)) {
        const now = performance.now();
        if (known.sent <= known.heard) known.asked = now;
        known.sent = now;
        if (known.socket !== this) {
          known.socket = this;
          known.doubted = false;
          this.addEventListener("message", () => {
            known.heard = performance.now();
            known.told?.heard(this);
          });
        }
        known.told?.sent(this);
      }
      return send.call(this, data);
    };
  }

  /** Whether the server has said something over it since then, and may say more. */
  answered(since) { return this.known.socket?.readyState === WebSocket.OPEN && this.known.heard > since; }

  /** Whether it has ended, or was given up, and none has come in its place yet. */
  get closed() { return this.known.doubted || (!!this.known.socket && this.known.socket.readyState !== WebSocket.OPEN); }

  /** Whether the last thing that was sent has had no answer. */
  get unanswered() { return this.known.sent > this.known.heard; }

  /** When the first thing was sent that has had no answer. */
  get askedAt() { return this.known.asked; }

  /** Which it is: what was sent over one may never be answered over another. */
  get current() { return this.known.socket; }

  /** Ask whether it is there: the server's answer waits for no script. */
  probe() {
    const { socket, probe } = this.known;
    if (socket?.readyState === WebSocket.OPEN) probe(socket);
  }

  /** Nothing came over a socket beside it for too long. poke(): have Streamlit send something, where it has not yet. */
  async doubt(poke) {
    if (!this.known.socket) poke();
    const { known } = this, { socket } = known;
    known.doubted = true;
    if (socket?.readyState === WebSocket.OPEN) await dropDead(socket.url.replace(/^ws/, "http").replace(/\/_stcore\/.*/, HEALTH));
    // Streamlit listens for its end, which a browser tells of a half-open one only minutes later.
    if (socket?.readyState === WebSocket.OPEN) socket.dispatchEvent(new CloseEvent("close", { code: 1006 }));
    if (known.socket === socket) known.socket = null; // not before: what is sent meanwhile would count it as a new one
  }
}

/**
 * The connections that a browser keeps for its next requests died with the socket, and Streamlit asks over them, 15
 * seconds each, before it opens a new one: a request that is given up takes its connection along.
 */
function dropDead(address) {
  const ask = (number) => fetch(`${address}?${number}`, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) }).catch(() => null);
  return Promise.all(Array.from({ length: CONNECTIONS }, (_, number) => ask(number)));
}
