// @ts-check
// A console session in this page: its terminal, its socket, and the bar that
// says what state they are in.

import { h, setAttr, setText } from '../lib/dom.js';
import { duration } from '../lib/format.js';
import { ticker } from '../lib/ticker.js';
import { Attachment } from './attachment.js';
import { Screen } from './terminal.js';

/** @typedef {import('../types.d.ts').ConsoleSession} ConsoleSession */

export class ConsoleTab {
  screen = new Screen();
  /** @type {ConsoleSession} */
  session;
  title = '';
  #text = h('span', {});
  #now = h('button', { type: 'button', onclick: () => this.link.attach() }, 'Attach now');
  #bar = h('div', { class: 'term-state', role: 'status', hidden: true }, this.#text, this.#now);
  el = h('section', { class: 'term-frame', role: 'tabpanel', hidden: true }, this.#bar, this.screen.el);
  link;
  #lostAt = 0;
  #refusedInput = false;
  #skipped = false;
  #stopTicker;
  /** Set by the owner; called when state, title or session changed. */
  onChange = () => {};
  /** Applied to typed text before it is sent: the sticky keys of the key bar. @type {(text: string) => string} */
  transform = (text) => text;

  /** @param {ConsoleSession} session */
  constructor(session) {
    this.session = session;
    this.link = new Attachment(session.session_id, {
      state: () => this.#changed(),
      ready: (cols, rows) => this.#ready(cols, rows),
      output: (data) => this.#output(data),
      replayed: () => this.screen.drained(() => this.#replayed()),
    });
    this.screen.onInput = (text) => this.type(this.transform(text));
    this.screen.onBytes = (bytes) => this.#sent(this.link.bytes(bytes));
    this.screen.onResize = (cols, rows) => {
      if (!this.screen.replaying) this.link.resize(cols, rows);
    };
    this.screen.term.onTitleChange((title) => {
      this.title = title;
      this.onChange();
    });
    this.#stopTicker = ticker.add(() => this.#say());
  }

  /** Sends text as if typed. @param {string} text */
  type(text) {
    this.#sent(this.link.input(text));
  }

  /** Takes what the list of sessions says. @param {ConsoleSession} session */
  update(session) {
    this.session = session;
    this.#say();
  }

  /** Whether the shell has ended, as far as known. */
  get over() {
    return this.session.closed || this.link.state === 'ended' || this.link.state === 'gone';
  }

  show() {
    this.el.hidden = false;
    this.screen.show();
    this.link.attach();
  }

  dispose() {
    this.#stopTicker();
    this.link.detach();
    this.screen.dispose();
    this.el.remove();
  }

  /** @param {number} cols @param {number} rows */
  #ready(cols, rows) {
    // The replay was made for this size; it is fitted when it is over.
    this.screen.replaying = true;
    this.screen.reset(cols, rows);
    if (this.#skipped) this.screen.write('\x1b[7m output came faster than this page can draw; some was skipped \x1b[0m\r\n');
    this.#skipped = false;
  }

  #replayed() {
    this.screen.replaying = false;
    this.screen.fit();
  }

  /** @param {string} data */
  #output(data) {
    if (this.screen.write(data)) return true;
    this.#skipped = true;
    return false;
  }

  /** @param {boolean} done */
  #sent(done) {
    if (done === !this.#refusedInput) return;
    this.#refusedInput = !done;
    this.#say();
  }

  #changed() {
    if (this.link.state === 'lost' && this.#lostAt === 0) this.#lostAt = performance.now();
    if (this.link.state === 'attached') {
      this.#lostAt = 0;
      this.#refusedInput = false;
    }
    this.#say();
    this.onChange();
  }

  #say() {
    const text = this.#sentence();
    setText(this.#text, text);
    this.#bar.hidden = text === '';
    this.#now.hidden = this.link.state !== 'lost';
    setAttr(this.el, 'data-state', this.over ? 'over' : this.link.state);
  }

  #sentence() {
    const refused = this.#refusedInput ? ' What you type now is not sent.' : '';
    switch (this.link.state) {
      case 'lost': {
        const left = Math.max(0, Math.ceil((this.link.retryAt - performance.now()) / 1000));
        return `The link to this shell was lost ${duration(performance.now() - this.#lostAt)} ago. That does not end the shell. Trying again in ${left} s.${refused}`;
      }
      case 'connecting': return this.#lostAt > 0 ? `Attaching again.${refused}` : '';
      case 'gone': return 'This session no longer exists on the device.';
      case 'ended': return `The shell has ended${exitText(this.link.exitCode)}.`;
      default:
        if (this.session.closed) return `The shell has ended${exitText(this.session.exit_code)}. This is what it printed last.`;
        return this.link.message;
    }
  }
}

/** @param {number | null | undefined} code */
function exitText(code) {
  return code === null ? ' by a signal' : code === undefined ? '' : ` with exit code ${code}`;
}
