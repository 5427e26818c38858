// @ts-check
// The charts of a stream: rates, losses, work per frame and memory.

import { LineChart } from '../charts/line.js';
import { h, setText } from '../lib/dom.js';
import { axisBytes, bytes, byteSteps } from '../lib/format.js';
import { StreamSeries } from './series.js';

/** Interval asked of the channel. */
export const METRICS_MS = 1000;
/** Seconds of the past that the charts show. */
const WINDOW_S = 60;

/**
 * @typedef {import('./types.d.ts').Metrics} Metrics
 * @typedef {import('./series.js').Series} Series
 * @typedef {{title: string, unit: (n: number) => string, lines: [Series, string, string][], least: number, steps?: number[]}} Spec
 */

const ms = (/** @type {number} */ n) => `${n < 10 ? Number(n.toFixed(1)) : Math.round(n)} ms`;
const each = (/** @type {number} */ n) => `${Number(n.toFixed(1))}/s`;

/** @type {readonly Spec[]} */
const SPECS = [
  { title: 'Frame rate', unit: (n) => `${Number(n.toFixed(1))} fps`, lines: [['capture', 'captured', '--c-cpu'], ['shown', 'shown here', '--c-rx']], least: 10 },
  { title: 'Lost frames', unit: each, lines: [['replaced', 'on the device', '--c-tx'], ['late', 'late in this page', '--c-gpu']], least: 2 },
  { title: 'Work per frame', unit: ms, lines: [['captureWork', 'capture', '--c-cpu'], ['decode', 'decode', '--c-rx'], ['encode', 'encode', '--c-tx'], ['pipeline', 'pipeline', '--c-mem']], least: 4 },
  { title: 'Memory', unit: bytes, lines: [['rss', 'server', '--c-mem'], ['held', 'frames held', '--c-rx']], least: 2 ** 20, steps: byteSteps() },
];

export class MetricsPanel {
  #series = new StreamSeries();
  #note = h('p', { class: 'dim' }, 'Waiting for the first figures.');
  #charts = SPECS.map((spec) => new Chart(spec));
  el = h('section', { class: 'stream-metrics aged', 'aria-label': 'Figures' }, this.#note, h('div', { class: 'chart-grid' }, ...this.#charts.map((c) => c.el)));
  /** @type {Metrics | undefined} */
  latest;
  arrivedAt = NaN;

  /** Forgets another stream's figures. */
  reset() {
    this.#series = new StreamSeries();
    this.latest = undefined;
    this.arrivedAt = NaN;
    this.say('Waiting for the first figures.');
    this.#draw(0);
  }

  /** @param {string} text */
  say(text) {
    setText(this.#note, text);
    this.#note.hidden = !text;
  }

  /** @param {import('./types.d.ts').MetricsEvent} event @param {import('./series.js').Here} here */
  push(event, here) {
    if (!event.metrics) return;
    this.say('');
    this.latest = event.metrics;
    this.arrivedAt = performance.now();
    this.#series.push(event.timestamp_ms, event.metrics, here);
    this.#draw(event.timestamp_ms / 1000);
  }

  /** @param {number} end */
  #draw(end) {
    for (const chart of this.#charts) chart.update(this.#series, end);
  }
}

class Chart {
  #spec;
  #legend = h('p', { class: 'chart-legend' });
  #chart;
  el;

  /** @param {Spec} spec */
  constructor(spec) {
    this.#spec = spec;
    this.#chart = new LineChart({
      label: spec.title, lines: spec.lines.map(([, label, color], i) => ({ label, color, fill: i === 0 })),
      format: spec.steps ? axisBytes : spec.unit, range: (max) => [0, Math.max(spec.least, max * 1.15)], ...(spec.steps ? { steps: spec.steps } : {}),
    });
    this.#legend.append(...spec.lines.map(([key, label]) => h('span', { class: 'legend-item', 'data-line': key }, label, ' ', h('b', {}))));
    this.el = h('div', { class: 'card chart-card' }, h('div', { class: 'card-head' }, h('h2', {}, spec.title), this.#legend), this.#chart);
  }

  /** @param {StreamSeries} s @param {number} end */
  update(s, end) {
    this.#chart.update([s.times, ...this.#spec.lines.map(([key]) => s.series[key])], end, WINDOW_S);
    this.#spec.lines.forEach(([key], i) => {
      const value = s.series[key].at(-1);
      const item = /** @type {HTMLElement} */ (this.#legend.children[i]);
      item.hidden = s.series[key].every((v) => v === null);
      setText(/** @type {Node} */ (item.lastElementChild), value === null || value === undefined ? '–' : this.#spec.unit(value));
    });
  }
}
