// @ts-check
// The card that tells what images take and have of the disk.

import { Bar } from '../charts/bar.js';
import { h, keyed, setText } from '../lib/dom.js';
import { bytes } from '../lib/format.js';
import { Panel } from '../lib/panel.js';

/** @typedef {import('./types.d.ts').OtaAnswer} OtaAnswer */

/** @type {readonly [Exclude<keyof OtaAnswer['storage'], 'uploads'>, string][]} */
const PLACES = [['cache', 'Cache'], ['work', 'Work'], ['service_releases', 'Services'], ['frontend_releases', 'Interface']];

export class StorageCard {
  #used = h('span', { class: 'value' });
  #extra = h('span', { class: 'extra' });
  #bar = new Bar('Share of the quota of uploads in use');
  #rows = h('tbody', {});
  panel;

  /** @param {() => number} age @param {number} period */
  constructor(age, period) {
    this.panel = new Panel('Storage', 'storage', { age, period, icon: 'disk', waiting: 'Reading.' },
      h('div', { class: 'figure' }, this.#used, this.#extra), this.#bar.el,
      h('div', { class: 'scroll-x' }, h('table', { class: 'plain' },
        h('thead', {}, h('tr', {}, ...['Place', 'Used', 'Free'].map((t, i) => h('th', { scope: 'col', class: i > 0 ? 'num' : '' }, t)))), this.#rows)));
  }

  /** @param {OtaAnswer} answer */
  update({ storage }) {
    this.panel.present();
    const { uploads } = storage;
    setText(this.#used, bytes(uploads.usage_bytes));
    setText(this.#extra, `of ${bytes(uploads.quota_bytes)} for uploads · ${bytes(Math.min(uploads.remaining_bytes, uploads.available_bytes ?? Infinity))} left`);
    this.#bar.set(uploads.quota_bytes > 0 ? (100 * uploads.usage_bytes) / uploads.quota_bytes : 0);
    const rows = [{ key: 'uploads', label: 'Uploads', place: uploads }, ...PLACES.map(([key, label]) => ({ key, label, place: storage[key] }))];
    keyed(this.#rows, rows.filter((r) => r.place), (r) => r.key, (r) => h('tr', {}, h('th', { scope: 'row' }, r.label), h('td', { class: 'num' }), h('td', { class: 'num' })), (row, r) => {
      row.title = r.place.path;
      setText(/** @type {Node} */ (row.children[1]), bytes(r.place.usage_bytes));
      setText(/** @type {Node} */ (row.children[2]), bytes(r.place.available_bytes ?? NaN));
    });
  }
}
