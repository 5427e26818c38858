// @ts-check
// A terminal on the screen: xterm.js, fitted to its place, with copy and paste.

import { FitAddon } from '../../vendor/xterm-addon-fit-0.11.0/addon-fit.mjs';
import { Terminal } from '../../vendor/xterm-6.0.0/xterm.mjs';
import { h } from '../lib/dom.js';
import { theme } from '../theme.js';
import { dark, light } from './colours.js';
import { openWithinPolicy } from './csp.js';

/** Sizes the device accepts. */
export const COLS = { min: 40, max: 320 };
export const ROWS = { min: 12, max: 160 };
const SCROLLBACK = 5000;
/** Font sizes tried from the largest, so that a phone reaches 40 columns. */
const FONT_SIZES = [13, 12, 11, 10, 9, 8];
/** Characters given to xterm.js at a time: what it has taken cannot be taken back. */
const FEED_CHARS = 128 << 10;
/** Characters waiting for it above which this page is too slow for the output. */
const BACKLOG_CHARS = 1 << 20;
/** What a terminal answers to questions in the output: cursor position, device attributes, colours, modes. */
// eslint-disable-next-line no-control-regex
const REPLY = /^(?:\x1b\[[?>]?[\d;]*[cRnt]|\x1b\[\?[\d;]*\$y|\x1bP[^\x1b]*\x1b\\|\x1b\]\d+;[^\x07\x1b]*(?:\x07|\x1b\\))+$/;

export class Screen {
  #fit = new FitAddon();
  /** @type {string[]} */
  #queue = [];
  #queued = 0;
  #fed = 0;
  #place = h('div', { class: 'term-place' });
  #observer = new ResizeObserver(() => this.#fitSoon());
  #fitTimer = 0;
  el = h('div', { class: 'term' }, this.#place);
  term = new Terminal({
    scrollback: SCROLLBACK, fontSize: FONT_SIZES[0], lineHeight: 1.15, cursorBlink: true,
    fontFamily: 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
    minimumContrastRatio: 4.5, macOptionIsMeta: true, allowProposedApi: false, logLevel: 'error',
    theme: theme.dark ? dark : light,
  });
  /** While old output is replayed, answers to the questions in it are kept back: they were given long ago. */
  replaying = false;
  /** Typed text and answers of the terminal. @type {(data: string) => void} */
  onInput = () => {};
  /** Raw bytes, as mouse reports of old programs are. @type {(bytes: Uint8Array<ArrayBuffer>) => void} */
  onBytes = () => {};
  /** The size that fits changed. @type {(cols: number, rows: number) => void} */
  onResize = () => {};
  /** A key that leaves the terminal was pressed. */
  onLeave = () => {};
  #opened = false;
  #unstyle = () => {};
  #onTheme = () => {
    this.term.options.theme = theme.dark ? dark : light;
  };

  constructor() {
    this.term.loadAddon(this.#fit);
    this.term.onData((data) => {
      if (!(this.replaying && REPLY.test(data))) this.onInput(data);
    });
    this.term.onBinary((data) => this.onBytes(Uint8Array.from(data, (c) => c.charCodeAt(0))));
    this.term.attachCustomKeyEventHandler((event) => this.#onKey(event));
    theme.addEventListener('change', this.#onTheme);
  }

  /** Shows the terminal; its element must be in the page. */
  show() {
    if (!this.#opened) {
      this.#opened = true;
      this.#unstyle = openWithinPolicy(this.term, this.#place);
      this.#observer.observe(this.el);
    }
    this.fit();
    this.term.focus();
  }

  dispose() {
    this.#observer.disconnect();
    theme.removeEventListener('change', this.#onTheme);
    this.term.dispose();
    this.#unstyle();
  }

  /** Writes output. @param {string} data @returns {boolean} false when the screen is too far behind: nothing of the backlog is kept */
  write(data) {
    if (this.#queued > BACKLOG_CHARS) {
      this.#queue = [];
      this.#queued = 0;
      return false;
    }
    this.#queue.push(data);
    this.#queued += data.length;
    this.#feed();
    return true;
  }

  #feed() {
    while (this.#fed < FEED_CHARS && this.#queue.length > 0) {
      const data = /** @type {string} */ (this.#queue.shift());
      this.#queued -= data.length;
      this.#fed += data.length;
      this.term.write(data, () => {
        this.#fed -= data.length;
        this.#feed();
      });
    }
  }

  /** Empties the screen and forgets what waits. @param {number} cols @param {number} rows */
  reset(cols, rows) {
    this.#queue = [];
    this.#queued = 0;
    this.term.reset();
    this.term.resize(cols, rows);
  }

  /** Calls done when what xterm.js has been given is on the screen. @param {() => void} done */
  drained(done) {
    this.term.write('', done);
  }

  #fitSoon() {
    cancelAnimationFrame(this.#fitTimer);
    this.#fitTimer = requestAnimationFrame(() => this.fit());
  }

  /** Fits columns and rows to the place, with a smaller font where too few columns fit. */
  fit() {
    if (!this.#opened || this.el.clientWidth === 0) return;
    let size;
    for (const font of FONT_SIZES) {
      this.term.options.fontSize = font;
      size = this.#fit.proposeDimensions();
      if (size && size.cols >= COLS.min) break;
    }
    if (!size) return;
    const cols = clamp(size.cols, COLS);
    const rows = clamp(size.rows, ROWS);
    if (cols !== this.term.cols || rows !== this.term.rows) this.term.resize(cols, rows);
    this.onResize(cols, rows);
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether xterm.js handles the key */
  #onKey(event) {
    if (event.type !== 'keydown' || !event.ctrlKey || !event.shiftKey || event.altKey) return true;
    if (event.code === 'KeyC') {
      event.preventDefault();
      void this.copy();
      return false;
    }
    if (event.code === 'KeyV') return false; // the browser pastes into the terminal's field
    if (event.code === 'ArrowUp') {
      event.preventDefault();
      this.onLeave();
      return false;
    }
    return true;
  }

  /** Copies the selection. @returns {Promise<boolean>} whether there was one and it was copied */
  async copy() {
    const text = this.term.getSelection();
    if (!text) return false;
    if (!navigator.clipboard) return copyByCommand(text);
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return copyByCommand(text);
    }
  }

  /** Pastes the clipboard where the page may read it. @returns {Promise<boolean>} */
  async paste() {
    try {
      this.term.paste(await navigator.clipboard.readText());
      return true;
    } catch {
      return false;
    }
  }
}

/** Copies where the clipboard interface is missing, as it is on plain http. @param {string} text */
function copyByCommand(text) {
  const field = h('textarea', { value: text, class: 'sr-only' });
  const before = /** @type {HTMLElement | null} */ (document.activeElement);
  document.body.append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  before?.focus();
  return done;
}

/** @param {number} n @param {{min: number, max: number}} range */
function clamp(n, { min, max }) {
  return Math.min(max, Math.max(min, n));
}
