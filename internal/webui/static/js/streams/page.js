// @ts-check
import { h } from '../lib/dom.js';
export class StreamPage {
  /** @type {import('../types.d.ts').App} */
  app = /** @type {any} */ (undefined);
  /** @type {import('./store.js').StreamStore} */
  store = /** @type {any} */ (undefined);
  onBack = () => {};
  /** @type {(id: string) => void} */
  onEdit = () => {};
  el = h('div', { class: 'stream-page', hidden: true });
  /** @param {string} id */
  show(id) { this.el.hidden = !id; }
  changed() {}
  tick() {}
}
