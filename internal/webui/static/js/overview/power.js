// @ts-check
// Input power and the throttle bits of boards that report them.

import { h, setAttr, setText } from '../lib/dom.js';
import { Card } from './card.js';

/**
 * @typedef {import('../types.d.ts').TelemetrySample} TelemetrySample
 * @typedef {import('../types.d.ts').Throttle} Throttle
 * @typedef {import('../history.js').History} History
 */

/** @type {readonly [string, Exclude<keyof Throttle, 'raw'>, Exclude<keyof Throttle, 'raw'>][]} */
const BITS = [
  ['Undervoltage', 'undervoltage', 'undervoltage_since_boot'],
  ['Frequency capped', 'frequency_capped', 'frequency_capped_since_boot'],
  ['Throttled', 'throttled', 'throttled_since_boot'],
  ['Soft temperature limit', 'soft_temp_limit', 'soft_temp_limit_since_boot'],
];

export class PowerCard extends Card {
  #list = h('ul', { class: 'flags' }, ...BITS.map(([label]) => h('li', {}, h('span', {}, label), h('span', { class: 'flag' }))));

  constructor() {
    super('Power', 'power');
    this.el.append(this.#list);
  }

  /** @override @param {History} history */
  present(history) {
    return history.latest?.power !== undefined || history.latest?.cpu.throttle !== undefined;
  }

  /** @override @param {TelemetrySample} sample */
  update({ power, cpu: { throttle } }) {
    const parts = [];
    if (power?.volts !== undefined) parts.push(`${power.volts.toFixed(2)} V`);
    if (power?.amps !== undefined) parts.push(`${power.amps.toFixed(2)} A`);
    const watts = power?.watts === undefined ? '' : `${power.watts.toFixed(1)} W`;
    setText(this.value, watts || (parts.shift() ?? ''));
    setText(this.extra, parts.join(' · '));
    this.#list.hidden = !throttle;
    if (throttle) this.#throttle(throttle);
  }

  /** @param {Throttle} throttle */
  #throttle(throttle) {
    BITS.forEach(([, now, sinceBoot], i) => {
      const flag = /** @type {HTMLElement} */ (this.#list.children[i]?.lastElementChild);
      const state = throttle[now] ? 'now' : throttle[sinceBoot] ? 'since boot' : 'no';
      setText(flag, state);
      setAttr(flag, 'data-level', state === 'now' ? 'alarm' : state === 'no' ? null : 'warn');
    });
  }
}
