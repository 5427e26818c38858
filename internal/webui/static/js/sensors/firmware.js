// @ts-check
// The card with firmware: boards that tell theirs, and updates as they run.

import { Bar } from '../charts/bar.js';
import { h, keyed, setAttr, setText } from '../lib/dom.js';
import { age } from '../lib/format.js';
import { Panel } from '../lib/panel.js';

/**
 * @typedef {import('./types.d.ts').FirmwareUpdate} FirmwareUpdate
 * @typedef {import('./types.d.ts').SensorPeripheral} SensorPeripheral
 */

/** @type {Record<string, string>} */
const STATUS = { queued: 'waiting', flashing: 'being written', complete: 'done', failed: 'failed' };

export class FirmwareCard {
  #updates = h('ul', { class: 'firmware', 'aria-label': 'Firmware updates', 'aria-live': 'polite' });
  #boards = h('ul', { class: 'firmware', 'aria-label': 'Boards' });
  /** @type {WeakMap<HTMLElement, Bar>} */
  #bars = new WeakMap();
  panel;

  /** @param {() => number} fresh age of the knowledge, in ms */
  constructor(fresh) {
    this.panel = new Panel('Firmware', 'firmware', { age: fresh, period: 5000, icon: 'chip', waiting: 'Reading.' }, this.#updates, this.#boards);
  }

  /** @param {FirmwareUpdate[]} updates @param {SensorPeripheral[]} boards @param {number} now of the device, Unix ms */
  update(updates, boards, now) {
    const told = boards.filter((b) => b.firmware);
    if (updates.length === 0 && told.length === 0) {
      this.panel.absent('No firmware to tell of', 'Updates of attached devices appear here while they run.');
      return;
    }
    this.panel.present();
    keyed(this.#updates, updates, (u) => u.device_id, (u) => this.#make(u), (li, u) => this.#fill(li, u, now));
    this.#boards.replaceChildren(...told.map((b) => h('li', {}, h('span', { class: 'firmware-name' }, b.name),
      h('span', { class: 'dim' }, [b.firmware?.active, b.firmware?.desired && b.firmware.desired !== b.firmware.active ? `wants ${b.firmware.desired}` : '', b.firmware?.status].filter(Boolean).join(', ')),
      b.firmware?.last_error ? h('p', { class: 'note warn' }, b.firmware.last_error) : null)));
  }

  /** @param {FirmwareUpdate} u */
  #make(u) {
    const bar = new Bar(`Progress of ${u.device_id}`, false);
    const li = h('li', {}, h('span', { class: 'firmware-name' }, u.device_id), h('span', { class: 'badge' }), h('span', { class: 'dim' }), bar.el, h('p', { class: 'form-error' }));
    this.#bars.set(li, bar);
    return li;
  }

  /** @param {HTMLElement} li @param {FirmwareUpdate} u @param {number} now */
  #fill(li, u, now) {
    const [, badge, detail, , error] = /** @type {HTMLElement[]} */ ([...li.children]);
    setAttr(li, 'data-status', u.status);
    setText(/** @type {Node} */ (badge), STATUS[u.status] ?? u.status);
    const running = u.status === 'queued' || u.status === 'flashing';
    setText(/** @type {Node} */ (detail), [u.firmware, u.active ? `runs ${u.active}` : '', u.detail, running ? '' : `${age(Math.max(0, now - u.timestamp_ms))} ago`].filter(Boolean).join(' · '));
    const bar = this.#bars.get(li);
    bar?.set(u.progress_pct ?? 0);
    if (bar) bar.el.hidden = !running || u.progress_pct === undefined;
    setText(/** @type {Node} */ (error), u.error ?? '');
  }
}
