// @ts-check
// The list of devices that were seen.

import { h, keyed, setAttr, setText } from '../../lib/dom.js';
import { age, plural } from '../../lib/format.js';
import { strength } from './devices.js';

/** Silence after which a device that advertises counts as gone. */
const GONE_MS = 30_000;

/** @typedef {import('./devices.js').Seen} Seen */

export class DeviceList {
  #list = h('ul', { class: 'ble-list' });
  #note = h('span', { class: 'dim fine' });
  #empty = h('p', { class: 'empty' });
  /** A device was chosen; empty for none. @type {(id: string) => void} */
  onChoose = () => {};
  #chosen = '';
  el = h('section', { class: 'card ble-devices', 'aria-label': 'Devices seen' },
    h('header', { class: 'card-head' }, h('h2', {}, 'Devices seen'), this.#note), this.#list, this.#empty);

  /** @param {Seen[]} list @param {number} dropped @param {number} now Unix ms of the agent @param {string} empty said when there is none */
  update(list, dropped, now, empty) {
    keyed(this.#list, list, (d) => d.id, (d) => this.#make(d), (el, d) => fill(el, d, now, d.id === this.#chosen));
    setText(this.#note, list.length > 0 ? plural(list.length, 'device') + (dropped > 0 ? `, ${dropped} not heard of for longest were let go` : '') : '');
    this.#empty.hidden = list.length > 0;
    setText(this.#empty, empty);
  }

  /** @param {string} id empty for none */
  choose(id) {
    this.#chosen = id;
  }

  /** @param {Seen} d */
  #make(d) {
    const meter = h('span', { class: 'rssi-meter', 'aria-hidden': 'true' }, h('span', { class: 'bar-fill' }));
    return h('li', {}, h('button', { type: 'button', class: 'ble-device', onclick: () => this.onChoose(d.id === this.#chosen ? '' : d.id) },
      h('span', { class: 'ble-name' }), h('span', { class: 'badge' }), h('span', { class: 'ble-rssi' }), meter,
      h('span', { class: 'ble-id mono dim' }), h('span', { class: 'ble-age dim' }), h('span', { class: 'ble-adv mono dim' })));
  }
}

/** @param {HTMLElement} el @param {Seen} d @param {number} now @param {boolean} chosen */
function fill(el, d, now, chosen) {
  const button = /** @type {HTMLElement} */ (el.firstElementChild);
  const [name, badge, rssi, meter, id, seen, adv] = /** @type {HTMLElement[]} */ ([...button.children]);
  if (!name || !badge || !rssi || !meter || !id || !seen || !adv) return;
  setText(name, d.name || 'no name');
  name.classList.toggle('dim', !d.name);
  setText(badge, d.state);
  badge.hidden = d.state === '';
  setAttr(badge, 'data-state', d.state);
  setText(rssi, Number.isNaN(d.rssi) ? '' : `${Math.round(d.rssi)} dBm`);
  /** @type {HTMLElement} */ (meter.firstElementChild).style.transform = `scaleX(${strength(d.rssi).toFixed(3)})`;
  setText(id, d.id);
  const silent = Math.max(0, now - d.last);
  setText(seen, `${age(silent)} ago · ${plural(d.events, 'event')}`);
  setText(adv, d.adv);
  adv.hidden = d.adv === '';
  setAttr(button, 'data-gone', silent > GONE_MS && d.state !== 'connected' ? '' : null);
  setAttr(button, 'aria-pressed', String(chosen));
  button.title = chosen ? 'Show the events of all devices' : 'Show the events of this device';
}
