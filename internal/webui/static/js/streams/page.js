// @ts-check
// One stream in full: the live view, what is known of it, its controls, its
// pipeline and its figures.

import { h, setAttr, setText } from '../lib/dom.js';
import { age } from '../lib/format.js';
import { icon } from '../lib/icons.js';
import { ControlsPanel } from './controls.js';
import { DelayMeter } from './delay.js';
import { PipelineEditor } from './editor.js';
import { Facts } from './facts.js';
import { fillSelect } from './fields.js';
import { fits } from './graph.js';
import { METRICS_MS, MetricsPanel } from './metrics.js';
import { OutputsPanel } from './outputs.js';
import { Overlay } from './overlay.js';
import { Player } from './player.js';
import { saveStill, toggleFullscreen } from './still.js';
import { isSimulated, nameOf, sourceOf } from './store.js';
import { noteOf, STALE_MS } from './tile.js';

export class StreamPage {
  /** @type {import('../types.d.ts').App} */
  app = /** @type {any} */ (undefined);
  /** @type {import('./store.js').StreamStore} */
  store = /** @type {any} */ (undefined);
  onBack = () => {};
  /** @type {(id: string) => void} */
  onEdit = () => {};
  #id = '';
  #opened = false;
  /** The output that was chosen here. */
  #picked = '';
  /** @type {Player | undefined} */
  #player;
  /** @type {(() => void)[]} */
  #stops = [];
  #name = h('h1', {});
  #badge = h('span', { class: 'badge simulated', hidden: true }, 'simulated');
  #source = h('p', { class: 'sub' });
  #missing = h('p', { class: 'empty', hidden: true }, 'There is no such stream.');
  #note = h('p', { class: 'live-note', hidden: true });
  #boxes = h('canvas', { class: 'live-boxes', 'aria-hidden': 'true', width: 1, height: 1 });
  #stage = h('div', { class: 'live-stage big' });
  #output = h('select', { 'aria-label': 'Output shown', onchange: () => this.#pick(this.#output.value) });
  #outputField = h('label', { class: 'output-field', hidden: true, title: 'For all viewers of this stream, as long as this page is open' }, 'Show', this.#output);
  #drawBoxes = h('input', { type: 'checkbox', checked: true });
  #facts = new Facts();
  #delay = new DelayMeter();
  #overlay = new Overlay(this.#boxes);
  #controls = new ControlsPanel();
  #editor = new PipelineEditor();
  #outputs = new OutputsPanel();
  #metrics = new MetricsPanel();
  #body;
  el = h('div', { class: 'stream-page', hidden: true });

