// Python as lines of coloured pieces, and which lines of a text are new.

const WORDS = "and|as|assert|async|await|break|class|continue|def|del|elif|else|except|finally|for|from|global|if|import|in|is|lambda|None|nonlocal|not|or|pass|raise|return|True|False|try|while|with|yield";
const PIECES = new RegExp([
  '(?<string>[rbf]?"""[\\s\\S]*?"""|[rbf]?"(?:\\\\.|[^"\\\\\\n])*"|[rbf]?\'(?:\\\\.|[^\'\\\\\\n])*\')',
  "(?<comment>#[^\\n]*)",
  `(?<keyword>\\b(?:${WORDS})\\b)`,
  "(?<number>\\b\\d[\\d_]*(?:\\.\\d+)?(?:e[+-]?\\d+)?\\b)",
].join("|"), "g");

/**
 * A text's lines, each a list of pieces [kind, text]; kind "" is plain.
 * @param {string} text
 * @returns {[string, string][][]}
 */
export function tokens(text) {
  /** @type {[string, string][][]} */
  const lines = [[]];
  const add = (kind, piece) => piece.split("\n").forEach((part, index) => {
    if (index) lines.push([]);
    if (part) lines[lines.length - 1].push([kind, part]);
  });
  let at = 0;
  for (const found of text.matchAll(PIECES)) {
    add("", text.slice(at, found.index));
    add(Object.entries(found.groups ?? {}).find(([, piece]) => piece !== undefined)?.[0] ?? "", found[0]);
    at = found.index + found[0].length;
  }
  add("", text.slice(at));
  if (!lines[lines.length - 1].length) lines.pop();
  return lines;
}

/**
 * Numbers of the lines of `after` that a longest common subsequence with `before` leaves out; blank ones do not count.
 * @param {string} before
 * @param {string} after
 * @returns {Set<number>}
 */
export function changedLines(before, after) {
  const old = before.split("\n"), now = after.split("\n"), width = now.length + 1;
  const common = new Uint16Array((old.length + 1) * width); // the length of that of old[i:] and now[j:]
  for (let i = old.length - 1; i >= 0; i--)
    for (let j = now.length - 1; j >= 0; j--)
      common[i * width + j] = old[i] === now[j] ? common[(i + 1) * width + j + 1] + 1 : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
  /** @type {Set<number>} */
  const changed = new Set();
  for (let i = 0, j = 0; j < now.length;) {
    if (i < old.length && old[i] === now[j]) { i++; j++; }
    else if (i < old.length && common[(i + 1) * width + j] >= common[i * width + j + 1]) i++;
    else { if (now[j].trim()) changed.add(j); j++; }
  }
  return changed;
}
