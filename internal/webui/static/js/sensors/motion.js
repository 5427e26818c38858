// @ts-check
// The card with what the motion sensor's vectors mean: moving or still, speeds,
// and the dead-reckoned place when it is not held.

import { Bar } from '../charts/bar.js';
import { h, setAttr, setText } from '../lib/dom.js';
import { Panel } from '../lib/panel.js';
import { fixed } from './orientation.js';

/**
 * @typedef {import('./types.d.ts').ImuStatus} ImuStatus
 * @typedef {import('./types.d.ts').Axes} Axes
 */

export class MotionCard {
  #state = h('span', { class: 'value' }, '–');
  #hint = h('span', { class: 'extra' });
  #still = new Bar('Confidence that the device is still', false);
  #stillText = h('span', { class: 'num' });
  #sure = new Bar('Confidence of dead reckoning', false);
  #sureText = h('span', { class: 'num' });
  #speeds = h('dl', { class: 'facts-2' });
  #held = h('p', { class: 'fine dim' }, 'Position is held at the origin. Release it in the settings to reckon it.');
  #vectors = h('table', { class: 'plain vectors' });
  /** @type {Record<string, HTMLElement[]>} */
  #cells = {};
  /** @type {Record<string, HTMLElement>} */
  #facts = {};
  panel;

  /** @param {() => number} age */
  constructor(age) {
    for (const [key, label] of [['turn', 'Turning'], ['shake', 'Shaking'], ['bias', 'Gyro bias'], ['speed', 'Speed']]) this.#speeds.append(this.#fact(key ?? '', label ?? ''));
    const row = (/** @type {string} */ key, /** @type {string} */ label, /** @type {string} */ unit) => {
      const cells = ['x', 'y', 'z'].map((axis) => h('td', { class: 'num', 'data-axis': axis }));
      this.#cells[key] = cells;
      return h('tr', {}, h('th', { scope: 'row' }, label, h('span', { class: 'unit' }, unit)), ...cells);
    };
    this.#vectors.append(
      h('thead', {}, h('tr', {}, h('td', {}), ...['Forward', 'Right', 'Up'].map((t) => h('th', { scope: 'col', class: 'num' }, t)))),
      h('tbody', {}, row('linear', 'Acceleration', 'g'), row('velocity', 'Velocity', 'm/s'), row('position', 'Position', 'm')));
    this.panel = new Panel('Motion', 'motion', { age, period: 1000, icon: 'wave', waiting: 'Waiting for the motion sensor.' },
      h('div', { class: 'figure', 'aria-live': 'off' }, this.#state, this.#hint),
      h('div', { class: 'meters' },
        h('span', {}, 'Stillness'), this.#still.el, this.#stillText,
        h('span', {}, 'Reckoning'), this.#sure.el, this.#sureText),
      this.#speeds, this.#vectors, this.#held);
  }

  /** @param {ImuStatus} imu @param {boolean} simulated */
  update(imu, simulated) {
    this.panel.present(simulated);
    const state = motionState(imu);
    setText(this.#state, state.text);
    setAttr(this.#state, 'data-motion', state.kind);
    setText(this.#hint, imu.rotation_contaminated ? 'turning: acceleration is not reliable' : '');
    this.#meter(this.#still, this.#stillText, imu.stillness_confidence);
    this.#meter(this.#sure, this.#sureText, imu.dr_confidence);
    this.#say('turn', imu.angular_speed_dps, 1, '°/s');
    this.#say('shake', imu.motion_g, 3, 'g');
    this.#say('speed', imu.linear_speed_mps, 2, 'm/s');
    const bias = imu.gyro_bias_dps;
    this.#say('bias', bias && Math.hypot(bias.x, bias.y, bias.z), 2, '°/s');
    this.#vector('linear', imu.linear_accel, 3);
    this.#vector('velocity', imu.velocity_world, 2);
    this.#vector('position', imu.position_world, 2);
    const held = imu.dr_lock_position !== false;
    this.#held.hidden = !held;
    for (const key of ['velocity', 'position']) /** @type {HTMLElement} */ (this.#cells[key]?.[0]?.parentElement).hidden = held && key === 'position';
  }

  /** @param {string} key @param {string} label */
  #fact(key, label) {
    const dd = h('dd', {}, '–');
    this.#facts[key] = dd;
    return h('div', {}, h('dt', {}, label), dd);
  }

  /** @param {string} key @param {number | undefined} value @param {number} digits @param {string} unit */
  #say(key, value, digits, unit) {
    setText(/** @type {Node} */ (this.#facts[key]), value === undefined || value === null ? '–' : `${value.toFixed(digits)} ${unit}`);
  }

  /** @param {string} key @param {Axes | undefined} v @param {number} digits */
  #vector(key, v, digits) {
    /** @type {const} */ (['x', 'y', 'z']).forEach((axis, i) => setText(/** @type {Node} */ (this.#cells[key]?.[i]), v ? fixed(v[axis], digits) : '–'));
  }

  /** @param {Bar} bar @param {HTMLElement} text @param {number | undefined} share */
  #meter(bar, text, share) {
    bar.set((share ?? 0) * 100);
    setText(text, share === undefined ? '–' : `${Math.round(share * 100)} %`);
  }
}

/** What the motion flags amount to. @param {ImuStatus} imu @returns {{kind: 'still' | 'moving' | 'fast' | 'settling' | 'unknown', text: string}} */
export function motionState(imu) {
  if (imu.is_moving_fast) return { kind: 'fast', text: 'Moving fast' };
  if (imu.is_moving) return { kind: 'moving', text: 'Moving' };
  if (imu.is_still) return { kind: 'still', text: 'Still' };
  if (imu.is_still === undefined && imu.is_moving === undefined) return { kind: 'unknown', text: 'Not known' };
  return { kind: 'settling', text: 'Settling' };
}
