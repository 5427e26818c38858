// @ts-check
// <hg-connection>: the state of the connection, in the header, and the banner
// that says in a sentence what is wrong.

import { h, setAttr, setText } from './lib/dom.js';
import { age, duration, ping } from './lib/format.js';
import { request } from './lib/http.js';
import { ticker } from './lib/ticker.js';

/**
 * Whose connection it is: the device's, or that of the agent of an application.
 * @typedef {{link: import('./types.d.ts').LinkLike, peer: import('./types.d.ts').Peer}} End
 */

/** @type {Record<string, string>} */
const LABEL = {
  connecting: 'Connecting',
  live: 'Live',
  stalled: 'Stalled',
  waiting: 'Reconnecting',
  unauthorised: 'Token needed',
  paused: 'Paused',
};

/** What the pill shows beside the label. @param {End} end */
export function detail({ link, peer }) {
  const { status } = link;
  switch (status.phase) {
    case 'live': return Number.isNaN(peer.ping) ? '' : ping(peer.ping);
    case 'stalled': return `silent ${age(link.silence())}`;
    case 'waiting': return `in ${secondsLeft(status)} s`;
    default: return '';
  }
}

/** The sentence of the banner; empty when all is well. @param {End} end */
export function sentence({ link, peer }) {
  const { status } = link;
  const answers = peer.error === undefined && !Number.isNaN(peer.ping);
  switch (status.phase) {
    case 'stalled':
      return `No message for ${age(link.silence())}, although the socket is open. ` +
        (answers ? `The ${peer.noun} still answers over HTTP.` : `The ${peer.noun} does not answer over HTTP either.`);
    case 'waiting':
      return `Connection lost: ${status.reason ?? 'unknown reason'}. Values are from before. Trying again in ${secondsLeft(status)} s.`;
    case 'connecting':
      return status.attempts > 0 ? `Connecting again (attempt ${status.attempts + 1}): ${status.reason ?? ''}` : '';
    case 'unauthorised':
      return `The ${peer.noun} asks for a token.`;
    default:
      return '';
  }
}

/** @param {import('./types.d.ts').LinkStatus} status */
function secondsLeft(status) {
  return Math.max(0, Math.ceil(((status.retryAt ?? 0) - performance.now()) / 1000));
}

export class Connection extends HTMLElement {
  /** @type {End} */
  #end = /** @type {any} */ (undefined);
  #label = h('span', { class: 'conn-label' });
  #detail = h('span', { class: 'conn-detail' });
  #button = h('button', {
    class: 'conn', type: 'button', 'aria-expanded': 'false', 'aria-controls': 'conn-panel', onclick: () => this.#toggle(),
  }, h('span', { class: 'dot', 'aria-hidden': 'true' }), this.#label, this.#detail);
  #facts = h('dl', { class: 'facts' });
  #signOut = h('button', { type: 'button', class: 'sign-out', hidden: true, onclick: () => void this.#leave() }, 'Sign out');
  #panel = h('div', { class: 'conn-panel', id: 'conn-panel', hidden: true }, this.#facts,
    h('button', { type: 'button', class: 'retry', onclick: () => this.#end.link.retryNow() }, 'Reconnect now'), this.#signOut);
  #text = h('span', { class: 'banner-text' });
  /** Placed by the shell, above the view. */
  banner = h('div', { class: 'banner', hidden: true }, this.#text,
    h('button', { type: 'button', onclick: () => this.#end.link.retryNow() }, 'Try now'));
  #spoken = h('span', { class: 'sr-only', role: 'status', 'aria-live': 'polite' });

  /** Tells of one connection from now on. @param {End} end */
  use(end) {
    if (this.#end?.link === end.link) return;
    this.#end?.link.removeEventListener('status', this.#onStatus);
    this.#end?.peer.removeEventListener('change', this.#onChange);
    this.#end = end;
    end.link.addEventListener('status', this.#onStatus);
    end.peer.addEventListener('change', this.#onChange);
    if (this.isConnected) this.#changed();
  }

  #onStatus = () => this.#changed();
  #onChange = () => this.#refresh();

  connectedCallback() {
    if (this.childElementCount > 0) return;
    this.append(this.#button, this.#panel, this.#spoken);
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
    setText(this.#spoken, `Connection: ${LABEL[this.#end.link.status.phase]}`);
    this.#refresh();
  }

  #refresh() {
    const { phase } = this.#end.link.status;
    document.documentElement.dataset.link = phase;
    setText(this.#label, LABEL[phase] ?? phase);
    setText(this.#detail, detail(this.#end));
    const text = sentence(this.#end);
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
    const { link, peer } = this.#end;
    const heard = performance.now() - link.lastMessageAt;
    const offset = peer.clockOffset();
    /** @type {[string, string][]} */
    const rows = [
      ['State', `${LABEL[link.status.phase]} for ${duration(performance.now() - link.status.since)}`],
      ['Round trip', Number.isNaN(peer.ping) ? peer.error ?? 'not measured yet' : ping(peer.ping)],
      ['Last message', Number.isNaN(heard) ? 'none yet' : `${age(heard)} ago`],
      [`${peer.noun[0]?.toUpperCase()}${peer.noun.slice(1)} clock`, Math.abs(offset) < 50 ? 'same as here' : `${duration(Math.abs(offset))} ${offset > 0 ? 'ahead' : 'behind'}`],
      ['Server', peer.about || 'unknown'],
    ];
    if (peer.who?.authenticated) rows.push(['You are', `${peer.who.name || peer.who.via}, may ${peer.who.scopes.join(', ')}`]);
    if (link.unreadable > 0) rows.push(['Unreadable', String(link.unreadable)]);
    this.#signOut.hidden = peer.who?.via !== 'cookie';
    this.#facts.replaceChildren(...rows.flatMap(([key, value]) => [h('dt', {}, key), h('dd', {}, value)]));
  }
}

customElements.define('hg-connection', Connection);