  constructor() {
    const tool = (/** @type {string} */ name, /** @type {string} */ label, /** @type {() => void} */ run) =>
      h('button', { type: 'button', class: 'tool', title: label, onclick: run }, icon(name), h('span', {}, label));
    this.#body = h('div', { class: 'stream-body' },
      h('div', { class: 'stream-main' },
        h('div', { class: 'stream-view aged' }, this.#stage,
          h('div', { class: 'stream-tools' }, this.#outputField, h('label', { class: 'check boxes-field', hidden: true }, this.#drawBoxes, 'Boxes'), h('span', { class: 'spacer' }),
            tool('still', 'Still', () => void this.#still()), tool('expand', 'Full screen', () => void toggleFullscreen(this.#stage)))),
        this.#facts.el),
      h('div', { class: 'stream-side' }, this.#controls.el, this.#editor.el, this.#outputs.el),
      this.#metrics.el);
    this.el.append(
      h('div', { class: 'page-head' },
        h('div', { class: 'page-title stream-title' },
          h('button', { type: 'button', class: 'icon-button', title: 'Back to the grid (Esc)', 'aria-label': 'Back to the grid', onclick: () => this.onBack() }, icon('back')),
          h('div', {}, h('div', { class: 'tile-name' }, this.#name, this.#badge), this.#source)),
        h('div', { class: 'page-tools' }, tool('edit', 'Change', () => this.onEdit(this.#id)))),
      this.#missing, this.#body);
    this.#outputs.addEventListener('list', () => this.#showOutputs());
    this.#outputs.onSample = (sample) => this.#overlay.set(sample.port, sample.value);
  }

  /** Shows a stream; an empty id shows and wants nothing. @param {string} id */
  show(id) {
    this.el.hidden = id === '';
    if (id === this.#id && (id === '' || this.#opened)) return;
    this.#leave();
    this.#id = id;
    if (id) this.changed();
  }

  /** The list of streams was read. */
  changed() {
    if (!this.#id || !this.store.list) return;
    const info = this.store.get(this.#id);
    this.#missing.hidden = info !== undefined;
    this.#body.hidden = info === undefined;
    if (!info) {
      setText(this.#name, 'Stream');
      setText(this.#source, this.#id);
      this.#badge.hidden = true;
      this.#leave();
      return;
    }
    setText(this.#name, nameOf(info));
    setText(this.#source, sourceOf(info));
    this.#badge.hidden = !isSimulated(info);
    if (this.#opened) this.#editor.changed(info.manifest);
    else this.#open(info);
    this.tick();
  }

  /** @param {import('./types.d.ts').StreamInfo} info */
  #open(info) {
    this.#opened = true;
    const canvas = h('canvas', { class: 'live', width: 1280, height: 720 });
    const player = new Player(canvas, info.id);
    this.#player = player;
    this.#stage.replaceChildren(canvas, this.#boxes, this.#note);
    player.onDraw = (picture, width, height) => this.#drawn(info, picture, width, height);
    player.addEventListener('change', () => this.tick());
    player.start('');
    this.#outputs.open(info.id);
    void this.#controls.open(info.id, info.manifest.capture.controls ?? []);
    void this.#editor.open(info.id, info.manifest);
    const metrics = this.app.link.subscribe(`streams.${info.id}.metrics`, { interval_ms: METRICS_MS }, {
      message: (event) => this.#measured(/** @type {any} */ (event)),
      refused: (_code, message) => this.#metrics.say(`Figures are not available: ${message}`),
    });
    this.#stops = [() => metrics.close()];
  }

  #leave() {
    this.#opened = false;
    for (const stop of this.#stops.splice(0)) stop();
    this.#player?.stop();
    this.#player = undefined;
    this.#outputs.close();
    this.#controls.close();
    this.#editor.close();
    this.#metrics.reset();
    this.#delay.reset();
    this.#overlay.clear();
    this.#picked = '';
  }

  /** @param {import('./types.d.ts').StreamInfo} info @param {CanvasImageSource} picture @param {number} width @param {number} height */
  #drawn(info, picture, width, height) {
    if (isSimulated(info)) this.#delay.drawn(picture, width, height, this.app.device.now());
    this.#overlay.draw(width, height, (port) => this.#drawBoxes.checked && fits(this.#editor.steps, port, this.#shownOutput()));
  }

  #shownOutput() {
    return this.#picked || this.store.get(this.#id)?.manifest.active_pipeline_output || 'frame';
  }

  #showOutputs() {
    const images = this.#outputs.list.filter((o) => o.previewable);
    this.#outputField.hidden = images.length < 2;
    /** @type {HTMLElement} */ (this.#drawBoxes.parentElement).hidden = images.length === this.#outputs.list.length;
    if (this.#picked && !images.some((o) => o.name === this.#picked)) this.#pick(''); // it is gone
    fillSelect(this.#output, images.map((o) => [o.name, outputName(o.name)]), this.#shownOutput());
  }

  /** @param {string} output empty for the one that the stream has chosen */
  #pick(output) {
    this.#picked = output;
    this.#overlay.clear();
    this.#player?.start(output);
  }

  /** @param {import('./types.d.ts').MetricsEvent} event */
  #measured(event) {
    const player = this.#player;
    if (!player) return;
    if (event.error) this.#metrics.say(`Figures are not available: ${event.detail || event.error}`);
    this.#metrics.push(event, { shown: player.drawings.rate(performance.now()), late: player.dropped });
  }

  /** Brings what has an age up to date. */
  tick() {
    const player = this.#player;
    const info = this.store.get(this.#id);
    if (!player || !info) return;
    const now = performance.now();
    const silent = now - player.arrivedAt;
    const view = /** @type {HTMLElement} */ (this.#stage.parentElement);
    setAttr(view, 'data-fresh', Number.isNaN(silent) ? 'never' : silent > STALE_MS ? 'no' : 'yes');
    setAttr(view, 'data-shown', String(player.shown));
    const note = noteOf(player, info, now);
    setText(this.#note, note);
    this.#note.hidden = note === '';
    const metricsAge = now - this.#metrics.arrivedAt;
    setAttr(this.#metrics.el, 'data-fresh', Number.isNaN(metricsAge) ? 'never' : metricsAge > 4 * METRICS_MS ? 'no' : 'yes');
    if (metricsAge > 4 * METRICS_MS) this.#metrics.say(`No figures for ${age(metricsAge)}.`);
    this.#facts.update({ player, info, delay: this.#delay, metrics: this.#metrics.latest, ping: this.app.device.ping });
  }

  async #still() {
    const player = this.#player;
    const info = this.store.get(this.#id);
    if (!player || !info) return;
    const wrong = await saveStill(player.canvas, info.id, nameOf(info), player.shown > 0);
    if (wrong) this.app.toast(wrong, 'error');
  }
}

/** @param {string} name */
function outputName(name) {
  return { raw: 'raw (as captured)', frame: 'frame (after the last step)' }[name] ?? name;
}
