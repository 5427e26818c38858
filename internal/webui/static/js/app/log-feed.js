// @ts-check
// The log of the application, followed: the replay after an interruption is
// joined to what is known, and what may be missing between the two is said.

import { clockTime } from '../lib/format.js';
import { continuation } from '../logs/store.js';
import { channelPath } from './channel.js';
import { resumeNote } from './pane-tools.js';

/** Entries asked for at the start and after each interruption: the most that there are. */
export const REPLAY = 1000;

/**
 * @typedef {import('./types.d.ts').LogEntry} LogEntry
 * @typedef {import('../logs/pane.js').NewLine} NewLine
 * @typedef {object} Sink
 * @property {(lines: NewLine[]) => void} lines
 * @property {(text: string, tone: 'info' | 'warn') => void} note
 * @property {(state: import('./types.d.ts').ChannelState) => void} state
 */

/** Levels as the lines are coloured by. */
const LEVELS = /** @type {const} */ ({ trace: 'debug', debug: 'debug', info: 'info', warning: 'warn', error: 'err', critical: 'crit' });

export class LogFeed {
  #sink;
  /** Keys of the newest entries, oldest first. @type {string[]} */
  #known = [];
  /** How the last connection ended, until the replay is joined. @type {{code: number, at: number} | undefined} */
  #lost;

  /** @param {Sink} sink */
  constructor(sink) {
    this.#sink = sink;
  }

  /** Opens the channel; the returned object closes it. @param {import('./link.js').AppLink} link */
  open(link) {
    return link.channel(() => channelPath('ws/v1/logs', { level: 'trace', replay: REPLAY }), {
      message: (m) => this.take(m),
      lost: (code) => this.lost(code),
      state: (state) => this.#sink.state(state),
    });
  }

  /** The connection went away. @param {number} code */
  lost(code) {
    this.#lost ??= { code, at: Date.now() };
    if (code === 1013) this.#lost.code = code;
  }

  /** @param {any} message */
  take(message) {
    if (message.type === 'replay') this.#replay([...message.data.entries].reverse());
    else if (message.type === 'log') this.#add([message.data.entry]);
  }

  /** @param {LogEntry[]} entries oldest first */
  #replay(entries) {
    const lost = this.#lost;
    this.#lost = undefined;
    if (this.#known.length === 0) {
      this.#add(entries);
      return;
    }
    const from = continuation(this.#known, entries.map(keyOf));
    if (from < 0 || lost) this.#say(lost, from < 0, entries.length);
    this.#add(entries.slice(Math.max(0, from)));
  }

  /** @param {{code: number, at: number} | undefined} lost undefined: the view was out of sight @param {boolean} torn @param {number} length of the replay */
  #say(lost, torn, length) {
    // A short replay that does not continue what is known is of another run of the agent.
    const again = torn && length < REPLAY ? ' The agent was started anew.' : '';
    if (lost) this.#sink.note(resumeNote(lost.code, torn ? 'unknown' : 'none', 'entries', clockTime(lost.at)) + again, torn ? 'warn' : 'info');
    else this.#sink.note(`Entries may be missing here: this view was out of sight.${again}`, 'warn');
  }

  /** @param {LogEntry[]} entries oldest first */
  #add(entries) {
    if (entries.length === 0) return;
    for (const e of entries) this.#known.push(keyOf(e));
    if (this.#known.length > 2 * REPLAY) this.#known.splice(0, this.#known.length - REPLAY);
    this.#sink.lines(entries.map(lineOf));
  }
}

/** @param {LogEntry} e */
function keyOf(e) {
  return `${e.timestamp}|${e.level}|${e.source}|${e.category}|${e.message}`;
}

/** @param {LogEntry} e @returns {NewLine} */
export function lineOf(e) {
  return { at: Date.parse(e.timestamp), text: e.message, level: LEVELS[e.level] ?? 'info', label: e.level, origin: e.category, more: e.exception || undefined, item: e };
}

/** Levels from the gravest, with their number. @type {readonly import('./types.d.ts').Level[]} */
export const GRAVITY = ['trace', 'debug', 'info', 'warning', 'error', 'critical'];
