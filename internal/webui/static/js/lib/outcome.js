// @ts-check
// What became of a command, told beside the control that gave it.

import { h, setAttr, setText } from './dom.js';
import { HttpError } from './http.js';

/** How long a success is told. */
const TOLD_MS = 4000;

export class Outcome {
  el = h('p', { class: 'outcome', role: 'status', 'aria-live': 'polite' });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** Says that a command is under way. @param {string} text */
  busy(text) {
    this.#say(text, 'busy');
  }

  /** Says that it was carried out; that passes. @param {string} text */
  done(text) {
    this.#say(text, 'ok');
    this.#timer = setTimeout(() => this.clear(), TOLD_MS);
  }

  /** Says why it failed; that stays until the next command. @param {string} text */
  failed(text) {
    this.#say(text, 'bad');
  }

  clear() {
    this.#say('', null);
  }

  /**
   * Carries out a command and tells what became of it.
   * @template T
   * @param {string} doing @param {string} done said after success; empty says nothing @param {() => Promise<T>} command
   * @returns {Promise<T | undefined>} undefined after a failure
   */
  async run(doing, done, command) {
    this.busy(doing);
    try {
      const answer = await command();
      if (done) this.done(done);
      else this.clear();
      return answer;
    } catch (err) {
      if (!(err instanceof HttpError)) throw err;
      this.failed(explain(err));
      return undefined;
    }
  }

  /** @param {string} text @param {string | null} tone */
  #say(text, tone) {
    clearTimeout(this.#timer);
    setText(this.el, text);
    setAttr(this.el, 'data-tone', tone);
  }
}

/** A refusal as a sentence. @param {HttpError} err */
export function explain(err) {
  if (err.status === 401) return 'Not done: sign in first.';
  if (err.status === 403) return `Not allowed: ${err.message}.`;
  return `Not done: ${err.message.replace(/\.$/, '')}.`;
}
