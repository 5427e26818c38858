// @ts-check
// What is known of the device over HTTP: health, name, system, the round trip
// time and the difference between its clock and ours.

import { HttpError, json } from './lib/http.js';

/** How often the health is asked for while the page is in sight. */
export const HEALTH_MS = 5000;
const HEALTH_TIMEOUT_MS = 3000;
/** Names and versions change seldom; asking again now and then is enough. */
const FACTS_EVERY = 12;
/** Clock readings kept; the one with the shortest round trip is the most exact. */
const CLOCK_READINGS = 12;
/** How far a clock may drift between readings. */
const CLOCK_SLACK_MS = 100;

/**
 * @typedef {import('./types.d.ts').Health} Health
 * @typedef {import('./types.d.ts').OsInfo} OsInfo
 */

/** Fires "change" after each reading, and "unauthorised" when the device asks for a token. */
export class Device extends EventTarget {
  /** @type {Health | undefined} */
  health;
  /** @type {string | undefined} */
  hostname;
  /** @type {OsInfo | undefined} */
  os;
  /** @type {import('./types.d.ts').Who | undefined} */
  who;
  /** Round trip of the last answered health request in ms; NaN before it or when the last one failed. */
  ping = NaN;
  /** performance.now() of the last answer. */
  answeredAt = NaN;
  /** Why the last reading failed, undefined after a success. @type {string | undefined} */
  error;

  /** @type {{offset: number, ping: number}[]} */
  #clock = [];
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  #rounds = 0;
  /** @type {Promise<'ok' | 'unauthorised' | 'failed'> | undefined} */
  #reading;

  /** Reads names and identity again with the next health, as after signing in. */
  forgetFacts() {
    this.#rounds = 0;
  }

  /** Starts or stops asking. @param {boolean} on */
  poll(on) {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (!on) return;
    this.#timer = setInterval(() => void this.read(), HEALTH_MS);
    void this.read();
  }

  /** The device's clock now, in Unix ms, as well as it is known. */
  now() {
    return Date.now() + this.clockOffset();
  }

  /** How far the device's clock is ahead of ours, in ms; 0 while unknown. */
  clockOffset() {
    let best = { offset: 0, ping: Infinity };
    for (const reading of this.#clock) if (reading.ping < best.ping) best = reading;
    return best.offset;
  }

  /**
   * How old a reading of the device is, in ms: by its own clock and by when it
   * arrived here. The greater is believed, because a message can be fresh while
   * what it holds is old. NaN when there is no reading.
   * @param {number | undefined} timestamp Unix ms of the device @param {number} arrivedAt performance.now()
   */
  ageOf(timestamp, arrivedAt) {
    if (timestamp === undefined) return NaN;
    const there = this.#clock.length > 0 ? this.now() - timestamp : 0;
    return Math.max(performance.now() - arrivedAt, there);
  }

  /** Reads the health once; calls that overlap share one reading. @returns {Promise<'ok' | 'unauthorised' | 'failed'>} */
  read() {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** @returns {Promise<'ok' | 'unauthorised' | 'failed'>} */
  async #read() {
    try {
      const sent = performance.now();
      const asked = Date.now();
      this.health = await json('v1/health', { timeout: HEALTH_TIMEOUT_MS });
      this.#answered(performance.now() - sent, asked);
      return 'ok';
    } catch (err) {
      return this.#failed(err);
    } finally {
      this.dispatchEvent(new Event('change'));
    }
  }

  /** @param {number} ping @param {number} asked */
  #answered(ping, asked) {
    this.ping = ping;
    this.answeredAt = performance.now();
    this.error = undefined;
    this.#readClock((this.health?.server_time_ms ?? asked) - (asked + ping / 2), ping);
    if (this.#rounds++ % FACTS_EVERY === 0) void this.#readFacts();
  }

  /** @param {number} offset @param {number} ping */
  #readClock(offset, ping) {
    // Readings that cannot both be right mean that one of the clocks was set.
    const set = this.#clock.some((r) => Math.abs(r.offset - offset) > (r.ping + ping) / 2 + CLOCK_SLACK_MS);
    if (set) this.#clock = [];
    this.#clock.push({ offset, ping });
    if (this.#clock.length > CLOCK_READINGS) this.#clock.shift();
  }

  /** @param {unknown} err @returns {'unauthorised' | 'failed'} */
  #failed(err) {
    this.ping = NaN;
    this.error = err instanceof Error ? err.message : String(err);
    if (!(err instanceof HttpError) || err.status !== 401) return 'failed';
    this.dispatchEvent(new Event('unauthorised'));
    return 'unauthorised';
  }

  async #readFacts() {
    const [name, os, who] = await Promise.allSettled([json('v1/device/hostname'), json('v1/device/os'), json('auth/session')]);
    if (name.status === 'fulfilled') this.hostname = name.value.hostname;
    if (os.status === 'fulfilled') this.os = os.value;
    if (who.status === 'fulfilled') this.who = who.value;
    if (name.status === 'rejected') this.#rounds = 0; // ask again at the next round
    this.dispatchEvent(new Event('change'));
  }
}
