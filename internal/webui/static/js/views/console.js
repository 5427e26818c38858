// @ts-check
// <hg-console>: shells on the device, one tab each. A tab stays attached while
// another view is shown, so that a long build is found as it is, and lets go
// when the page has been out of sight for a while; the shells go on regardless.

import { KeyBar } from '../console/keybar.js';
import { ConsoleTab } from '../console/tab.js';
import { confirmEnd } from '../console/confirm.js';
import { h, keyed, setAttr, setText } from '../lib/dom.js';
import { HttpError, json, request, send } from '../lib/http.js';
import { icon } from '../lib/icons.js';
import { queryParam, setQueryParam } from '../router.js';
import { View } from '../view.js';

/** @typedef {import('../types.d.ts').ConsoleSession} ConsoleSession */

const SESSIONS_MS = 4000;
/** How long a hidden page stays attached. */
const HIDDEN_MS = 60_000;
const MARK = { attached: 'ok', connecting: 'warn', lost: 'bad', idle: 'off', ended: 'off', gone: 'off' };

export class Console extends View {
  /** @type {Map<string, ConsoleTab>} */
  #tabs = new Map();
  #active = '';
  #bar = h('div', { class: 'tabs', role: 'tablist', 'aria-label': 'Console sessions' });
  #new = h('button', { type: 'button', class: 'tool', title: 'Start a shell', onclick: () => void this.#start() }, icon('plus'), h('span', { class: 'tool-text' }, 'New shell'));
  #copy = h('button', { type: 'button', class: 'tool', title: 'Copy the selection (Ctrl+Shift+C)', onclick: () => void this.#doCopy() }, icon('copy'), h('span', { class: 'tool-text' }, 'Copy'));
  #paste = h('button', { type: 'button', class: 'tool', title: 'Paste (Ctrl+Shift+V)', onclick: () => void this.#doPaste() }, icon('paste'), h('span', { class: 'tool-text' }, 'Paste'));
  #keybar = new KeyBar(() => this.#tabs.get(this.#active));
  #stage = h('div', { class: 'term-stage' });
  #note = h('p', { class: 'note warn', hidden: true });
  #empty = h('div', { class: 'blank' }, icon('prompt'), h('p', {}, 'No shell is running.'),
    h('p', { class: 'dim' }, 'A shell keeps running on the device when this page is closed or the link breaks.'),
    h('button', { type: 'button', class: 'primary', onclick: () => void this.#start() }, 'Start a shell'));
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #hiddenTimer;
  #listed = false;

  build() {
    this.#stage.append(this.#empty);
    this.#empty.hidden = true;
    this.append(h('div', { class: 'term-head' }, this.#bar, h('div', { class: 'term-tools' }, this.#new, this.#copy, this.#paste)), this.#note, this.#stage, this.#keybar.el);
    this.#bar.addEventListener('keydown', (e) => this.#onTabKey(e));
    document.addEventListener('visibilitychange', () => this.#visibility());
    this.#active = queryParam('session');
  }

  onShow() {
    void this.#list();
    const timer = setInterval(() => void this.#list(), SESSIONS_MS);
    this.whileShown(() => clearInterval(timer));
    this.whileShown(this.app.keys.add({ keys: 'n', label: 'New shell', group: 'Console', run: () => void this.#start() }));
    this.whileShown(this.app.keys.add({ keys: 'Enter', label: 'Type in the terminal (Ctrl+Shift+↑ leaves it)', group: 'Console', run: () => this.#tabs.get(this.#active)?.screen.term.focus() }));
    if (this.#tabs.has(this.#active)) this.#show(this.#active);
  }

  async #list() {
    try {
      /** @type {{sessions: ConsoleSession[]}} */
      const { sessions } = await json('v1/console/sessions');
      this.#say('');
      this.#take(sessions);
    } catch (err) {
      if (!(err instanceof HttpError)) throw err;
      this.#say(`The list of shells could not be read: ${err.message}.`);
    }
  }

  /** @param {ConsoleSession[]} sessions */
  #take(sessions) {
    const known = new Set(sessions.map((s) => s.session_id));
    for (const session of [...sessions].sort((a, b) => a.created_at.localeCompare(b.created_at))) {
      const tab = this.#tabs.get(session.session_id);
      if (tab) tab.update(session);
      else this.#add(session);
    }
    for (const [id, tab] of this.#tabs) {
      if (!known.has(id) && id !== this.#active) this.#remove(id, tab);
    }
    if (!this.#listed || !this.#tabs.has(this.#active)) {
      this.#listed = true;
      const wanted = this.#tabs.has(this.#active) ? this.#active : sessions[0]?.session_id;
      if (wanted) this.#show(wanted);
    }
    this.#refresh();
  }

  /** @param {ConsoleSession} session */
  #add(session) {
    const tab = new ConsoleTab(session);
    tab.onChange = () => this.#refresh();
    tab.transform = (text) => this.#keybar.apply(text);
    tab.screen.onLeave = () => /** @type {HTMLElement | null} */ (this.#bar.querySelector('[aria-selected=true]'))?.focus();
    tab.el.id = `term-${session.session_id}`;
    this.#tabs.set(session.session_id, tab);
    this.#stage.append(tab.el);
    return tab;
  }

  /** @param {string} id @param {ConsoleTab} tab */
  #remove(id, tab) {
    tab.dispose();
    this.#tabs.delete(id);
    if (id !== this.#active) return;
    this.#active = '';
    const next = [...this.#tabs.keys()].at(-1);
    if (next) this.#show(next);
    else setQueryParam('session', '');
  }

  /** @param {string} id */
  #show(id) {
    this.#active = id;
    if (this.shown) setQueryParam('session', id);
    for (const [other, tab] of this.#tabs) tab.el.hidden = other !== id;
    if (this.shown) this.#tabs.get(id)?.show();
    this.#refresh();
  }

  #refresh() {
    this.#empty.hidden = this.#tabs.size > 0 || !this.#listed;
    const list = [...this.#tabs.values()];
    keyed(this.#bar, list, (t) => t.session.session_id, (t) => this.#tabButton(t.session.session_id), (el, t) => this.#fillTab(el, t));
    const active = this.#tabs.get(this.#active);
    this.#copy.disabled = this.#paste.disabled = !active;
    this.#keybar.el.hidden = !active;
  }

  /** @param {string} id */
  #tabButton(id) {
    return h('div', { class: 'tab' },
      h('button', { type: 'button', role: 'tab', class: 'tab-label', 'aria-controls': `term-${id}`, onclick: () => this.#show(id) },
        h('span', { class: 'mark-dot', 'aria-hidden': 'true' }), h('span', { class: 'tab-title' }), h('span', { class: 'tab-viewers dim' })),
      h('button', { type: 'button', class: 'tab-close', 'aria-label': 'End this session', title: 'End this session', onclick: () => void this.#end(id) }, icon('close')));
  }

  /** @param {HTMLElement} el @param {ConsoleTab} tab */
  #fillTab(el, tab) {
    const id = tab.session.session_id;
    const label = /** @type {HTMLElement} */ (el.firstElementChild);
    const [dot, title, viewers] = /** @type {HTMLElement[]} */ ([...label.children]);
    const name = tab.title || tab.session.shell.split('/').at(-1) || 'shell';
    setAttr(label, 'aria-selected', String(id === this.#active));
    label.tabIndex = id === this.#active ? 0 : -1;
    label.title = `${tab.session.shell} · ${id}`;
    setAttr(/** @type {Element} */ (dot), 'data-mark', tab.over ? 'off' : MARK[tab.link.state]);
    setText(/** @type {Node} */ (title), `${name} ${id.slice(0, 4)}${tab.over ? ' (ended)' : ''}`);
    const others = tab.session.client_count - (tab.link.state === 'attached' ? 1 : 0);
    setText(/** @type {Node} */ (viewers), others > 0 ? `+${others}` : '');
    if (viewers) viewers.title = others > 0 ? `${others} more attached` : '';
  }

  /** @param {KeyboardEvent} event */
  #onTabKey(event) {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (event.key === 'ArrowUp') this.app.focusNav();
    if (event.key === 'Delete' && this.#active) void this.#end(this.#active);
    const ids = [...this.#tabs.keys()];
    const next = ids[ids.indexOf(this.#active) + step];
    if (!step || !next) return;
    event.preventDefault();
    this.#show(next);
    /** @type {HTMLElement | null} */ (this.#bar.querySelector('[aria-selected=true]'))?.focus();
  }

  async #start() {
    const size = this.#tabs.get(this.#active)?.screen.term;
    this.#new.disabled = true;
    try {
      const response = await send('v1/console/sessions', size ? { cols: size.cols, rows: size.rows } : {});
      /** @type {ConsoleSession} */
      const session = await response.json();
      if (!this.#tabs.has(session.session_id)) this.#add(session);
      this.#listed = true;
      this.#show(session.session_id);
    } catch (err) {
      if (!(err instanceof HttpError)) throw err;
      this.app.toast(`The shell could not be started: ${err.message}.`, 'error');
    } finally {
      this.#new.disabled = false;
    }
  }

  /** @param {string} id */
  async #end(id) {
    const tab = this.#tabs.get(id);
    if (!tab || (!tab.over && !(await confirmEnd(tab.session)))) return;
    try {
      await request(`v1/console/sessions/${id}`, { method: 'DELETE' });
    } catch (err) {
      if (!(err instanceof HttpError)) throw err;
      if (err.status !== 404) {
        this.app.toast(`The session could not be ended: ${err.message}.`, 'error');
        return;
      }
    }
    this.#remove(id, tab);
    this.#refresh();
  }

  async #doCopy() {
    const tab = this.#tabs.get(this.#active);
    if (tab && !(await tab.screen.copy())) this.app.toast('Select text in the terminal first.');
    tab?.screen.term.focus();
  }

  async #doPaste() {
    const tab = this.#tabs.get(this.#active);
    if (tab && !(await tab.screen.paste())) this.app.toast('This page may not read the clipboard. Press Ctrl+Shift+V in the terminal.');
    tab?.screen.term.focus();
  }

  #visibility() {
    clearTimeout(this.#hiddenTimer);
    if (!document.hidden) return;
    this.#hiddenTimer = setTimeout(() => {
      for (const tab of this.#tabs.values()) tab.link.detach();
    }, HIDDEN_MS);
  }

  /** @param {string} text */
  #say(text) {
    setText(this.#note, text);
    this.#note.hidden = text === '';
  }
}

customElements.define('hg-console', Console);
