// @ts-check
// The change journal as seen by this page: changes since it connected, newest
// last, with a mark wherever some were missed. The subscription also carries the
// heartbeat by which the link knows that the connection is alive.

import { HEARTBEAT_MS } from './link.js';

/** Rows kept; older ones are dropped and counted. */
export const JOURNAL_ROWS = 1000;

/**
 * @typedef {import('./types.d.ts').ChangeEvent} ChangeEvent
 * @typedef {{id: number, at: number, event: ChangeEvent} | {id: number, at: number, note: string, tone: 'info' | 'warn', away?: boolean}} Row
 * A row with away says that changes may be missing; what comes next tells.
 */

/** Fires "row" when rows changed. */
export class Journal extends EventTarget {
  /** @type {Row[]} */
  rows = [];
  /** Rows dropped from the start. */
  dropped = 0;
  /** Changes seen. */
  seen = 0;
  /** performance.now() of the last heartbeat or change. */
  heardAt = NaN;
  #lastSeq = 0;
  #away = false;
  #nextId = 1;

  /** @param {import('./link.js').Link} link */
  constructor(link) {
    super();
    /** @type {import('./types.d.ts').ChannelHandlers<import('./types.d.ts').UpdatesEvent>} */
    const handlers = {
      message: (payload) => this.#message(payload),
      lost: () => {
        this.#away = true;
      },
      refused: (_code, message) => this.#note(`the change journal is not available: ${message}`, 'warn'),
    };
    this.subscription = link.subscribe('updates.stream', { heartbeat_ms: HEARTBEAT_MS }, handlers);
  }

  clear() {
    this.rows = [];
    this.dropped = 0;
    this.dispatchEvent(new Event('row'));
  }

  /** @param {import('./types.d.ts').UpdatesEvent} payload */
  #message(payload) {
    this.heardAt = performance.now();
    if (payload.type === 'ready') this.#ready();
    else if (payload.type === 'change') this.#change(payload.event);
    else if (payload.type === 'error') this.#note(payload.message, 'warn');
  }

  #ready() {
    const known = this.#awayRow();
    if (this.#away && this.rows.length > 0 && !known) {
      this.#push({ id: this.#nextId++, at: Date.now(), note: 'the page was away; changes made meanwhile are not listed', tone: 'info', away: true });
    }
    this.#away = false;
  }

  /** The last row, if it says that the page was away. */
  #awayRow() {
    const last = this.rows.at(-1);
    return last && 'away' in last && last.away ? last : undefined;
  }

  /** @param {ChangeEvent} event */
  #change(event) {
    const missed = event.seq - this.#lastSeq - 1;
    // Numbers are dense, so now it is known whether anything was missed.
    if (this.#lastSeq > 0 && missed >= 0 && this.#awayRow()) this.rows.pop();
    if (this.#lastSeq > 0 && missed > 0) this.#note(`${missed} earlier ${missed === 1 ? 'change was' : 'changes were'} missed`, 'warn');
    if (this.#lastSeq > 0 && missed < 0) this.#note('the server was restarted: its numbering began anew', 'info');
    this.#lastSeq = event.seq;
    this.seen++;
    this.#push({ id: this.#nextId++, at: event.timestamp_ms, event });
  }

  /** @param {string} note @param {'info' | 'warn'} tone */
  #note(note, tone) {
    this.#push({ id: this.#nextId++, at: Date.now(), note, tone });
  }

  /** @param {Row} row */
  #push(row) {
    this.rows.push(row);
    if (this.rows.length > JOURNAL_ROWS) {
      this.rows.shift();
      this.dropped++;
    }
    this.dispatchEvent(new Event('row'));
  }
}
