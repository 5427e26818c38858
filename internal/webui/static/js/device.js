// @ts-check
// What is known of the device over HTTP: health, name, system, the round trip
// time and the difference between its clock and ours.

import { Clock } from './lib/clock.js';
import { duration } from './lib/format.js';
import { HttpError, json } from './lib/http.js';

/** How often the health is asked for while the page is in sight. */
export const HEALTH_MS = 5000;
const HEALTH_TIMEOUT_MS = 3000;
/** Names and versions change seldom; asking again now and then is enough. */
const FACTS_EVERY = 12;

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

  /** What it is called in sentences. */
  noun = 'device';
  #clock = new Clock();
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

  /** Version and age of the server; empty while unknown. */
  get about() {
    return this.health ? `${this.health.version}, up ${duration(this.health.uptime_ms)}` : '';
  }

  /** The device's clock now, in Unix ms, as well as it is known. */
  now() {
    return this.#clock.now();
  }

  /** How far the device's clock is ahead of ours, in ms; 0 while unknown. */
  clockOffset() {
    return this.#clock.offset();
  }

  /** How old a reading of the device is, in ms; see {@link Clock.ageOf}. @param {number | undefined} timestamp Unix ms of the device @param {number} arrivedAt performance.now() */
  ageOf(timestamp, arrivedAt) {
    return this.#clock.ageOf(timestamp, arrivedAt);
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
    this.#clock.read(this.health?.server_time_ms ?? asked + ping / 2, asked, ping);
    if (this.#rounds++ % FACTS_EVERY === 0) void this.#readFacts();
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
