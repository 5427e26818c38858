// @ts-check
// A bar for something that will end, which also says aloud how far it is: at each
// tenth, not at each percent.

import { h, setAttr, setText } from './dom.js';

export class Progress {
  #fill = h('span', { class: 'bar-fill' });
  #spoken = h('span', { class: 'sr-only', role: 'status', 'aria-live': 'polite' });
  #label;
  #tenth = -1;
  #bar;
  el;

  /** @param {string} label for assistive technology */
  constructor(label) {
    this.#label = label;
    this.#bar = h('span', { class: 'bar progress', role: 'progressbar', 'aria-label': label, 'aria-valuemin': '0', 'aria-valuemax': '100' }, this.#fill);
    this.el = h('div', { class: 'progress-line' }, this.#bar, this.#spoken);
  }

  /** @param {number} percent NaN: under way, but nobody knows how far @param {string} [label] what is under way, if that changes */
  set(percent, label) {
    if (label && label !== this.#label) {
      this.#label = label;
      this.#tenth = -1;
      setAttr(this.#bar, 'aria-label', label);
    }
    const known = Number.isFinite(percent);
    const p = known ? Math.min(100, Math.max(0, percent)) : 0;
    this.#fill.style.transform = `scaleX(${(p / 100).toFixed(4)})`;
    setAttr(this.#bar, 'aria-valuenow', known ? p.toFixed(0) : null);
    setAttr(this.#bar, 'data-known', known ? 'yes' : 'no');
    const tenth = known ? Math.floor(p / 10) : -1;
    if (tenth === this.#tenth) return;
    this.#tenth = tenth;
    if (tenth >= 0) setText(this.#spoken, `${this.#label}: ${tenth * 10} %`);
  }
}
