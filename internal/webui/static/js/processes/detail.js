// @ts-check
// The selected process in full.

import { h, setText } from '../lib/dom.js';
import { bytes, percent } from '../lib/format.js';
import { icon } from '../lib/icons.js';
import { commandLine } from './model.js';

/** @typedef {import('../types.d.ts').ProcessSample} ProcessSample */

export class ProcessDetail {
  #title = h('h2', {});
  #facts = h('p', { class: 'dim' });
  #args = h('ol', { class: 'args', start: 0 });
  /** Set by the owner. @type {() => void} */
  onClose = () => {};
  el = h('aside', { class: 'detail', 'aria-label': 'Selected process', hidden: true },
    h('header', {}, this.#title, h('button', { type: 'button', class: 'icon-button', 'aria-label': 'Close', onclick: () => this.onClose() }, icon('close'))),
    this.#facts, this.#args);
  #shown = '';

  /** @param {ProcessSample | undefined} p undefined when it is gone @param {number} pid 0 when none is selected */
  update(p, pid) {
    this.el.hidden = pid === 0;
    if (pid === 0) return;
    if (!p) {
      setText(this.#facts, 'This process is not in the newest snapshot: it has ended, or it is not among the busiest.');
      return;
    }
    setText(this.#title, `${p.name} · ${p.pid}`);
    setText(this.#facts, `${p.status ?? 'state unknown'} · ${percent(p.cpu_percent)} CPU · ${bytes(p.memory_bytes)} resident · ${bytes(p.virtual_memory_bytes)} virtual`);
    const key = `${p.pid} ${commandLine(p)}`;
    if (key === this.#shown) return;
    this.#shown = key;
    this.#args.replaceChildren(...(p.cmd ?? ['no command line (kernel thread)']).map((arg) => h('li', {}, arg)));
  }
}
