// @ts-check
// <hg-app-sensors>: the sensors of the device as the application sees them.

import { SensorCard, titleOf } from '../app/sensors/card.js';
import { h, setText } from '../lib/dom.js';
import { plural } from '../lib/format.js';
import { HttpError, json } from '../lib/http.js';
import { View } from '../view.js';

/** How often the list of sensors is read. */
const LIST_MS = 4000;
/** Sensors that are shown. */
const MAX_SENSORS = 24;
/** Speeds with their advised period. @type {readonly [string, string, number][]} */
const SPEEDS = [['Default', 'Calm: 5 a second', 200], ['UI', 'Smooth: 10 a second', 100], ['Game', 'Fast: 20 a second', 50], ['Fastest', 'As fast as it can', 0]];
/** @type {readonly [string, number][]} */
const WINDOWS = [['20 s', 20], ['1 min', 60], ['5 min', 300]];

export class AppSensors extends View {
  /** @type {import('../app/sensors/card.js').Settings} */
  #settings = { speed: 'UI', throttleMs: 100, seconds: 20 };
  /** @type {Map<string, SensorCard>} */
  #cards = new Map();
  #sub = h('span', {});
  #speed = h('select', { 'aria-label': 'Speed', onchange: () => this.#setSpeed() }, ...SPEEDS.map(([value, text]) => h('option', { value, selected: value === 'UI' }, text)));
  #grid = h('div', { class: 'app-sensor-grid' });
  #absent = h('p', { class: 'dim app-absent' });
  #empty = h('p', { class: 'empty', hidden: true });

  build() {
    this.append(
      h('div', { class: 'page-head' },
        h('div', { class: 'page-title' }, h('h1', {}, 'Sensors'), h('p', { class: 'sub' }, this.#sub)),
        h('div', { class: 'page-tools' }, this.#speed, this.#windows())),
      this.#grid, this.#empty, this.#absent);
  }

  onShow() {
    for (const card of this.#cards.values()) card.open();
    this.whileShown(() => {
      for (const card of this.#cards.values()) card.close();
    });
    const timer = setInterval(() => void this.#read(), LIST_MS);
    this.whileShown(() => clearInterval(timer));
    void this.#read();
  }

  #windows() {
    return h('div', { class: 'segmented', role: 'radiogroup', 'aria-label': 'Time shown' },
      ...WINDOWS.map(([label, seconds]) => h('label', {},
        h('input', { type: 'radio', name: 'app-sensor-window', checked: seconds === this.#settings.seconds, onchange: () => { this.#settings.seconds = seconds; } }),
        h('span', {}, label))));
  }

  #setSpeed() {
    this.#settings.speed = this.#speed.value;
    this.#settings.throttleMs = SPEEDS.find(([value]) => value === this.#speed.value)?.[2] ?? 100;
    for (const card of this.#cards.values()) card.open();
  }

  async #read() {
    try {
      /** @type {import('../app/types.d.ts').SensorInfo[]} */
      const list = await json('api/v1/device/sensors');
      this.#update(list.slice(0, MAX_SENSORS));
    } catch (err) {
      if (!(err instanceof HttpError)) throw err; // the connection tells
    }
  }

  /** @param {import('../app/types.d.ts').SensorInfo[]} list */
  #update(list) {
    for (const info of [...list].sort((a, b) => a.name.localeCompare(b.name))) {
      const known = this.#cards.get(info.name);
      if (known) known.update(info);
      else if (info.available) this.#add(info);
    }
    const absent = list.filter((s) => !s.available).map((s) => titleOf(s.name).toLowerCase());
    setText(this.#absent, absent.length > 0 ? `Known to the protocol, but not available here: ${absent.join(', ')}.` : '');
    for (const [name, card] of this.#cards) if (!list.some((s) => s.name === name)) this.#remove(name, card);
    const there = list.filter((s) => s.available).length;
    setText(this.#sub, there === 0 ? '' : `${plural(there, 'sensor')}, read while this view is open`);
    this.#empty.hidden = there > 0;
    setText(this.#empty, 'This device has no sensor that the agent can read. Sensors of its industrial I/O devices, and those the application registers, appear here.');
  }

  /** @param {import('../app/types.d.ts').SensorInfo} info */
  #add(info) {
    const card = new SensorCard(this.app, info, this.#settings);
    this.#cards.set(info.name, card);
    this.#grid.append(card.panel.el);
    if (this.shown) card.open();
  }

  /** @param {string} name @param {SensorCard} card */
  #remove(name, card) {
    card.close();
    card.panel.el.remove();
    this.#cards.delete(name);
  }
}

customElements.define('hg-app-sensors', AppSensors);
