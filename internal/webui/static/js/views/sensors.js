// @ts-check
// <hg-sensors>: motion, power, lights and firmware, live.

import { h, perFrame, setText } from '../lib/dom.js';
import { duration, plural } from '../lib/format.js';
import { HttpError, json } from '../lib/http.js';
import { icon } from '../lib/icons.js';
import { saysSimulated } from '../lib/simulated.js';
import { ticker } from '../lib/ticker.js';
import { Feed, MAIN_RAIL } from '../sensors/feed.js';
import { FirmwareCard } from '../sensors/firmware.js';
import { LightsCard } from '../sensors/lights.js';
import { MotionCard } from '../sensors/motion.js';
import { OrientationCard } from '../sensors/orientation.js';
import { PlotsCard } from '../sensors/plots.js';
import { PowerCard } from '../sensors/power.js';
import { SettingsCard } from '../sensors/settings.js';
import { View } from '../view.js';

/** How often what the channel does not tell is read over HTTP. */
const READ_MS = 10_000;
/** Age from which samples have stopped coming: time then goes on without them. */
const STOPPED_MS = 1500;
/** Silence about the rails after which there are none. */
const SILENT_MS = 2500;
/** Least time between two drawings of the charts. */
const CHART_MS = 90;
/** @type {readonly [string, number][]} */
const WINDOWS = [['20 s', 20], ['1 min', 60], ['5 min', 300]];

export class Sensors extends View {
  #feed = new Feed();
  #window = 20;
  #paused = false;
  #chartsAt = 0;
  /** Right edges of the charts of motion and power, Unix seconds; they hold while paused. @type {[number, number]} */
  #ends = [0, 0];
  /** @type {import('../sensors/types.d.ts').SensorPeripheral[]} */
  #boards = [];
  #boardsAt = NaN;
  #rate = h('span', {});
  #lost = h('span', { class: 'lost' });
  #pauseButton = h('button', { type: 'button', class: 'tool', onclick: () => this.#pause(!this.#paused) });
  #tools = h('div', { class: 'page-tools', hidden: true });
  #notes = h('div', { class: 'notes', role: 'status' });
  #imuAge = () => this.app.device.ageOf(Date.parse(this.#feed.imu?.updated_at ?? '') || undefined, this.#feed.arrived.imu);
  #powerAge = () => this.app.device.ageOf(Date.parse(this.#feed.power?.updated_at ?? '') || undefined, this.#feed.arrived.power);
  #orientation = new OrientationCard(this.#imuAge);
  #plots = new PlotsCard(this.#imuAge);
  #motion = new MotionCard(this.#imuAge);
  #settings = new SettingsCard(this.#imuAge);
  #power = new PowerCard(this.#powerAge);
  /** @type {LightsCard} */
  #lights = /** @type {any} */ (undefined);
  #firmware = new FirmwareCard(() => performance.now() - this.#boardsAt);
  #draw = perFrame(() => this.#render());

