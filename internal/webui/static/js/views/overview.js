// @ts-check
// <hg-overview>: the machine at a glance, live.

import { cards } from '../overview/cards.js';
import { swapText, ThermalCard } from '../overview/thermal.js';
import { h, perFrame, setText } from '../lib/dom.js';
import { duration } from '../lib/format.js';
import { HttpError, json } from '../lib/http.js';
import { ageTag } from '../lib/age.js';
import { ticker } from '../lib/ticker.js';
import { View } from '../view.js';

/** Interval asked of the telemetry channel. */
const INTERVAL_MS = 1000;
/** How often temperatures, swap and known issues are read over HTTP. */
const METRICS_MS = 5000;
/** Age from which samples have stopped coming. */
const STOPPED_MS = 3000;
/** @type {readonly [string, number][]} */
const WINDOWS = [['1 min', 60], ['5 min', 300], ['15 min', 900]];

export class Overview extends View {
  #window = 60;
  #cards = cards();
  #thermal = new ThermalCard();
  #up = h('span', {});
  #machineUp = h('span', {});
  #clock = h('span', {});
  #swap = h('span', {});
  #notes = h('div', { class: 'notes' });
  #waiting = h('p', { class: 'empty' }, 'Waiting for the first sample.');
  #draw = perFrame(() => this.#render());

  build() {
    const history = this.app.telemetry;
    const age = ageTag(() => this.#age(), INTERVAL_MS);
    this.append(
      h('div', { class: 'page-head aged' },
        h('div', { class: 'page-title' }, h('h1', { class: 'sr-only' }, 'Overview'), h('p', { class: 'sub' }, this.#machineUp, this.#up, this.#swap, this.#clock)),
        h('div', { class: 'page-tools' }, age, this.#windows())),
      this.#notes, this.#waiting,
      h('div', { class: 'grid' }, ...this.#cards.map((card) => card.el), this.#thermal.el));
    for (const card of this.#cards) {
      card.el.hidden = true; // until the device is known to have it
      card.head.append(ageTag(() => (card.present(history) ? this.#age() : NaN), INTERVAL_MS));
    }
  }

  onShow() {
    this.whileShown(this.app.link.subscribe('device.telemetry', { interval_ms: INTERVAL_MS }, {
      message: (sample) => {
        if (this.app.telemetry.push(/** @type {import('../types.d.ts').TelemetrySample} */ (sample))) this.#draw();
      },
      refused: (_code, message) => this.#tell([{ code: 'refused', description: `Telemetry is not available: ${message}` }]),
    }));
    const timer = setInterval(() => void this.#readMetrics(), METRICS_MS);
    this.whileShown(() => clearInterval(timer));
    this.whileShown(ticker.add(() => this.#facts()));
    void this.#readMetrics();
    this.#draw();
  }

  /** Age of the newest sample. */
  #age() {
    const { latest, arrivedAt } = this.app.telemetry;
    return this.app.device.ageOf(latest?.timestamp_ms, arrivedAt);
  }

  #windows() {
    return h('div', { class: 'segmented', role: 'radiogroup', 'aria-label': 'Time shown' },
      ...WINDOWS.map(([label, seconds]) => h('label', {},
        h('input', { type: 'radio', name: 'window', checked: seconds === this.#window, onchange: () => this.#setWindow(seconds) }),
        h('span', {}, label))));
  }

  /** @param {number} seconds */
  #setWindow(seconds) {
    this.#window = seconds;
    this.#draw();
  }

  #facts() {
    if (this.#age() > STOPPED_MS) this.#draw();
    const { health } = this.app.device;
    const answered = this.app.device.error === undefined ? performance.now() - this.app.device.answeredAt : 0;
    setText(this.#up, health ? `server up ${duration(health.uptime_ms + answered)}` : '');
    const offset = this.app.device.clockOffset();
    setText(this.#clock, Math.abs(offset) > 2000 ? `clock ${duration(Math.abs(offset))} ${offset > 0 ? 'ahead of' : 'behind'} yours` : '');
  }

  #render() {
    const history = this.app.telemetry;
    const { latest } = history;
    if (!latest || !this.shown) return;
    this.#waiting.hidden = true;
    // While samples come, the newest is the right edge; when they stop, time goes on without them.
    const age = this.#age();
    const end = (latest.timestamp_ms + (age > STOPPED_MS ? age : 0)) / 1000;
    for (const card of this.#cards) {
      const present = card.present(history);
      card.el.hidden = !present;
      if (present) card.update(latest, history, end, this.#window);
    }
  }

  async #readMetrics() {
    try {
      const { metrics } = await json('v1/device/metrics');
      this.#thermal.read(metrics ?? {}, performance.now());
      setText(this.#swap, swapText(metrics ?? {}));
      setText(this.#machineUp, metrics?.uptime_ms ? `machine up ${duration(metrics.uptime_ms)}` : '');
      this.#tell(metrics?.issues ?? []);
    } catch (err) {
      if (!(err instanceof HttpError)) throw err;
      // The card keeps the last reading and its age tells the rest.
    }
  }

  /** @param {{code: string, description: string}[]} issues */
  #tell(issues) {
    this.#notes.replaceChildren(...issues.map((issue) => h('p', { class: 'note warn' }, issue.description || issue.code)));
  }
}

customElements.define('hg-overview', Overview);
