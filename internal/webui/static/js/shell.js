// @ts-check
// <hg-shell>: header, navigation and the place of the views.

import { AppBar } from './app/bar.js';
import { Connection } from './connection.js';
import { showHelp } from './help.js';
import { h, setAttr, setText } from './lib/dom.js';
import { httpURL } from './lib/base.js';
import { icon } from './lib/icons.js';
import { theme } from './theme.js';
import { View } from './view.js';

/**
 * @typedef {import('./types.d.ts').App} App
 * @typedef {import('./types.d.ts').ViewEntry} ViewEntry
 */

const PARTS = /** @type {const} */ ([['device', 'Device', 'chip'], ['app', 'App', 'window']]);

export class Shell extends HTMLElement {
  /** @type {App} */
  app = /** @type {any} */ (undefined);
  /** @type {import('./router.js').Router} */
  router = /** @type {any} */ (undefined);
  /** What is offered, in order. @type {readonly ViewEntry[]} */
  views = [];
  /** @type {Map<string, View>} */
  #views = new Map();
  #main = h('main', { id: 'main', tabIndex: -1 });
  #host = h('span', { class: 'host-name' });
  #os = h('span', { class: 'host-os' });
  #nav = h('nav', { class: 'nav', 'aria-label': 'Views' });
  #connection = new Connection();
  #bar = new AppBar();
  /** The view shown last of each part. @type {Map<string, string>} */
  #last = new Map();
  #themeButton = h('button', { class: 'icon-button', type: 'button', onclick: () => theme.toggle() });
  #hidden = false;

