// Plotly, from our own server, loaded once and only where charts are drawn.

import { addressOf } from "./addresses.js";
import { make } from "./words.js";

let plotlyLoading = null;

export function loadPlotly(path) {
  if (window.Plotly) return Promise.resolve(window.Plotly);
  plotlyLoading ??= new Promise((done, failed) => {
    const script = make("script", { src: addressOf(path) });
    script.onload = () => done(window.Plotly);
    script.onerror = () => { plotlyLoading = null; script.remove(); failed(new Error("charts")); };
    document.head.append(script);
  });
  return plotlyLoading;
}
