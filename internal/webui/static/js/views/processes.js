// @ts-check
// <hg-processes>: every process, sorted and filtered, live without jumping.

import { ageTag } from '../lib/age.js';
import { h, perFrame, setAttr, setText } from '../lib/dom.js';
import { bytes, count, percent } from '../lib/format.js';
import { icon } from '../lib/icons.js';
import { Rows } from '../lib/rows.js';
import { ProcessDetail } from '../processes/detail.js';
import { FALLING_FIRST, inOrder, matches, sorted, words } from '../processes/model.js';
import { fillRow, makeRow } from '../processes/row.js';
import { queryParam, setQueryParam } from '../router.js';
import { View } from '../view.js';

/**
 * @typedef {import('../types.d.ts').ProcessSample} ProcessSample
 * @typedef {import('../processes/model.js').Column} Column
 */

const INTERVAL_MS = 1000;
/** Height of a row, as in processes.css. */
const ROW_PX = 28;
/** The most the channel gives; the list is virtual, so that all of it is shown. */
const LIMIT = 2000;

/** @type {readonly [Column, string, string][]} */
const COLUMNS = [
  ['pid', 'PID', 'num'], ['name', 'Name', ''], ['cpu', 'CPU', 'num'], ['mem', 'Memory', 'num'],
  ['virt', 'Virtual', 'num'], ['status', 'State', ''], ['cmd', 'Command', ''],
];

export class Processes extends View {
  /** @type {import('../types.d.ts').ProcessesSnapshot | undefined} */
  #snapshot;
  #arrivedAt = NaN;
  /** @type {ProcessSample[]} */
  #list = [];
  /** @type {Column} */
  #column = 'cpu';
  #falling = true;
  #paused = false;
  #pointing = false;
  #selected = 0;
  /** Position by pid of the list as shown. @type {Map<number, number>} */
  #order = new Map();
  #rows = new Rows(() => makeRow(), (row, i) => this.#fill(row, i));
  #filter = h('input', { type: 'search', placeholder: 'Filter by name, PID, state or command', 'aria-label': 'Filter processes', spellcheck: false });
  #summary = h('span', { class: 'summary' });
  #held = h('span', { class: 'held', hidden: true }, 'order held while you point');
  #error = h('p', { class: 'note warn', hidden: true });
  #pauseButton = h('button', { type: 'button', class: 'tool' });
  #head = h('div', { class: 'row head', role: 'row', 'aria-rowindex': 1 });
  #table = h('div', { class: 'ptable', role: 'grid', tabIndex: 0, 'aria-label': 'Processes' });
  #detail = new ProcessDetail();
  #age = ageTag(() => this.app.device.ageOf(this.#snapshot?.timestamp_ms, this.#arrivedAt), INTERVAL_MS);
  #draw = perFrame(() => this.#render());

