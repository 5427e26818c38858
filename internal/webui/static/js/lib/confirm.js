// @ts-check
// Asks before something that cannot be taken back, and names what will happen.

import { h } from './dom.js';

/**
 * @param {{title: string, text: string, facts?: [string, string][], warning?: string, yes: string, no?: string, danger?: boolean}} question
 * @returns {Promise<boolean>} true only when yes was chosen
 */
export function confirm({ title, text, facts = [], warning = '', yes, no = 'Not now', danger = false }) {
  const dialog = h('dialog', { class: 'dialog confirm', 'aria-labelledby': 'confirm-title', 'aria-describedby': 'confirm-text' },
    h('form', { method: 'dialog' },
      h('h2', { id: 'confirm-title' }, title),
      h('p', { id: 'confirm-text' }, text),
      facts.length > 0 ? h('dl', { class: 'facts' }, ...facts.flatMap(([k, v]) => [h('dt', {}, k), h('dd', {}, v)])) : null,
      warning ? h('p', { class: 'note warn' }, warning) : null,
      h('div', { class: 'form-actions' }, h('button', { value: 'no' }, no), h('button', { value: 'yes', class: danger ? 'danger' : 'primary', autofocus: true }, yes))));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
  });
}
