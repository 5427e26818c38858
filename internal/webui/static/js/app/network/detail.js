// @ts-check
// One exchange in full, beside the list: what was asked, what came back.

import { h, setText } from '../../lib/dom.js';
import { bytes, clockTime } from '../../lib/format.js';
import { icon } from '../../lib/icons.js';
import { saveFile } from '../pane-tools.js';
import { bodyView, decode, pairs, redacted, remarks } from './body.js';
import { toCurl } from './curl.js';
import { short } from './scale.js';

/**
 * @typedef {import('../types.d.ts').ExchangeDetail} ExchangeDetail
 * @typedef {import('./store.js').Entry} Entry
 */

/** The parts of the panel. */
const TABS = /** @type {const} */ (['overview', 'request', 'response']);
/** @typedef {typeof TABS[number]} Tab */

export class ExchangeDetailPanel {
  #title = h('h2', {});
  #tabs = h('div', { class: 'segmented detail-tabs', role: 'tablist', 'aria-label': 'Parts of the exchange' }, ...TABS.map((tab) => this.#tabButton(tab)));
  #body = h('div', { class: 'detail-body', role: 'tabpanel', tabIndex: 0 });
  #copy = h('button', { type: 'button', class: 'tool', title: 'Copy as a curl command', onclick: () => void this.#copyCurl() }, icon('copy'), 'curl');
  /** Set by the owner. @type {() => void} */
  onClose = () => {};
  /** @type {(text: string, kind?: 'info' | 'error') => void} */
  toast = () => {};
  el = h('aside', { class: 'detail exchange', 'aria-label': 'Selected exchange', hidden: true },
    h('header', {}, this.#title, h('button', { type: 'button', class: 'icon-button', 'aria-label': 'Close', title: 'Close (Esc)', onclick: () => this.onClose() }, icon('close'))),
    h('div', { class: 'detail-tools' }, this.#tabs, this.#copy), this.#body);
  /** @type {Tab} */
  #tab = 'overview';
  /** @type {Entry | undefined} */
  #entry;
  /** @type {ExchangeDetail | undefined} */
  #detail;
  #error = '';
  /** Bodies shown as they were sent. @type {Set<Tab>} */
  #raw = new Set();

  /** Shows what is known of an exchange; undefined shows nothing. @param {Entry | undefined} entry @param {ExchangeDetail | undefined} detail undefined: not known yet @param {string} [error] why it will not be known */
  show(entry, detail, error = '') {
    const same = entry?.key === this.#entry?.key && detail === this.#detail && error === this.#error;
    this.el.hidden = entry === undefined;
    if (same) return;
    if (entry?.key !== this.#entry?.key) this.#raw.clear();
    this.#entry = entry;
    this.#detail = detail;
    this.#error = error;
    this.#render();
  }

  /** @param {Tab} tab */
  #tabButton(tab) {
    return h('button', { type: 'button', role: 'tab', 'data-tab': tab, onclick: () => this.choose(tab), onkeydown: (/** @type {KeyboardEvent} */ e) => this.#onTabKey(e) }, `${tab[0]?.toUpperCase()}${tab.slice(1)}`);
  }

  /** @param {Tab} tab */
  choose(tab) {
    this.#tab = tab;
    this.#render();
    this.#body.scrollTop = 0;
  }

  /** @param {KeyboardEvent} event */
  #onTabKey(event) {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const next = TABS[TABS.indexOf(this.#tab) + step];
    if (!step || !next) return;
    event.preventDefault();
    this.choose(next);
    /** @type {HTMLElement | null} */ (this.#tabs.querySelector(`[data-tab=${next}]`))?.focus();
  }

  #render() {
    const x = this.#entry;
    if (!x) return;
    setText(this.#title, `${x.method} ${x.path ?? x.url}`);
    this.#title.title = x.url;
    for (const button of /** @type {HTMLCollectionOf<HTMLElement>} */ (this.#tabs.children)) {
      const mine = button.dataset.tab === this.#tab;
      button.setAttribute('aria-selected', String(mine));
      button.tabIndex = mine ? 0 : -1;
    }
    this.#copy.disabled = !this.#detail;
    const parts = this.#tab === 'overview' ? this.#overview(x) : this.#side(this.#tab);
    this.#body.replaceChildren(...parts.filter((p) => p !== null));
  }

  /** @param {Entry} x @returns {(Node | null)[]} */
  #overview(x) {
    /** @type {[string, string][]} */
    const rows = [
      ['URL', x.url], ['Method', x.method],
      ['Status', x.statusCode ? `${x.statusCode} ${x.statusText ?? ''}`.trim() : 'no response'],
      ['Started', `${clockTime(x.at, true)}, ${new Date(x.at).toLocaleDateString()}`],
      ['Took', short(x.durationMs)],
      ['Sent', size(x.requestSize, x.requestContentType)], ['Received', size(x.responseSize, x.responseContentType)],
      ['Id', x.id],
    ];
    const query = queryOf(x.url);
    return [
      x.error ? h('p', { class: 'note warn' }, icon('warn'), x.error) : null,
      this.#missing(),
      pairs(rows),
      ...(query.length > 0 ? [h('h3', {}, 'Query'), pairs(query)] : []),
    ];
  }

  /** @param {'request' | 'response'} side @returns {(Node | null)[]} */
  #side(side) {
    const x = this.#detail;
    if (!x) return [this.#missing() ?? h('p', { class: 'empty' }, 'Reading headers and body.')];
    const headers = Object.entries(x[`${side}Headers`] ?? {}).sort(([a], [b]) => a.localeCompare(b));
    return [
      h('h3', {}, headers.length > 0 ? `Headers (${headers.length})` : 'No headers were captured'),
      h('dl', { class: 'pairs mono-values' }, ...headers.flatMap(([name, values]) => values.flatMap((value) => [h('dt', {}, name), h('dd', {}, ...redacted(value))]))),
      ...this.#content(x, side),
    ];
  }

  /** @param {ExchangeDetail} x @param {'request' | 'response'} side @returns {(Node | null)[]} */
  #content(x, side) {
    const text = x[`${side}Body`] ?? '';
    const total = x[`${side}Size`] ?? undefined;
    if (text === '') return [h('h3', {}, 'Body'), h('p', { class: 'dim' }, total ? `${bytes(total)}; the body was not captured or had to make room.` : 'Empty.')];
    const body = { text, encoding: x[`${side}BodyEncoding`] ?? 'utf-8', type: x[`${side}ContentType`] ?? '', size: total, cut: x[`${side}BodyTruncated`] === true };
    const { line, cut } = remarks(body);
    const raw = this.#raw.has(side);
    const { el, forms } = bodyView(body, raw);
    return [
      h('div', { class: 'body-head' }, h('h3', {}, 'Body'), h('span', { class: 'fine dim' }, line), h('span', { class: 'spacer' }),
        forms ? h('button', { type: 'button', class: 'tool raw-button', 'aria-pressed': String(raw), onclick: () => this.#toggleRaw(side) }, raw ? 'As data' : 'As sent') : null,
        h('button', { type: 'button', class: 'icon-button', title: 'Copy the body', 'aria-label': 'Copy the body', onclick: () => void this.#copyText(text) }, icon('copy')),
        h('button', { type: 'button', class: 'icon-button', title: 'Save the body', 'aria-label': 'Save the body', onclick: () => save(x, side, body) }, icon('save'))),
      cut ? h('p', { class: 'note warn cut' }, icon('warn'), cut) : null,
      el,
    ];
  }

  #missing() {
    return this.#error ? h('p', { class: 'note warn' }, icon('warn'), this.#error) : null;
  }

  /** @param {Tab} side */
  #toggleRaw(side) {
    if (!this.#raw.delete(side)) this.#raw.add(side);
    this.#render();
    /** @type {HTMLElement | null} */ (this.#body.querySelector('.raw-button'))?.focus();
  }

  async #copyCurl() {
    if (this.#detail) await this.#copyText(toCurl(this.#detail));
  }

  /** @param {string} text */
  async #copyText(text) {
    try {
      await navigator.clipboard.writeText(text);
      this.toast('Copied.');
    } catch {
      this.toast('This browser allows copying on HTTPS and on this machine only.', 'error');
    }
  }
}

/** @param {number | undefined} n @param {string | undefined} type */
function size(n, type) {
  if (n === undefined || n === null) return 'unknown';
  return n === 0 ? 'no body' : [bytes(n), type].filter(Boolean).join(', ');
}

/** @param {string} url @returns {[string, string][]} */
function queryOf(url) {
  const at = url.indexOf('?');
  return at < 0 ? [] : [...new URLSearchParams(url.slice(at + 1))];
}

/** @param {ExchangeDetail} x @param {'request' | 'response'} side @param {{text: string, encoding: string, type: string}} body */
function save(x, side, body) {
  const data = body.encoding === 'base64' ? decode(body.text) : body.text;
  const ext = /json/.test(body.type) ? 'json' : /html/.test(body.type) ? 'html' : /^text/.test(body.type) ? 'txt' : /^image\/([a-z]+)/.exec(body.type)?.[1] ?? 'bin';
  saveFile(new Blob([/** @type {any} */ (data)], { type: body.type || 'application/octet-stream' }), `${x.id}-${side}.${ext}`);
}
