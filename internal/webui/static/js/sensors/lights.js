// @ts-check
// The card of the lights: what they show, and controls that act at once.

import { h, setText } from '../lib/dom.js';
import { age, sentence } from '../lib/format.js';
import { HttpError, json, send } from '../lib/http.js';
import { Latest } from '../lib/latest.js';
import { explain, Outcome } from '../lib/outcome.js';
import { Panel } from '../lib/panel.js';
import { saysSimulated } from '../lib/simulated.js';
import { countOf, fromHex, GUESS, PARAMETERS, toHex } from './animation.js';
import { commandOf, DEFAULTS, mergeCommands, settingsOf } from './lights-model.js';
import { Strip } from './strip.js';

/**
 * @typedef {import('./types.d.ts').LightingState} LightingState
 * @typedef {import('./types.d.ts').LightingConfig} LightingConfig
 * @typedef {import('./types.d.ts').LightingCommand} LightingCommand
 * @typedef {import('./lights-model.js').Settings} Settings
 * @typedef {import('./lights-model.js').Mode} Mode
 */

/** @type {readonly [Mode, string][]} */
const MODES = [['solid', 'Colour'], ['chase', 'Chase'], ['pulse', 'Pulse'], ['rainbow', 'Rainbow'], ['breathing_rainbow', 'Breathing rainbow']];
/** How long after an own change the controls do not follow the device: it may answer with what was before. */
const OWN_MS = 600;
const SAVED_COLORS = ['#ffb050', '#ffffff', '#ff3b30', '#34c759', '#0a84ff', '#bf5af2'];

