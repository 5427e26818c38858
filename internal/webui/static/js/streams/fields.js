// @ts-check
// Form fields with a label, an explanation and a place for what is wrong.

import { h, setAttr, setText } from '../lib/dom.js';

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Control */

let made = 0;

export class Field {
  #error = h('p', { class: 'field-error', hidden: true });
  #hint;
  el;

  /** @param {string} name @param {string} label @param {Control} control @param {string} [hint] */
  constructor(name, label, control, hint = '') {
    this.name = name;
    this.control = control;
    control.id ||= `field-${name}-${++made}`;
    control.name = name;
    this.#hint = h('p', { class: 'field-hint', hidden: !hint }, hint);
    this.#error.id = `${control.id}-error`;
    const isCheck = control instanceof HTMLInputElement && control.type === 'checkbox';
    this.el = isCheck
      ? h('div', { class: 'form-field', 'data-field': name }, h('label', { class: 'check' }, control, label), this.#hint, this.#error)
      : h('div', { class: 'form-field', 'data-field': name }, h('label', { htmlFor: control.id }, label), control, this.#hint, this.#error);
  }

  get value() {
    return this.control.value;
  }

  /** @param {string} hint */
  explain(hint) {
    setText(this.#hint, hint);
    this.#hint.hidden = !hint;
  }

  /** Says what is wrong; empty for nothing. @param {string} text */
  say(text) {
    setText(this.#error, text);
    this.#error.hidden = !text;
    setAttr(this.control, 'aria-invalid', text ? 'true' : null);
    setAttr(this.control, 'aria-describedby', text ? this.#error.id : null);
  }

  get wrong() {
    return !this.#error.hidden;
  }
}

/** Fills a list of choices and keeps what was chosen, if it is still there. @param {HTMLSelectElement} select @param {readonly (readonly [string, string])[]} options @param {string} [value] */
export function fillSelect(select, options, value = select.value) {
  const key = JSON.stringify(options);
  if (select.dataset.options !== key) {
    select.dataset.options = key;
    select.replaceChildren(...options.map(([v, text]) => h('option', { value: v }, text)));
  }
  select.value = options.some(([v]) => v === value) ? value : options[0]?.[0] ?? '';
}
