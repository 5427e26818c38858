// @ts-check
// <hg-app-network>: the HTTP exchanges of the application, live, as a waterfall.

import { channelPath } from '../app/channel.js';
import { ExchangeDetailPanel } from '../app/network/detail.js';
import { CONTENTS, exchangeFilter, OUTCOMES } from '../app/network/filter.js';
import { fillRow, makeRow } from '../app/network/row.js';
import { place, rangeOf, short, ticks } from '../app/network/scale.js';
import { ExchangeStore, keyOf, MAX_EXCHANGES } from '../app/network/store.js';
import { resumeNote, sayState } from '../app/pane-tools.js';
import { h, perFrame, setAttr, setText } from '../lib/dom.js';
import { bytes, clockTime, count, plural } from '../lib/format.js';
import { httpURL } from '../lib/base.js';
import { HttpError, request } from '../lib/http.js';
import { icon } from '../lib/icons.js';
import { explain } from '../lib/outcome.js';
import { Rows } from '../lib/rows.js';
import { queryParam, setQueryParam } from '../router.js';
import { View } from '../view.js';

/**
 * @typedef {import('../app/network/store.js').Entry} Entry
 * @typedef {import('../app/types.d.ts').ExchangeDetail} ExchangeDetail
 * @typedef {'at' | 'method' | 'status' | 'name' | 'type' | 'size' | 'time'} Column
 */

/** Heights of a row, as in app.css: on a phone it has two lines. */
const ROW_PX = 28;
const TALL_PX = 46;
const NARROW = matchMedia('(max-width: 760px)');
/** More than any agent keeps. */
const REPLAY = 100_000;
/** Details kept here: a body may be 256 KiB. */
const MAX_DETAILS = 16;
/** Room for the name of the column of the waterfall. */
const NAME_PX = 92;
const GONE = 'The agent does not hold this exchange any more: its headers and bodies are gone.';
/** Distance from the end, in CSS pixels, that still counts as the end. */
const END_PX = 40;

/** @type {readonly [Column, string, string][]} */
const COLUMNS = [
  ['method', 'Method', 'n-method'], ['status', 'Status', 'n-status num'], ['name', 'Name', 'n-name'], ['type', 'Type', 'n-type'],
  ['size', 'Size', 'n-size num'], ['time', 'Time', 'n-time num'], ['at', 'Waterfall', 'n-fall'],
];

/** What each column sorts by. @type {Record<Column, (x: Entry) => number | string>} */
const BY = {
  at: (x) => x.at, method: (x) => x.method, status: (x) => x.statusCode ?? 0, name: (x) => x.path ?? x.url,
  type: (x) => x.responseContentType ?? '', size: (x) => x.responseSize ?? -1, time: (x) => x.durationMs,
};

export class AppNetwork extends View {
  #store = new ExchangeStore();
  /** @type {Entry[]} */
  #list = [];
  /** @type {Column} */
  #column = 'at';
  #falling = false;
  /** Key of the selected exchange; empty for none. */
  #selected = '';
  /** @type {Map<string, ExchangeDetail | string>} by key; a text says why there is none */
  #details = new Map();
  /** @type {import('../app/network/scale.js').Range} */
  #range = { from: 0, to: 1 };
  /** How the last connection ended, until the replay is joined. @type {{code: number, at: number} | undefined} */
  #lost;
  #heard = false;
  /** @type {ReturnType<import('../app/link.js').AppLink['channel']> | undefined} */
  #channel;
  #rows = new Rows(makeRow, (row, i) => this.#fill(row, i));
  #filter = h('input', { type: 'search', placeholder: 'Filter: words, status:404, method:post, -word', 'aria-label': 'Filter exchanges', spellcheck: false });
  #outcome = h('select', { 'aria-label': 'Outcome' }, ...OUTCOMES.map(([value, text]) => h('option', { value }, value ? text : 'All outcomes')));
  #content = h('select', { 'aria-label': 'Type' }, ...CONTENTS.map(([value, text]) => h('option', { value }, text)));
  #summary = h('span', { class: 'summary' });
  #state = h('span', { class: 'feed-state', role: 'status' });
  #note = h('p', { class: 'note net-note', hidden: true, role: 'status' });
  #empty = h('p', { class: 'empty net-empty' });
  #head = h('div', { class: 'row head net-row', role: 'row', 'aria-rowindex': 1 });
  #ticks = h('span', { class: 'fall-ticks', 'aria-hidden': 'true' });
  #table = h('div', { class: 'ptable', role: 'grid', tabIndex: 0, 'aria-label': 'Exchanges' });
  #detail = new ExchangeDetailPanel();
  #draw = perFrame(() => this.#render());

