// @ts-check
// Asks before a shell is ended.

import { h } from '../lib/dom.js';

/** @param {import('../types.d.ts').ConsoleSession} session @returns {Promise<boolean>} */
export function confirmEnd(session) {
  const others = session.client_count > 1 ? ` ${session.client_count - 1} more are attached to it.` : '';
  const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': 'end-title' },
    h('form', { method: 'dialog' },
      h('h2', { id: 'end-title' }, 'End this shell?'),
      h('p', {}, `${session.shell} and the programs started in it are ended.${others}`),
      h('div', { class: 'form-actions' }, h('button', { value: 'keep' }, 'Keep'), h('button', { value: 'end', class: 'danger', autofocus: true }, 'End it'))));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'end');
    });
  });
}
