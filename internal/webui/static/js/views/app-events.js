// @ts-check
// <hg-app-events>: navigation, lifecycle, changes of the tree, alerts and
// unhandled errors of the user interface, live.

import { EventFeed, KINDS } from '../app/event-feed.js';
import { PaneTools } from '../app/pane-tools.js';
import { h, perFrame, setAttr, setText } from '../lib/dom.js';
import { count } from '../lib/format.js';
import { LogPane } from '../logs/pane.js';
import { View } from '../view.js';

/** @typedef {import('../app/types.d.ts').UIEvent} UIEvent */

export class AppEvents extends View {
  #pane = new LogPane();
  /** Kinds that are not shown. @type {Set<string>} */
  #off = new Set();
  #counts = new Map(KINDS.map(([kind]) => [kind, h('span', { class: 'chip-count' })]));
  #chips = h('div', { class: 'chips', role: 'group', 'aria-label': 'Kinds of events' }, ...KINDS.map(([kind, label]) => this.#chip(kind, label)));
  #route = h('span', { class: 'app-route', hidden: true });
  #tools = new PaneTools(this.#pane, 'UI events', 'UI events', [this.#chips]);
  #feed = new EventFeed({
    lines: (lines) => this.#add(lines),
    note: (text, tone) => this.#pane.note(text, tone),
    state: (state) => this.#tools.say(state),
  });
  #draw = perFrame(() => this.#render());

  build() {
    this.classList.add('pane-view');
    this.#pane.elsewhere = 'The agent keeps none.';
    this.#tools.keep = (line) => !this.#off.has(/** @type {UIEvent} */ (line.item).type);
    this.#tools.el.querySelector('h1')?.after(this.#route);
    this.#pane.say('Nothing happened yet. The channel tells events from the moment this view is opened.');
    this.#feed.addEventListener('change', () => this.#draw());
    this.append(this.#tools.el, this.#pane.el);
    this.#tools.refilter();
    this.#render();
  }

  onShow() {
    this.whileShown(this.#feed.open(this.app.appLink));
    this.whileShown(this.#tools.keys(this.app.keys, 'UI events'));
    requestAnimationFrame(() => this.#pane.refresh());
  }

  /** @param {import('../logs/pane.js').NewLine[]} lines */
  #add(lines) {
    this.#pane.say('');
    this.#pane.add(lines);
  }

  /** @param {import('../app/event-feed.js').Kind} kind @param {string} label */
  #chip(kind, label) {
    return h('button', {
      type: 'button', class: 'chip', 'data-kind': kind, 'aria-pressed': 'true', title: `Show or hide: ${label.toLowerCase()}`,
      onclick: () => this.#toggle(kind),
    }, label, this.#counts.get(kind));
  }

  /** @param {string} kind */
  #toggle(kind) {
    if (!this.#off.delete(kind)) this.#off.add(kind);
    setAttr(/** @type {Element} */ (this.#chips.querySelector(`[data-kind=${kind}]`)), 'aria-pressed', String(!this.#off.has(kind)));
    this.#tools.refilter();
  }

  #render() {
    const { route, counts } = this.#feed;
    setText(this.#route, route === undefined ? '' : `at ${route}`);
    this.#route.hidden = route === undefined;
    for (const [kind, el] of this.#counts) setText(el, counts[kind] > 0 ? count(counts[kind]) : '');
  }
}

customElements.define('hg-app-events', AppEvents);
