// @ts-check
// The card of the places that a system can be in, and what each of them holds.

import { h, keyed, setText } from '../lib/dom.js';
import { age, bytes, sentence } from '../lib/format.js';
import { Panel } from '../lib/panel.js';

/** @typedef {import('./types.d.ts').Slot} Slot */

/** What the boot loader thinks of a slot, in words. @type {Record<string, string>} */
const HEALTH = { good: 'good', bad: 'bad', trial: 'on trial' };

export class SlotsCard {
  #list = h('ul', { class: 'slots' });
  #device;
  panel;

  /** @param {import('../device.js').Device} device @param {() => number} fresh @param {number} period */
  constructor(device, fresh, period) {
    this.#device = device;
    this.panel = new Panel('Slots', 'slots', { age: fresh, period, icon: 'disk', waiting: 'Reading.' }, this.#list);
  }

  /** @param {import('./types.d.ts').SlotsAnswer} answer */
  update({ slots, simulated, last_error: why }) {
    if (slots.length === 0) {
      this.panel.absent('The engine tells of no slots', why && sentence(why));
      return;
    }
    this.panel.present(simulated);
    keyed(this.#list, slots, (s) => s.name, slotItem, (item, s) => this.#fill(item, s));
  }

  /** Says that the engine did not tell. @param {string} why */
  fail(why) {
    this.panel.absent('The slots could not be read', sentence(why));
  }

  /** @param {HTMLElement} item @param {Slot} s */
  #fill(item, s) {
    const [head, facts, device] = /** @type {HTMLElement[]} */ ([...item.children]);
    const badges = [s.booted && 'runs now', s.primary && !s.booted && 'boots next', s.health && (HEALTH[s.health] ?? s.health)].filter((b) => typeof b === 'string');
    keyed(/** @type {HTMLElement} */ (head?.lastElementChild), badges, (b) => b, (b) => h('span', { class: 'badge', 'data-health': b }, b), () => {});
    const at = Date.parse(s.installed_at ?? '');
    setText(/** @type {Node} */ (facts), [
      s.version ? `Version ${s.version}` : 'Version unknown',
      Number.isFinite(at) ? `installed ${age(Math.max(0, this.#device.now() - at))} ago` : '',
      s.size_bytes ? bytes(s.size_bytes) : '',
    ].filter(Boolean).join(' · '));
    item.title = s.sha256 ? `SHA-256 ${s.sha256}` : '';
    setText(/** @type {Node} */ (device), s.device ?? '');
  }
}

/** @param {Slot} s */
function slotItem(s) {
  return h('li', {},
    h('div', { class: 'slot-head' }, h('b', {}, s.name), h('span', { class: 'slot-badges' })),
    h('div', {}), h('div', { class: 'mono dim' }));
}