  build() {
    this.#filter.value = queryParam('filter');
    this.#filter.addEventListener('input', () => this.#filtered());
    this.#pauseButton.addEventListener('click', () => this.#pause(!this.#paused));
    this.#head.append(...COLUMNS.map(([column, label, kind]) => this.#headCell(column, label, kind)));
    this.#table.append(this.#head, this.#rows.el);
    this.#table.addEventListener('keydown', (e) => this.#onKey(e));
    this.#rows.el.addEventListener('click', (e) => this.#onClick(e));
    this.#rows.el.addEventListener('pointerenter', (e) => this.#point(e.pointerType === 'mouse'));
    this.#rows.el.addEventListener('pointerleave', () => this.#point(false));
    this.#detail.onClose = () => this.#select(0);
    this.append(
      h('div', { class: 'toolbar' }, h('div', { class: 'search' }, icon('search'), this.#filter), this.#pauseButton,
        this.#summary, this.#held, this.#age),
      this.#error,
      h('div', { class: 'ptable-frame aged' }, this.#table, this.#detail.el));
    // The age stands in the toolbar and greys the table below.
    this.classList.add('aged');
    this.#pause(false);
    this.#sortMarks();
  }

  onShow() {
    /** @type {import('../types.d.ts').ChannelHandlers<import('../types.d.ts').ProcessesEvent>} */
    const handlers = {
      message: (payload) => this.#message(payload),
      refused: (_code, message) => this.#message({ type: 'error', message }),
    };
    this.whileShown(this.app.link.subscribe('processes.stream', { interval_ms: INTERVAL_MS, limit: LIMIT }, handlers));
    this.whileShown(this.app.keys.add({ keys: 'p', label: 'Pause or go on', group: 'Processes', run: () => this.#pause(!this.#paused) }));
    this.#draw();
  }

  /** @param {import('../types.d.ts').ProcessesEvent} payload */
  #message(payload) {
    if (payload.type === 'error') {
      setText(this.#error, payload.message);
      this.#error.hidden = false;
    }
    if (payload.type !== 'snapshot' || this.#paused) return;
    this.#error.hidden = true;
    this.#snapshot = payload.snapshot;
    this.#arrivedAt = performance.now();
    this.#age.refresh();
    this.#draw();
  }

  #render() {
    const all = this.#snapshot?.processes ?? [];
    const wanted = words(this.#filter.value);
    const found = all.filter((p) => matches(p, wanted));
    this.#list = this.#pointing ? inOrder(found, this.#order) : sorted(found, this.#column, this.#falling);
    this.#order = new Map(this.#list.map((p, i) => [p.pid, i]));
    setAttr(this.#table, 'aria-rowcount', String(this.#list.length + 1));
    setAttr(this.#table, 'aria-activedescendant', this.#selected ? `process-${this.#selected}` : null);
    this.#rows.set(this.#list.length, ROW_PX);
    this.#summarise(all.length);
    this.#detail.update(all.find((p) => p.pid === this.#selected), this.#selected);
  }

  /** @param {number} total */
  #summarise(total) {
    const shown = this.#list.length === total ? count(total) : `${count(this.#list.length)} of ${count(total)}`;
    const cut = total >= LIMIT ? ` (the ${count(LIMIT)} busiest; there may be more)` : '';
    const cpu = this.#list.reduce((sum, p) => sum + p.cpu_percent, 0);
    const mem = this.#snapshot ? ` · ${bytes(this.#snapshot.used_memory_bytes)} of ${bytes(this.#snapshot.total_memory_bytes)} in use` : '';
    setText(this.#summary, this.#snapshot ? `${shown} processes${cut} · ${percent(cpu)} CPU${mem}` : 'Waiting for the first snapshot');
  }

  /** @param {HTMLElement} row @param {number} i */
  #fill(row, i) {
    const p = this.#list[i];
    if (!p) return;
    fillRow(row, p, this.#snapshot?.total_memory_bytes ?? 0);
    row.id = `process-${p.pid}`;
    setAttr(row, 'aria-selected', String(p.pid === this.#selected));
  }

  #filtered() {
    setQueryParam('filter', this.#filter.value);
    this.#rows.el.scrollTop = 0;
    this.#render();
  }

  /** @param {boolean} on a person points at the rows: keep them where they are */
  #point(on) {
    this.#pointing = on;
    this.#held.hidden = !on;
    if (!on) this.#draw();
  }

  /** @param {boolean} paused */
  #pause(paused) {
    this.#paused = paused;
    this.#pauseButton.replaceChildren(icon(paused ? 'play' : 'pause'), paused ? 'Go on' : 'Pause');
    setAttr(this.#pauseButton, 'aria-pressed', String(paused));
  }

  /** @param {Column} column @param {string} label @param {string} kind */
  #headCell(column, label, kind) {
    return h('div', { class: `cell c-${column} ${kind}`, role: 'columnheader', 'data-column': column },
      h('button', { type: 'button', onclick: () => this.#sort(column) }, label, h('span', { class: 'arrow', 'aria-hidden': 'true' })));
  }

  /** @param {Column} column */
  #sort(column) {
    this.#falling = column === this.#column ? !this.#falling : FALLING_FIRST.includes(column);
    this.#column = column;
    this.#rows.el.scrollTop = 0;
    this.#sortMarks();
    this.#render();
  }

  #sortMarks() {
    for (const cell of /** @type {HTMLCollectionOf<HTMLElement>} */ (this.#head.children)) {
      const mine = cell.dataset.column === this.#column;
      setAttr(cell, 'aria-sort', mine ? (this.#falling ? 'descending' : 'ascending') : null);
    }
  }

  /** @param {MouseEvent} event */
  #onClick(event) {
    const row = /** @type {HTMLElement} */ (event.target).closest('.row');
    const pid = Number(/** @type {HTMLElement | null} */ (row)?.dataset.pid ?? 0);
    this.#select(pid === this.#selected ? 0 : pid);
  }

  /** @param {number} pid 0 for none */
  #select(pid) {
    this.#selected = pid;
    this.#render();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.#order.get(this.#selected) ?? -1;
    const last = this.#list.length - 1;
    /** @type {Record<string, number>} */
    const to = {
      ArrowDown: at + 1, ArrowUp: at < 0 ? last : at - 1, PageDown: at + this.#rows.page, PageUp: at - this.#rows.page, Home: 0, End: last,
    };
    const target = to[event.key];
    if (event.key === 'Escape' && this.#selected) this.#select(0);
    else if (target === undefined || event.target instanceof HTMLButtonElement) return;
    else {
      const index = Math.min(last, Math.max(0, target));
      this.#select(this.#list[index]?.pid ?? 0);
      this.#rows.reveal(index);
    }
    event.preventDefault();
  }
}

customElements.define('hg-processes', Processes);
