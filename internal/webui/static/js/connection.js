// @ts-check
// <hg-connection>: the state of the connection, in the header, and the banner
// that says in a sentence what is wrong.

import { h, setAttr, setText } from './lib/dom.js';
import { age, duration, ping } from './lib/format.js';
import { request } from './lib/http.js';
import { ticker } from './lib/ticker.js';

/** @typedef {import('./types.d.ts').App} App */

/** @type {Record<string, string>} */
const LABEL = {
  connecting: 'Connecting',
  live: 'Live',
  stalled: 'Stalled',
  waiting: 'Reconnecting',
  unauthorised: 'Token needed',
  paused: 'Paused',
};

/** What the pill shows beside the label. @param {App} app */
export function detail(app) {
  const { status } = app.link;
  switch (status.phase) {
    case 'live': return Number.isNaN(app.device.ping) ? '' : ping(app.device.ping);
    case 'stalled': return `silent ${age(app.link.silence())}`;
    case 'waiting': return `in ${secondsLeft(status)} s`;
    default: return '';
  }
}

/** The sentence of the banner; empty when all is well. @param {App} app */
export function sentence(app) {
  const { status } = app.link;
  const answers = app.device.error === undefined && app.device.health !== undefined;
  switch (status.phase) {
    case 'stalled':
      return `No message for ${age(app.link.silence())}, although the socket is open. ` +
        (answers ? 'The device still answers over HTTP.' : 'The device does not answer over HTTP either.');
    case 'waiting':
      return `Connection lost: ${status.reason ?? 'unknown reason'}. Values are from before. Trying again in ${secondsLeft(status)} s.`;
    case 'connecting':
      return status.attempts > 0 ? `Connecting again (attempt ${status.attempts + 1}): ${status.reason ?? ''}` : '';
    case 'unauthorised':
      return 'The device asks for a token.';
    default:
      return '';
  }
}

/** @param {import('./types.d.ts').LinkStatus} status */
function secondsLeft(status) {
  return Math.max(0, Math.ceil(((status.retryAt ?? 0) - performance.now()) / 1000));
}

export class Connection extends HTMLElement {
  /** @type {App} */
  app = /** @type {any} */ (undefined);
  #label = h('span', { class: 'conn-label' });
  #detail = h('span', { class: 'conn-detail' });
  #button = h('button', {
    class: 'conn', type: 'button', 'aria-expanded': 'false', 'aria-controls': 'conn-panel', onclick: () => this.#toggle(),
  }, h('span', { class: 'dot', 'aria-hidden': 'true' }), this.#label, this.#detail);
  #facts = h('dl', { class: 'facts' });
  #signOut = h('button', { type: 'button', class: 'sign-out', hidden: true, onclick: () => void this.#leave() }, 'Sign out');
  #panel = h('div', { class: 'conn-panel', id: 'conn-panel', hidden: true }, this.#facts,
    h('button', { type: 'button', class: 'retry', onclick: () => this.app.link.retryNow() }, 'Reconnect now'), this.#signOut);
  #text = h('span', { class: 'banner-text' });
  /** Placed by the shell, above the view. */
  banner = h('div', { class: 'banner', hidden: true }, this.#text,
    h('button', { type: 'button', onclick: () => this.app.link.retryNow() }, 'Try now'));
  #spoken = h('span', { class: 'sr-only', role: 'status', 'aria-live': 'polite' });

  connectedCallback() {
    if (this.childElementCount > 0) return;
    this.append(this.#button, this.#panel, this.#spoken);
    this.app.link.addEventListener('status', () => this.#changed());
    this.app.device.addEventListener('change', () => this.#refresh());
    ticker.add(() => this.#refresh());
    document.addEventListener('click', (event) => {
      if (!this.contains(/** @type {Node} */ (event.target))) this.#open(false);
    });
    this.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.#open(false);
    });
    this.#changed();
  }

  #toggle() {
    this.#open(this.#panel.hidden === true);
  }

  /** @param {boolean} open */
  #open(open) {
    this.#panel.hidden = !open;
    setAttr(this.#button, 'aria-expanded', String(open));
    this.#refresh();
  }

  #changed() {
    setText(this.#spoken, `Connection: ${LABEL[this.app.link.status.phase]}`);
    this.#refresh();
  }

  #refresh() {
    const { app } = this;
    const { phase } = app.link.status;
    document.documentElement.dataset.link = phase;
    setText(this.#label, LABEL[phase] ?? phase);
    setText(this.#detail, detail(app));
    const text = sentence(app);
    setText(this.#text, text);
    this.banner.hidden = text === '';
    this.banner.classList.toggle('can-retry', phase === 'waiting');
    if (!this.#panel.hidden) this.#refreshPanel();
  }

  async #leave() {
    await request('auth/session', { method: 'DELETE' });
    location.reload();
  }

  #refreshPanel() {
    const { link, device } = this.app;
    const heard = performance.now() - link.lastMessageAt;
    const offset = device.clockOffset();
    /** @type {[string, string][]} */
    const rows = [
      ['State', `${LABEL[link.status.phase]} for ${duration(performance.now() - link.status.since)}`],
      ['Round trip', Number.isNaN(device.ping) ? device.error ?? 'not measured yet' : ping(device.ping)],
      ['Last message', Number.isNaN(heard) ? 'none yet' : `${age(heard)} ago`],
      ['Device clock', Math.abs(offset) < 50 ? 'same as here' : `${duration(Math.abs(offset))} ${offset > 0 ? 'ahead' : 'behind'}`],
      ['Server', device.health ? `${device.health.version}, up ${duration(device.health.uptime_ms)}` : 'unknown'],
    ];
    if (device.who?.authenticated) rows.push(['You are', `${device.who.name || device.who.via}, may ${device.who.scopes.join(', ')}`]);
    if (link.unreadable > 0) rows.push(['Unreadable', String(link.unreadable)]);
    this.#signOut.hidden = device.who?.via !== 'cookie';
    this.#facts.replaceChildren(...rows.flatMap(([key, value]) => [h('dt', {}, key), h('dd', {}, value)]));
  }
}

customElements.define('hg-connection', Connection);
