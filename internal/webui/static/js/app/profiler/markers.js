// @ts-check
// The moments that were marked in a session, and a way to mark one.

import { h, keyed, setText } from '../../lib/dom.js';
import { clockTime, count } from '../../lib/format.js';
import { icon } from '../../lib/icons.js';

/** Markers that are listed. */
const LISTED = 200;

/** @typedef {import('../types.d.ts').Marker} Marker */

/** Whether a marker is of the capture of HTTP: those are many, and shown elsewhere. @param {Marker} m */
export function ofNetwork(m) {
  return m.type.startsWith('network.request');
}

export class Markers {
  #name = h('input', { type: 'text', placeholder: 'Name', 'aria-label': 'Name of the marker', maxLength: 120 });
  #form;
  #list = h('ol', { class: 'markers' });
  #note = h('span', { class: 'dim fine' });
  #network = h('input', { type: 'checkbox' });
  el;

  /** @param {(name: string) => void} mark */
  constructor(mark) {
    this.#form = h('form', {
      class: 'form-line', hidden: true, onsubmit: (/** @type {Event} */ e) => {
        e.preventDefault();
        mark(this.#name.value.trim());
        this.#name.value = '';
      },
    }, this.#name, h('button', { type: 'submit', title: 'Mark this moment (m)' }, icon('flag'), 'Mark'));
    this.el = h('section', { class: 'card', 'aria-label': 'Markers' },
      h('header', { class: 'card-head' }, h('h2', {}, 'Markers'), this.#note, h('label', { class: 'check fine', title: 'List the markers of HTTP exchanges, too' }, this.#network, 'HTTP')), this.#form, this.#list);
  }

  /** @param {import('./feed.js').ProfilerFeed} feed */
  update({ markers, seen, active }) {
    this.#form.hidden = !active;
    const first = seen.markers - markers.length;
    const all = markers.map((m, i) => ({ m, n: first + i })).filter(({ m }) => this.#network.checked || !ofNetwork(m));
    const shown = all.slice(-LISTED).reverse();
    keyed(this.#list, shown, ({ n }) => String(n), ({ m }) => item(m), () => {});
    setText(this.#note, all.length === 0 ? 'none yet' : all.length > shown.length ? `the newest ${count(shown.length)} of ${count(all.length)}` : count(shown.length));
  }
}

/** @param {Marker} m */
function item(m) {
  return h('li', { title: m.payloadJson ?? '' },
    h('span', { class: 'mono dim' }, clockTime(Date.parse(m.tsUtc), true)), h('span', { class: 'marker-name' }, m.name), h('span', { class: 'badge' }, m.type));
}
