// @ts-check
// The channel of the sensors: the newest of each kind, when it came, and the
// plotted histories.

import { Trace } from './trace.js';

/** Least time between two messages that is asked for, in ms. */
export const INTERVAL_MS = 50;
/** Rails whose history is kept, and firmware updates that are listed. */
const MAX_RAILS = 16;
const MAX_FIRMWARE = 32;
/** What the history of the main rail is called. */
export const MAIN_RAIL = '';
/** Time over which the rate of messages is measured. */
const RATE_MS = 2000;

/**
 * @typedef {import('./types.d.ts').ImuStatus} ImuStatus
 * @typedef {import('./types.d.ts').PowerStatus} PowerStatus
 * @typedef {import('./types.d.ts').PowerSource} PowerSource
 * @typedef {import('./types.d.ts').LightingState} LightingState
 * @typedef {import('./types.d.ts').FirmwareUpdate} FirmwareUpdate
 * @typedef {import('./types.d.ts').SensorsMessage} SensorsMessage
 */

const VECTORS = /** @type {const} */ (['ax', 'ay', 'az', 'gx', 'gy', 'gz', 'mx', 'my', 'mz']);
const RAIL = /** @type {const} */ (['volts', 'amps', 'watts']);
/** @typedef {typeof RAIL[number]} RailKey */

/** Fires "imu", "power", "lighting", "firmware" and "error" after a message with the part. */
export class Feed extends EventTarget {
  /** @type {ImuStatus | undefined} */
  imu;
  /** @type {PowerStatus | undefined} */
  power;
  /** @type {LightingState | undefined} */
  lighting;
  /** Newest first. @type {FirmwareUpdate[]} */
  firmware = [];
  /** What the channel said is wrong; empty when nothing is. */
  error = '';
  /** performance.now() at which the channel was asked for on this connection; NaN while it is not open. */
  openedAt = NaN;
  /** performance.now() at which the last message of a kind came; NaN before it. */
  arrived = { imu: NaN, power: NaN, lighting: NaN, firmware: NaN };
  motion = new Trace(VECTORS);
  /** By {@link railKey}. @type {Map<string, Trace<RailKey>>} */
  rails = new Map();
  #times = /** @type {number[]} */ ([]);

  /** Subscribes until the returned subscription is closed. @param {import('../link.js').Link} link @returns {import('../types.d.ts').Subscription} */
  open(link) {
    this.#rest();
    return link.subscribe('sensors.stream', { op: 'subscribe', kinds: ['imu', 'power', 'lighting', 'firmware'], interval_ms: INTERVAL_MS }, {
      message: (payload) => this.take(/** @type {SensorsMessage} */ (payload)),
      opened: () => {
        this.openedAt = performance.now();
      },
      lost: (why) => {
        this.openedAt = NaN;
        if (why === 'hidden') this.#rest();
      },
      refused: (_code, message) => this.#fail(message),
    });
  }

  /** Takes a message. @param {SensorsMessage} m */
  take(m) {
    const now = performance.now();
    if (m.status) {
      this.#fail(m.reason ?? m.status);
      return;
    }
    if (m.imu) this.#takeImu(m.imu, now);
    if (m.power) this.#takePower(m.power, now);
    if (m.lighting) {
      this.lighting = m.lighting;
      this.arrived.lighting = now;
    }
    if (m.firmware) this.#takeFirmware(m.firmware, now);
    for (const kind of /** @type {const} */ (['imu', 'power', 'lighting', 'firmware'])) {
      if (m[kind]) this.dispatchEvent(new Event(kind));
    }
  }

  /** Messages with imu or power a second, lately. */
  rate() {
    const since = performance.now() - RATE_MS;
    return this.#times.filter((t) => t >= since).length / (RATE_MS / 1000);
  }

  #rest() {
    this.#times = [];
    this.motion.rest();
    for (const rail of this.rails.values()) rail.rest();
  }

  /** @param {string} reason */
  #fail(reason) {
    this.error = reason;
    this.dispatchEvent(new Event('error'));
  }

  /** @param {number} now */
  #counted(now) {
    if (this.#times.at(-1) !== now) this.#times.push(now);
    while (this.#times.length > 0 && /** @type {number} */ (this.#times[0]) < now - RATE_MS) this.#times.shift();
  }

  /** @param {ImuStatus} imu @param {number} now */
  #takeImu(imu, now) {
    this.imu = imu;
    this.error = '';
    this.arrived.imu = now;
    if (!imu.has_sample) return;
    this.#counted(now);
    const { accel: a, gyro: g, mag: m } = imu;
    this.motion.push(Date.parse(imu.updated_at ?? ''), {
      ax: a?.x, ay: a?.y, az: a?.z, gx: g?.x, gy: g?.y, gz: g?.z, mx: m?.x, my: m?.y, mz: m?.z,
    }, Math.max(imu.update_interval_ms ?? 0, INTERVAL_MS));
  }

  /** @param {PowerStatus} power @param {number} now */
  #takePower(power, now) {
    this.power = power;
    this.arrived.power = now;
    this.#counted(now);
    const at = Date.parse(power.updated_at ?? '');
    this.#rail(MAIN_RAIL, power, at);
    for (const source of power.sources ?? []) this.#rail(railKey(source), source, at);
  }

  /** @param {string} key @param {{volts?: number, amps?: number, watts?: number}} values @param {number} at */
  #rail(key, { volts, amps, watts }, at) {
    let trace = this.rails.get(key);
    if (!trace) {
      if (this.rails.size >= MAX_RAILS) return;
      this.rails.set(key, (trace = new Trace(RAIL)));
    }
    trace.push(at, { volts, amps, watts }, 100);
  }

  /** @param {FirmwareUpdate} update @param {number} now */
  #takeFirmware(update, now) {
    this.arrived.firmware = now;
    this.firmware = [update, ...this.firmware.filter((f) => f.device_id !== update.device_id)].slice(0, MAX_FIRMWARE);
  }
}

/** What tells rails apart. @param {PowerSource} s */
export function railKey(s) {
  return [s.label, s.bus, s.address].filter(Boolean).join(' ');
}