  build() {
    // The channel tells each change, so a state is as fresh as the connection.
    this.#lights = new LightsCard(this.app.device, () => performance.now() - this.app.link.lastMessageAt);
    this.#tools.append(this.#pauseButton, this.#windows());
    this.#settings.onStatus = (imu) => this.#feed.take({ imu });
    this.append(
      h('div', { class: 'page-head' },
        h('div', { class: 'page-title' }, h('h1', {}, 'Sensors'), h('p', { class: 'sub' }, this.#rate, this.#lost)),
        this.#tools),
      this.#notes,
      h('div', { class: 'sensor-grid' }, ...[this.#orientation, this.#plots, this.#motion, this.#power, this.#settings, this.#lights, this.#firmware].map((c) => c.panel.el)));
    this.#pause(false);
    this.#layout();
  }

  onShow() {
    this.#feed.motion.forgetHoles();
    for (const kind of ['imu', 'power', 'firmware', 'error']) this.listen(this.#feed, kind, () => this.#draw());
    this.listen(this.#feed, 'lighting', () => this.#feed.lighting && this.#lights.update(this.#feed.lighting));
    this.whileShown(this.#feed.open(this.app.link));
    const timer = setInterval(() => void this.#read(), READ_MS);
    this.whileShown(() => clearInterval(timer));
    this.whileShown(ticker.add(() => this.#tick()));
    this.whileShown(this.app.keys.add({ keys: 'p', label: 'Pause or go on with the plots', group: 'Sensors', run: () => this.#pause(!this.#paused) }));
    void this.#read();
  }

  onHide() {
    this.#lights.tick(false);
  }

  #windows() {
    return h('div', { class: 'segmented', role: 'radiogroup', 'aria-label': 'Time shown' },
      ...WINDOWS.map(([label, seconds]) => h('label', {},
        h('input', { type: 'radio', name: 'sensor-window', checked: seconds === this.#window, onchange: () => this.#setWindow(seconds) }),
        h('span', {}, label))));
  }

  /** @param {number} seconds */
  #setWindow(seconds) {
    this.#window = seconds;
    this.#charts(true);
  }

  /** @param {boolean} paused */
  #pause(paused) {
    this.#paused = paused;
    this.#pauseButton.replaceChildren(icon(paused ? 'play' : 'pause'), paused ? 'Go on' : 'Pause');
    this.#pauseButton.title = paused ? 'Go on (p)' : 'Hold the plots (p); the values go on';
    this.#pauseButton.setAttribute('aria-pressed', String(paused));
    this.classList.toggle('paused', paused);
    if (!paused && this.shown) this.#charts(true);
  }

  #render() {
    if (!this.shown) return;
    const { imu, power } = this.#feed;
    if (imu) this.#renderMotion(imu);
    if (power) this.#power.update(power);
    this.#layout();
    this.#charts(false);
  }

  /** @param {import('../sensors/types.d.ts').ImuStatus} imu */
  #renderMotion(imu) {
    const simulated = saysSimulated(imu.sources?.accel_gyro, imu.sources?.magnetometer);
    this.#orientation.panel.period = Math.max(imu.update_interval_ms ?? 0, 500);
    this.#orientation.update(imu, simulated);
    if (!imu.has_sample) return;
    this.#plots.update(imu, simulated);
    this.#motion.update(imu, simulated);
    this.#settings.update(imu, simulated);
  }

  /** Cards that need a motion sensor are there only with one. */
  #layout() {
    const has = this.#feed.imu?.has_sample === true;
    for (const card of [this.#plots, this.#motion, this.#settings]) card.panel.el.hidden = !has;
    this.classList.toggle('no-motion', !has);
  }

  /** @param {boolean} now even when they were drawn just before */
  #charts(now) {
    if ((this.#paused && !now) || (!now && performance.now() - this.#chartsAt < CHART_MS)) return;
    this.#chartsAt = performance.now();
    const { motion, rails } = this.#feed;
    if (!this.#paused) this.#ends = [end(motion.times.at(-1), this.#imuAge()), end(rails.get(MAIN_RAIL)?.times.at(-1), this.#powerAge())];
    this.#plots.draw(this.#feed, this.#ends[0], this.#window);
    this.#power.draw(this.#feed, this.#ends[1], this.#window);
  }

  #tick() {
    const { motion, error, imu, power } = this.#feed;
    const rate = this.#feed.rate();
    const measured = imu?.has_sample === true || power !== undefined;
    setText(this.#rate, rate > 0 ? `${Math.round(rate)} messages a second` : measured ? 'no measurements now' : '');
    this.#tools.hidden = !measured;
    // Rails are read ten times a second while anybody listens: silence tells.
    if (!power && performance.now() - this.#feed.openedAt > SILENT_MS) this.#power.panel.absent('No power monitor', 'Monitors of voltage and current, and batteries, appear here.');
    setText(this.#lost, motion.holes > 0 ? `${plural(motion.holes, 'gap')}: ${duration(motion.lost)} of measurements are missing` : '');
    this.#notes.replaceChildren(...(error ? [h('p', { class: 'note warn' }, `The channel reports: ${error}`)] : []));
    this.#lights.tick(this.shown);
    this.#firmware.update(this.#feed.firmware, this.#boards, this.app.device.now());
    if (this.#imuAge() > STOPPED_MS && imu?.has_sample) this.#charts(false);
  }

  /** Reads what the channel does not tell. */
  async #read() {
    if (!this.#lights.configured) void this.#lights.read();
    try {
      this.#boards = (await json('v1/peripherals')).sensors ?? [];
      this.#boardsAt = performance.now();
    } catch (err) {
      if (!(err instanceof HttpError)) throw err;
      // The card's age tells.
    }
  }
}

/** The right edge of a chart in Unix seconds: the newest sample, or now when they have stopped. @param {number | undefined} latest Unix seconds @param {number} age ms */
function end(latest, age) {
  return (latest ?? Date.now() / 1000) + (age > STOPPED_MS ? age / 1000 : 0);
}

customElements.define('hg-sensors', Sensors);
