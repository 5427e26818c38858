// @ts-check
// One sensor of the device as the application sees it: a switch, the newest
// values and their history. Each has a channel of its own, so that one that is
// refused does not end the others.

import { aroundZero, fitting } from '../../charts/axis.js';
import { LineChart } from '../../charts/line.js';
import { h, perFrame, setAttr, setText } from '../../lib/dom.js';
import { Panel } from '../../lib/panel.js';
import { Trace } from '../../sensors/trace.js';
import { channelPath } from '../channel.js';

/** Series that are plotted; a sensor of the application may have more values. */
const MAX_SERIES = 4;
/** Least time between two drawings, in ms. */
const DRAW_MS = 90;
const AXES = ['--axis-x', '--axis-y', '--axis-z', '--c-mem'];

/** Unit and least range of the built-in sensors. @type {Record<string, {unit: string, least: number, digits: number, zero?: boolean, keys?: string[], range?: [number, number]}>} */
const KNOWN = {
  accelerometer: { unit: 'g', least: 0.2, digits: 3, zero: true },
  gyroscope: { unit: 'rad/s', least: 0.2, digits: 3, zero: true },
  magnetometer: { unit: 'µT', least: 10, digits: 1, zero: true },
  orientation: { unit: '', least: 1, digits: 3, zero: true },
  compass: { unit: '°', least: 20, digits: 1, keys: ['heading'], range: [0, 360] },
  barometer: { unit: 'hPa', least: 2, digits: 2, keys: ['pressure'] },
};

/**
 * @typedef {import('../types.d.ts').SensorInfo} SensorInfo
 * @typedef {import('../types.d.ts').SensorReading} SensorReading
 * @typedef {{speed: string, throttleMs: number, seconds: number}} Settings
 */

export class SensorCard {
  #app;
  #name;
  #about;
  /** Set by the owner. @type {Settings} */
  settings;
  on = true;
  #available = true;
  #why = '';
  /** @type {ReturnType<import('../link.js').AppLink['channel']> | undefined} */
  #channel;
  /** @type {Trace<string> | undefined} */
  #trace;
  /** @type {string[]} */
  #keys = [];
  /** @type {LineChart | undefined} */
  #chart;
  /** @type {SensorReading | undefined} */
  #latest;
  #arrivedAt = NaN;
  #drawnAt = 0;
  #values = h('div', { class: 'components sensor-values' });
  #place = h('div', { class: 'plot' });
  #switch = h('button', { type: 'button', class: 'switch small', role: 'switch', onclick: () => this.turn(!this.on) }, h('span', { class: 'knob', 'aria-hidden': 'true' }));
  #draw = perFrame(() => this.#render());
  panel;

