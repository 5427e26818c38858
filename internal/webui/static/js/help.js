// @ts-check
// The dialog that lists the shortcuts in force.

import { h } from './lib/dom.js';

/** @param {import('./keys.js').Keys} keys */
export function showHelp(keys) {
  /** @type {Map<string, HTMLElement[]>} */
  const groups = new Map();
  for (const { keys: combo, label, group } of keys.list()) {
    const list = groups.get(group) ?? [];
    list.push(h('div', { class: 'help-row' },
      h('dt', {}, ...combo.split(' ').map((key) => h('kbd', {}, key === 'Escape' ? 'Esc' : key))), h('dd', {}, label)));
    groups.set(group, list);
  }
  const dialog = h('dialog', { class: 'dialog help', 'aria-labelledby': 'help-title' },
    h('h2', { id: 'help-title' }, 'Keyboard'),
    h('div', { class: 'help-groups' },
      ...[...groups].map(([name, rows]) => h('section', {}, h('h3', {}, name), h('dl', {}, ...rows)))),
    h('form', { method: 'dialog', class: 'form-actions' }, h('button', { class: 'primary' }, 'Close')));
  dialog.addEventListener('close', () => dialog.remove());
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
}
