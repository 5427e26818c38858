// @ts-check
// One row of the list of exchanges, with its bar of the waterfall.

import { h, setAttr, setText } from '../../lib/dom.js';
import { bytes, clockTime } from '../../lib/format.js';
import { outcomeOf } from './filter.js';
import { place, short } from './scale.js';

/** @typedef {import('./store.js').Entry} Entry */

export function makeRow() {
  const cell = (/** @type {string} */ name, /** @type {Node[]} */ ...children) => h('div', { class: `cell ${name}`, role: 'gridcell' }, ...children);
  return h('div', { class: 'row net-row', role: 'row' },
    cell('n-method'), cell('n-status num'),
    cell('n-name', h('span', { class: 'n-path' }), h('span', { class: 'n-host' })),
    cell('n-type'), cell('n-size num'), cell('n-time num'),
    cell('n-fall', h('span', { class: 'fall-bar', 'aria-hidden': 'true' })));
}

/** @param {HTMLElement} row @param {Entry} x @param {import('./scale.js').Range} range */
export function fillRow(row, x, range) {
  const [method, status, name, type, size, time, fall] = /** @type {HTMLElement[]} */ ([...row.children]);
  if (!method || !status || !name || !type || !size || !time || !fall) return;
  row.dataset.key = x.key;
  row.dataset.outcome = outcomeOf(x);
  setAttr(row, 'data-gone', x.gone ? '' : null);
  row.title = `${x.url}\n${clockTime(x.at, true)}${x.error ? `\n${x.error}` : ''}${x.gone ? '\nthe agent does not hold it any more' : ''}`;
  setText(method, x.method);
  setText(status, x.statusCode ? String(x.statusCode) : 'failed');
  setText(/** @type {Node} */ (name.firstElementChild), pathOf(x));
  setText(/** @type {Node} */ (name.lastElementChild), x.host ?? '');
  setText(type, shortType(x.responseContentType ?? ''));
  setText(size, x.responseSize === undefined || x.responseSize === null ? '–' : bytes(x.responseSize));
  setText(time, short(x.durationMs));
  const [left, width] = place(range, x);
  const bar = /** @type {HTMLElement} */ (fall.firstElementChild);
  bar.style.left = `${(100 * left).toFixed(3)}%`;
  bar.style.width = `${(100 * width).toFixed(3)}%`;
}

/** Path and query; the whole URL when there is no path. @param {Entry} x */
function pathOf(x) {
  const query = x.url.indexOf('?');
  return x.path ? x.path + (query < 0 ? '' : x.url.slice(query)) : x.url;
}

/** A media type without what is common to all. @param {string} type */
export function shortType(type) {
  return type.replace(/^(application|text)\//, '').replace(/^(x-|vnd\.)/, '');
}
