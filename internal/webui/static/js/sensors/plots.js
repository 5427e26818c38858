// @ts-check
// The card with what the motion sensor measures: raw vectors over time.

import { aroundZero } from '../charts/axis.js';
import { LineChart } from '../charts/line.js';
import { h, setText } from '../lib/dom.js';
import { Panel } from '../lib/panel.js';
import { fixed } from './orientation.js';

/**
 * @typedef {import('./types.d.ts').ImuStatus} ImuStatus
 * @typedef {import('./feed.js').Feed} Feed
 */

/** A vector that is plotted: name, key of the status, first letter of its series, unit, digits, least range. */
const VECTORS = /** @type {const} */ ([
  ['Acceleration', 'accel', 'a', 'g', 3, 0.2],
  ['Rotation', 'gyro', 'g', '°/s', 1, 5],
  ['Magnetic field', 'mag', 'm', '', 3, 0.1],
]);
const AXES = /** @type {const} */ (['x', 'y', 'z']);

export class PlotsCard {
  #plots = VECTORS.map((v) => plot(v));
  panel;

  /** @param {() => number} age */
  constructor(age) {
    this.panel = new Panel('Measured', 'plots', { age, period: 1000, icon: 'wave', waiting: 'Waiting for the motion sensor.' },
      h('div', { class: 'plots' }, ...this.#plots.map((p) => p.el)));
  }

  /** @param {ImuStatus} imu @param {boolean} simulated */
  update(imu, simulated) {
    this.panel.present(simulated);
    VECTORS.forEach(([, key, , , digits], i) => {
      const plot = this.#plots[i];
      const vector = imu[key];
      if (!plot) return;
      plot.el.hidden = !vector;
      if (vector) AXES.forEach((axis, k) => setText(/** @type {Node} */ (plot.values[k]), fixed(vector[axis], digits)));
    });
  }

  /** @param {Feed} feed @param {number} end Unix seconds @param {number} seconds */
  draw(feed, end, seconds) {
    VECTORS.forEach(([, , letter], i) => {
      const plot = this.#plots[i];
      if (!plot || plot.el.hidden) return;
      plot.chart.update(feed.motion.columns(...AXES.map((axis) => /** @type {'ax'} */ (`${letter}${axis}`))), end, seconds);
    });
  }
}

/** @param {typeof VECTORS[number]} vector */
function plot([title, , , unit, digits, least]) {
  const values = AXES.map((axis) => h('span', { class: 'component', 'data-axis': axis }));
  const chart = new LineChart({
    label: `${title} over time`,
    lines: AXES.map((axis) => ({ label: axis.toUpperCase(), color: `--axis-${axis}`, fill: false })),
    format: (v) => `${short(v, digits)}${unit ? ` ${unit}` : ''}`, range: aroundZero(least), splits: (low, high) => [low, 0, high],
  });
  const el = h('section', { class: 'plot', 'aria-label': title },
    h('header', { class: 'plot-head' }, h('h3', {}, title, h('span', { class: 'unit' }, unit || 'sensor units')),
      h('span', { class: 'components' }, ...AXES.flatMap((axis, i) => [h('span', { class: 'key', 'data-axis': axis }, axis.toUpperCase()), values[i] ?? null]))), chart);
  return { el, values, chart };
}

/** A number for an axis, without digits that say nothing. @param {number} v @param {number} digits */
function short(v, digits) {
  return Number(v.toFixed(digits)).toString().replace('-', '−');
}