  build() {
    this.#filter.value = queryParam('filter');
    for (const [el, event] of /** @type {const} */ ([[this.#filter, 'input'], [this.#outcome, 'change'], [this.#content, 'change']])) {
      el.addEventListener(event, () => this.#filtered());
    }
    this.#head.append(...COLUMNS.map(([column, label, cls]) => this.#headCell(column, label, cls)));
    this.#head.lastElementChild?.append(this.#ticks);
    this.#table.append(this.#head, this.#rows.el, this.#empty);
    this.#table.addEventListener('keydown', (e) => this.#onKey(e));
    this.#rows.el.addEventListener('click', (e) => this.#onClick(e));
    this.#rows.el.addEventListener('scroll', () => this.#scaled(), { passive: true });
    this.#detail.onClose = () => this.#select('');
    this.#detail.toast = (text, kind) => this.app.toast(text, kind);
    this.append(
      h('div', { class: 'log-title' }, h('h1', {}, 'Network'), this.#summary, this.#state),
      h('div', { class: 'toolbar' },
        h('div', { class: 'search' }, icon('search'), this.#filter), this.#outcome, this.#content,
        h('button', { type: 'button', class: 'tool clear', title: 'Empty the list, here and in the agent, for everybody', onclick: () => void this.#clear() }, icon('bin'), h('span', { class: 'tool-text' }, 'Clear')),
        h('a', { class: 'tool', href: httpURL('api/v1/network/requests.har'), download: '', title: 'Download all exchanges with headers and bodies as HAR 1.2' }, icon('down'), h('span', {}, 'HAR'))),
      this.#note,
      h('div', { class: 'ptable-frame' }, this.#table, this.#detail.el));
    NARROW.addEventListener('change', () => this.#draw());
    this.#sortMarks();
    this.#render();
  }

  onShow() {
    const channel = this.app.appLink.channel(() => channelPath('ws/v1/network', { replay: REPLAY }), {
      message: (m) => this.#message(m),
      lost: (code) => {
        this.#lost = { code: this.#lost?.code === 1013 ? 1013 : code, at: this.#lost?.at ?? Date.now() };
      },
      state: (state) => sayState(this.#state, state),
    });
    this.#channel = channel;
    this.whileShown(() => {
      channel.close();
      this.#channel = undefined;
    });
    this.#draw();
  }

  /** @param {any} m */
  #message(m) {
    switch (m.type) {
      case 'replay': this.#replayed(m.data.entries); break;
      case 'request': this.#store.add(m.data.entry); break;
      case 'details': this.#known(keyOf(m.data.entry), m.data.entry); break;
      case 'error': this.#known(this.#store.withId(m.data.id)?.key ?? '', GONE); break;
      case 'cleared': this.#cleared(m.timestamp); break;
      default:
    }
    this.#heard = true;
    this.#draw();
  }

  /** @param {import('../app/types.d.ts').Exchange[]} entries newest first */
  #replayed(entries) {
    const lost = this.#lost;
    this.#lost = undefined;
    const how = this.#store.replay(entries);
    if (how === 'torn') this.#say(resumeNote(lost?.code ?? 0, 'unknown', 'exchanges', clockTime(lost?.at ?? Date.now())), true);
    else if (lost && how === 'joined') this.#say(resumeNote(lost.code, 'none', 'exchanges', clockTime(lost.at)), false);
    this.#ask();
  }

  /** @param {string} timestamp */
  #cleared(timestamp) {
    this.#store.clear();
    this.#details.clear();
    this.#select('');
    this.#say(`Cleared at ${clockTime(Date.parse(timestamp))}.`, false);
  }

  /** @param {string} text @param {boolean} warn */
  #say(text, warn) {
    this.#note.replaceChildren(text, h('button', { type: 'button', class: 'icon-button', 'aria-label': 'Dismiss', onclick: () => { this.#note.hidden = true; } }, icon('close')));
    this.#note.classList.toggle('warn', warn);
    this.#note.hidden = false;
  }

  /** @param {string} key @param {ExchangeDetail | string} detail */
  #known(key, detail) {
    this.#details.delete(key);
    this.#details.set(key, detail);
    for (const old of this.#details.keys()) {
      if (this.#details.size <= MAX_DETAILS) break;
      this.#details.delete(old);
    }
  }

  /** Asks for headers and bodies of what is selected, unless they are known. */
  #ask() {
    const x = this.#store.get(this.#selected);
    if (!x || this.#details.has(x.key)) return;
    if (x.gone) this.#known(x.key, GONE);
    else this.#channel?.send({ type: 'get_details', timestamp: new Date().toISOString(), data: { id: x.id } });
  }

  #render() {
    const wanted = exchangeFilter(this.#filter.value, this.#outcome.value, this.#content.value);
    const found = this.#store.list.filter(wanted);
    this.#list = this.#sorted(found);
    setAttr(this.#table, 'aria-rowcount', String(this.#list.length + 1));
    setAttr(this.#table, 'aria-activedescendant', this.#selected ? `exchange-${this.#selected}` : null);
    const el = this.#rows.el;
    const follows = this.#column === 'at' && !this.#falling && el.scrollHeight - el.scrollTop - el.clientHeight < END_PX;
    this.classList.toggle('has-detail', this.#selected !== '');
    this.#scale();
    this.#rows.set(this.#list.length, this.#rowHeight);
    if (follows && !this.#selected) el.scrollTop = el.scrollHeight;
    this.#summarise(found);
    const detail = this.#details.get(this.#selected);
    this.#detail.show(this.#store.get(this.#selected), typeof detail === 'string' ? undefined : detail, typeof detail === 'string' ? detail : '');
  }

  get #rowHeight() {
    return NARROW.matches ? TALL_PX : ROW_PX;
  }

  /** @param {Entry[]} list in the order of their start */
  #sorted(list) {
    const by = BY[this.#column];
    const sign = this.#falling ? -1 : 1;
    if (this.#column === 'at') return this.#falling ? list.reverse() : list;
    return list.sort((a, b) => (by(a) < by(b) ? -sign : by(a) > by(b) ? sign : a.at - b.at));
  }

  /** @param {Entry[]} found */
  #summarise(found) {
    const all = this.#store.list.length;
    const n = found.length === all ? plural(all, 'exchange') : `${count(found.length)} of ${plural(all, 'exchange')}`;
    const received = found.reduce((sum, x) => sum + (x.responseSize ?? 0), 0);
    const dropped = this.#store.dropped > 0 ? ` · ${count(this.#store.dropped)} older ones dropped from this view, which keeps ${count(MAX_EXCHANGES)}` : '';
    setText(this.#summary, this.#heard ? `${n} · ${bytes(received)} received${dropped}` : '');
    this.#empty.hidden = found.length > 0 || !this.#heard;
    setText(this.#empty, all > 0 ? 'No exchange matches the filter.' : 'No exchange yet. Each request of the application appears here when it has finished or failed.');
  }

  /** The waterfall spans the rows in sight. */
  #scale() {
    const { scrollTop, clientHeight } = this.#rows.el;
    const first = Math.floor(scrollTop / this.#rowHeight);
    const rows = this.#list.slice(first, first + Math.ceil(clientHeight / this.#rowHeight) + 1);
    this.#range = rangeOf(rows.length > 0 ? rows : this.#list);
    const width = this.#range.to - this.#range.from;
    const room = this.#ticks.clientWidth; // the name of the column stands at its beginning
    this.#ticks.replaceChildren(...(rows.length > 0 ? ticks(width) : []).filter((at) => (at / width) * room > NAME_PX && (1 - at / width) * room > 20).map((at) => {
      const tick = h('span', { class: 'fall-tick' }, short(at));
      tick.style.left = `${(100 * place(this.#range, { at: this.#range.from + at, end: 0 })[0]).toFixed(2)}%`;
      return tick;
    }));
  }

  #scaled = perFrame(() => {
    this.#scale();
    this.#rows.refresh();
  });

  /** @param {HTMLElement} row @param {number} i */
  #fill(row, i) {
    const x = this.#list[i];
    if (!x) return;
    fillRow(row, x, this.#range);
    row.id = `exchange-${x.key}`;
    setAttr(row, 'aria-selected', String(x.key === this.#selected));
  }

  #filtered() {
    setQueryParam('filter', this.#filter.value);
    this.#rows.el.scrollTop = 0;
    this.#render();
  }

  async #clear() {
    try {
      await request('api/v1/network/requests', { method: 'DELETE' });
    } catch (err) {
      if (!(err instanceof HttpError)) throw err;
      this.app.toast(explain(err), 'error');
    }
  }

  /** @param {Column} column @param {string} label @param {string} cls */
  #headCell(column, label, cls) {
    return h('div', { class: `cell ${cls}`, role: 'columnheader', 'data-column': column },
      h('button', { type: 'button', onclick: () => this.#sort(column) }, label, h('span', { class: 'arrow', 'aria-hidden': 'true' })));
  }

  /** @param {Column} column */
  #sort(column) {
    this.#falling = column === this.#column ? !this.#falling : ['size', 'time'].includes(column);
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
    const row = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest('.row'));
    const key = row?.dataset.key ?? '';
    this.#select(key === this.#selected ? '' : key);
  }

  /** @param {string} key empty for none */
  #select(key) {
    this.#selected = key;
    this.#ask();
    this.#render();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLButtonElement) return;
    const at = this.#list.findIndex((x) => x.key === this.#selected);
    const last = this.#list.length - 1;
    /** @type {Record<string, number>} */
    const to = {
      ArrowDown: at + 1, ArrowUp: at < 0 ? last : at - 1, PageDown: at + this.#rows.page, PageUp: at - this.#rows.page, Home: 0, End: last,
    };
    const target = to[event.key];
    if (event.key === 'Escape' && this.#selected) this.#select('');
    else if (target === undefined) return;
    else {
      const index = Math.min(last, Math.max(0, target));
      this.#select(this.#list[index]?.key ?? '');
      this.#rows.reveal(index);
    }
    event.preventDefault();
  }
}

customElements.define('hg-app-network', AppNetwork);
