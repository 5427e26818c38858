// @ts-check
// The card with the device in space and its angles.

import { h, setText } from '../lib/dom.js';
import { sentence } from '../lib/format.js';
import { Panel } from '../lib/panel.js';
import { Attitude } from './attitude.js';
import { fromAngles } from './quat.js';

/** @typedef {import('./types.d.ts').ImuStatus} ImuStatus */

const ANGLES = /** @type {const} */ ([['roll', 'Roll', 'x'], ['pitch', 'Pitch', 'y'], ['yaw', 'Yaw', 'z']]);

export class OrientationCard {
  #attitude = new Attitude();
  #angles = ANGLES.map(([, , axis]) => h('dd', { class: 'angle', 'data-axis': axis }, '–'));
  #quaternion = h('code', { class: 'dim' });
  #source = h('span', { class: 'dim' });
  #problem = h('p', { class: 'note warn', hidden: true });
  panel;

  /** @param {() => number} age */
  constructor(age) {
    this.panel = new Panel('Orientation', 'orientation', { age, period: 1000, icon: 'axes', waiting: 'Waiting for the motion sensor.' },
      this.#problem, this.#attitude,
      h('dl', { class: 'angles' }, ...ANGLES.flatMap(([, label], i) => [h('div', {}, h('dt', {}, label), this.#angles[i] ?? null)])),
      h('p', { class: 'fine', title: 'Quaternion w, x, y, z: from the device to the world' }, this.#quaternion, this.#source));
  }

  /** @param {ImuStatus} imu @param {boolean} simulated */
  update(imu, simulated) {
    const { orientation } = imu;
    if (!imu.has_sample) {
      this.panel.absent('No motion sensor', sentence(imu.last_error ?? 'The device has not told of a sample yet'));
      return;
    }
    this.panel.present(simulated);
    this.#problem.hidden = !imu.last_error;
    setText(this.#problem, sentence(imu.last_error ?? ''));
    ANGLES.forEach(([key], i) => setText(/** @type {Node} */ (this.#angles[i]), orientation ? degrees(orientation[key]) : '–'));
    const q = orientation?.quaternion ?? (orientation && fromAngles(orientation));
    if (q && orientation) this.#attitude.set(q, `Device in space: roll ${degrees(orientation.roll)}, pitch ${degrees(orientation.pitch)}, yaw ${degrees(orientation.yaw)}`);
    setText(this.#quaternion, q ? `q ${[q.w, q.x, q.y, q.z].map((v) => fixed(v, 3)).join(' ')}` : '');
    setText(this.#source, [...new Set([imu.sources?.accel_gyro, imu.sources?.magnetometer])].filter(Boolean).join(', '));
  }
}

/** @param {number} v */
function degrees(v) {
  return `${fixed(v, 1)}°`;
}

/** A number with a sign that takes the same room either way; minus zero is zero. @param {number} v @param {number} digits */
export function fixed(v, digits) {
  const text = Math.abs(v).toFixed(digits);
  return (v < 0 && Number(text) !== 0 ? '−' : '\u2007') + text;
}
