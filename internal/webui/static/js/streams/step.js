// @ts-check
// One step of a pipeline: its parameters, and what moves and removes it.

import { h, setAttr, setText } from '../lib/dom.js';
import { icon } from '../lib/icons.js';
import { Field } from './fields.js';
import { problem } from './graph.js';

/**
 * @typedef {import('./types.d.ts').Processor} Processor
 * @typedef {import('./types.d.ts').ProcessorParam} Param
 * @typedef {import('./types.d.ts').Step} Step
 * @typedef {object} StepActions
 * @property {number} index
 * @property {number} count of steps
 * @property {(to: number) => void} move
 * @property {(from: number) => void} drop another step was dropped here
 * @property {() => void} remove
 * @property {(next: Step) => void} change
 */

/** What is carried while a step is dragged. */
const DRAGGED = 'application/x-heliograph-step';

export class StepRow {
  #step;
  #on;
  #error = h('p', { class: 'field-error', role: 'alert', hidden: true });
  #fields;
  el;

  /** @param {Step} step @param {string} title @param {Processor | undefined} processor @param {StepActions} on */
  constructor(step, title, processor, on) {
    this.#step = step;
    this.#on = on;
    this.#fields = (processor?.params ?? []).map((p) => this.#field(p));
    const tool = (/** @type {string} */ name, /** @type {string} */ label, /** @type {() => void} */ run, disabled = false) =>
      h('button', { type: 'button', class: 'icon-button', title: label, 'aria-label': `${label}: ${title}`, disabled, onclick: run }, icon(name));
    const grip = h('span', { class: 'pipe-step-grip', draggable: true, 'aria-hidden': 'true' }, icon('grip'));
    this.el = h('li', { class: 'pipe-step', tabIndex: -1, 'data-step': title, 'aria-label': `Step ${on.index + 1}: ${title}` },
      h('div', { class: 'pipe-step-head' }, grip, h('span', { class: 'pipe-step-name' }, title), processor?.data && h('span', { class: 'badge' }, 'data'),
        h('span', { class: 'pipe-step-tools' },
          tool('up', 'Earlier (Alt ↑)', () => on.move(on.index - 1), on.index === 0),
          tool('low', 'Later (Alt ↓)', () => on.move(on.index + 1), on.index === on.count - 1),
          tool('bin', 'Remove (Delete)', on.remove))),
      processor?.doc && h('p', { class: 'field-hint' }, processor.doc),
      !processor && h('p', { class: 'field-error' }, 'This device has no such processor.'),
      this.#fields.length > 0 && h('div', { class: 'pipe-step-params' }, ...this.#fields.map((f) => f.el)), this.#error);
    this.el.addEventListener('keydown', (e) => this.#onKey(e));
    this.#drag(grip);
  }

  get wrong() {
    return this.#fields.some((f) => f.wrong);
  }

  focus() {
    this.el.focus();
  }

  /** Shows what the device said of this step, at the parameter if it names one. @param {string} text */
  say(text) {
    const name = /params\.(\w+)/.exec(text)?.[1];
    const field = this.#fields.find((f) => f.name === name);
    if (field) field.say(text);
    else {
      setText(this.#error, text);
      this.#error.hidden = false;
    }
    this.el.scrollIntoView({ block: 'nearest' });
  }

  /** @param {Param} p */
  #field(p) {
    const value = this.#step.params[p.name] ?? p.default;
    const input = typeof p.default === 'boolean' ? h('input', { type: 'checkbox', checked: Boolean(value) })
      : typeof p.default === 'number' ? h('input', { type: 'number', value: String(value), min: String(p.min ?? ''), max: String(p.max ?? ''), step: 'any' })
        : h('input', { type: isColour(p, value) ? 'color' : 'text', value: String(value), maxLength: 256 });
    const field = new Field(p.name, p.name.replaceAll('_', ' '), input, p.doc ?? '');
    input.addEventListener('input', () => {
      const now = input.type === 'checkbox' ? input.checked : input.type === 'number' ? (input.value === '' ? NaN : Number(input.value)) : input.value;
      field.say(problem(p, now));
      this.#error.hidden = true;
      this.#step = { ...this.#step, params: { ...this.#step.params, [p.name]: now } };
      this.#on.change(this.#step);
    });
    return field;
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const { index } = this.#on;
    const typing = event.target instanceof HTMLInputElement;
    if (event.altKey && event.key === 'ArrowUp') this.#on.move(index - 1);
    else if (event.altKey && event.key === 'ArrowDown') this.#on.move(index + 1);
    else if (event.key === 'Delete' && !typing) this.#on.remove();
    else return;
    event.preventDefault();
  }

  /** @param {HTMLElement} grip */
  #drag(grip) {
    grip.addEventListener('dragstart', (e) => {
      e.dataTransfer?.setData(DRAGGED, String(this.#on.index));
      e.dataTransfer?.setDragImage(this.el, 12, 12);
      setAttr(this.el, 'data-dragged', '');
    });
    grip.addEventListener('dragend', () => setAttr(this.el, 'data-dragged', null));
    const over = (/** @type {DragEvent} */ e) => {
      if (!e.dataTransfer?.types.includes(DRAGGED)) return;
      e.preventDefault();
      setAttr(this.el, 'data-over', '');
    };
    this.el.addEventListener('dragenter', over);
    this.el.addEventListener('dragover', over);
    this.el.addEventListener('dragleave', () => setAttr(this.el, 'data-over', null));
    this.el.addEventListener('drop', (e) => {
      setAttr(this.el, 'data-over', null);
      const from = e.dataTransfer?.getData(DRAGGED);
      if (!from) return;
      e.preventDefault();
      this.#on.drop(Number(from));
    });
  }
}

/** @param {Param} p @param {unknown} value */
function isColour(p, value) {
  return /colou?r/.test(p.name) && /^#[0-9a-f]{6}$/i.test(String(value));
}
