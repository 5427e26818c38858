// @ts-check
// Bounded histories of plotted values. Time without samples is kept as a hole,
// is never bridged, and is counted as lost.

/** Samples kept: five minutes at twenty a second. */
export const TRACE_SAMPLES = 6000;
/** Missed periods that count as a hole, and the least time that does. */
const HOLE_PERIODS = 5;
const HOLE_MIN_MS = 1500;

/**
 * @template {string} K
 */
export class Trace {
  /** Unix seconds of the device's clock. @type {number[]} */
  times = [];
  /** @type {Record<K, (number | null)[]>} */
  series;
  /** Unix ms of the newest sample; NaN before the first. */
  latest = NaN;
  /** performance.now() at which it came. */
  arrivedAt = NaN;
  /** Holes, and their time in ms, since the last call of {@link Trace.forgetHoles}. */
  holes = 0;
  lost = 0;
  #keys;

  /** @param {readonly K[]} keys */
  constructor(keys) {
    this.#keys = keys;
    this.series = this.#empty();
  }

  /**
   * Takes a sample; a repeated one changes nothing, an older one (the clock of
   * the device was set back) begins anew.
   * @param {number} at Unix ms @param {Record<K, number | null | undefined>} values @param {number} period expected distance in ms
   * @returns {boolean} whether it was new
   */
  push(at, values, period) {
    if (!Number.isFinite(at) || at === this.latest) return false;
    if (at / 1000 < (this.times.at(-1) ?? 0)) this.reset();
    const missing = at - this.latest;
    if (missing > Math.max(HOLE_PERIODS * period, HOLE_MIN_MS)) {
      this.#append((this.latest + 1) / 1000, undefined);
      this.holes++;
      this.lost += missing - period;
    }
    this.latest = at;
    this.arrivedAt = performance.now();
    this.#append(at / 1000, values);
    return true;
  }

  /** The page was out of sight on purpose: the next hole is no loss. */
  rest() {
    if (this.times.length > 0) this.#append((this.latest + 1) / 1000, undefined);
    this.latest = NaN;
  }

  reset() {
    this.times = [];
    this.series = this.#empty();
    this.latest = NaN;
  }

  forgetHoles() {
    this.holes = 0;
    this.lost = 0;
  }

  /** Times and the series of the keys, as a chart wants them. @param {...K} keys @returns {(number | null)[][]} */
  columns(...keys) {
    return [this.times, ...keys.map((k) => this.series[k])];
  }

  /** @param {number} time @param {Record<K, number | null | undefined> | undefined} values undefined makes a hole */
  #append(time, values) {
    const full = this.times.length >= TRACE_SAMPLES;
    this.times.push(time);
    if (full) this.times.shift();
    for (const key of this.#keys) {
      this.series[key].push(values?.[key] ?? null);
      if (full) this.series[key].shift();
    }
  }

  /** @returns {Record<K, (number | null)[]>} */
  #empty() {
    return /** @type {any} */ (Object.fromEntries(this.#keys.map((key) => [key, []])));
  }
}
