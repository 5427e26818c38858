// @ts-check
// The card of the updates that have ended.

import { h, keyed } from '../lib/dom.js';
import { duration, sentence } from '../lib/format.js';
import { Panel } from '../lib/panel.js';
import { fileName } from './file-name.js';

/** @typedef {import('./types.d.ts').EndedUpdate} EndedUpdate */

export class HistoryCard {
  #list = h('ol', { class: 'events past', 'aria-label': 'Updates, newest first' });
  panel;

  /** @param {() => number} fresh @param {number} period */
  constructor(fresh, period) {
    this.panel = new Panel('History', 'history', { age: fresh, period, icon: 'update', waiting: 'Reading.' }, this.#list);
  }

  /** @param {import('./types.d.ts').HistoryAnswer} answer */
  update({ updates }) {
    if (updates.length === 0) {
      this.panel.absent('No update has ended yet');
      return;
    }
    this.panel.present(updates.some((u) => u.simulated));
    keyed(this.#list, updates, (u) => u.update_id, entry, () => {});
  }

  /** @param {string} why */
  fail(why) {
    this.panel.absent('The history could not be read', sentence(why));
  }
}

/** @param {EndedUpdate} u */
function entry(u) {
  const [from, to] = [Date.parse(u.started_at ?? ''), Date.parse(u.finished_at ?? '')];
  const what = [u.version && `version ${u.version}`, u.build_id && `build ${u.build_id}`].filter(Boolean).join(', ') || `image ${fileName(u.artifacts?.[0]?.url ?? '')}`.trim();
  const tone = u.stage === 'complete' ? 'ok' : /\bcancel/i.test(u.last_error ?? '') ? 'warn' : 'bad';
  const more = [
    u.stage === 'rolled_back' ? sentence(u.last_error ?? 'the updater gave no reason') : '',
    [Number.isFinite(from) && Number.isFinite(to) ? `After ${duration(to - from)}` : '', u.applied_by && `by ${u.applied_by}`].filter(Boolean).join(', '),
  ].filter(Boolean);
  return h('li', { 'data-tone': tone, title: u.update_id },
    h('time', { class: 'mono dim', dateTime: u.finished_at ?? '' }, Number.isFinite(to) ? day(to) : ''),
    h('div', {}, h('div', {}, sentence(tone === 'ok' ? `${what} was installed` : `${what} was rolled back`)), ...more.map((text) => h('div', { class: 'dim fine' }, text))));
}

/** A day and a time of it, on the viewer's clock. @param {number} ms */
function day(ms) {
  const d = new Date(ms);
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}`;
}
