// A canvas's 2D context, which a browser may refuse (too many, too large).

/**
 * @overload
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasRenderingContext2DSettings} [options]
 * @returns {CanvasRenderingContext2D}
 */
/**
 * @overload
 * @param {OffscreenCanvas} canvas
 * @param {CanvasRenderingContext2DSettings} [options]
 * @returns {OffscreenCanvasRenderingContext2D}
 */
/**
 * @param {HTMLCanvasElement | OffscreenCanvas} canvas
 * @param {CanvasRenderingContext2DSettings} [options]
 */
export function context2d(canvas, options) {
  const found = canvas.getContext("2d", options);
  if (!found) throw new Error("This browser has no room for another canvas; close other pages and reload this one.");
  return found;
}
