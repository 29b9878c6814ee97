// The one place in scripts that builds an address of this server. Pages stand directly below the base, wherever a
// server or a proxy has put that, so that a relative address means the same from all of them.

/** The address of `path`, which has no first slash; "./" is the Lab. */
export const addressOf = (path) => new URL(path, document.baseURI).href;

/** Likewise, of a file or an answer that only a page of this server may have. */
export const guardedAddress = (path, token) => `${addressOf(path)}${path.includes("?") ? "&" : "?"}token=${encodeURIComponent(token)}`;

export const socketAddress = (path, token) => guardedAddress(path, token).replace(/^http/, "ws");
