// @ts-check
// What another machine's clock says, learnt from answers that carry its time.

/** Readings kept; the one with the shortest round trip is the most exact. */
const READINGS = 12;
/** How far a clock may drift between readings. */
const SLACK_MS = 100;

export class Clock {
  /** @type {{offset: number, ping: number}[]} */
  #readings = [];

  get known() {
    return this.#readings.length > 0;
  }

  /** Takes a reading. @param {number} there Unix ms of the answer @param {number} asked Unix ms of the request, by our clock @param {number} ping round trip in ms */
  read(there, asked, ping) {
    const offset = there - (asked + ping / 2);
    // Readings that cannot both be right mean that one of the clocks was set.
    const set = this.#readings.some((r) => Math.abs(r.offset - offset) > (r.ping + ping) / 2 + SLACK_MS);
    if (set) this.#readings = [];
    this.#readings.push({ offset, ping });
    if (this.#readings.length > READINGS) this.#readings.shift();
  }

  /** How far it is ahead of ours, in ms; 0 while unknown. */
  offset() {
    let best = { offset: 0, ping: Infinity };
    for (const reading of this.#readings) if (reading.ping < best.ping) best = reading;
    return best.offset;
  }

  /** Its time now, in Unix ms, as well as it is known. */
  now() {
    return Date.now() + this.offset();
  }

  /**
   * How old a reading is, in ms: by the clock it was taken with and by when it
   * arrived here. The greater is believed, because a message can be fresh while
   * what it holds is old. NaN when there is no reading.
   * @param {number | undefined} timestamp Unix ms of that clock @param {number} arrivedAt performance.now()
   */
  ageOf(timestamp, arrivedAt) {
    if (timestamp === undefined) return NaN;
    const there = this.known ? this.now() - timestamp : 0;
    return Math.max(performance.now() - arrivedAt, there);
  }
}
