// @ts-check
// The list of log sources, by group, with the state of units. On a narrow screen
// it is a select.

import { h, setAttr, setText } from '../lib/dom.js';

/** @typedef {import('../types.d.ts').LogSource} LogSource */

/** Mark for each state of a unit. @type {Record<string, string>} */
const MARK = { active: 'ok', reloading: 'warn', activating: 'warn', deactivating: 'warn', failed: 'bad' };

export class SourceList {
  #list = h('div', { class: 'source-list', role: 'listbox', 'aria-label': 'Log sources' });
  #select = h('select', { class: 'source-select', 'aria-label': 'Log source' });
  #note = h('p', { class: 'note', hidden: true });
  /** @type {LogSource[]} */
  sources = [];
  #current = '';
  #signature = '';
  /** Set by the owner. @type {(id: string) => void} */
  onSelect = () => {};
  el = h('aside', { class: 'sources' }, this.#select, this.#list, this.#note);

  constructor() {
    this.#select.addEventListener('change', () => this.onSelect(this.#select.value));
    this.#list.addEventListener('keydown', (e) => this.#onKey(e));
  }

  /** @param {LogSource[]} sources @param {string} note about the list itself; empty when it is fresh */
  update(sources, note) {
    this.sources = sources;
    setText(this.#note, note);
    this.#note.hidden = note === '';
    const signature = JSON.stringify(sources);
    if (signature === this.#signature) return;
    this.#signature = signature;
    this.#rebuild();
  }

  /** @param {string} id */
  select(id) {
    this.#current = id;
    this.#mark();
  }

  #rebuild() {
    const focused = this.#list.contains(document.activeElement);
    const groups = grouped(this.sources);
    this.#list.replaceChildren(...groups.flatMap(([name, list]) => [h('h3', { role: 'presentation' }, name), ...list.map((s) => this.#item(s))]));
    this.#select.replaceChildren(...groups.map(([name, list]) => {
      const group = h('optgroup', { label: name });
      group.append(...list.map((s) => h('option', { value: s.id }, s.status ? `${s.label} (${s.status.active_state})` : s.label)));
      return group;
    }));
    this.#mark();
    if (focused) /** @type {HTMLElement | null} */ (this.#list.querySelector('[aria-selected=true]'))?.focus();
  }

  /** @param {LogSource} source */
  #item(source) {
    const { status } = source;
    const state = status ? `${status.active_state}${status.sub_state && status.sub_state !== status.active_state ? ` (${status.sub_state})` : ''}` : '';
    const title = [source.unit ?? source.path ?? source.id, status?.description, state].filter(Boolean).join('\n');
    return h('div', { class: 'source', role: 'option', 'data-id': source.id, title, onclick: () => this.onSelect(source.id) },
      status ? h('span', { class: 'mark-dot', 'data-mark': MARK[status.active_state] ?? 'off', 'aria-hidden': 'true' }) : null,
      h('span', { class: 'source-label' }, source.label),
      state ? h('span', { class: 'source-state' }, state) : null);
  }

  #mark() {
    for (const el of /** @type {NodeListOf<HTMLElement>} */ (this.#list.querySelectorAll('.source'))) {
      const mine = el.dataset.id === this.#current;
      setAttr(el, 'aria-selected', String(mine));
      el.tabIndex = mine ? 0 : -1;
    }
    this.#select.value = this.#current;
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    const items = /** @type {HTMLElement[]} */ ([...this.#list.querySelectorAll('.source')]);
    const next = items[items.findIndex((el) => el.dataset.id === this.#current) + step];
    if (!next) return;
    this.onSelect(next.dataset.id ?? '');
    next.focus();
  }
}

/** Sources by group: order of first appearance, important ones first within a group. @param {LogSource[]} sources @returns {[string, LogSource[]][]} */
function grouped(sources) {
  /** @type {Map<string, LogSource[]>} */
  const groups = new Map();
  for (const source of sources) {
    const list = groups.get(source.group);
    if (list) list.push(source);
    else groups.set(source.group, [source]);
  }
  for (const list of groups.values()) list.sort((a, b) => Number(b.important) - Number(a.important));
  return [...groups];
}
