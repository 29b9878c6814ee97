// Every text of the page that is too faint on what is behind it: {words, ratio, size, place}.
({ least, leastLarge }) => {
  const ink = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (css) => {
    ink.clearRect(0, 0, 1, 1);
    ink.fillStyle = css;
    ink.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = ink.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[3] * top[i] + (1 - top[3]) * below[i]);
  const luminance = (c) => {
    const [r, g, b] = c.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const up = (e) => e.assignedSlot ?? e.parentElement ?? e.getRootNode().host ?? null;
  const chain = (element) => {
    const all = [];
    for (let e = element; e; e = up(e)) all.push(e);
    return all;
  };
  const fixedAbove = (element) => chain(element).find((e) => getComputedStyle(e).position === "fixed");
  const colours = (element) => {
    // From the page up to the element: its background, and how much of the text's colour is left
    const all = chain(element).reverse(), own = element.getBoundingClientRect();
    const x = (own.left + own.right) / 2, y = (own.top + own.bottom) / 2;
    // The whole app's paper is also behind what is scrolled out of its box
    const app = document.querySelector('[data-testid="stApp"]');
    const paper = rgba(app ? getComputedStyle(app).backgroundColor : "#ffffff");
    let behind = paper.slice(0, 3);
    const layers = [];
    for (const e of all) {
      const style = getComputedStyle(e), opacity = Number(style.opacity);
      if (opacity < 1) layers.push({ opacity, base: behind });
      if (style.backgroundImage !== "none" && style.backgroundImage.includes("url")) return null;
      const box = e.getBoundingClientRect(); // what stands out of its parent, as a slider's value does, is not on it
      if (box.left <= x && x <= box.right && box.top <= y && y <= box.bottom) behind = over(rgba(style.backgroundColor), behind);
    }
    let text = over(rgba(getComputedStyle(element).color), behind);
    for (const { opacity, base } of layers.reverse()) { // a group fades together with what is behind its text
      text = over([...text, opacity], base);
      behind = over([...behind, opacity], base);
    }
    return { text, behind };
  };
  const walk = function* (root) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (node.nodeType === Node.TEXT_NODE) yield node;
      else if (node.shadowRoot) yield* walk(node.shadowRoot);
    }
  };
  const found = [];
  for (const node of walk(document.body)) {
    const words = node.textContent.trim(), element = node.parentElement ?? node.getRootNode().host;
    if (!words || !element || element.closest("script, style, noscript, svg, canvas, [aria-hidden=true]")) continue;
    if (element.closest(":disabled, [aria-disabled=true], [disabled], .gs-sr")) continue; // inactive parts need none
    const box = element.getBoundingClientRect(), style = getComputedStyle(element);
    if (box.width < 2 || box.height < 2 || style.visibility !== "visible" || !element.checkVisibility({ opacityProperty: true })) continue;
    const pair = colours(element);
    if (!pair) continue;
    const size = parseFloat(style.fontSize), heavy = Number(style.fontWeight) >= 700;
    const large = size >= 24 || (heavy && size >= 18.66);
    const ratio = contrast(pair.text, pair.behind);
    if (ratio < (large ? leastLarge : least)) {
      const place = chain(element).slice(0, 4).map((e) => `${e.tagName.toLowerCase()}.${[...e.classList].filter((c) => !c.includes("emotion")).join(".")}[${e.dataset.testid ?? ""}]`).join(" < ");
      found.push({ words: words.slice(0, 50), ratio: Math.round(100 * ratio) / 100, size, place });
    }
  }
  return found;
}
