// @ts-check
// The controls of a camera. A value is sent while it is being moved; the socket
// merges what comes too quickly. What is shown as the value is what the device
// has acknowledged.

import { h, setAttr, setText } from '../lib/dom.js';
import { json } from '../lib/http.js';
import { fromValue, itemsOf, toValue } from './controlvalue.js';
import { StreamSocket, streamPath } from './socket.js';

/**
 * @typedef {import('./types.d.ts').ControlMeta} ControlMeta
 * @typedef {import('./controlvalue.js').Plain} Plain
 */

export class ControlsPanel {
  #id = '';
  /** @type {StreamSocket | undefined} */
  #socket;
  #requests = 0;
  /** @type {Map<string, {row: ControlRow, value: Plain}>} */
  #waiting = new Map();
  /** @type {Map<number, ControlRow>} */
  #rows = new Map();
  #list = h('div', { class: 'control-list' });
  #none = h('p', { class: 'dim' }, 'This camera has no controls.');
  el = h('section', { class: 'card controls-card', 'aria-label': 'Camera controls' }, h('div', { class: 'card-head' }, h('h2', {}, 'Controls')), this.#none, this.#list);

  /** @param {string} id @param {readonly {id: number, value: import('./types.d.ts').ControlValue}[]} kept values that the stream's settings have */
  async open(id, kept) {
    this.close();
    this.#id = id;
    /** @type {ControlMeta[]} */
    const controls = await json(`v1/streams/${id}/controls`).catch(() => []);
    if (this.#id !== id) return; // another stream was opened meanwhile
    this.#none.hidden = controls.length > 0;
    this.#rows = new Map(controls.map((c) => {
      const known = c.value ?? kept.find((k) => k.id === c.id)?.value;
      return [c.id, new ControlRow(c, known === undefined ? undefined : fromValue(known), (row, value) => this.#set(row, value))];
    }));
    this.#list.replaceChildren(...[...this.#rows.values()].map((r) => r.el));
    if (controls.length === 0) return;
    this.#socket = new StreamSocket(() => streamPath(id, 'controls'), {
      message: (m) => this.#answer(m),
      lost: () => this.#lost(),
    });
  }

  close() {
    this.#id = '';
    this.#socket?.close();
    this.#socket = undefined;
    this.#waiting.clear();
  }

  /** @param {ControlRow} row @param {Plain} value */
  #set(row, value) {
    const request = `control-${++this.#requests}`;
    const sent = this.#socket?.send({ type: 'set_control', control_id: row.meta.id, value: toValue(row.meta.kind, value), request_id: request });
    if (!sent) {
      row.failed('the connection to the controls is not open');
      return;
    }
    this.#waiting.set(request, { row, value });
    row.pending(true);
  }

  /** @param {{type: string, request_id?: string, error?: string}} message */
  #answer(message) {
    const waiting = this.#waiting.get(message.request_id ?? '');
    if (!waiting) return;
    const { row, value } = waiting;
    // Answers come in order: older requests for this control were merged into this one.
    for (const [id, other] of this.#waiting) {
      if (other.row === row) this.#waiting.delete(id);
      if (id === message.request_id) break;
    }
    row.pending([...this.#waiting.values()].some((w) => w.row === row));
    if (message.type === 'ack') row.acknowledged(value);
    else if (message.type === 'error') row.failed(message.error ?? 'the device refused');
  }

  #lost() {
    for (const { row } of this.#waiting.values()) row.failed('the connection was lost before the device answered');
    this.#waiting.clear();
  }
}

class ControlRow {
  #set;
  /** What the device has, undefined while unknown. */
  #value;
  #shown = h('output', { class: 'control-value' });
  #error = h('p', { class: 'field-error', role: 'alert', hidden: true });
  /** @type {HTMLInputElement | HTMLSelectElement | HTMLButtonElement | undefined} */
  #input;
  el;

