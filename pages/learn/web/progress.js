// What a reader has done, kept in this browser: marks and answers by lesson, language, the ten questions.

const KEY = "ganscope.learn";

/** { lessons: { "01": { done: [], answers: {}, at: 0 } }, folded, language, check: { before: {}, after: {} } } */
export function read() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "null");
    if (found && typeof found === "object") return { lessons: {}, ...found };
  } catch { /* no storage, or not ours: as for a new reader */ }
  return { lessons: {} };
}

export function change(how) {
  const kept = read();
  how(kept);
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch { /* a browser that keeps nothing: the page still works */ }
  return kept;
}

export const ofLesson = (kept, number) => ({ done: [], answers: {}, at: 0, ...kept.lessons[number] });

export const changeLesson = (number, how) => change((kept) => {
  const lesson = ofLesson(kept, number);
  how(lesson);
  kept.lessons[number] = lesson;
});

/** One line of a CSV file; what a spreadsheet would take for a formula is kept from being one. */
const csvLine = (cells) => cells.map((cell) => {
  const text = String(cell ?? "");
  return `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
}).join(",");

export function saveCsv(name, rows) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([rows.map(csvLine).join("\r\n"), "\r\n"], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** The language to read in, kept and in the address. */
export function keepLanguage(code) {
  change((kept) => { kept.language = code; });
  const query = new URLSearchParams(location.search);
  query.set("lang", code);
  history.replaceState(history.state, "", `${location.pathname}?${query}${location.hash}`);
}
