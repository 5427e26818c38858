// @ts-check
// One log source, followed over the shared link: asks for the channel, joins
// what it replays to what is already known, and says where it cannot.

import { continuation } from './store.js';

/** Lines asked for at the start and after each interruption. */
export const TAIL_LINES = 1000;
/** A replay after an interruption is over when no line came for so long. */
const QUIET_MS = 250;

/**
 * @typedef {import('../types.d.ts').LogsEvent} LogsEvent
 * @typedef {import('../types.d.ts').LogSource} LogSource
 * @typedef {object} Sink
 * @property {(lines: {at: number, text: string}[]) => void} lines
 * @property {(text: string, tone: 'info' | 'warn') => void} note
 * @property {(source: LogSource) => void} ready
 * @property {(state: 'opening' | 'following' | 'ended' | 'lost' | 'failed', message: string) => void} state
 * @property {() => string[]} known newest texts of this source, oldest first
 */

export class LogFeed {
  #link;
  #sink;
  #source = '';
  /** @type {import('../types.d.ts').Subscription | undefined} */
  #subscription;
  /** The channel was asked for and has not said ready: lines until then are of the former source. */
  #waiting = true;
  /** Lines of a replay that is being joined; undefined while lines are passed on as they come. @type {{at: number, text: string}[] | undefined} */
  #replay;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #quiet;
  #failed = false;

  /** @param {import('../link.js').Link} link @param {Sink} sink */
  constructor(link, sink) {
    this.#link = link;
    this.#sink = sink;
  }

  /** Follows a source. @param {string} source */
  open(source) {
    this.#source = source;
    const params = { source, lines: TAIL_LINES, follow: true };
    if (this.#subscription) this.#subscription.update(params);
    else {
      /** @type {import('../types.d.ts').ChannelHandlers<LogsEvent>} */
      const handlers = {
        message: (payload) => this.#message(payload),
        opened: () => this.#opened(),
        lost: (why) => this.#lost(why),
        ended: (reason) => this.#ended(reason),
        refused: (_code, message) => this.#fail(message),
      };
      this.#subscription = this.#link.subscribe('logs.stream', params, handlers);
    }
  }

  close() {
    this.#flush();
    this.#subscription?.close();
    this.#subscription = undefined;
  }

  #opened() {
    this.#flush();
    this.#waiting = true;
    this.#failed = false;
    this.#sink.state('opening', '');
  }

  /** @param {'link' | 'hidden'} why */
  #lost(why) {
    this.#flush();
    this.#waiting = true;
    this.#sink.state('lost', why === 'link' ? 'connection lost' : 'paused while hidden');
  }

  /** @param {string} reason */
  #ended(reason) {
    this.#flush();
    if (this.#failed) return;
    this.#sink.state('ended', reason === 'ended' ? 'the source has ended' : reason);
  }

  /** @param {string} message */
  #fail(message) {
    this.#failed = true;
    this.#sink.state('failed', message);
  }

  /** @param {LogsEvent} payload */
  #message(payload) {
    if (payload.type === 'ready') this.#ready(payload.source);
    else if (payload.type === 'error') this.#fail(payload.message);
    else if (this.#waiting) return;
    else if (payload.type === 'line') this.#line({ at: payload.timestamp_ms, text: payload.line });
    else if (payload.type === 'eof') this.#flush();
  }

  /** @param {LogSource} source */
  #ready(source) {
    if (source.id !== this.#source) return;
    this.#waiting = false;
    this.#sink.ready(source);
    this.#sink.state('following', '');
    if (this.#sink.known().length > 0) {
      this.#replay = [];
      this.#arm();
    }
  }

  /** @param {{at: number, text: string}} line */
  #line(line) {
    if (!this.#replay) {
      this.#sink.lines([line]);
      return;
    }
    this.#replay.push(line);
    if (this.#replay.length >= TAIL_LINES) this.#flush();
    else this.#arm();
  }

  #arm() {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.#flush(), QUIET_MS);
  }

  /** Joins the replay to what is known. */
  #flush() {
    clearTimeout(this.#quiet);
    const replay = this.#replay;
    this.#replay = undefined;
    if (!replay) return;
    const from = continuation(this.#sink.known(), replay.map((l) => l.text));
    if (from < 0 && replay.length > 0) this.#sink.note('after an interruption; lines may be missing here', 'warn');
    this.#sink.lines(replay.slice(Math.max(0, from)));
  }
}
