// @ts-check
// The row of tools above lines that come live: search, what else is filtered,
// follow, wrap, clear and save. The lines themselves are a LogPane.

import { h, setAttr, setText } from '../lib/dom.js';
import { plural } from '../lib/format.js';
import { icon } from '../lib/icons.js';
import { FollowButton } from '../logs/follow-button.js';
import { parseQuery } from '../logs/search.js';

const SEARCH_DELAY_MS = 120;

/** @typedef {import('../logs/store.js').Line} Line */

export class PaneTools {
  #pane;
  #name;
  #search;
  #matches = h('span', { class: 'matches', 'aria-live': 'polite' });
  #only = h('input', { type: 'checkbox', checked: true });
  #wrap = h('input', { type: 'checkbox', checked: true });
  #follow;
  #state = h('span', { class: 'feed-state', role: 'status' });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #typing;
  /** What the owner wants to see of the lines. @type {(line: Line) => boolean} */
  keep = () => true;
  /** How a line is saved. @type {(line: Line) => unknown} */
  save = (line) => line.item;
  /** Called when the lines are cleared here. */
  onClear = () => {};
  el;

  /**
   * @param {import('../logs/pane.js').LogPane} pane @param {string} name of the lines, such as "log", for labels and the saved file
   * @param {string} title @param {HTMLElement[]} filters of the owner, who calls refilter @param {HTMLElement[]} [more] after the tools
   */
  constructor(pane, name, title, filters, more = []) {
    this.#pane = pane;
    this.#follow = new FollowButton(pane);
    this.#name = name;
    this.#search = h('input', { type: 'search', placeholder: 'Filter, or /pattern/i', 'aria-label': `Filter ${name}`, spellcheck: false });
    this.el = h('div', { class: 'log-head' },
      h('div', { class: 'log-title' }, h('h1', {}, title), this.#state),
      h('div', { class: 'toolbar' },
        h('div', { class: 'search' }, icon('search'), this.#search, this.#matches),
        ...filters,
        h('label', { class: 'check only-check', title: 'Hide what does not match the filter' }, this.#only, 'Only matches'),
        h('label', { class: 'check wrap-check' }, this.#wrap, 'Wrap'), this.#follow.el,
        h('button', { type: 'button', class: 'tool clear', title: 'Empty this view; the agent keeps what it has', onclick: () => this.clear() }, icon('clear'), h('span', { class: 'tool-text' }, 'Clear')),
        h('button', { type: 'button', class: 'tool save', title: 'Save what this view holds, a JSON object a line', onclick: () => this.#save() }, icon('save'), h('span', { class: 'tool-text' }, 'Save')),
        ...more));
    this.#wire();
  }

  #wire() {
    const pane = this.#pane;
    this.#search.addEventListener('input', () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => this.refilter(), SEARCH_DELAY_MS);
    });
    this.#search.addEventListener('keydown', (e) => {
      if (e.key === 'Enter') this.#step(e.shiftKey ? -1 : 1);
    });
    this.#only.addEventListener('change', () => this.refilter());
    this.#wrap.addEventListener('change', () => pane.el.classList.toggle('nowrap', !this.#wrap.checked));
    pane.onChange = () => {
      this.#follow.show();
      if (this.#search.value) this.#countMatches();
    };
  }

  /** Adds the shortcuts until the returned function is called. @param {import('../keys.js').Keys} keys @param {string} group */
  keys(keys, group) {
    const pane = this.#pane;
    const stops = [
      keys.add({ keys: 'f', label: 'Follow or pause', group, run: () => pane.follow(!pane.following) }),
      keys.add({ keys: 'w', label: 'Wrap lines', group, run: () => this.#wrap.click() }),
      keys.add({ keys: 'n', label: 'Next match', group, run: () => this.#step(1) }),
      keys.add({ keys: 'N', label: 'Previous match', group, run: () => this.#step(-1) }),
    ];
    return () => stops.forEach((stop) => stop());
  }

  /** What is searched for. */
  get query() {
    return this.#search.value;
  }

  set query(text) {
    this.#search.value = text;
    this.refilter();
  }

  /** Applies the search and what the owner keeps. */
  refilter() {
    const { pattern, error } = parseQuery(this.#search.value);
    this.#search.setCustomValidity(error);
    this.#pane.filter(pattern, this.#only.checked, 0, (line) => this.keep(line));
    if (error) setText(this.#matches, 'not a valid pattern');
    else if (pattern) this.#countMatches();
    else setText(this.#matches, '');
  }

  clear() {
    this.#pane.clear();
    this.onClear();
  }

  /** Says how the channel is. @param {import('./types.d.ts').ChannelState} state */
  say(state) {
    sayState(this.#state, state);
  }

  #countMatches() {
    if (this.#search.validity.valid) setText(this.#matches, plural(this.#pane.matchCount, 'match', 'matches'));
  }

  /** @param {number} step */
  #step(step) {
    const where = this.#pane.step(step);
    setText(this.#matches, where || (this.#search.value ? 'no match' : ''));
  }

  #save() {
    const text = this.#pane.store.lines.filter((l) => !l.note).map((l) => JSON.stringify(this.save(l))).join('\n');
    saveFile(new Blob([text, '\n'], { type: 'application/x-ndjson' }), `${this.#name.replaceAll(' ', '-')}.ndjson`);
  }
}

/** Words for the states of a channel. */
const STATE = { connecting: ['connecting', 'opening'], live: ['live', 'following'], waiting: ['connection lost', 'lost'], ended: ['ended', 'ended'], closed: ['', 'closed'] };

/** @param {HTMLElement} el with the class feed-state @param {import('./types.d.ts').ChannelState} state */
export function sayState(el, state) {
  const [text, data] = /** @type {[string, string]} */ (STATE[state]);
  setText(el, text);
  setAttr(el, 'data-state', data);
}

/** Hands a file to the person. @param {Blob} blob @param {string} name */
export function saveFile(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = h('a', { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/**
 * What is to be said where a connection that was lost goes on: told once what is
 * known of what was missed in between.
 * @param {number} code of the end @param {'none' | 'some' | 'unknown'} missed @param {string} what is counted, such as "entries" @param {string} since time of the loss
 */
export function resumeNote(code, missed, what, since) {
  const why = code === 1013 ? 'This page read too slowly and the agent let it go' : 'The connection was lost';
  const rest = {
    none: `nothing is missing`,
    some: `${what} are missing here`,
    unknown: `${what} may be missing here`,
  }[missed];
  return `${why} at ${since}; reconnected, ${rest}.`;
}
