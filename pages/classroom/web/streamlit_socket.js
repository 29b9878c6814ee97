// Streamlit's own socket has no sign of life: where ours was found half-open, its is given up as well, so that it
// comes back to the same session, with the same place and what stands in the forms.

const STREAM = "/_stcore/stream", KEY = Symbol.for("ganscope.streamlit-socket");

export class StreamlitSocket {
  constructor() {
    /** @type {any} */
    const page = window;
    if (page[KEY]) return;
    page[KEY] = { socket: null, heard: 0 };
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) { // the only way to it: it is a page's first socket, made before us
      if (this.url.includes(STREAM) && page[KEY].socket !== this) {
        page[KEY].socket = this;
        this.addEventListener("message", () => { page[KEY].heard = performance.now(); });
      }
      return send.call(this, data);
    };
  }

  /** Nothing came over a socket beside it for too long. poke(): have Streamlit send something, where it has not yet. */
  doubt(poke) {
    const known = /** @type {any} */ (window)[KEY];
    if (!known.socket) poke();
    const { socket } = known;
    // Streamlit listens for its end, which a browser tells of a half-open one only minutes later.
    if (socket?.readyState === WebSocket.OPEN) socket.dispatchEvent(new CloseEvent("close", { code: 1006 }));
    known.socket = null;
  }
}
