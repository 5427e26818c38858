// @ts-check
// Where the time goes: the spans of a session, summed up by the agent.

import { h, keyed, setText } from '../../lib/dom.js';
import { count } from '../../lib/format.js';
import { HttpError, json } from '../../lib/http.js';
import { short } from '../network/scale.js';

/** How often they are asked for while a session runs. */
const READ_MS = 2000;
const LIMIT = 30;
const LEAST = [0, 16, 50, 100, 500];

const NONE = 'No spans yet. Slow HTTP exchanges and the spans of the application are summed up here.';

/** @typedef {import('../types.d.ts').Hotspot} Hotspot */

export class Hotspots {
  #least = h('select', { 'aria-label': 'Shortest span', onchange: () => void this.#read() }, ...LEAST.map((ms) => h('option', { value: String(ms), selected: ms === 16 }, ms === 0 ? 'all spans' : `${ms} ms and longer`)));
  #rows = h('tbody', {});
  #empty = h('p', { class: 'dim fine' }, NONE);
  #table = h('div', { class: 'scroll-x', hidden: true }, h('table', { class: 'plain hot' },
    h('thead', {}, h('tr', {}, ...['Span', 'Count', 'Failed', 'Average', 'p95', 'Longest'].map((t, i) => h('th', { scope: 'col', class: i > 0 ? 'num' : '' }, t)))), this.#rows));
  el = h('section', { class: 'card', 'aria-label': 'Hotspots' },
    h('header', { class: 'card-head' }, h('h2', {}, 'Hotspots'), h('span', { class: 'panel-tools' }, this.#least)), this.#table, this.#empty);
  /** Spans seen when it was read last. */
  #seen = -1;
  /** @type {import('./feed.js').ProfilerFeed | undefined} */
  #feed;

  /** Keeps up with a session until the returned function is called. @param {import('./feed.js').ProfilerFeed} feed */
  watch(feed) {
    this.#feed = feed;
    const look = () => {
      if (feed.session && feed.seen.spans !== this.#seen) void this.#read();
    };
    const timer = setInterval(look, READ_MS);
    look();
    return () => clearInterval(timer);
  }

  async #read() {
    const seen = this.#feed?.seen.spans ?? 0;
    try {
      /** @type {Hotspot[]} */
      const list = await json(`api/v1/profiler/hotspots?limit=${LIMIT}&minDurationMs=${this.#least.value}`);
      this.#seen = seen;
      this.#show(list);
    } catch (err) {
      if (!(err instanceof HttpError)) throw err; // the connection tells
    }
  }

  /** @param {Hotspot[]} list */
  #show(list) {
    keyed(this.#rows, list, (s) => `${s.kind} ${s.name} ${s.screen ?? ''}`, makeRow, fillRow);
    this.#table.hidden = list.length === 0;
    setText(this.#empty, list.length > 0 ? '' : (this.#feed?.seen.spans ?? 0) > 0 ? 'No span took that long.' : NONE);
  }
}

function makeRow() {
  return h('tr', {}, h('th', { scope: 'row' }, h('span', { class: 'hot-name' }), h('span', { class: 'hot-kind dim' })), ...Array.from({ length: 5 }, () => h('td', { class: 'num' })));
}

/** @param {HTMLElement} row @param {Hotspot} s */
function fillRow(row, s) {
  const [name, ...cells] = /** @type {HTMLElement[]} */ ([...row.children]);
  if (!name) return;
  name.title = `${s.kind}\n${s.name}${s.screen ? `\nat ${s.screen}` : ''}`;
  setText(/** @type {Node} */ (name.firstElementChild), s.name);
  setText(/** @type {Node} */ (name.lastElementChild), s.screen ? `${s.kind} · ${s.screen}` : s.kind);
  [count(s.count), s.errorCount > 0 ? count(s.errorCount) : '–', short(s.avgDurationMs), short(s.p95DurationMs), short(s.maxDurationMs)].forEach((text, i) => setText(/** @type {Node} */ (cells[i]), text));
  cells[1]?.classList.toggle('bad', s.errorCount > 0);
}
