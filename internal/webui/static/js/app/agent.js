// @ts-check
// What is known of the application over HTTP: its name, platform and state, the
// round trip time and the clock of the agent.

import { Clock } from '../lib/clock.js';
import { HttpError, json } from '../lib/http.js';

/** How often the status is asked for while the section is in sight. */
export const STATUS_MS = 4000;
const STATUS_TIMEOUT_MS = 3000;

/** @typedef {import('./types.d.ts').AgentStatus} AgentStatus */

/** Fires "change" after each reading, and "unauthorised" when the agent asks for a token. */
export class Agent extends EventTarget {
  /** @type {AgentStatus | undefined} */
  status;
  /** Age of the agent in ms at its last answer. */
  uptime = NaN;
  /** What it is called in sentences. */
  noun = 'agent';
  /** Round trip of the last answered request in ms; NaN before it or when the last one failed. */
  ping = NaN;
  /** performance.now() of the last answer. */
  answeredAt = NaN;
  /** Why the last reading failed, undefined after a success. @type {string | undefined} */
  error;
  /** @type {import('../types.d.ts').Who | undefined} */
  who;
  #clock = new Clock();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  /** @type {Promise<'ok' | 'unauthorised' | 'failed'> | undefined} */
  #reading;

  /** Name and version of the agent; empty while unknown. */
  get about() {
    return this.status ? `${this.status.agent.name} ${this.status.agent.version}` : '';
  }

  /** Starts or stops asking. @param {boolean} on */
  poll(on) {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (!on) return;
    this.#timer = setInterval(() => void this.read(), STATUS_MS);
    void this.read();
  }

  clockOffset() {
    return this.#clock.offset();
  }

  /** The agent's clock now, in Unix ms, as well as it is known. */
  now() {
    return this.#clock.now();
  }

  /** How old something of the agent is, in ms; see {@link Clock.ageOf}. @param {number | undefined} timestamp @param {number} arrivedAt performance.now() */
  ageOf(timestamp, arrivedAt) {
    return this.#clock.ageOf(timestamp, arrivedAt);
  }

  /** Reads the status once; calls that overlap share one reading. @returns {Promise<'ok' | 'unauthorised' | 'failed'>} */
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
      /** @type {AgentStatus} */
      const status = await json('api/v1/agent/status?compat=mirror', { timeout: STATUS_TIMEOUT_MS });
      this.#answered(status, performance.now() - sent, asked);
      return 'ok';
    } catch (err) {
      return this.#failed(err);
    } finally {
      this.dispatchEvent(new Event('change'));
    }
  }

  /** @param {AgentStatus} status @param {number} ping @param {number} asked */
  #answered(status, ping, asked) {
    this.status = status;
    this.uptime = isoDuration(status.uptime);
    this.ping = ping;
    this.answeredAt = performance.now();
    this.error = undefined;
    const there = Date.parse(status.timestamp ?? '');
    if (Number.isFinite(there)) this.#clock.read(there, asked, ping);
    if (!this.who) void this.#readWho();
  }

  async #readWho() {
    try {
      this.who = await json('auth/session');
    } catch (err) {
      if (!(err instanceof HttpError)) throw err; // not every server has it
    }
  }

  /** @param {unknown} err @returns {'unauthorised' | 'failed'} */
  #failed(err) {
    this.ping = NaN;
    this.error = err instanceof Error ? err.message : String(err);
    if (!(err instanceof HttpError) || err.status !== 401) return 'failed';
    this.who = undefined;
    this.dispatchEvent(new Event('unauthorised'));
    return 'unauthorised';
  }
}

/** An ISO 8601 duration of days and less in ms; NaN if it is none. @param {string} text */
export function isoDuration(text) {
  const m = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(text ?? '');
  if (!m || text === 'P' || text.endsWith('T')) return NaN;
  const [, d = 0, h = 0, min = 0, s = 0] = m.map((part) => Number(part ?? 0));
  return (((d * 24 + h) * 60 + min) * 60 + s) * 1000;
}
