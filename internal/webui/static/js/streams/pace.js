// @ts-check
// How regularly something happens: rate, interval and jitter over a short past.

/** Times kept. */
const KEPT = 300;
/** The past that counts, in ms. */
export const PACE_WINDOW_MS = 3000;

export class Pace {
  /** @type {number[]} */
  #times = [];

  /** @param {number} now ms of a clock that does not jump */
  add(now) {
    this.#times.push(now);
    if (this.#times.length > KEPT) this.#times.shift();
  }

  clear() {
    this.#times = [];
  }

  /** Events per second, 0 when there were none lately. @param {number} now */
  rate(now) {
    const recent = this.#recent(now);
    if (recent.length < 2) return recent.length > 0 ? 1000 / PACE_WINDOW_MS : 0;
    const first = /** @type {number} */ (recent[0]);
    const last = /** @type {number} */ (recent.at(-1));
    // When events stop, the silence since the last one counts as soon as it is longer than usual.
    const mean = (last - first) / (recent.length - 1);
    return (1000 * (recent.length - 1)) / (last - first + Math.max(0, now - last - 2 * mean));
  }

  /**
   * The mean interval, its standard deviation (jitter) and the longest one, in ms.
   * @param {number} now
   * @returns {{mean: number, jitter: number, longest: number} | undefined} undefined with fewer than three events
   */
  intervals(now) {
    const recent = this.#recent(now);
    if (recent.length < 3) return undefined;
    const gaps = recent.slice(1).map((t, i) => t - /** @type {number} */ (recent[i]));
    const mean = gaps.reduce((a, b) => a + b, 0) / gaps.length;
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
    return { mean, jitter: Math.sqrt(variance), longest: Math.max(...gaps) };
  }

  /** @param {number} now */
  #recent(now) {
    let from = this.#times.length;
    while (from > 0 && /** @type {number} */ (this.#times[from - 1]) >= now - PACE_WINDOW_MS) from--;
    return this.#times.slice(from);
  }
}
