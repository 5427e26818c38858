// @ts-check
// <hg-line-chart>: a time series that runs from right to left. Holes stay holes.

import uPlot from '../../vendor/uplot-1.6.32/uPlot.esm.js';
import { cssColor, h, setText } from '../lib/dom.js';
import { clockTime, sinceNow } from '../lib/format.js';
import { theme } from '../theme.js';

const FONT = '11px system-ui, sans-serif';
/** Room for the labels of the value axis, in CSS pixels. */
const AXIS_PX = 64;

/**
 * @typedef {{label: string, color: string, fill?: boolean}} Line  color is the name of a CSS variable
 * @typedef {object} ChartOptions
 * @property {string} label what the chart shows, for assistive technology
 * @property {Line[]} lines
 * @property {(value: number) => string} format
 * @property {(max: number, min: number) => [number, number]} range of the value axis for the largest and the least value in sight
 * @property {(low: number, high: number) => number[]} [splits] where the lines on the value axis are, for its range
 * @property {number[]} [steps] distances of lines on the value axis to choose from
 */

export class LineChart extends HTMLElement {
  #options;
  /** @type {uPlot | undefined} */
  #plot;
  /** @type {uPlot.AlignedData} */
  #data = [[]];
  #end = 0;
  #window = 60;
  /** Moments that are marked, Unix seconds. @type {readonly number[]} */
  #marks = [];
  #tip = h('div', { class: 'chart-tip', hidden: true });
  #resize = new ResizeObserver(() => this.#fit());
  #onTheme = () => this.#make();

  /** @param {ChartOptions} options */
  constructor(options) {
    super();
    this.#options = options;
    this.setAttribute('role', 'img');
    this.setAttribute('aria-label', options.label);
  }

  connectedCallback() {
    this.#resize.observe(this);
    theme.addEventListener('change', this.#onTheme);
    this.#make();
  }

  disconnectedCallback() {
    this.#resize.disconnect();
    theme.removeEventListener('change', this.#onTheme);
    this.#plot?.destroy();
    this.#plot = undefined;
  }

  /**
   * Shows data up to end. The arrays are read, not kept.
   * @param {(number | null)[][]} data times in Unix seconds, then one array per line
   * @param {number} end right edge, Unix seconds
   * @param {number} seconds shown
   * @param {readonly number[]} [marks] moments to mark, Unix seconds
   */
  update(data, end, seconds, marks = []) {
    this.#marks = marks;
    const times = /** @type {number[]} */ (data[0]);
    let from = times.length;
    while (from > 0 && /** @type {number} */ (times[from - 1]) >= end - seconds - 2) from--;
    this.#data = /** @type {uPlot.AlignedData} */ (/** @type {unknown} */ (data.map((values) => values.slice(from))));
    this.#end = end;
    this.#window = seconds;
    this.#plot?.setData(this.#data, true);
  }

  #fit() {
    const { width, height } = this.#size();
    if (!this.#plot) this.#make();
    else if (width > 0 && (this.#plot.width !== width || this.#plot.height !== height)) this.#plot.setSize({ width, height });
  }

  #size() {
    return { width: Math.floor(this.clientWidth), height: Math.floor(this.clientHeight) };
  }

  #make() {
    this.#plot?.destroy();
    this.#plot = undefined;
    const size = this.#size();
    if (size.width === 0 || size.height === 0) return; // out of sight; made when it gets a size
    const grid = { stroke: cssColor('--grid'), width: 1 };
    const axis = { stroke: cssColor('--text-3'), font: FONT, grid, ticks: { show: false } };
    this.#plot = new uPlot({
      ...size,
      padding: [8, 2, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: 'heliograph' }, y: false, drag: { x: false, y: false }, points: { size: 6 } },
      scales: {
        x: { time: true, range: () => [this.#end - this.#window, this.#end] },
        y: { range: (_u, min, max) => this.#options.range(Number.isFinite(max) ? max : 0, Number.isFinite(min) ? min : 0) },
      },
      axes: [
        // Told from now, so that the grid stands still while the line moves.
        { ...axis, size: 20, gap: 3, splits: () => this.#timeSplits(), values: (_u, splits) => splits.map((s) => sinceNow(this.#end - s)) },
        { ...axis, size: AXIS_PX, gap: 6, space: 26, ...(this.#options.steps ? { incrs: this.#options.steps } : {}), ...this.#splits(), values: (_u, splits) => splits.map(this.#options.format) },
      ],
      series: [{}, ...this.#options.lines.map(series)],
      hooks: { setCursor: [(u) => this.#point(u)], draw: [(u) => this.#drawMarks(u)] },
    }, this.#data, this);
    this.append(this.#tip);
  }

  #splits() {
    const { splits } = this.#options;
    if (!splits) return {};
    return { splits: (/** @type {uPlot} */ _u, /** @type {number} */ _axis, /** @type {number} */ low, /** @type {number} */ high) => splits(low, high) };
  }

  #timeSplits() {
    const parts = this.#window > 60 ? 5 : 4; // whole minutes, or quarters of one
    return Array.from({ length: parts - 1 }, (_, i) => this.#end - ((parts - 1 - i) * this.#window) / parts);
  }

  /** @param {uPlot} u */
  #drawMarks(u) {
    if (this.#marks.length === 0) return;
    const { left, top, width, height } = u.bbox;
    u.ctx.save();
    u.ctx.fillStyle = cssColor('--accent');
    for (const mark of this.#marks) {
      const x = Math.round(u.valToPos(mark, 'x', true));
      if (x < left || x > left + width) continue;
      u.ctx.globalAlpha = 0.2;
      u.ctx.fillRect(x, top, devicePixelRatio, height);
      u.ctx.globalAlpha = 1;
      u.ctx.fillRect(x - devicePixelRatio, top, 3 * devicePixelRatio, 4 * devicePixelRatio);
    }
    u.ctx.restore();
  }

  /** Shows the values under the pointer. @param {uPlot} u */
  #point(u) {
    const { idx, left } = u.cursor;
    const over = this.matches(':hover');
    const time = idx === null || idx === undefined ? undefined : u.data[0][idx];
    this.#tip.hidden = !over || time === undefined || (left ?? -1) < 0;
    if (this.#tip.hidden) return;
    const values = this.#options.lines.map((line, i) => {
      const v = u.data[i + 1]?.[/** @type {number} */ (idx)];
      return `${line.label} ${v === null || v === undefined ? 'no data' : this.#options.format(v)}`;
    });
    setText(this.#tip, `${clockTime(/** @type {number} */ (time) * 1000)}  ${values.join('  ')}`);
    const half = this.#tip.offsetWidth / 2;
    const x = Math.min(Math.max((left ?? 0) + AXIS_PX, half), this.clientWidth - half);
    this.#tip.style.transform = `translateX(${Math.round(x - half)}px)`;
  }
}

/** @param {Line} line @returns {uPlot.Series} */
function series(line) {
  const stroke = cssColor(line.color);
  return {
    label: line.label, stroke, width: 1.5,
    fill: line.fill === false ? undefined : cssColor(`${line.color}-fill`),
    points: { show: false }, spanGaps: false,
  };
}

customElements.define('hg-line-chart', LineChart);
