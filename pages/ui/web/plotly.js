// Plotly, from our own server, loaded once and only where charts are drawn.

import { addressOf } from "./addresses.js";
import { make } from "./words.js";

const page = /** @type {any} */ (window);
/** @type {Promise<any> | null} */
let plotlyLoading = null;

export function loadPlotly(path) {
  if (page.Plotly) return Promise.resolve(page.Plotly);
  plotlyLoading ??= new Promise((done, failed) => {
    const script = make("script", { src: addressOf(path) });
    script.onload = () => done(page.Plotly);
    script.onerror = () => { plotlyLoading = null; script.remove(); failed(new Error("charts")); };
    document.head.append(script);
  });
  return plotlyLoading;
}

/** Take a chart away; none was drawn before Plotly was there. */
export const purgePlot = (plot) => page.Plotly?.purge(plot);
