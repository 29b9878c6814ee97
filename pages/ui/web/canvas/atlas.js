// Many pictures that came as one.

import { context2d } from "./context.js";

/** An answered atlas onto one canvas for each of its cells, in their order. */
export function cutUp({ header: { columns, size }, blobs: [rgba] }, canvases) {
  const pixels = new Uint32Array(rgba), width = columns * size;
  canvases.forEach((canvas, k) => {
    const image = new ImageData(size, size), to = new Uint32Array(image.data.buffer);
    const left = (k % columns) * size, top = Math.floor(k / columns) * size;
    for (let y = 0; y < size; y++) to.set(pixels.subarray((top + y) * width + left, (top + y) * width + left + size), y * size);
    if (canvas.width !== size || canvas.height !== size) Object.assign(canvas, { width: size, height: size });
    context2d(canvas).putImageData(image, 0, 0);
  });
}
