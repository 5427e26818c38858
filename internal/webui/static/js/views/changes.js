// @ts-check
// <hg-changes>: who changed what, as it happens.

import { ageTag } from '../lib/age.js';
import { h, keyed, perFrame, setAttr, setText } from '../lib/dom.js';
import { clockTime, count, plural } from '../lib/format.js';
import { icon } from '../lib/icons.js';
import { HEARTBEAT_MS } from '../link.js';
import { View } from '../view.js';

/**
 * @typedef {import('../types.d.ts').ChangeEvent} ChangeEvent
 * @typedef {import('../journal.js').Row} Row
 */

/** Columns of the table; a row that is a remark spans them. */
const COLUMNS = ['Time', 'What', 'Resource', 'By', 'Request', 'Revision', 'No.'];

export class Changes extends View {
  #filter = h('input', { type: 'search', placeholder: 'Filter by kind, path, operation or request', 'aria-label': 'Filter changes', spellcheck: false });
  #summary = h('span', { class: 'summary' });
  #rows = h('tbody', {});
  #empty = h('p', { class: 'empty' });
  #draw = perFrame(() => this.#render());

  build() {
    this.#filter.addEventListener('input', () => this.#render());
    const head = h('tr', {}, ...COLUMNS.map((c, i) => h('th', { scope: 'col', class: i > 4 ? 'num' : '' }, c)));
    this.append(
      h('div', { class: 'toolbar' }, h('div', { class: 'search' }, icon('search'), this.#filter), this.#summary,
        h('button', { type: 'button', class: 'tool', onclick: () => this.app.journal.clear() }, icon('clear'), 'Clear'),
        ageTag(() => performance.now() - this.app.journal.heardAt, HEARTBEAT_MS, 'waiting for the journal')),
      h('div', { class: 'changes-frame' }, h('table', { class: 'plain changes' }, h('thead', {}, head), this.#rows), this.#empty));
    this.classList.add('aged');
  }

  onShow() {
    this.listen(this.app.journal, 'row', () => this.#draw());
    this.#render();
  }

  #render() {
    const { journal } = this.app;
    const wanted = this.#filter.value.trim().toLowerCase();
    const rows = journal.rows.filter((row) => !('event' in row) || !wanted || textOf(row.event).includes(wanted)).reverse();
    keyed(this.#rows, rows, (row) => String(row.id), makeRow, () => {});
    const dropped = journal.dropped > 0 ? `, ${count(journal.dropped)} older ones dropped from this view` : '';
    setText(this.#summary, `${plural(journal.seen, 'change')} since this page connected${dropped}`);
    this.#empty.hidden = rows.length > 0;
    setText(this.#empty, journal.rows.length > 0
      ? 'No change matches the filter.'
      : 'No change since this page connected. Each one is listed here the moment it is made, whoever makes it.');
  }
}

/** @param {ChangeEvent} e */
function textOf(e) {
  return [e.kind, e.entity, e.operation, e.resource_id, e.path, e.method, e.origin, e.request_id].join(' ').toLowerCase();
}

/** @param {Row} row */
function makeRow(row) {
  if (!('event' in row)) {
    return h('tr', { class: 'remark', 'data-tone': row.tone }, h('td', { class: 'mono' }, clockTime(row.at)), h('td', { colSpan: COLUMNS.length - 1 }, row.note));
  }
  const e = row.event;
  const operation = h('span', { class: 'op' }, e.operation);
  setAttr(operation, 'data-op', e.operation);
  return h('tr', {},
    h('td', { class: 'mono', title: new Date(e.timestamp_ms).toISOString() }, clockTime(e.timestamp_ms, true)),
    h('td', {}, operation, ' ', h('span', { title: e.entity }, e.kind)),
    h('td', { class: 'mono clip', title: e.path }, e.resource_id && e.resource_id !== e.kind ? e.resource_id : e.path),
    h('td', {}, e.origin === 'http' ? `HTTP ${(e.method ?? '').toUpperCase()}` : `WebSocket ${e.method ?? ''}`),
    h('td', { class: 'mono clip dim', title: e.request_id ?? '' }, e.request_id ?? ''),
    h('td', { class: 'num mono' }, String(e.revision)),
    h('td', { class: 'num mono' }, String(e.seq)));
}

customElements.define('hg-changes', Changes);
