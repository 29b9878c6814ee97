// What of a picture is missing: a square of pixels, as text and back, and what a hand does to it.

export const blank = (size) => new Uint8Array(size * size);

/** Base64 of its bits, row by row, the first pixel in the highest bit. */
export function encode(mask) {
  const bytes = new Uint8Array(Math.ceil(mask.length / 8));
  mask.forEach((hidden, i) => { if (hidden) bytes[i >> 3] |= 128 >> (i & 7); });
  return btoa(String.fromCharCode(...bytes));
}

/** The mask of a text, or an empty one where it is none of this size. */
export function decode(text, size) {
  const mask = blank(size);
  let raw = "";
  try { raw = atob(text); } catch { return mask; }
  if (raw.length !== Math.ceil(mask.length / 8)) return mask;
  return mask.map((_, i) => (raw.charCodeAt(i >> 3) >> (7 - (i & 7))) & 1);
}

/** Hide (1) or show (0) a rectangle of pixels, as far as it lies within. */
export function stamp(mask, size, { x, y, width, height }, value) {
  for (let row = Math.max(0, y); row < Math.min(size, y + height); row++) {
    for (let column = Math.max(0, x); column < Math.min(size, x + width); column++) mask[row * size + column] = value;
  }
}

/** Every pixel on the way from one to the other, both included (Bresenham 1965). */
export function between([x0, y0], [x1, y1]) {
  const places = [], dx = Math.abs(x1 - x0), dy = -Math.abs(y1 - y0), sx = Math.sign(x1 - x0), sy = Math.sign(y1 - y0);
  for (let x = x0, y = y0, error = dx + dy; ;) {
    places.push([x, y]);
    if (x === x1 && y === y1) return places;
    const twice = 2 * error;
    if (twice >= dy) [error, x] = [error + dy, x + sx];
    if (twice <= dx) [error, y] = [error + dx, y + sy];
  }
}

/** The rectangle that has both pixels for corners. */
export const rectangle = ([x0, y0], [x1, y1]) => ({
  x: Math.min(x0, x1), y: Math.min(y0, y1), width: Math.abs(x1 - x0) + 1, height: Math.abs(y1 - y0) + 1,
});

export const same = (a, b) => a.length === b.length && a.every((value, i) => value === b[i]);
