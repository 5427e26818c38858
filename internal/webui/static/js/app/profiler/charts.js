// @ts-check
// The charts of a session: each is there when the application has such figures.

import { fitting, fromZero } from '../../charts/axis.js';
import { LineChart } from '../../charts/line.js';
import { h, setText } from '../../lib/dom.js';
import { axisBytes, bytes, byteSteps, percent } from '../../lib/format.js';

/**
 * @typedef {import('./feed.js').ProfilerFeed} ProfilerFeed
 * @typedef {import('./feed.js').Key} Key
 * @typedef {object} ChartSpec
 * @property {string} title @property {Key[]} keys @property {import('../../charts/line.js').Line[]} lines
 * @property {(v: number) => string} format of the axis @property {(max: number, min: number) => [number, number]} range
 * @property {number[]} [steps]
 * @property {(feed: ProfilerFeed) => string} value the newest, in words @property {(feed: ProfilerFeed) => string} extra what stands beside it
 * @property {(feed: ProfilerFeed) => boolean} [when] whether there is such a figure; else by the first series
 */

/** @type {readonly ChartSpec[]} */
const SPECS = [
  {
    title: 'CPU', keys: ['cpu'], lines: [{ label: 'CPU', color: '--c-cpu' }], format: (v) => `${v} %`, range: fromZero(10),
    value: (f) => percent(f.latest?.cpuPercent ?? NaN), extra: () => 'of all cores',
  },
  {
    title: 'Memory', keys: ['managed', 'native'], lines: [{ label: 'heap', color: '--c-mem' }, { label: 'process', color: '--c-rx', fill: false }],
    format: axisBytes, range: fromZero(1 << 20), steps: byteSteps(),
    value: (f) => bytes(f.latest?.managedBytes || f.latest?.nativeMemoryBytes || NaN),
    extra: (f) => [f.latest?.managedBytes ? 'heap' : '', f.latest?.nativeMemoryBytes ? `${f.latest?.managedBytes ? `${bytes(f.latest.nativeMemoryBytes)} ` : ''}${f.latest.nativeMemoryKind ?? 'process'}` : ''].filter(Boolean).join(' · '),
    when: (f) => [...f.series.managed, ...f.series.native].some((v) => v !== null && v > 0),
  },
  {
    title: 'Frames', keys: ['fps'], lines: [{ label: 'fps', color: '--c-gpu' }], format: (v) => String(v), range: fromZero(30),
    value: (f) => (f.latest?.fps === undefined ? '–' : `${f.latest.fps.toFixed(0)} fps`),
    extra: (f) => [f.latest?.frameTimeMsP95 ? `p95 ${f.latest.frameTimeMsP95.toFixed(1)} ms` : '', total(f, 'jank') ? `${total(f, 'jank')} janky or stalled` : ''].filter(Boolean).join(' · '),
  },
  {
    title: 'Garbage collections', keys: ['gc'], lines: [{ label: 'collections', color: '--c-tx' }], format: (v) => String(v), range: fromZero(2), steps: [1, 2, 5, 10, 20, 50, 100],
    value: (f) => String(total(f, 'gc')), extra: (f) => `in ${f.times.length} samples`, when: (f) => total(f, 'gc') > 0,
  },
  {
    title: 'Threads', keys: ['threads'], lines: [{ label: 'threads', color: '--c-cpu', fill: false }], format: (v) => String(v), range: fitting(4), steps: [1, 2, 5, 10, 20, 50, 100, 200, 500],
    value: (f) => String(f.latest?.threadCount ?? '–'), extra: () => '',
  },
];

/** @param {ProfilerFeed} feed @param {Key} key */
function total(feed, key) {
  return feed.series[key].reduce((/** @type {number} */ sum, v) => sum + (v ?? 0), 0);
}

export class ProfilerCharts {
  #cards = SPECS.map((spec) => card(spec));
  el = h('div', { class: 'prof-charts' }, ...this.#cards.map((c) => c.el));

  /** @param {ProfilerFeed} feed @param {number} end Unix seconds @param {number} seconds @param {readonly number[]} marks */
  update(feed, end, seconds, marks) {
    for (const { spec, el, chart, value, extra } of this.#cards) {
      const first = /** @type {Key} */ (spec.keys[0]);
      el.hidden = !(spec.when ? spec.when(feed) : feed.series[first].some((v) => v !== null));
      if (el.hidden) continue;
      setText(value, spec.value(feed));
      setText(extra, spec.extra(feed));
      chart.update([feed.times, ...spec.keys.map((key) => feed.series[key])], end, seconds, marks);
    }
  }
}

/** @param {ChartSpec} spec */
function card(spec) {
  const { title, lines, format, range, steps } = spec;
  const chart = new LineChart({ label: `${title} over time`, lines, format, range, steps });
  const value = h('span', { class: 'value' });
  const extra = h('span', { class: 'extra' });
  const el = h('section', { class: 'card prof-card', 'aria-label': title, hidden: true },
    h('header', { class: 'card-head' }, h('h2', {}, title)), h('div', { class: 'figure' }, value, extra), chart);
  return { spec, el, chart, value, extra };
}
