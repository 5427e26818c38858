// @ts-check
// Keys that on-screen keyboards lack. Ctrl and Alt are sticky for one key.

import { h, setAttr } from '../lib/dom.js';

/** Name, label, sequence; arrow keys depend on the mode of the terminal. @type {readonly [string, string, string][]} */
const KEYS = [
  ['Escape', 'Esc', '\x1b'], ['Tab', 'Tab', '\t'], ['Control', 'Ctrl', ''], ['Alt', 'Alt', ''],
  ['Left', '←', 'D'], ['Up', '↑', 'A'], ['Down', '↓', 'B'], ['Right', '→', 'C'],
  ['Home', 'Home', 'H'], ['End', 'End', 'F'], ['Pipe', '|', '|'], ['Slash', '/', '/'], ['Minus', '-', '-'], ['Tilde', '~', '~'],
];
const CURSOR = new Set(['Left', 'Up', 'Down', 'Right', 'Home', 'End']);

export class KeyBar {
  #ctrl = false;
  #alt = false;
  #tab;
  el = h('div', { class: 'keybar', role: 'toolbar', 'aria-label': 'Terminal keys' },
    ...KEYS.map(([name, label, sequence]) => h('button', {
      type: 'button', 'data-key': name, 'aria-label': name,
      // The focus, and with it the keyboard of a phone, stays with the terminal.
      onpointerdown: (/** @type {Event} */ e) => e.preventDefault(),
      onclick: () => this.#press(name, sequence),
    }, label)));

  /** @param {() => import('./tab.js').ConsoleTab | undefined} tab the tab that keys go to */
  constructor(tab) {
    this.#tab = tab;
  }

  /** Applies the sticky keys to typed text. @param {string} text */
  apply(text) {
    if (!this.#ctrl && !this.#alt) return text;
    const code = text.length === 1 ? text.toUpperCase().charCodeAt(0) : 0;
    let out = text;
    if (this.#ctrl && code >= 64 && code < 96) out = String.fromCharCode(code & 31);
    else if (this.#ctrl && text === ' ') out = '\0';
    if (this.#alt) out = `\x1b${out}`;
    this.#set(false, false);
    return out;
  }

  /** @param {string} name @param {string} sequence */
  #press(name, sequence) {
    const tab = this.#tab();
    if (name === 'Control') this.#set(!this.#ctrl, this.#alt);
    else if (name === 'Alt') this.#set(this.#ctrl, !this.#alt);
    else if (!CURSOR.has(name)) tab?.type(this.apply(sequence));
    else tab?.type(this.#cursor(sequence, tab.screen.term.modes.applicationCursorKeysMode));
    tab?.screen.term.focus();
  }

  /** @param {string} letter @param {boolean} application */
  #cursor(letter, application) {
    const modifier = 1 + (this.#alt ? 2 : 0) + (this.#ctrl ? 4 : 0);
    this.#set(false, false);
    if (modifier > 1) return `\x1b[1;${modifier}${letter}`;
    return `\x1b${application ? 'O' : '['}${letter}`;
  }

  /** @param {boolean} ctrl @param {boolean} alt */
  #set(ctrl, alt) {
    this.#ctrl = ctrl;
    this.#alt = alt;
    setAttr(/** @type {Element} */ (this.el.querySelector('[data-key=Control]')), 'aria-pressed', String(ctrl));
    setAttr(/** @type {Element} */ (this.el.querySelector('[data-key=Alt]')), 'aria-pressed', String(alt));
  }
}
