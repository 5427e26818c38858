// @ts-check
// The Bluetooth devices that were seen, made of the events. Pure, and bounded:
// those not heard of for longest leave first.

/** Devices kept. */
export const MAX_DEVICES = 300;
/** Weight of a new reading of the signal against those before. */
const WEIGHT = 0.35;
/** Devices in the same band of signal are not moved past each other. */
const BAND_DB = 8;

/**
 * @typedef {import('../types.d.ts').BleEvent} BleEvent
 * @typedef {object} Seen
 * @property {string} id @property {string} name @property {number} rssi smoothed dBm, NaN while unknown
 * @property {number} first @property {number} last Unix ms of the agent @property {number} events @property {string} state @property {string} adv of the last advertisement
 */

export class Devices {
  /** In the order of the last event, oldest first. @type {Map<string, Seen>} */
  #seen = new Map();
  dropped = 0;

  get size() {
    return this.#seen.size;
  }

  /** @param {BleEvent} e */
  take(e) {
    if (!e.deviceId) return;
    const at = Date.parse(e.timestamp);
    const d = this.#seen.get(e.deviceId) ?? { id: e.deviceId, name: '', rssi: NaN, first: at, last: at, events: 0, state: '', adv: '' };
    this.#seen.delete(d.id);
    this.#seen.set(d.id, d);
    d.events++;
    d.last = Math.max(d.last, at);
    if (e.deviceName) d.name = e.deviceName;
    if (typeof e.rssi === 'number') d.rssi = Number.isNaN(d.rssi) ? e.rssi : d.rssi + WEIGHT * (e.rssi - d.rssi);
    if (e.type === 'scan_result' && e.data) d.adv = e.data;
    if (e.type === 'connected' || e.type === 'disconnected') d.state = e.type;
    else if (e.type === 'connection_failed') d.state = 'failed';
    else if (e.type === 'connection_state_changed' && e.data) d.state = e.data;
    if (this.#seen.size > MAX_DEVICES) {
      this.#seen.delete(/** @type {string} */ (this.#seen.keys().next().value));
      this.dropped++;
    }
  }

  clear() {
    this.#seen.clear();
    this.dropped = 0;
  }

  /** Connected ones first, then by signal; little changes of it move nothing. @returns {Seen[]} */
  sorted() {
    const band = (/** @type {Seen} */ d) => (Number.isNaN(d.rssi) ? -Infinity : Math.round(d.rssi / BAND_DB));
    const up = (/** @type {Seen} */ d) => (d.state === 'connected' ? 1 : 0);
    return [...this.#seen.values()].sort((a, b) => up(b) - up(a) || compare(band(b), band(a)) || a.id.localeCompare(b.id));
  }
}

/** @param {number} a @param {number} b */
function compare(a, b) {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** The share of a full meter that a signal is: -100 dBm is nothing, -40 is all. @param {number} rssi dBm */
export function strength(rssi) {
  return Number.isNaN(rssi) ? 0 : Math.min(1, Math.max(0, (rssi + 100) / 60));
}
