// @ts-check
// One bar per processor core.

import { Bar } from '../charts/bar.js';
import { h, keyed, setAttr, setText } from '../lib/dom.js';
import { megahertz } from '../lib/format.js';

/** @typedef {import('../types.d.ts').Core} Core */

export class Cores {
  el = h('div', { class: 'cores' });
  /** @type {WeakMap<HTMLElement, Bar>} */
  #bars = new WeakMap();

  /** @param {Core[]} cores */
  update(cores) {
    setAttr(this.el, 'data-many', cores.length > 16 ? '' : null);
    keyed(this.el, cores, (c) => String(c.id), (c) => this.#make(c), (cell, c) => {
      this.#bars.get(cell)?.set(c.usage_percent);
      setText(/** @type {Node} */ (cell.children[2]), `${c.usage_percent.toFixed(0)} %`);
      setText(/** @type {Node} */ (cell.children[3]), c.frequency_mhz ? megahertz(c.frequency_mhz) : '');
    });
  }

  /** @param {Core} core */
  #make(core) {
    const name = core.label ?? `core ${core.id}`;
    const bar = new Bar(name, false);
    const cell = h('div', { class: 'core' }, h('span', { class: 'core-name' }, name), bar.el, h('span', { class: 'num' }), h('span', { class: 'num dim' }));
    this.#bars.set(cell, bar);
    return cell;
  }
}