  connectedCallback() {
    if (this.childElementCount > 0) return;
    this.#bar.app = this.app;
    this.#nav.append(...this.#groups());
    this.#use(this.#entry?.part ?? 'device');
    this.append(
      h('a', { class: 'skip', href: '#main', onclick: (/** @type {Event} */ e) => this.#skip(e) }, 'Skip to content'),
      h('header', { class: 'top' },
        h('a', { class: 'brand', href: httpURL(''), onclick: (/** @type {MouseEvent} */ e) => this.#follow(e, this.views[0]?.name ?? '') }, mark(), h('span', {}, 'heliograph')),
        h('div', { class: 'host' }, this.#host, this.#os),
        this.#connection,
        this.#themeButton,
        h('button', { class: 'icon-button help-button', type: 'button', title: 'Keyboard shortcuts (?)', 'aria-label': 'Keyboard shortcuts', onclick: () => showHelp(this.app.keys) }, icon('help'))),
      this.#nav,
      h('div', { class: 'stage' }, this.#connection.banner, this.#bar, this.#main));
    this.router.addEventListener('route', () => void this.#route());
    this.app.device.addEventListener('change', () => this.#facts());
    this.app.agent.addEventListener('change', () => this.#facts());
    theme.addEventListener('change', () => this.#themed());
    this.#themed();
    this.#addKeys();
    void this.#route();
  }

  /** Tells the views that the page went out of sight, or came back. @param {boolean} hidden */
  setHidden(hidden) {
    this.#hidden = hidden;
    const view = this.#views.get(this.router.current);
    if (hidden) view?.hide();
    else view?.show();
    this.app.appLink.want(!hidden && this.#entry?.part === 'app');
  }

  get #entry() {
    return this.views.find((v) => v.name === this.router.current);
  }

  /** The header tells of the connection of one part. @param {ViewEntry['part']} part */
  #use(part) {
    const { link, device, agent, appLink } = this.app;
    this.#connection.use(part === 'app' ? { link: appLink, peer: agent } : { link, peer: device });
    appLink.want(part === 'app' && !this.#hidden);
    this.#bar.hidden = part !== 'app';
    this.dataset.part = part;
  }

  /** The entries by part; with one part alone there is nothing to name. */
  #groups() {
    const parts = PARTS.filter(([part]) => this.views.some((v) => v.part === part));
    setAttr(this, 'data-parts', String(parts.length));
    return parts.map(([part, title, name]) => h('div', { class: 'nav-group', role: 'group', 'aria-label': title, 'data-part': part },
      parts.length > 1 ? h('button', { type: 'button', class: 'nav-title', title: `To ${title.toLowerCase()}`, onclick: () => this.#toPart(part) }, icon(name), h('span', {}, title)) : null,
      ...this.views.filter((v) => v.part === part).map((v) => this.#link(v))));
  }

  /** Goes where the person was in a part. @param {ViewEntry['part']} part */
  #toPart(part) {
    const name = this.#last.get(part) ?? this.views.find((v) => v.part === part)?.name;
    if (name) this.#go(name);
  }

  focusNav() {
    /** @type {HTMLElement | null} */ (this.#nav.querySelector('[aria-current]'))?.focus();
  }

  /** @param {ViewEntry} v */
  #link(v) {
    return h('a', {
      href: httpURL(v.name), title: `${v.title} (g ${v.key})`, 'data-view': v.name,
      onclick: (/** @type {MouseEvent} */ e) => this.#follow(e, v.name),
    }, icon(v.icon), h('span', {}, v.title), h('kbd', { 'aria-hidden': 'true' }, v.key));
  }

  /** @param {MouseEvent} event @param {string} name */
  #follow(event, name) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    this.#go(name);
  }

  /** @param {string} name */
  #go(name) {
    if (name === this.router.current) this.#views.get(name)?.home();
    this.router.go(name);
  }

  /** @param {Event} event */
  #skip(event) {
    event.preventDefault();
    this.#main.focus();
  }

  async #route() {
    const name = this.router.current;
    const entry = this.#entry;
    if (!entry) return;
    this.#last.set(entry.part, name);
    this.#use(entry.part);
    for (const link of /** @type {NodeListOf<HTMLElement>} */ (this.#nav.querySelectorAll('a'))) {
      const current = link.dataset.view === name;
      setAttr(link, 'aria-current', current ? 'page' : null);
      if (current) link.scrollIntoView({ block: 'nearest', inline: 'nearest' }); // on a phone the row may be wider than the screen
    }
    this.#title(entry.title);
    const view = this.#views.get(name) ?? (await this.#load(entry));
    if (!view || this.router.current !== name) return; // another view was chosen meanwhile
    for (const [other, el] of this.#views) {
      if (other === name) continue;
      el.hide();
      el.hidden = true;
    }
    view.hidden = false;
    if (!this.#hidden) view.show();
  }

  /** @param {ViewEntry} entry @returns {Promise<View | undefined>} */
  async #load(entry) {
    try {
      await import(`./views/${entry.name}.js`);
    } catch {
      this.app.toast(`${entry.title} could not be loaded. Reload the page when the device answers again.`, 'error');
      return undefined;
    }
    const known = this.#views.get(entry.name);
    if (known) return known;
    const view = /** @type {View} */ (document.createElement(entry.tag));
    view.app = this.app;
    view.hidden = true;
    view.classList.add('view');
    setAttr(view, 'aria-label', entry.title);
    setAttr(view, 'role', 'region');
    this.#views.set(entry.name, view);
    this.#main.append(view);
    return view;
  }

  #facts() {
    const { hostname, os } = this.app.device;
    setText(this.#host, hostname ?? '');
    setText(this.#os, os?.pretty_name ?? '');
    this.#title(this.#entry?.title ?? '');
  }

  /** @param {string} view */
  #title(view) {
    const name = this.#entry?.part === 'app' ? this.app.agent.status?.app.name : this.app.device.hostname;
    document.title = `${view} · ${name || 'heliograph'}`;
  }

  #themed() {
    const label = theme.dark ? 'Use light colours' : 'Use dark colours';
    this.#themeButton.replaceChildren(icon(theme.dark ? 'sun' : 'moon'));
    this.#themeButton.title = `${label} (t)`;
    setAttr(this.#themeButton, 'aria-label', label);
  }

  #addKeys() {
    const { keys } = this.app;
    for (const v of this.views) keys.add({ keys: `g ${v.key}`, label: v.title, group: this.#groupOf(v), run: () => this.#go(v.name) });
    keys.add({ keys: '?', label: 'Show this help', group: 'Everywhere', run: () => showHelp(keys) });
    keys.add({ keys: 't', label: 'Light or dark', group: 'Everywhere', run: () => theme.toggle() });
    keys.add({ keys: '/', label: 'Filter or search', group: 'Everywhere', run: () => this.#focusSearch() });
  }

  /** @param {ViewEntry} v */
  #groupOf(v) {
    return this.dataset.parts === '1' ? 'Go to' : v.part === 'app' ? 'Go to, app' : 'Go to, device';
  }

  #focusSearch() {
    const view = this.#views.get(this.router.current);
    const field = /** @type {HTMLInputElement | null | undefined} */ (view?.querySelector('input[type=search]'));
    field?.focus();
    field?.select();
  }
}

/** The mark: a mirror and three rays. */
function mark() {
  const svg = icon('sun');
  svg.setAttribute('class', 'mark');
  svg.querySelector('path')?.setAttribute('d', 'M4 16.5 16.5 4M12.5 3.2l4.3.0.0 4.3M3 11l2.2-2.2M9 17l2.2-2.2M8.2 11.8a3.2 3.2 0 1 1 0 .1z');
  return svg;
}

customElements.define('hg-shell', Shell);
