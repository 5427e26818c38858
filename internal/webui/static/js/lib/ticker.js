// @ts-check
// One slow timer for everything that shows an age.

const PERIOD_MS = 500;

export class Ticker {
  /** @type {Set<() => void>} */
  #jobs = new Set();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /** Calls job now and then twice a second until the returned function is called. @param {() => void} job */
  add(job) {
    this.#jobs.add(job);
    this.#timer ??= setInterval(() => this.#tick(), PERIOD_MS);
    job();
    return () => this.#remove(job);
  }

  #tick() {
    if (document.hidden) return;
    for (const job of this.#jobs) job();
  }

  /** @param {() => void} job */
  #remove(job) {
    this.#jobs.delete(job);
    if (this.#jobs.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** The ticker of the page. */
export const ticker = new Ticker();
