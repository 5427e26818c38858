// @ts-check
// <hg-app-bar>: which application the section shows, and what it is doing.

import { h, setAttr, setText } from '../lib/dom.js';
import { duration } from '../lib/format.js';
import { ticker } from '../lib/ticker.js';

/** What a state of the application is called, and how it is marked. @type {Record<string, [string, string]>} */
const STATES = {
  started: ['running', 'ok'], resumed: ['running', 'ok'], foregrounded: ['running', 'ok'],
  backgrounded: ['in the background', 'warn'], paused: ['paused', 'warn'], stopped: ['stopped', 'bad'],
};

/** The state of an application in a word, and its mark. @param {{running: boolean} | undefined} status @param {string} life @returns {[string, string]} */
export function appState(status, life) {
  if (!status) return ['', 'off'];
  if (!status.running) return ['stopped', 'bad'];
  const known = STATES[life];
  // HTTP says that it runs, and knows it later than the event that it ended.
  return known ?? ['running', 'ok'];
}

export class AppBar extends HTMLElement {
  /** @type {import('../types.d.ts').App} */
  app = /** @type {any} */ (undefined);
  #dot = h('span', { class: 'mark-dot', 'aria-hidden': 'true' });
  #name = h('strong', { class: 'app-name' });
  #state = h('span', { class: 'app-state' });
  #spoken = h('span', { class: 'sr-only', role: 'status' });
  #word = '';
  #facts = h('span', { class: 'app-facts' });

  connectedCallback() {
    if (this.childElementCount > 0) return;
    this.append(this.#dot, this.#name, this.#state, this.#facts, this.#spoken);
    this.app.agent.addEventListener('change', () => this.#refresh());
    this.app.appLink.addEventListener('life', () => this.#refresh());
    this.app.appLink.addEventListener('status', () => this.#refresh());
    ticker.add(() => this.#tick());
    this.#refresh();
  }

  #refresh() {
    const { agent, appLink } = this.app;
    const { status } = agent;
    const [word, mark] = appState(status, appLink.life.state);
    setText(this.#name, status?.app.name || (status ? 'unnamed application' : 'Waiting for the agent'));
    setAttr(this.#dot, 'data-mark', mark);
    setAttr(this.#state, 'data-mark', mark);
    if (word !== this.#word) setText(this.#spoken, word);
    this.#word = word;
    setText(this.#facts, status ? facts(status) : '');
    this.title = status ? `${status.app.packageId}\n${status.device.model}, ${status.device.osVersion}\nagent ${agent.about}` : '';
    this.#tick();
  }

  #tick() {
    if (this.hidden) return;
    const { agent, appLink } = this.app;
    const { state, since } = appLink.life;
    const life = Number.isFinite(since) && state ? agent.now() - since : NaN;
    const up = agent.uptime + (performance.now() - agent.answeredAt);
    const time = Number.isFinite(life) ? life : up;
    setText(this.#state, this.#word && Number.isFinite(time) ? `${this.#word} for ${duration(time)}` : this.#word);
    setAttr(this, 'data-fresh', appLink.status.phase === 'live' ? 'yes' : 'no');
  }
}

/** @param {import('./types.d.ts').AgentStatus} s */
function facts(s) {
  const version = known(s.app.version) ? s.app.version : '';
  const framework = [s.agent.framework, s.agent.frameworkVersion].filter(known).join(' ');
  const pid = s.app.processId ? `pid ${s.app.processId}` : '';
  return [version, s.platform, framework, pid].filter(Boolean).join(' · ');
}

/** @param {string} text */
function known(text) {
  return text !== '' && text !== 'unknown' && text !== '0.0.0';
}

customElements.define('hg-app-bar', AppBar);
