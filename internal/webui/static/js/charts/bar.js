// @ts-check
// A horizontal bar with a share of a whole.

import { h, setAttr } from '../lib/dom.js';

/** Shares from which a bar takes the colours of warning and alarm. */
const WARN = 80;
const ALARM = 92;

export class Bar {
  #fill = h('span', { class: 'bar-fill' });
  el;

  /** @param {string} label for assistive technology @param {boolean} [alarming] whether a high share is bad */
  constructor(label, alarming = true) {
    this.el = h('span', { class: 'bar', role: 'meter', 'aria-label': label, 'aria-valuemin': '0', 'aria-valuemax': '100' }, this.#fill);
    this.alarming = alarming;
  }

  /** @param {number} share 0 to 100 */
  set(share) {
    const p = Math.min(100, Math.max(0, Number.isFinite(share) ? share : 0));
    this.#fill.style.transform = `scaleX(${(p / 100).toFixed(4)})`;
    setAttr(this.el, 'aria-valuenow', p.toFixed(0));
    setAttr(this.el, 'data-level', !this.alarming || p < WARN ? null : p < ALARM ? 'warn' : 'alarm');
  }
}
