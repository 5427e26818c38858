// @ts-check
// One channel of the agent: a socket that comes back by itself, and says why it
// went away.

import { socketURL } from '../lib/base.js';

const BACKOFF_MIN_MS = 400;
const BACKOFF_MAX_MS = 15_000;
const CONNECT_MS = 8000;
/** An open socket this old counts as a success: the next loss is tried again at once. */
const SETTLED_MS = 5000;

/**
 * @typedef {import('./types.d.ts').ChannelHandlers} Handlers
 * @typedef {import('./types.d.ts').ChannelState} ChannelState
 * @typedef {object} Owner what a channel tells its link
 * @property {(url: string) => WebSocket} connect
 * @property {() => number} random
 * @property {() => void} heard a message came
 * @property {() => void} unreadable a message came that is no JSON
 * @property {(channel: Channel) => void} changed
 * @property {() => void} refusedUnopened a handshake failed: ask over HTTP why
 */

/** Close codes after which the agent does not want to be asked again. */
const FINAL = [1000, 1008];

export class Channel {
  #path;
  #handlers;
  #owner;
  /** @type {WebSocket | undefined} */
  #socket;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #openedAt = NaN;
  /** @type {ChannelState} */
  state = 'closed';
  /** Failed attempts in a row. */
  attempts = 0;
  /** performance.now() of the next attempt, while waiting. */
  retryAt = NaN;
  /** Why it went away last, for people. */
  reason = '';

  /** @param {() => string} path relative to the base, asked for at each attempt @param {Handlers} handlers @param {Owner} owner */
  constructor(path, handlers, owner) {
    this.#path = path;
    this.#handlers = handlers;
    this.#owner = owner;
  }

  /** Connects and keeps connected. */
  open() {
    clearTimeout(this.#timer);
    this.#forget();
    this.#set('connecting');
    const socket = this.#owner.connect(socketURL(this.#path()));
    this.#socket = socket;
    this.#openedAt = NaN;
    this.#timer = setTimeout(() => this.#lost(socket, 0, `no connection within ${CONNECT_MS / 1000} s`), CONNECT_MS);
    socket.onopen = () => this.#opened();
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = ({ code, reason }) => this.#lost(socket, code, closeReason(code, reason));
  }

  /** Ends it. It may be opened again. */
  close() {
    clearTimeout(this.#timer);
    this.#forget();
    this.#set('closed');
  }

  /** Tries at once instead of waiting. */
  retryNow() {
    if (this.state === 'waiting') this.open();
  }

  /** Gives a socket up that does not speak any more. @param {string} reason */
  giveUp(reason) {
    if (this.#socket) this.#lost(this.#socket, 0, reason);
  }

  /** @param {unknown} message @returns {boolean} whether there was a socket to send on */
  send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #opened() {
    clearTimeout(this.#timer);
    this.#openedAt = performance.now();
    this.#owner.heard();
    this.#set('live');
    this.#handlers.opened?.();
  }

  /** @param {unknown} data */
  #receive(data) {
    this.#owner.heard();
    let message;
    try {
      message = JSON.parse(/** @type {string} */ (data));
    } catch {
      this.#owner.unreadable();
      return;
    }
    this.#handlers.message(message);
  }

  /** @param {WebSocket} socket @param {number} code @param {string} reason */
  #lost(socket, code, reason) {
    if (socket !== this.#socket) return;
    const opened = !Number.isNaN(this.#openedAt);
    const settled = performance.now() - this.#openedAt > SETTLED_MS;
    clearTimeout(this.#timer);
    this.#forget();
    this.reason = reason;
    if (FINAL.includes(code)) {
      this.#set('ended');
      this.#handlers.ended?.(code);
      return;
    }
    this.attempts = settled ? 1 : this.attempts + 1;
    const cap = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** Math.min(this.attempts - 1, 10));
    const wait = cap / 2 + (this.#owner.random() * cap) / 2;
    this.retryAt = performance.now() + wait;
    this.#timer = setTimeout(() => this.open(), wait);
    this.#set('waiting');
    this.#handlers.lost?.(code, reason);
    if (!opened) this.#owner.refusedUnopened();
  }

  #forget() {
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    // A browser complains of one that is closed before it is open.
    if (socket.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close(1000);
    else socket.close(1000);
  }

  /** @param {ChannelState} state */
  #set(state) {
    if (state === this.state && state !== 'waiting') return;
    this.state = state;
    this.#handlers.state?.(state);
    this.#owner.changed(this);
  }
}

/** The code with which the agent ends a reader that is too slow. */
export const TOO_SLOW = 1013;

/** @param {number} code @param {string} reason */
function closeReason(code, reason) {
  if (code === TOO_SLOW) return 'this page read too slowly';
  if (reason) return reason;
  switch (code) {
    case 1000: return 'the agent closed the connection';
    case 1001: return 'the agent is shutting down';
    case 1008: return 'the agent refused this page';
    case 1011: return 'the agent had an internal error';
    default: return 'the connection was lost';
  }
}

/** @param {string} path @param {Record<string, string | number | boolean>} params */
export function channelPath(path, params) {
  return `${path}?${new URLSearchParams(Object.entries(params).map(([k, v]) => [k, String(v)]))}`;
}
