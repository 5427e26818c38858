// @ts-check
// What is measured of a live view, in figures. What cannot be measured is not
// there: the delay from the lens is known for the test pattern alone, which has
// the time in its picture.

import { h, setAttr, setText } from '../lib/dom.js';
import { age, count } from '../lib/format.js';
import { reason } from './store.js';
import { formatName, sizeText } from './tile.js';

/**
 * @typedef {object} Reading
 * @property {import('./player.js').Player} player
 * @property {import('./types.d.ts').StreamInfo} info
 * @property {import('./delay.js').DelayMeter} delay
 * @property {import('./types.d.ts').Metrics | undefined} metrics
 * @property {number} ping ms to the device and back, NaN if not known
 */

/** @typedef {{value: string, extra?: string, tone?: 'warn'} | undefined} Fact  undefined hides it */

const ms = (/** @type {number} */ n) => `${n < 10 ? n.toFixed(1) : Math.round(n)} ms`;

/** @type {readonly [string, string, string, (r: Reading) => Fact][]} */
const FACTS = [
  ['format', 'Format', 'of the frames as they arrive', ({ player, info }) => {
    const code = player.format?.fourcc ?? info.manifest.capture.mode.format.code;
    return { value: formatName(code), extra: sizeText(player.format) };
  }],
  ['rate', 'Shown', 'pictures drawn in this page', ({ player }) => ({ value: `${player.drawings.rate(performance.now()).toFixed(1)} fps`, extra: player.running ? `${count(player.shown)} so far` : '' })],
  ['number', 'Frame', 'number read from the picture', ({ delay }) => (delay.number === undefined ? undefined : { value: `#${count(delay.number)}` })],
  ['delay', 'Delay', 'from drawing on the device to drawing here, by the time in the picture; as exact as the two clocks are known', ({ delay, ping }) => {
    if (delay.number === undefined) return undefined;
    const mean = delay.mean;
    if (mean === undefined) return { value: '–', extra: 'no new time in the picture' };
    return { value: `${Math.round(mean)} ms`, extra: Number.isNaN(ping) ? 'clocks not compared' : `± ${ms(ping / 2)}` };
  }],
  ['interval', 'Interval', 'between frames that arrive; jitter is its standard deviation', ({ player }) => {
    const i = player.arrivals.intervals(performance.now());
    return i ? { value: ms(i.mean), extra: `jitter ${ms(i.jitter)}, longest ${ms(i.longest)}` } : { value: '–' };
  }],
  ['here', 'Arrival to screen', 'decoding and waiting for the next picture of the screen', ({ player }) => ({ value: Number.isNaN(player.drawnAfter) ? '–' : ms(player.drawnAfter) })],
  ['lost', 'Dropped here', 'frames that came too late to be shown, or wait for a keyframe', ({ player }) => ({
    value: count(player.dropped), extra: player.broken > 0 ? `${count(player.broken)} unreadable` : '', ...(player.broken > 0 ? { tone: /** @type {const} */ ('warn') } : {}),
  })],
  ['device', 'On the device', 'from capture to the connection of a viewer', ({ metrics }) => {
    const t = metrics?.preview_transport;
    return t ? { value: ms(t.end_to_end_average_time_ms), extra: `${count(t.replaced_pending_frames)} replaced` } : undefined;
  }],
  ['viewers', 'Viewers', 'that have the frames now', ({ metrics }) => {
    const n = metrics?.frame_demand?.host_receiver_count ?? metrics?.encoder_demand?.broadcast_receiver_count;
    return typeof n === 'number' ? { value: count(n) } : undefined;
  }],
  ['capture', 'Capture', '', ({ info }) => {
    const capture = info.runtime?.capture;
    const why = reason(info);
    const since = capture?.started_at_ms ? `for ${age(Date.now() - capture.started_at_ms)}` : '';
    return { value: capture?.state ?? 'unknown', extra: why || since, ...(why ? { tone: /** @type {const} */ ('warn') } : {}) };
  }],
  ['encoder', 'Encoder', '', ({ info }) => {
    const codecs = info.runtime?.codecs;
    return codecs?.encoder_impl ? { value: codecs.encoder_impl, extra: [codecs.encoder_input_fourcc, codecs.encoder_output_fourcc].filter(Boolean).join(' to ') } : undefined;
  }],
];

export class Facts {
  #cells = FACTS.map(([key, label, title]) => h('div', { class: 'fact', 'data-fact': key, title }, h('dt', {}, label), h('dd', { class: 'fact-value' }), h('dd', { class: 'fact-extra' })));
  el = h('dl', { class: 'stream-facts' }, ...this.#cells);

  /** @param {Reading} reading */
  update(reading) {
    FACTS.forEach(([, , , read], i) => {
      const fact = read(reading);
      const cell = /** @type {HTMLElement} */ (this.#cells[i]);
      cell.hidden = fact === undefined;
      if (!fact) return;
      const [, value, extra] = /** @type {HTMLElement[]} */ ([...cell.children]);
      if (value) setText(value, fact.value);
      if (extra) setText(extra, fact.extra ?? '');
      setAttr(cell, 'data-tone', fact.tone ?? null);
    });
  }
}
