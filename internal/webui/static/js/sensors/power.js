// @ts-check
// The card with the power rails.

import { fitting, fromZero } from '../charts/axis.js';
import { LineChart } from '../charts/line.js';
import { h, keyed, setAttr, setText } from '../lib/dom.js';
import { Panel } from '../lib/panel.js';
import { saysSimulated } from '../lib/simulated.js';
import { MAIN_RAIL, railKey } from './feed.js';

/**
 * @typedef {import('./types.d.ts').PowerStatus} PowerStatus
 * @typedef {import('./types.d.ts').PowerSource} PowerSource
 * @typedef {import('./feed.js').Feed} Feed
 */

const PLOTS = /** @type {const} */ ([
  ['watts', 'Power', 'W', '--c-tx', fromZero(1), true],
  ['volts', 'Voltage', 'V', '--c-cpu', fitting(0.1), false],
  ['amps', 'Current', 'A', '--c-rx', fromZero(0.1), true],
]);

export class PowerCard {
  #values = PLOTS.map(() => h('span', { class: 'value' }));
  #charts = PLOTS.map(([, label, unit, color, range, fill]) => new LineChart({
    label: `${label} over time`, lines: [{ label, color, fill }], format: (v) => `${Number(v.toFixed(3))} ${unit}`, range,
  }));
  #rail = h('select', { 'aria-label': 'Rail that is plotted', hidden: true });
  #rows = h('tbody', {});
  #table;
  #errors = h('div', { class: 'notes' });
  panel;

  /** @param {() => number} age */
  constructor(age) {
    const head = ['Rail', 'Voltage', 'Current', 'Power', 'Shunt'].map((t, i) => h('th', { scope: 'col', class: i > 0 ? 'num' : '' }, t));
    this.#table = h('div', { class: 'scroll-x' }, h('table', { class: 'plain rails' }, h('thead', {}, h('tr', {}, ...head)), this.#rows));
    this.panel = new Panel('Power', 'power', { age, period: 500, icon: 'bolt', waiting: 'Waiting for the power monitor.' },
      h('div', { class: 'plots' }, ...PLOTS.map(([, label], i) => h('section', { class: 'plot', 'aria-label': label },
        h('header', { class: 'plot-head' }, h('h3', {}, label), this.#values[i] ?? null), this.#charts[i] ?? null))),
      this.#table, this.#errors);
    this.panel.tools.append(this.#rail);
  }

  /** @param {PowerStatus} power */
  update(power) {
    const sources = power.sources ?? [];
    this.panel.present(saysSimulated(...sources.map((s) => s.label)));
    const shown = sources.find((s) => railKey(s) === this.#rail.value) ?? power;
    PLOTS.forEach(([key, , unit], i) => setText(/** @type {Node} */ (this.#values[i]), amount(shown[key], unit)));
    this.#choices(sources);
    this.#table.hidden = sources.length === 0;
    keyed(this.#rows, sources, railKey, rail, (row, s) => {
      const cells = [amount(s.volts, 'V'), amount(s.amps, 'A'), amount(s.watts, 'W'), s.shunt_volts === undefined ? '–' : `${(1000 * s.shunt_volts).toFixed(1)} mV`];
      cells.forEach((text, i) => setText(/** @type {Node} */ (row.children[i + 1]), text));
    });
    keyed(this.#errors, power.errors ?? [], (e) => e, (e) => h('p', { class: 'note warn' }, e), () => {});
  }

  /** @param {Feed} feed @param {number} end Unix seconds @param {number} seconds */
  draw(feed, end, seconds) {
    const trace = feed.rails.get(this.#rail.value || MAIN_RAIL);
    if (!trace) return;
    PLOTS.forEach(([key], i) => this.#charts[i]?.update(trace.columns(key), end, seconds));
  }

  /** One rail needs no choice. @param {PowerSource[]} sources */
  #choices(sources) {
    const keys = [MAIN_RAIL, ...sources.map(railKey)];
    this.#rail.hidden = sources.length < 2;
    if ([...this.#rail.options].map((o) => o.value).join('\n') === keys.join('\n')) return;
    const before = this.#rail.value;
    this.#rail.replaceChildren(...keys.map((key) => h('option', { value: key }, key || 'Main rail')));
    if (keys.includes(before)) this.#rail.value = before;
  }
}

/** @param {PowerSource} s */
function rail(s) {
  const name = h('th', { scope: 'row' }, s.label);
  setAttr(name, 'title', [s.bus, s.address].filter(Boolean).join(' ') || null);
  return h('tr', {}, name, ...[0, 1, 2, 3].map(() => h('td', { class: 'num' })));
}

/** @param {number | undefined} value @param {string} unit */
function amount(value, unit) {
  return value === undefined || value === null ? '–' : `${value.toFixed(2)} ${unit}`;
}
