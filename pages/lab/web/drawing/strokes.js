// A drawing as text and back, and made shorter where it does not fit.

const SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
export const FINE = 0.35, COARSER = [0.6, 1, 1.5, 2.2], COARSEST = [3.2, 6.5, 13, 26, 90]; // how far, in places, thinning may move a line

export const encode = (strokes) => strokes.map((stroke) => stroke.map(([x, y]) => SIGNS[x] + SIGNS[y]).join("")).join(".");

export function decode(text) {
  if (!/^[\w-]+(\.[\w-]+)*$/.test(text)) return [];
  return text.split(".").map((part) => part.match(/../g)?.map((pair) => [SIGNS.indexOf(pair[0]), SIGNS.indexOf(pair[1])]) ?? []).filter((stroke) => stroke.length);
}

/** Ramer (1972), Douglas and Peucker (1973): only places that a line without them would miss by more than `far`. */
export function thinned(stroke, far) {
  if (stroke.length < 3) return stroke;
  const [ax, ay] = stroke[0], [bx, by] = stroke[stroke.length - 1], dx = bx - ax, dy = by - ay, length = dx * dx + dy * dy;
  let worst = far, at = 0;
  for (let i = 1; i < stroke.length - 1; i++) {
    const [x, y] = stroke[i], part = length ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
    const away = Math.hypot(x - ax - part * dx, y - ay - part * dy);
    if (away > worst) [worst, at] = [away, i];
  }
  if (!at) return [stroke[0], stroke[stroke.length - 1]];
  return [...thinned(stroke.slice(0, at + 1), far).slice(0, -1), ...thinned(stroke.slice(at), far)];
}

/**
 * The strokes, thinned no more than it takes to be written with `most` signs: all of them a little, then the newest
 * as far as needed, so that a scribble does not spoil what was there. null where even that is too much.
 */
export function fitted(strokes, most) {
  const fits = (drawing) => encode(drawing).length <= most;
  if (fits(strokes)) return strokes;
  let fewer = strokes;
  for (const far of COARSER) {
    fewer = strokes.map((stroke) => thinned(stroke, far));
    if (fits(fewer)) return fewer;
  }
  const newest = fewer.length - 1;
  for (const far of COARSEST) {
    fewer = fewer.with(newest, thinned(fewer[newest], far));
    if (fits(fewer)) return fewer;
  }
  return null;
}
