// @ts-check
// The frame of a card on the overview.

import { h } from '../lib/dom.js';

/**
 * @typedef {import('../types.d.ts').TelemetrySample} TelemetrySample
 * @typedef {import('../history.js').History} History
 */

export class Card {
  /** Title and age; the view adds the age. */
  head;
  /** The large figure. */
  value = h('span', { class: 'value' });
  /** What stands beside it. */
  extra = h('span', { class: 'extra' });
  el;

  /** @param {string} title @param {string} area name of the card in the layout @param {...(Node | null)} body */
  constructor(title, area, ...body) {
    this.head = h('header', { class: 'card-head' }, h('h2', {}, title));
    this.el = h('section', { class: `card aged card-${area}`, 'aria-label': title },
      this.head, h('div', { class: 'figure' }, this.value, this.extra), ...body.filter((b) => b !== null));
  }

  /** Whether this device has what the card shows. @param {History} history @returns {boolean} */
  present(history) {
    return history.latest !== undefined;
  }

  /**
   * @param {TelemetrySample} _sample
   * @param {History} _history
   * @param {number} _end right edge of charts, Unix seconds
   * @param {number} _seconds shown in charts
   */
  update(_sample, _history, _end, _seconds) {}
}
