// @ts-check
// The lines on the screen. Elements are bounded like the store and grouped in
// blocks, so that a browser lays out only the blocks in sight.

import { h, setText } from '../lib/dom.js';
import { bytes, clockTime, count } from '../lib/format.js';
import { gravity, levelOf, parts } from './level.js';
import { appendMarked } from './search.js';
import { LogStore, MAX_LINES } from './store.js';

/** Lines of a block. */
const BLOCK = 50;
/** Least time between two drawings, in ms: lines that come faster are drawn together. */
const DRAW_MS = 100;
/** Characters of a line that are shown until it is opened. */
const LINE_CHARS = 4000;
/** Distance from the end, in CSS pixels, that still counts as the end. */
const END_PX = 30;

/**
 * @typedef {import('./store.js').Line} Line
 * @typedef {import('./store.js').Parts & {at: number, text: string}} NewLine
 */

export class LogPane {
  store = new LogStore();
  /** Lines that came while the view was paused. */
  #pending = new LogStore();
  /** Lines added to the store and not yet on the screen. @type {Line[]} */
  #fresh = [];
  #following = true;
  /** @type {RegExp | undefined} */
  #pattern;
  #only = false;
  #gravity = 0;
  /** What the owner wants to see of the lines. @type {(line: Line) => boolean} */
  #keep = () => true;
  /** Where the view was scrolled to last. */
  #top = 0;
  #dropped = h('p', { class: 'dropped', hidden: true });
  #lines = h('div', { class: 'lines' });
  #empty = h('p', { class: 'empty', hidden: true });
  el = h('div', { class: 'log-pane', tabIndex: 0, role: 'log', 'aria-label': 'Log lines', 'aria-live': 'off' }, this.#dropped, this.#lines, this.#empty);
  #drawnAt = 0;
  #scheduled = false;
  /** Where lines are that were dropped here. */
  elsewhere = 'The download has them all.';
  /** Called when following or the number of waiting lines changed. @type {() => void} */
  onChange = () => {};

  constructor() {
    this.el.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    // The view changes its size, or blocks turn out larger than guessed: the end moves, nobody scrolled.
    const keepEnd = new ResizeObserver(() => this.#following && this.#toEnd());
    keepEnd.observe(this.el);
    keepEnd.observe(this.#lines);
  }

  get following() {
    return this.#following;
  }

  /** Lines waiting behind the pause, with those dropped from the wait. */
  get waiting() {
    return this.#pending.length + this.#pending.dropped;
  }

  /** Number of lines on the screen. */
  get shownLines() {
    return this.#lines.querySelectorAll('.line').length;
  }

  /** @param {NewLine[]} lines */
  add(lines) {
    const store = this.#following ? this.store : this.#pending;
    for (const l of lines) {
      const line = l.origin === undefined ? store.add(l.at, l.text) : store.add(l.at, l.text, l);
      if (this.#following) this.#fresh.push(line);
    }
    this.#changed();
  }

  /** @param {string} text @param {'info' | 'warn'} tone */
  note(text, tone) {
    const line = (this.#following ? this.store : this.#pending).note(Date.now(), text, tone);
    if (this.#following) this.#fresh.push(line);
    this.#changed();
  }

  #changed() {
    // Only the newest are worth drawing; cutting seldom keeps a flood cheap.
    if (this.#fresh.length > 2 * MAX_LINES) this.#fresh.splice(0, this.#fresh.length - MAX_LINES);
    if (this.#scheduled) return;
    this.#scheduled = true;
    const wait = Math.max(0, this.#drawnAt + DRAW_MS - performance.now());
    setTimeout(() => requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#draw();
    }), wait);
  }

  /** Texts of the newest lines of the log, oldest first. @param {number} n */
  newest(n) {
    const all = [...this.store.lines, ...this.#pending.lines];
    return all.filter((l) => !l.note).slice(-n).map((l) => l.text);
  }

  clear() {
    this.store.clear();
    this.#pending.clear();
    this.#rebuild();
    this.onChange();
  }

  /** @param {boolean} on */
  follow(on) {
    if (on === this.#following) return;
    this.#following = on;
    if (on) this.#release();
    this.onChange();
  }

  /** Puts what waited onto the screen. */
  #release() {
    this.store.dropped += this.#pending.dropped;
    if (this.#pending.dropped > 0) this.store.note(Date.now(), `${count(this.#pending.dropped)} lines were dropped while paused`, 'warn');
    for (const line of this.#pending.lines) {
      if (line.note) this.store.note(line.at, line.text, line.note);
      else this.store.add(line.at, line.text, line.origin === undefined ? undefined : line);
    }
    this.#pending.clear();
    this.#rebuild();
    this.#toEnd();
  }

  /** @param {RegExp | undefined} pattern @param {boolean} only whether to hide lines without a match @param {number} gravityFrom least gravity shown @param {(line: Line) => boolean} [keep] what else is asked of lines */
  filter(pattern, only, gravityFrom, keep = () => true) {
    this.#keep = keep;
    this.#pattern = pattern;
    this.#only = only;
    this.#gravity = gravityFrom;
    this.#rebuild();
    if (this.#following) this.#toEnd();
  }

  /** @param {Line} line */
  #shown(line) {
    if (line.note) return true;
    if (this.#gravity > 0 && gravity(level(line)) < this.#gravity) return false;
    if (!this.#keep(line)) return false;
    const pattern = this.#pattern;
    return !this.#only || !pattern || [line.text, line.origin, line.more].some((text) => text !== undefined && text.search(pattern) >= 0);
  }

  #rebuild() {
    this.#lines.replaceChildren();
    this.#fresh = [...this.store.lines];
    this.#draw();
  }

  #draw() {
    if (this.el.clientHeight === 0 && this.#fresh.length < MAX_LINES) return; // out of sight: drawn when shown
    this.#drawnAt = performance.now();
    const { first } = this.store;
    this.#append(this.#fresh.filter((line) => line.n >= first && this.#shown(line)));
    this.#fresh = [];
    this.#trim();
    this.#dropped.hidden = this.store.dropped === 0;
    setText(this.#dropped, `${count(this.store.dropped)} older lines were dropped from this view, which keeps the newest ${count(MAX_LINES)}. ${this.elsewhere}`);
    if (this.#following) this.#toEnd();
    this.onChange();
  }

  /** Draws what was left while out of sight. */
  refresh() {
    this.#draw();
  }

  /** Fills the last block and adds new ones, each made whole before it comes into the page. @param {Line[]} lines */
  #append(lines) {
    let block = /** @type {HTMLElement | null} */ (this.#lines.lastElementChild);
    for (let at = 0; at < lines.length;) {
      const room = BLOCK - (block?.childElementCount ?? BLOCK);
      if (!block || room <= 0) {
        block = h('div', { class: 'block' });
        this.#lines.append(block);
        continue;
      }
      const part = lines.slice(at, at + room);
      block.append(...part.map((line) => this.#element(line)));
      block.dataset.last = String(part.at(-1)?.n);
      at += part.length;
    }
  }

  /** @param {Line} line */
  #element(line) {
    if (line.note) return h('div', { class: 'line-note', 'data-tone': line.note }, line.text);
    const el = h('div', { class: 'line', 'data-level': level(line) || null });
    if (line.origin !== undefined) return this.#inParts(el, line);
    const [time, origin, message] = parts(line.text);
    const stamp = time || `${clockTime(line.at, true)} `;
    el.append(h('span', { class: time ? 'time' : 'time read', title: time ? '' : 'when the server read the line' }, stamp));
    if (origin) appendMarked(el.appendChild(h('span', { class: 'origin' })), origin, this.#pattern);
    const text = el.appendChild(h('span', { class: 'text' }));
    appendMarked(text, message.slice(0, LINE_CHARS), this.#pattern);
    if (message.length > LINE_CHARS) el.append(this.#more(text, message));
    return el;
  }

  /** Fills in a line whose parts are known. @param {HTMLElement} el @param {Line} line */
  #inParts(el, line) {
    el.append(h('span', { class: 'time' }, `${clockTime(line.at, true)} `));
    if (line.label) el.append(h('span', { class: 'label' }, line.label), ' ');
    if (line.origin) {
      appendMarked(el.appendChild(h('span', { class: 'origin' })), line.origin, this.#pattern);
      el.append(' ');
    }
    const text = el.appendChild(h('span', { class: 'text' }));
    appendMarked(text, line.text.slice(0, LINE_CHARS), this.#pattern);
    if (line.text.length > LINE_CHARS) el.append(this.#more(text, line.text));
    if (line.more) el.append(this.#below(line.more));
    return el;
  }

  /** Long text below a line, open when the search finds something in it. @param {string} more */
  #below(more) {
    const body = h('pre', {});
    appendMarked(body, more, this.#pattern);
    const lines = more.trimEnd().split('\n').length;
    return h('details', { class: 'below', open: body.querySelector('mark') !== null }, h('summary', {}, lines > 1 ? `${lines} lines more` : 'more'), body);
  }

  /** @param {HTMLElement} text @param {string} message */
  #more(text, message) {
    const rest = message.slice(LINE_CHARS);
    const button = h('button', { type: 'button', class: 'more' }, `show ${bytes(rest.length)} more`);
    button.addEventListener('click', () => {
      appendMarked(text, rest, this.#pattern);
      button.remove();
    });
    return button;
  }

  /** Removes blocks whose lines have all left the store. */
  #trim() {
    const { first } = this.store;
    let block = /** @type {HTMLElement | null} */ (this.#lines.firstElementChild);
    while (block && Number(block.dataset.last) < first) {
      const next = /** @type {HTMLElement | null} */ (block.nextElementSibling);
      block.remove();
      block = next;
    }
  }

  #toEnd() {
    this.el.scrollTop = this.el.scrollHeight;
    this.#top = this.el.scrollTop;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.el;
    // The event of an own scroll comes later, perhaps after a pause: it has not moved from #top.
    const moved = scrollTop - this.#top;
    this.#top = scrollTop;
    if (clientHeight === 0) return;
    const atEnd = scrollHeight - scrollTop - clientHeight < END_PX;
    if (!this.#following) this.follow(atEnd && moved > 0);
    else if (moved < 0 && !atEnd) this.follow(false);
    else if (!atEnd) this.#toEnd();
  }

  /** @param {string} text shown instead of lines; empty for none */
  say(text) {
    setText(this.#empty, text);
    this.#empty.hidden = text === '';
  }

  /** Goes to another match. @param {number} step @returns {string} position for people, empty if there is no match */
  step(step) {
    const marks = [...this.#lines.querySelectorAll('mark')];
    if (marks.length === 0) return '';
    const now = marks.findIndex((m) => m.classList.contains('current'));
    const next = now < 0 ? (step > 0 ? 0 : marks.length - 1) : (now + step + marks.length) % marks.length;
    marks[now]?.classList.remove('current');
    const mark = /** @type {HTMLElement} */ (marks[next]);
    mark.classList.add('current');
    this.follow(false);
    mark.scrollIntoView({ block: 'center' });
    return `${next + 1} of ${count(marks.length)}`;
  }

  /** Number of matches on the screen. */
  get matchCount() {
    return this.#lines.querySelectorAll('mark').length;
  }
}

/** @param {Line} line */
function level(line) {
  line.level ??= levelOf(line.text);
  return line.level;
}
