// @ts-check
// Temperatures and swap, which come over HTTP and so have an age of their own.

import { ageTag } from '../lib/age.js';
import { h, keyed, setAttr, setText } from '../lib/dom.js';
import { bytes, celsius } from '../lib/format.js';
import { Card } from './card.js';

/** @typedef {import('../types.d.ts').DeviceMetrics} DeviceMetrics */

/** Period of the readings, in ms. */
const PERIOD_MS = 5000;
const HOT_C = 75;
const TOO_HOT_C = 90;

export class ThermalCard extends Card {
  #readAt = NaN;
  #temps = h('ul', { class: 'flags' });

  constructor() {
    super('Temperatures', 'thermal');
    this.el.hidden = true;
    this.el.append(this.#temps);
    this.head.append(ageTag(() => performance.now() - this.#readAt, PERIOD_MS));
  }

  /** Takes a reading; the card shows only when the device has sensors. @param {DeviceMetrics} metrics @param {number} at performance.now() */
  read(metrics, at) {
    this.#readAt = at;
    const temps = metrics.temps ?? [];
    this.el.hidden = temps.length === 0;
    const hottest = temps.reduce((max, t) => Math.max(max, t.temperature_c), -Infinity);
    setText(this.value, celsius(hottest));
    setText(this.extra, temps.length > 1 ? `hottest of ${temps.length}` : '');
    const labels = temps.map((t, i) => ({ ...t, key: `${i} ${t.label}` }));
    keyed(this.#temps, labels, (t) => t.key, (t) => h('li', {}, h('span', {}, t.label), h('span', { class: 'flag' })), (row, t) => {
      const flag = /** @type {HTMLElement} */ (row.lastElementChild);
      setText(flag, celsius(t.temperature_c));
      setAttr(flag, 'data-level', t.temperature_c >= TOO_HOT_C ? 'alarm' : t.temperature_c >= HOT_C ? 'warn' : null);
    });
  }
}

/** Swap in words; empty when there is none. @param {DeviceMetrics} metrics */
export function swapText(metrics) {
  const total = metrics.swap_total_bytes ?? 0;
  return total > 0 ? `swap ${bytes(metrics.swap_used_bytes ?? 0)} of ${bytes(total)}` : '';
}