export class LightsCard {
  #strip = new Strip();
  #caption = h('p', { class: 'fine dim' });
  #on = h('button', { type: 'button', class: 'switch', role: 'switch', 'aria-checked': 'false', onclick: () => this.#change({ on: !this.#settings.on }) }, h('span', { class: 'knob', 'aria-hidden': 'true' }), h('span', { class: 'switch-text' }, 'Off'));
  #brightness = slider('Brightness', 0, 255, (v) => `${Math.round(v / 2.55)} %`, (v) => this.#dim(v));
  #modes = h('div', { class: 'segmented modes', role: 'radiogroup', 'aria-label': 'What the lights show' },
    ...MODES.map(([mode, label]) => h('label', {}, h('input', { type: 'radio', name: 'light-mode', value: mode, onchange: () => this.#change({ mode, on: true }) }), h('span', {}, label))));
  #color = h('input', { type: 'color', 'aria-label': 'Colour', oninput: () => this.#change({ color: fromHex(this.#color.value, this.#white.input.valueAsNumber), on: true }) });
  #swatches = h('span', { class: 'swatches' }, ...SAVED_COLORS.map((hex) => swatch(hex, () => this.#change({ color: fromHex(hex, 0), on: true }))));
  #colorField = h('div', { class: 'field' }, h('span', {}, 'Colour'), h('span', { class: 'color-line' }, this.#color, this.#swatches));
  #white = slider('White', 0, 255, (v) => `${Math.round(v / 2.55)} %`, (v) => this.#change({ color: { ...this.#settings.color, w: v }, on: true }));
  #speed = slider('Speed', -3, 3, (v) => `${v.toFixed(2).replace('-', '−')} turns/s`, (v) => this.#change({ speed_hz: v }), 0.05);
  #low = slider('Lowest', 0, 255, (v) => `${Math.round(v / 2.55)} %`, (v) => this.#change({ low: v }));
  #high = slider('Highest', 0, 255, (v) => `${Math.round(v / 2.55)} %`, (v) => this.#change({ high: v }));
  #period = slider('One breath', 200, 10_000, (v) => `${(v / 1000).toFixed(1)} s`, (v) => this.#change({ period_ms: v }), 100);
  #outcome = new Outcome();
  #sender = new Latest((/** @type {LightingCommand} */ command) => this.#send(command), mergeCommands);
  /** @type {Settings} */
  #settings = DEFAULTS;
  /** @type {LightingState | undefined} */
  #state;
  /** @type {LightingConfig | undefined} */
  #config;
  /** @type {number | undefined} */
  #count;
  #changedAt = -Infinity;
  #device;
  panel;

  /** @param {import('../device.js').Device} device @param {() => number} fresh how long ago the state was surely this, in ms */
  constructor(device, fresh) {
    this.#device = device;
    this.panel = new Panel('Lights', 'lights', { age: fresh, period: 2000, icon: 'bulb', waiting: 'Asking for the lights.' },
      this.#strip.el, this.#caption,
      h('div', { class: 'light-main' }, this.#on, this.#brightness.el),
      this.#modes,
      h('div', { class: 'light-params' }, this.#colorField, this.#white.el, this.#speed.el, this.#low.el, this.#high.el, this.#period.el),
      this.#outcome.el);
  }

  /** Reads configuration and state. It says so when there are no lights. */
  async read() {
    try {
      const { present } = await json('v1/peripherals/leds');
      if (!present) {
        this.#state = undefined;
        this.#strip.setShown(false);
        this.panel.absent('No lights', 'LEDs of the device that can be driven appear here.');
        return;
      }
      this.#config = (await json('v1/device/lighting/config')).lighting;
      this.update(await json('v1/device/lighting/state'));
    } catch (err) {
      if (!(err instanceof HttpError)) throw err;
      if (!this.#state && err.status > 0) this.panel.absent('The lights do not answer', sentence(err.message));
    }
  }

  /** Whether everything about the lights was read that the channel does not tell. */
  get configured() {
    return this.#config !== undefined && this.#state !== undefined;
  }

  /** @param {LightingState} state */
  update(state) {
    this.#state = state;
    this.#count = countOf(state, this.#config?.count, this.#count);
    this.panel.present(saysSimulated(this.#config?.label));
    this.#draw();
    if (!this.#sender.busy && performance.now() - this.#changedAt > OWN_MS) this.#follow();
  }

  /** Follows what is shown: an age that grows, controls that others moved. @param {boolean} shown */
  tick(shown) {
    this.#strip.setShown(shown && this.#state !== undefined);
    if (!this.#state) return;
    this.#tell();
    if (!this.#sender.busy && performance.now() - this.#changedAt > OWN_MS) this.#follow();
  }

  #follow() {
    if (!this.#state) return;
    this.#settings = settingsOf(this.#state, this.#settings, this.#config?.brightness ?? 255);
    this.#fill();
  }

  #draw() {
    const state = this.#state;
    if (!state) return;
    const began = performance.now() - Math.max(0, this.#device.now() - state.updated_at_ms);
    this.#strip.set(state, this.#count ?? GUESS, state.brightness ?? this.#config?.brightness ?? 255, began);
    this.#tell();
  }

  #tell() {
    const state = this.#state;
    if (!state) return;
    const parts = [this.#count === undefined ? `The device does not tell how many lights it has, ${GUESS} are drawn` : `${this.#count} ${this.#count === 1 ? 'light' : 'lights'}`];
    if (state.animation_running) parts.push('drawn here from the parameters of the animation');
    if (this.#config && !this.#config.enabled) parts.push('switched off in the configuration');
    parts.push(`changed ${age(Math.max(0, this.#device.now() - state.updated_at_ms))} ago`);
    setText(this.#caption, parts.join(' · '));
  }

  #fill() {
    const s = this.#settings;
    this.#on.setAttribute('aria-checked', String(s.on));
    this.#on.setAttribute('aria-label', 'Lights');
    setText(/** @type {Node} */ (this.#on.lastChild), s.on ? 'On' : 'Off');
    this.#brightness.set(s.brightness);
    for (const input of this.#modes.querySelectorAll('input')) input.checked = input.value === s.mode;
    if (this.#color.value !== toHex(s.color)) this.#color.value = toHex(s.color);
    this.#color.classList.toggle('mixed', s.mixed);
    this.#white.set(s.color.w ?? 0);
    this.#speed.set(s.speed_hz);
    this.#low.set(s.low);
    this.#high.set(s.high);
    this.#period.set(s.period_ms);
    const has = s.mode === 'solid' ? ['color'] : PARAMETERS[s.mode];
    this.#colorField.hidden = !has.includes('color');
    this.#white.el.hidden = !has.includes('color') || !/w/i.test(this.#config?.color_order ?? '');
    this.#speed.el.hidden = !has.includes('speed_hz');
    this.#low.el.hidden = this.#high.el.hidden = !has.includes('low');
    this.#period.el.hidden = !has.includes('period_ms');
  }

  /** @param {Partial<Settings>} part */
  #change(part) {
    this.#settings = { ...this.#settings, ...part };
    // A breath that stands still would be a plain colour.
    if (this.#settings.mode !== 'solid' && this.#settings.period_ms === 0) this.#settings.period_ms = DEFAULTS.period_ms;
    this.#changedAt = performance.now();
    this.#fill();
    this.#sender.push(commandOf(this.#settings, this.#count));
  }

  /** @param {number} brightness */
  #dim(brightness) {
    this.#settings = { ...this.#settings, brightness };
    this.#changedAt = performance.now();
    this.#fill();
    this.#sender.push({ brightness });
  }

  /** @param {LightingCommand} command */
  async #send(command) {
    try {
      await send('v1/device/lighting', { ...command, requested_by: 'web interface' });
      this.#outcome.clear();
    } catch (err) {
      if (!(err instanceof HttpError)) throw err;
      this.#outcome.failed(explain(err));
      this.#changedAt = -Infinity; // back to what the device shows
      this.#follow();
    }
  }
}

/**
 * A slider with its value in words.
 * @param {string} label @param {number} min @param {number} max @param {(v: number) => string} text @param {(v: number) => void} change @param {number} [step]
 */
function slider(label, min, max, text, change, step = 1) {
  const output = h('output', {});
  const input = h('input', { type: 'range', min: String(min), max: String(max), step: String(step), 'aria-label': label });
  input.addEventListener('input', () => change(input.valueAsNumber));
  const el = h('label', { class: 'field slider' }, h('span', {}, label), input, output);
  return {
    el, input,
    /** @param {number} value */
    set(value) {
      // A slider ends where it ends; the text tells what the device has.
      if (document.activeElement !== input || input.valueAsNumber !== value) input.value = String(value);
      setText(output, text(value));
      input.setAttribute('aria-valuetext', text(value));
    },
  };
}

/** @param {string} hex @param {() => void} choose */
function swatch(hex, choose) {
  const el = h('button', { type: 'button', class: 'swatch', 'aria-label': `Colour ${hex}`, title: hex, onclick: choose });
  el.style.backgroundColor = hex;
  return el;
}
