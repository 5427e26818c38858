// @ts-check
// <hg-app-logs>: what the application logs, live.

import { GRAVITY, LogFeed } from '../app/log-feed.js';
import { PaneTools } from '../app/pane-tools.js';
import { h } from '../lib/dom.js';
import { LogPane } from '../logs/pane.js';
import { queryParam, setQueryParam } from '../router.js';
import { View } from '../view.js';

/** @typedef {import('../app/types.d.ts').LogEntry} LogEntry */

/** @type {readonly [string, string][]} */
const LEVELS = [['', 'All levels'], ['debug', 'Debug and up'], ['info', 'Info and up'], ['warning', 'Warnings and worse'], ['error', 'Errors only']];
/** @type {readonly [string, string][]} */
const SOURCES = [['', 'All sources'], ['native', 'Application'], ['webview', 'Web page'], ['framework', 'Framework']];

export class AppLogs extends View {
  #pane = new LogPane();
  #level = select('Level', LEVELS);
  #source = select('Source', SOURCES);
  #tools = new PaneTools(this.#pane, 'app log', 'Logs', [this.#level, this.#source]);
  #feed = new LogFeed({
    lines: (lines) => this.#add(lines),
    note: (text, tone) => this.#pane.note(text, tone),
    state: (state) => this.#tools.say(state),
  });

  build() {
    this.classList.add('pane-view');
    this.#pane.elsewhere = 'The agent keeps the newest 1,000.';
    this.#level.value = queryParam('level');
    this.#source.value = queryParam('from');
    this.#level.addEventListener('change', () => this.#refilter());
    this.#source.addEventListener('change', () => this.#refilter());
    this.#tools.keep = (line) => this.#keeps(/** @type {LogEntry} */ (line.item));
    this.#pane.say('Nothing was logged yet. Each entry of the application appears here the moment it is made.');
    this.append(this.#tools.el, this.#pane.el);
    this.#refilter();
  }

  onShow() {
    this.whileShown(this.#feed.open(this.app.appLink));
    this.whileShown(this.#tools.keys(this.app.keys, 'App logs'));
    requestAnimationFrame(() => this.#pane.refresh());
  }

  /** @param {import('../logs/pane.js').NewLine[]} lines */
  #add(lines) {
    this.#pane.say('');
    this.#pane.add(lines);
  }

  #refilter() {
    setQueryParam('level', this.#level.value);
    setQueryParam('from', this.#source.value);
    this.#tools.refilter();
  }

  /** @param {LogEntry} entry */
  #keeps(entry) {
    const from = this.#source.value;
    return (!from || entry.source === from) && GRAVITY.indexOf(entry.level) >= GRAVITY.indexOf(/** @type {any} */ (this.#level.value));
  }
}

/** @param {string} label @param {readonly [string, string][]} options */
function select(label, options) {
  return h('select', { 'aria-label': label }, ...options.map(([value, text]) => h('option', { value }, text)));
}

customElements.define('hg-app-logs', AppLogs);