  /** @param {ControlMeta} meta @param {Plain | undefined} value @param {(row: ControlRow, value: Plain) => void} set */
  constructor(meta, value, set) {
    this.meta = meta;
    this.#set = set;
    this.#value = value;
    this.#input = this.#make();
    const id = `control-${meta.id}`;
    const standard = fromValue(meta.default);
    const reset = h('button', { type: 'button', class: 'link-button', title: `Back to ${this.#text(standard)}`, onclick: () => this.#back(standard) }, 'default');
    const changeable = meta.access !== 'ReadOnly' && this.#input !== undefined;
    if (this.#input) this.#input.id = id;
    this.el = h('div', { class: 'control', 'data-control': meta.id, 'data-kind': meta.kind },
      h('div', { class: 'control-head' }, h('label', { htmlFor: id }, meta.name), this.#shown, changeable && meta.kind !== 'None' && reset),
      this.#input, this.#error);
    this.#show();
  }

  /** @returns {HTMLInputElement | HTMLSelectElement | HTMLButtonElement | undefined} */
  #make() {
    const { kind, access, menu } = this.meta;
    const disabled = access === 'ReadOnly';
    const min = fromValue(this.meta.min);
    const max = fromValue(this.meta.max);
    switch (kind) {
      case 'None': return h('button', { type: 'button', disabled, onclick: () => this.#set(this, undefined) }, 'Do it');
      case 'Bool': return h('input', { type: 'checkbox', disabled, onchange: () => this.#changed() });
      case 'Menu': case 'IntMenu':
        return h('select', { disabled, onchange: () => this.#changed() }, ...itemsOf(menu ?? []).map(([v, text]) => h('option', { value: String(v) }, text)));
      case 'Int': case 'Float': {
        const step = this.meta.step ? String(fromValue(this.meta.step)) : kind === 'Float' ? 'any' : '1';
        return h('input', { type: 'range', min: String(min), max: String(max), step, disabled, oninput: () => this.#changed() });
      }
      case 'Uint': return h('input', { type: 'number', min: String(min), max: String(max), step: '1', disabled, onchange: () => this.#changed() });
      default: return undefined;
    }
  }

  #changed() {
    const input = this.#input;
    this.#say('');
    if (input instanceof HTMLInputElement && input.type === 'checkbox') this.#set(this, input.checked);
    else if (input) this.#set(this, Number(input.value));
  }

  /** @param {Plain} standard */
  #back(standard) {
    this.#say('');
    this.#set(this, standard);
  }

  /** @param {Plain} value */
  acknowledged(value) {
    this.#value = value;
    this.#say('');
    this.#show();
  }

  /** @param {string} text */
  failed(text) {
    this.pending(false);
    this.#say(text);
    this.#show();
  }

  /** @param {boolean} on */
  pending(on) {
    setAttr(this.el, 'data-pending', on ? '' : null);
  }

  /** Puts the field to what the device has, unless a person is moving it on. */
  #show() {
    const value = this.#value;
    setText(this.#shown, this.meta.kind === 'None' ? '' : this.#text(value));
    const input = this.#input;
    if (this.el?.hasAttribute('data-pending') || !input || input instanceof HTMLButtonElement) return;
    const to = value ?? fromValue(this.meta.default);
    if (input instanceof HTMLInputElement && input.type === 'checkbox') input.checked = Boolean(to);
    else if (to !== undefined) input.value = String(Number(to));
  }

  /** @param {Plain | undefined} value */
  #text(value) {
    if (value === undefined) return 'not known';
    if (typeof value === 'boolean') return value ? 'on' : 'off';
    const item = itemsOf(this.meta.menu ?? []).find(([v]) => v === value);
    return item ? item[1] : String(Number(value.toFixed(3)));
  }

  /** @param {string} text */
  #say(text) {
    setText(this.#error, text);
    this.#error.hidden = !text;
    if (this.#input) setAttr(this.#input, 'aria-invalid', text ? 'true' : null);
  }
}
