// @ts-check
// <hg-logs>: any log of the device, followed, searched and kept.

import { h, setAttr, setText } from '../lib/dom.js';
import { plural } from '../lib/format.js';
import { httpURL } from '../lib/base.js';
import { HttpError, json } from '../lib/http.js';
import { icon } from '../lib/icons.js';
import { LogFeed, TAIL_LINES } from '../logs/feed.js';
import { FollowButton } from '../logs/follow-button.js';
import { LogPane } from '../logs/pane.js';
import { parseQuery } from '../logs/search.js';
import { SourceList } from '../logs/sources.js';
import { queryParam, setQueryParam } from '../router.js';
import { View } from '../view.js';

const DEFAULT_SOURCE = 'journal';
/** How often the list of sources, with the state of units, is read. */
const SOURCES_MS = 10_000;
const SEARCH_DELAY_MS = 120;
/** @type {readonly [string, number][]} */
const LEVELS = [['All levels', 0], ['Warnings and worse', 2], ['Errors only', 3]];

export class Logs extends View {
  #source = DEFAULT_SOURCE;
  #pane = new LogPane();
  #sources = new SourceList();
  /** @type {LogFeed} */
  #feed = /** @type {any} */ (undefined);
  #search = h('input', { type: 'search', placeholder: 'Search, or /pattern/i', 'aria-label': 'Search in log', spellcheck: false });
  #matches = h('span', { class: 'matches', 'aria-live': 'polite' });
  #only = h('input', { type: 'checkbox' });
  #wrap = h('input', { type: 'checkbox', checked: true });
  #level = h('select', { 'aria-label': 'Level' }, ...LEVELS.map(([label, value]) => h('option', { value: String(value) }, label)));
  #follow = new FollowButton(this.#pane);
  #download = h('a', { class: 'tool', download: '', title: 'Download the whole log' }, icon('down'), h('span', { class: 'tool-text' }, 'Download'));
  #title = h('h1', {});
  #state = h('span', { class: 'feed-state', role: 'status' });
  #unit = h('span', { class: 'dim unit' });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #typing;

  build() {
    this.#source = queryParam('source') || DEFAULT_SOURCE;
    this.#search.value = queryParam('search');
    this.#feed = new LogFeed(this.app.link, {
      lines: (lines) => this.#pane.add(lines),
      note: (text, tone) => this.#pane.note(text, tone),
      ready: (source) => this.#ready(source),
      state: (state, message) => this.#say(state, message),
      known: () => this.#pane.newest(TAIL_LINES),
    });
    this.#sources.onSelect = (id) => this.#choose(id);
    this.#pane.onChange = () => {
      this.#follow.show();
      if (this.#search.value) this.#countMatches();
    };
    this.#wire();
    this.append(this.#sources.el, h('div', { class: 'log-main' }, this.#header(), this.#pane.el));
    this.#showSource();
    this.#refilter();
  }

  onShow() {
    this.#feed.open(this.#source);
    this.whileShown(() => this.#feed.close());
    const timer = setInterval(() => void this.#readSources(), SOURCES_MS);
    this.whileShown(() => clearInterval(timer));
    const { keys } = this.app;
    this.whileShown(keys.add({ keys: 'f', label: 'Follow or pause', group: 'Logs', run: () => this.#pane.follow(!this.#pane.following) }));
    this.whileShown(keys.add({ keys: 'w', label: 'Wrap lines', group: 'Logs', run: () => this.#wrap.click() }));
    this.whileShown(keys.add({ keys: 'n', label: 'Next match', group: 'Logs', run: () => this.#step(1) }));
    this.whileShown(keys.add({ keys: 'N', label: 'Previous match', group: 'Logs', run: () => this.#step(-1) }));
    void this.#readSources();
    requestAnimationFrame(() => this.#pane.refresh());
  }

  #wire() {
    this.#search.addEventListener('input', () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => this.#refilter(), SEARCH_DELAY_MS);
    });
    this.#search.addEventListener('keydown', (e) => {
      if (e.key === 'Enter') this.#step(e.shiftKey ? -1 : 1);
    });
    this.#only.addEventListener('change', () => this.#refilter());
    this.#level.addEventListener('change', () => this.#refilter());
    this.#wrap.addEventListener('change', () => this.#pane.el.classList.toggle('nowrap', !this.#wrap.checked));
  }

  #header() {
    return h('div', { class: 'log-head' },
      h('div', { class: 'log-title' }, this.#title, this.#unit, this.#state),
      h('div', { class: 'toolbar' },
        h('div', { class: 'search' }, icon('search'), this.#search, this.#matches),
        h('label', { class: 'check' }, this.#only, 'Only matches'), this.#level,
        h('label', { class: 'check' }, this.#wrap, 'Wrap'), this.#follow.el,
        h('button', { type: 'button', class: 'tool clear', title: 'Empty this view', onclick: () => this.#pane.clear() }, icon('clear'), h('span', { class: 'tool-text' }, 'Clear')),
        this.#download));
  }

  /** @param {string} id */
  #choose(id) {
    if (id === this.#source || !id) return;
    this.#source = id;
    setQueryParam('source', id === DEFAULT_SOURCE ? '' : id);
    this.#pane.clear();
    this.#pane.follow(true);
    this.#showSource();
    if (this.shown) this.#feed.open(id);
  }

  #showSource() {
    this.#sources.select(this.#source);
    setText(this.#title, this.#sources.sources.find((s) => s.id === this.#source)?.label ?? this.#source);
    this.#download.href = httpURL(`v1/device/logs/download?source=${encodeURIComponent(this.#source)}`);
  }

  /** @param {import('../types.d.ts').LogSource} source */
  #ready(source) {
    setText(this.#title, source.label);
    setText(this.#unit, source.status ? `${source.status.active_state}, ${source.status.sub_state}` : source.path ?? '');
    this.#pane.say('');
  }

  /** @param {'opening' | 'following' | 'ended' | 'lost' | 'failed'} state @param {string} message */
  #say(state, message) {
    setText(this.#state, state === 'following' ? 'live' : state === 'failed' ? 'not available' : state === 'opening' ? 'opening' : message);
    setAttr(this.#state, 'data-state', state);
    const known = this.#pane.store.length > 0;
    if (state === 'failed' || state === 'ended') {
      if (known) this.#pane.note(message, state === 'failed' ? 'warn' : 'info');
      else this.#pane.say(message);
    }
  }

  async #readSources() {
    try {
      const body = await json('v1/device/logs/sources');
      const note = body.freshness?.state && body.freshness.state !== 'live' ? `The state of units is ${body.freshness.state}.` : '';
      this.#sources.update(body.sources ?? body, note);
      this.#showSource();
    } catch (err) {
      if (!(err instanceof HttpError)) throw err;
      this.#sources.update(this.#sources.sources, `The list could not be read: ${err.message}.`);
    }
  }

  #refilter() {
    const { pattern, error } = parseQuery(this.#search.value);
    this.#search.setCustomValidity(error);
    setQueryParam('search', this.#search.value);
    this.#pane.filter(pattern, this.#only.checked, Number(this.#level.value));
    if (error) setText(this.#matches, 'not a valid pattern');
    else if (pattern) this.#countMatches();
    else setText(this.#matches, '');
  }

  #countMatches() {
    if (this.#search.validity.valid) setText(this.#matches, plural(this.#pane.matchCount, 'match', 'matches'));
  }

  /** @param {number} step */
  #step(step) {
    const where = this.#pane.step(step);
    setText(this.#matches, where || (this.#search.value ? 'no match' : ''));
  }
}

customElements.define('hg-logs', Logs);
