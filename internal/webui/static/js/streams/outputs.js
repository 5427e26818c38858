// @ts-check
// What the pipeline finds, live: the newest value of each data output, and the
// list of the outputs whose pictures can be shown.

import { ageTag } from '../lib/age.js';
import { h, keyed, setText } from '../lib/dom.js';
import { StreamSocket, streamPath } from './socket.js';

/** Interval asked for values. */
const VALUES_MS = 100;
/** Characters of a value that are shown. */
const MAX_CHARS = 4000;

/**
 * @typedef {import('./types.d.ts').Output} Output
 * @typedef {import('./types.d.ts').Sample} Sample
 */

/** Fires "list" when the outputs changed. */
export class OutputsPanel extends EventTarget {
  /** @type {Output[]} */
  list = [];
  /** Called with each value. @type {(sample: Sample) => void} */
  onSample = () => {};
  #id = '';
  /** @type {StreamSocket | undefined} */
  #socket;
  /** @type {Map<string, {sample: Sample, at: number}>} */
  #newest = new Map();
  #ports = h('div', { class: 'ports' });
  el = h('section', { class: 'card', 'aria-label': 'Data of the pipeline', hidden: true }, h('div', { class: 'card-head' }, h('h2', {}, 'Data')), this.#ports);

  /** @param {string} id */
  open(id) {
    this.close();
    this.#id = id;
    this.#socket = new StreamSocket(() => streamPath(id, 'outputs'), { message: (m) => this.#message(m) });
  }

  close() {
    this.#socket?.close();
    this.#socket = undefined;
    if (!this.#id) return;
    this.#id = '';
    this.#newest.clear();
    this.#setList([]);
  }

  /** @param {any} message */
  #message(message) {
    if (Array.isArray(message.outputs)) this.#setList(message.outputs);
    else if (typeof message.port === 'string') this.#sample(message);
  }

  /** @param {Output[]} list */
  #setList(list) {
    this.list = list;
    const data = list.filter((o) => !o.previewable);
    for (const port of this.#newest.keys()) if (!data.some((o) => o.name === port)) this.#newest.delete(port);
    this.el.hidden = data.length === 0;
    this.#render();
    this.#socket?.send({ type: 'subscribe', ports: data.map((o) => o.name), interval_ms: VALUES_MS, request_id: 'values' });
    this.dispatchEvent(new Event('list'));
  }

  /** @param {Sample} sample */
  #sample(sample) {
    this.#newest.set(sample.port, { sample, at: performance.now() });
    this.onSample(sample);
    this.#render();
  }

  #render() {
    keyed(this.#ports, this.list.filter((o) => !o.previewable), (o) => o.name, (o) => this.#make(o), (el, o) => {
      const sample = this.#newest.get(o.name)?.sample;
      const [, brief, full] = /** @type {HTMLElement[]} */ ([...el.children]);
      if (!brief || !full) return;
      setText(brief, sample ? sample.error ?? briefly(sample.value) : 'no value yet');
      brief.classList.toggle('field-error', Boolean(sample?.error));
      const text = sample && !sample.error ? JSON.stringify(sample.value, null, 2) : '';
      const pre = /** @type {HTMLElement} */ (full.lastElementChild);
      full.hidden = !text;
      if (/** @type {HTMLDetailsElement} */ (full).open) setText(pre, text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)}\n…` : text);
    });
  }

  /** @param {Output} o */
  #make(o) {
    return h('div', { class: 'port aged', 'data-port': o.name },
      h('div', { class: 'port-head' }, h('code', {}, o.name), ageTag(() => performance.now() - (this.#newest.get(o.name)?.at ?? NaN), VALUES_MS)),
      h('p', { class: 'value-line' }),
      h('details', { ontoggle: () => this.#render() }, h('summary', {}, 'JSON'), h('pre', { class: 'mono' })));
  }
}

/** The plain members of a value in one line. Pure. @param {any} value */
export function briefly(value) {
  if (typeof value !== 'object' || value === null) return String(value);
  const parts = Object.entries(value).map(([key, v]) => {
    if (Array.isArray(v)) return key in value && typeof value.count === 'number' ? '' : `${v.length} ${key}`;
    if (typeof v === 'number') return `${key} ${Number(v.toFixed(2))}`;
    if (typeof v === 'boolean') return v ? key : `not ${key}`;
    if (v === null || typeof v === 'object') return '';
    return `${key} ${v}`;
  });
  return parts.filter(Boolean).join(' · ') || 'empty';
}
