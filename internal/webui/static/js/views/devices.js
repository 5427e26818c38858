// @ts-check
// <hg-devices>: what is plugged in, as a tree that shows what came and went.

import { Inventory, NEW_MS } from '../devices/inventory.js';
import { ageTag } from '../lib/age.js';
import { h, keyed, setAttr, setText } from '../lib/dom.js';
import { age, clockTime, plural } from '../lib/format.js';
import { HttpError, json } from '../lib/http.js';
import { icon } from '../lib/icons.js';
import { ticker } from '../lib/ticker.js';
import { View } from '../view.js';

/**
 * @typedef {import('../devices/inventory.js').Node} Node
 * @typedef {import('../types.d.ts').Peripherals} Peripherals
 */

/** Interval asked of the channel; the device merges changes within it. */
const INTERVAL_MS = 250;
/** Readings without a change: they show that the list is still true. */
const READ_MS = 10_000;

export class Devices extends View {
  #inventory = new Inventory();
  #readAt = NaN;
  #reading = false;
  #again = false;
  #summary = h('span', { class: 'summary' });
  #event = h('span', { class: 'dim' });
  #tree = h('ul', { class: 'tree', 'aria-label': 'USB devices' });
  #none = h('p', { class: 'empty' }, 'Reading the list of devices.');
  #notes = h('div', { class: 'notes' });
  #buses = h('tbody', {});
  #chips = h('tbody', {});
  #i2c = h('section', { class: 'card', 'aria-label': 'I²C', hidden: true }, h('header', { class: 'card-head' }, h('h2', {}, 'I²C')));

  build() {
    this.#i2c.append(table(['Bus', 'Adapter', 'Errors'], this.#buses), table(['Bus', 'Address', 'Device', 'Driver'], this.#chips));
    this.append(
      h('div', { class: 'page-head' }, h('div', { class: 'page-title' }, h('h1', {}, 'Devices'), h('p', { class: 'sub' }, this.#summary, this.#event)),
        h('div', { class: 'page-tools' }, ageTag(() => performance.now() - this.#readAt, READ_MS))),
      this.#notes,
      h('div', { class: 'columns' },
        h('section', { class: 'card', 'aria-label': 'USB' }, h('header', { class: 'card-head' }, h('h2', {}, 'USB')), this.#none, this.#tree),
        this.#i2c));
    this.classList.add('aged');
  }

  onShow() {
    /** @type {import('../types.d.ts').ChannelHandlers<import('../types.d.ts').DevicesEvent>} */
    const handlers = {
      message: (payload) => {
        if (payload.type === 'update') {
          setText(this.#event, `last change at ${clockTime(payload.timestamp_ms)}: ${payload.reasons.join(', ')}`);
          void this.#read();
        } else if (payload.type === 'ready') void this.#read();
      },
    };
    this.whileShown(this.app.link.subscribe('devices.updates', { interval_ms: INTERVAL_MS }, handlers));
    const timer = setInterval(() => void this.#read(), READ_MS);
    this.whileShown(() => clearInterval(timer));
    this.whileShown(ticker.add(() => this.#render()));
    void this.#read();
  }

  /** Reads the lists; a change that comes while reading makes it read once more. */
  async #read() {
    this.#again = this.#reading;
    if (this.#reading) return;
    this.#reading = true;
    try {
      /** @type {Peripherals} */
      const all = await json('v1/peripherals');
      this.#readAt = performance.now();
      this.#inventory.update(all.usb ?? [], this.#readAt);
      this.#showI2c(all.i2c);
      this.#tell(Object.entries(all.errors ?? {}).flatMap(([part, list]) => list.map((text) => `${part}: ${text}`)));
    } catch (err) {
      if (!(err instanceof HttpError)) throw err;
      this.#tell([`The list could not be read: ${err.message}.`]);
    }
    this.#reading = false;
    this.#render();
    if (this.#again) void this.#read();
  }

  #render() {
    this.#inventory.expire(performance.now());
    const known = !Number.isNaN(this.#readAt);
    setText(this.#summary, known ? plural(this.#inventory.count, 'USB device') : '');
    if (known) setText(this.#none, 'No USB device is attached.');
    this.#none.hidden = known && this.#inventory.items.size > 0;
    branch(this.#tree, this.#inventory.tree());
  }

  /** @param {Peripherals['i2c']} i2c */
  #showI2c(i2c) {
    this.#i2c.hidden = !i2c || (i2c.buses.length === 0 && i2c.devices.length === 0);
    this.#buses.replaceChildren(...(i2c?.buses ?? []).map((b) =>
      row([String(b.bus), b.label || b.adapter, b.error_count ? `${b.error_count}${b.last_error ? `, last: ${b.last_error}` : ''}` : 'none'])));
    this.#chips.replaceChildren(...(i2c?.devices ?? []).map((d) => row([String(d.bus), d.address_hex, d.name ?? d.kind ?? 'unknown', d.driver ?? 'none'])));
  }

  /** @param {string[]} texts */
  #tell(texts) {
    this.#notes.replaceChildren(...texts.map((text) => h('p', { class: 'note warn' }, text)));
  }
}

/** @param {HTMLElement} list @param {Node[]} nodes */
function branch(list, nodes) {
  keyed(list, nodes, (n) => n.key, makeNode, (el, node) => {
    fillNode(/** @type {HTMLElement} */ (el.firstElementChild), node);
    const inner = /** @type {HTMLElement} */ (el.lastElementChild);
    inner.hidden = node.children.length === 0;
    branch(inner, node.children);
  });
}

/** @param {Node} node */
function makeNode(node) {
  const line = node.label
    ? h('div', { class: 'node structure' }, node.label)
    : h('div', { class: 'node' }, icon('usb'), h('span', { class: 'node-name' }), h('code', { class: 'dim' }), h('span', { class: 'badge' }), h('div', { class: 'node-warnings' }));
  return h('li', {}, line, h('ul', {}));
}

/** @param {HTMLElement} line @param {Node} node */
function fillNode(line, { item }) {
  const [, name, id, badge, warnings] = /** @type {HTMLElement[]} */ ([...line.children]);
  if (!item || !name || !id || !badge || !warnings) return;
  const now = performance.now();
  const fresh = item.goneAt === 0 && item.since > 0 && now - item.since < NEW_MS;
  const [ids = '', place = ''] = item.device.id.split('@');
  setText(name, item.device.description || 'USB device');
  setText(id, `${ids} at ${place}`);
  setAttr(line, 'data-state', item.goneAt > 0 ? 'gone' : fresh ? 'new' : null);
  setText(badge, item.goneAt > 0 ? `removed ${age(now - item.goneAt)} ago` : fresh ? `attached ${age(now - item.since)} ago` : item.device.kind === 'usb' ? '' : item.device.kind);
  badge.hidden = badge.textContent === '';
  keyed(warnings, item.device.warnings ?? [], (w) => w.code, (w) => h('p', { class: 'note warn', title: w.code }, icon('warn'), w.message), () => {});
}

/** @param {string[]} head @param {HTMLElement} body */
function table(head, body) {
  return h('div', { class: 'scroll-x' }, h('table', { class: 'plain' }, h('thead', {}, h('tr', {}, ...head.map((t) => h('th', { scope: 'col' }, t)))), body));
}

/** @param {string[]} cells */
function row(cells) {
  return h('tr', {}, ...cells.map((c) => h('td', {}, c)));
}

customElements.define('hg-devices', Devices);
