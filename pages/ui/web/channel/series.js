// A run's records: rows of float32, as many as fit a screen.

const MOST_ROWS = 12000, LOOK_BACK = 32;

export class Series {
  constructor(columns) {
    this.columns = Object.fromEntries(columns.map((name) => [name, []]));
    this.names = columns;
  }

  get length() {
    return this.columns.step.length;
  }

  last(name) {
    const values = this.columns[name];
    return values.length ? values[values.length - 1] : NaN;
  }

  /** A column's newest number up to a row (not every row has one); NaN where there has been none for long. */
  known(name, row) {
    const values = this.columns[name] ?? [], first = Math.max(0, row - LOOK_BACK);
    while (row > first && !Number.isFinite(values[row])) row--;
    return values[row] ?? NaN;
  }

  /** Append a blob of rows; what is not newer than the last row is known already. A resumed run goes back first. */
  append(blob) {
    const table = new Float32Array(blob), width = this.names.length;
    for (let at = 0; at < table.length; at += width) {
      if (table[at] <= this.last("step")) continue;
      this.names.forEach((name, i) => this.columns[name].push(table[at + i]));
    }
    if (this.length > MOST_ROWS) this.thin();
  }

  /** Every second row of the older half: the newest keep their detail. */
  thin() {
    const half = this.length >> 1;
    for (const name of this.names) {
      this.columns[name] = this.columns[name].filter((_, i) => i >= half || i % 2 === 0);
    }
  }

  /** Row of the last step that is at most `step`. */
  row(step) {
    const steps = this.columns.step;
    let low = 0, high = steps.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (steps[middle] <= step) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** At most about `points` points of a column between two steps, each the mean of its neighbours. */
  shown(name, range, points) {
    const steps = this.columns.step, values = this.columns[name];
    const from = range ? Math.max(0, this.row(range[0])) : 0;
    const to = range ? Math.min(steps.length, this.row(range[1]) + 2) : steps.length;
    const stride = Math.max(1, Math.ceil((to - from) / points));
    if (stride === 1) return { x: steps.slice(from, to), y: values.slice(from, to) };
    const x = [], y = [];
    // Bins are counted from row 0, so that the same rows fall together while more arrive.
    for (let start = from - (from % stride); start < to; start += stride) {
      let sum = 0, n = 0;
      const end = Math.min(start + stride, steps.length);
      for (let i = start; i < end; i++) {
        if (!Number.isNaN(values[i])) { sum += values[i]; n += 1; }
      }
      x.push(steps[end - 1]);
      y.push(n ? sum / n : null);
    }
    return { x, y };
  }
}