  /** @param {import('../../types.d.ts').App} app @param {SensorInfo} info @param {Settings} settings */
  constructor(app, info, settings) {
    this.#app = app;
    this.#name = info.name;
    this.#about = KNOWN[info.name] ?? { unit: '', least: 1, digits: 2 };
    this.settings = settings;
    const age = () => (this.on ? app.agent.ageOf(Date.parse(this.#latest?.timestamp ?? '') || undefined, this.#arrivedAt) : NaN);
    this.panel = new Panel(titleOf(info.name), `sensor-${info.name}`, { age, period: 1000, icon: 'wave', waiting: 'Waiting for the first reading.' }, this.#values, this.#place);
    this.panel.el.dataset.sensor = info.name;
    setAttr(this.#switch, 'aria-label', `Read ${titleOf(info.name)}`);
    this.panel.el.querySelector('.card-head')?.append(this.#switch);
    this.update(info);
  }

  /** What the list of sensors says. @param {SensorInfo} info */
  update({ available }) {
    const back = available && !this.#available;
    this.#available = available;
    if (back && this.on) this.#why = '';
    this.#say();
  }

  /** Reads the sensor while it is on, until {@link SensorCard.close}. */
  open() {
    this.close();
    if (!this.on || !this.#available) return;
    this.#trace?.rest();
    this.#why = '';
    const { speed, throttleMs } = this.settings;
    this.#channel = this.#app.appLink.channel(() => channelPath('ws/v1/device/sensors', { sensor: this.#name, speed, throttleMs }), {
      message: (m) => this.#message(m),
    });
  }

  close() {
    this.#channel?.close();
    this.#channel = undefined;
  }

  /** @param {boolean} on */
  turn(on) {
    this.on = on;
    if (on) this.open();
    else this.close();
    this.#say();
  }

  /** @param {any} m */
  #message(m) {
    if (m.type === 'reading') this.#reading(m.data);
    else if (m.type === 'error') this.#why = m.data.message;
    else if (m.type === 'stopped') {
      this.on = false;
      this.#why ||= 'The agent stopped it for all.';
      this.close();
    } else if (m.type === 'subscribed') this.#why = '';
    this.#say();
  }

  /** @param {SensorReading} reading */
  #reading(reading) {
    const numbers = Object.entries(reading.values).filter(([key, v]) => typeof v === 'number' && this.#about.keys?.includes(key) !== false);
    const keys = numbers.map(([key]) => key).sort((a, b) => order(a) - order(b) || a.localeCompare(b)).slice(0, MAX_SERIES);
    if (keys.join() !== this.#keys.join()) this.#plot(keys);
    this.#latest = reading;
    this.#arrivedAt = performance.now();
    this.#trace?.push(Date.parse(reading.timestamp), /** @type {any} */ (reading.values), Math.max(this.settings.throttleMs, 100));
    this.#draw();
  }

  /** Prepares for other values. @param {string[]} keys */
  #plot(keys) {
    const { unit, least, digits, zero, range } = this.#about;
    this.#keys = keys;
    this.#trace = new Trace(keys);
    this.#chart = new LineChart({
      label: `${titleOf(this.#name)} over time`,
      lines: keys.map((key, i) => ({ label: key, color: /** @type {string} */ (AXES[i]), fill: false })),
      format: (v) => `${Number(v.toFixed(digits)).toString().replace('-', '−')}${unit && ` ${unit}`}`,
      range: range ? () => range : zero ? aroundZero(least) : fitting(least),
      ...(range ? { steps: [90, 180] } : {}),
    });
    this.#values.replaceChildren(...keys.flatMap((key, i) => [h('span', { class: 'key', 'data-series': String(i) }, key), h('span', { class: 'component value-of' })]));
    this.#place.replaceChildren(this.#chart);
  }

  #render() {
    if (performance.now() - this.#drawnAt < DRAW_MS || !this.#latest || !this.#trace) return;
    this.#drawnAt = performance.now();
    const { digits, unit } = this.#about;
    const cells = this.#values.querySelectorAll('.component');
    this.#keys.forEach((key, i) => {
      const v = this.#latest?.values[key];
      setText(/** @type {Node} */ (cells[i]), typeof v === 'number' ? `${v.toFixed(digits).replace('-', '−')}${unit && ` ${unit}`}` : '–');
    });
    this.#chart?.update(this.#trace.columns(...this.#keys), this.#trace.times.at(-1) ?? 0, this.settings.seconds);
  }

  #say() {
    setAttr(this.#switch, 'aria-checked', String(this.on && this.#available));
    this.#switch.disabled = !this.#available;
    if (this.#latest) this.panel.present();
    else if (!this.#available) this.panel.absent('Not available here', this.#why);
    else if (!this.on) this.panel.absent('Switched off', this.#why);
    else this.panel.absent(this.#why ? 'No readings' : 'Waiting for the first reading', this.#why);
    setAttr(this.panel.el, 'data-off', this.on && this.#available ? null : '');
    setAttr(this.panel.el, 'title', this.#why || null);
  }
}

/** The real part of a quaternion comes last. @param {string} key */
function order(key) {
  return key === 'w' ? 1 : 0;
}

/** @param {string} name */
export function titleOf(name) {
  return name[0]?.toUpperCase() + name.slice(1).replaceAll(/[-_]/g, ' ');
}
