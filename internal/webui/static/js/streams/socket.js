// @ts-check
// A socket of its own for one thing of one stream, which comes back by itself.
// Live pictures have their own, so that a large frame never stands before a
// reading on the shared socket.

import { socketURL } from '../lib/base.js';

const BACKOFF_MIN_MS = 500;
const BACKOFF_MAX_MS = 10_000;
/** An open socket this old counts as a success: the next loss is tried again at once. */
const SETTLED_MS = 5000;

/**
 * @typedef {object} SocketHandlers
 * @property {(message: any) => void} [message] a JSON message
 * @property {(data: ArrayBuffer) => void} [binary]
 * @property {() => void} [opened]
 * @property {() => void} [lost] it went away and is tried again
 */

export class StreamSocket {
  #path;
  #handlers;
  /** @type {WebSocket | undefined} */
  #socket;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #attempts = 0;
  #openedAt = NaN;
  #closed = false;

  /** @param {() => string} path relative to the base, asked for at each attempt @param {SocketHandlers} handlers */
  constructor(path, handlers) {
    this.#path = path;
    this.#handlers = handlers;
    this.#connect();
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** @param {unknown} message @returns {boolean} whether there was a socket to send on */
  send(message) {
    if (!this.isOpen) return false;
    this.#socket?.send(JSON.stringify(message));
    return true;
  }

  /** Ends it for good. No handler is called any more. */
  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#forget();
  }

  /** Connects anew, as after the parameters in the path changed. */
  reopen() {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#forget();
    this.#connect();
  }

  #connect() {
    const socket = new WebSocket(socketURL(this.#path()));
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      this.#openedAt = performance.now();
      this.#handlers.opened?.();
    };
    socket.onmessage = ({ data }) => {
      if (typeof data !== 'string') this.#handlers.binary?.(data);
      else this.#text(data);
    };
    socket.onclose = () => this.#lost(socket);
    this.#socket = socket;
  }

  /** @param {string} data */
  #text(data) {
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return; // nothing that this server sends
    }
    this.#handlers.message?.(message);
  }

  /** @param {WebSocket} socket */
  #lost(socket) {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    if (performance.now() - this.#openedAt > SETTLED_MS) this.#attempts = 0;
    this.#openedAt = NaN;
    const cap = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** this.#attempts++);
    this.#timer = setTimeout(() => this.#connect(), cap / 2 + (Math.random() * cap) / 2);
    this.#handlers.lost?.();
  }

  #forget() {
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000);
  }
}

/** @param {string} id @param {string} name @param {Record<string, string | number | boolean | undefined>} [params] */
export function streamPath(id, name, params = {}) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) if (value !== undefined && value !== '') query.set(key, String(value));
  return `v1/ws/streams/${id}/${name}${query.size > 0 ? `?${query}` : ''}`;
}
