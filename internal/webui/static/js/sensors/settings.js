// @ts-check
// The card with the settings of the motion sensor. A choice is carried out at
// once; the numbers of dead reckoning are sent together.

import { h, setText } from '../lib/dom.js';
import { json } from '../lib/http.js';
import { Outcome } from '../lib/outcome.js';
import { Panel } from '../lib/panel.js';

/** @typedef {import('./types.d.ts').ImuStatus} ImuStatus */

/** @type {Record<string, string>} */
const WORDS = {
  madgwick_no_mag: 'Without magnetometer',
  madgwick: 'With magnetometer',
  negative_180_to_180: '−180° to 180°',
  zero_to_360: '0° to 360°',
};

const NUMBERS = /** @type {const} */ ([
  ['dr_velocity_damp_tau_seconds', 'Velocity fades in', 's'],
  ['dr_still_velocity_zero_tau_seconds', 'Stops when still in', 's'],
  ['dr_max_accel_world_mps2', 'Acceleration at most', 'm/s²'],
  ['dr_max_speed_mps', 'Speed at most', 'm/s'],
  ['dr_max_position_m', 'Distance at most', 'm'],
]);

export class SettingsCard {
  #fusion = choice('Fusion', () => void this.#patch({ fusion: this.#fusion.select.value }));
  #range = choice('Angles', () => void this.#patch({ range: this.#range.select.value }));
  #interval = choice('Interval', () => void this.#patch({ update_interval_ms: Number(this.#interval.select.value) }));
  #up = choice('Upward axis', () => void this.#axis());
  #lock = h('input', { type: 'checkbox', onchange: () => void this.#patch({ dr_lock_position: this.#lock.checked }) });
  #numbers = NUMBERS.map(([key, label, unit]) => ({ key, ...number(label, unit) }));
  #outcome = new Outcome();
  #reckoning = new Outcome();
  #busy = false;
  #dirty = false;
  /** Called with the status that the device answered. @type {(imu: ImuStatus) => void} */
  onStatus = () => {};
  panel;

  /** @param {() => number} age */
  constructor(age) {
    setOptions(this.#up.select, ['', '+z', '-z', '+x', '-x', '+y', '-y'], (v) => (v ? v.toUpperCase().replace('-', '−') : 'unchanged'));
    const save = h('button', { type: 'submit' }, 'Save');
    const form = h('form', { class: 'reckoning', onsubmit: (/** @type {Event} */ e) => void this.#save(e) },
      ...this.#numbers.map((n) => n.el), h('div', { class: 'form-line' }, save, this.#reckoning.el));
    form.addEventListener('input', () => {
      this.#dirty = true;
    });
    this.panel = new Panel('Motion settings', 'settings', { age, period: 1000, icon: 'tune', waiting: 'Waiting for the motion sensor.' },
      this.#fusion.el, this.#range.el, this.#interval.el, this.#up.el,
      h('label', { class: 'check' }, this.#lock, 'Hold the position at the origin'),
      h('div', { class: 'form-line' },
        h('button', { type: 'button', title: 'Take the present posture, at rest, for level', onclick: () => void this.#patch({ snap_gravity: true }, 'Level is set.') }, 'Set level'),
        h('button', { type: 'button', title: 'Set yaw, velocity and position to zero', onclick: () => void this.#patch({ reset_pose: true }, 'The pose is reset.') }, 'Reset pose')),
      this.#outcome.el,
      h('details', {}, h('summary', {}, 'Dead reckoning'), form));
  }

  /** @param {ImuStatus} imu @param {boolean} simulated */
  update(imu, simulated) {
    this.panel.present(simulated);
    if (this.#busy) return;
    const { options } = imu;
    this.#fill(this.#fusion.select, options?.fusion ?? [], imu.fusion, word);
    this.#fill(this.#range.select, options?.range ?? [], imu.range, word);
    this.#fill(this.#interval.select, (options?.intervals_ms ?? []).map(String), String(imu.update_interval_ms ?? ''), (v) => `${v} ms (${rate(Number(v))})`);
    this.#lock.checked = imu.dr_lock_position !== false;
    if (this.#dirty) return;
    for (const { key, input } of this.#numbers) {
      const value = imu[key];
      if (document.activeElement !== input && value !== undefined && Number(input.value) !== value) input.value = String(value);
    }
  }

  /** @param {HTMLSelectElement} select @param {string[]} values @param {string | undefined} value @param {(v: string) => string} label */
  #fill(select, values, value, label) {
    const all = value && !values.includes(value) ? [...values, value] : values;
    if (all.join() !== [...select.options].map((o) => o.value).join()) setOptions(select, all, label);
    if (value !== undefined && select.value !== value) select.value = value;
  }

  async #axis() {
    const { value } = this.#up.select;
    if (value) await this.#patch({ gravity_reference_axis: value }, `${value.toUpperCase().replace('-', '−')} of the sensor is up now.`);
    this.#up.select.value = '';
  }

  /** @param {Event} event */
  async #save(event) {
    event.preventDefault();
    const patch = Object.fromEntries(this.#numbers.map(({ key, input }) => [key, input.valueAsNumber]));
    if (await this.#patch(patch, 'Saved.', this.#reckoning)) this.#dirty = false;
  }

  /** @param {Record<string, unknown>} patch @param {string} [done] @param {Outcome} [outcome] @returns {Promise<boolean>} */
  async #patch(patch, done = 'Saved.', outcome = this.#outcome) {
    this.#busy = true;
    const status = await outcome.run('Saving…', done, () => /** @type {Promise<ImuStatus>} */ (json('v1/device/imu', {
      method: 'PATCH', body: JSON.stringify(patch), headers: { 'content-type': 'application/json' },
    })));
    this.#busy = false;
    if (status) this.onStatus(status);
    return status !== undefined;
  }
}

/** @param {string} value */
function word(value) {
  return WORDS[value] ?? value;
}

/** @param {number} ms */
function rate(ms) {
  return ms > 0 ? `${Math.round(100_000 / ms) / 100} a second` : '';
}

/** @param {string} label @param {() => void} change */
function choice(label, change) {
  const select = h('select', { onchange: change });
  return { select, el: h('label', { class: 'field' }, h('span', {}, label), select) };
}

/** @param {string} label @param {string} unit */
function number(label, unit) {
  const input = h('input', { type: 'number', min: '0.001', step: 'any', required: true, inputMode: 'decimal' });
  return { input, el: h('label', { class: 'field' }, h('span', {}, label), h('span', { class: 'with-unit' }, input, h('span', { class: 'unit' }, unit))) };
}

/** @param {HTMLSelectElement} select @param {string[]} values @param {(v: string) => string} label */
function setOptions(select, values, label) {
  select.replaceChildren(...values.map((value) => {
    const option = h('option', { value });
    setText(option, label(value));
    return option;
  }));
}
