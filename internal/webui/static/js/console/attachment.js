// @ts-check
// One socket attached to one console session. The shell lives on the device;
// this only comes and goes. State is told, input is never queued silently.

import { socketURL } from '../lib/base.js';

const BACKOFF_MIN_MS = 500;
const BACKOFF_MAX_MS = 10_000;
/** The replay is over when the output pauses for so long, when somebody types, or at the latest after REPLAY_MOST_MS: the shell may print on and on. */
const REPLAY_QUIET_MS = 200;
const REPLAY_MOST_MS = 1000;

/**
 * @typedef {import('../types.d.ts').ConsoleEvent} ConsoleEvent
 * @typedef {'idle' | 'connecting' | 'attached' | 'lost' | 'ended' | 'gone'} State
 * @typedef {object} Events
 * @property {(state: State) => void} state
 * @property {(cols: number, rows: number, shell: string) => void} ready before the replay
 * @property {(data: string) => boolean} output false asks to skip ahead
 * @property {() => void} replayed
 */

export class Attachment {
  /** @type {State} */
  state = 'idle';
  /** performance.now() of the next attempt, in state lost. */
  retryAt = 0;
  /** What the device said last about an error. */
  message = '';
  /** @type {number | null | undefined} exit code, in state ended */
  exitCode;
  #id;
  #events;
  /** @type {WebSocket | undefined} */
  #socket;
  /** The socket that takes input until the next one is ready. @type {WebSocket | undefined} */
  #previous;
  #attempts = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #quiet;
  /** performance.now() of the last ready. */
  #readyAt = 0;
  #encoder = new TextEncoder();

  /** @param {string} id @param {Events} events */
  constructor(id, events) {
    this.#id = id;
    this.#events = events;
  }

  /** Attaches, unless attached, ended or gone. */
  attach() {
    if (this.#socket || this.state === 'ended' || this.state === 'gone') return;
    clearTimeout(this.#timer);
    this.#set('connecting');
    const socket = new WebSocket(socketURL(`v1/ws/console?sessionId=${encodeURIComponent(this.#id)}`));
    this.#socket = socket;
    socket.onmessage = (event) => {
      if (socket === this.#socket && typeof event.data === 'string') this.#receive(event.data);
    };
    socket.onclose = () => socket === this.#socket && this.#closed();
  }

  /** Lets go of the socket; the shell goes on. @param {State} [state] */
  detach(state = 'idle') {
    clearTimeout(this.#timer);
    clearTimeout(this.#quiet);
    this.#dropPrevious();
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket) {
      socket.onmessage = socket.onclose = null;
      socket.close(1000);
    }
    if (this.state !== 'ended' && this.state !== 'gone') this.#set(state);
  }

  /** Attaches anew, which replays what the session holds. Input goes on meanwhile: it may be the Ctrl-C that ends a flood. */
  #reattach() {
    this.#previous = this.#socket;
    this.#socket = undefined;
    if (this.#previous) this.#previous.onmessage = this.#previous.onclose = null;
    this.attach();
  }

  #dropPrevious() {
    this.#previous?.close(1000);
    this.#previous = undefined;
  }

  /** Sends typed text as bytes. @param {string} text @returns {boolean} false when there is no link: nothing was sent */
  input(text) {
    return this.bytes(this.#encoder.encode(text));
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes */
  bytes(bytes) {
    const socket = this.state === 'attached' ? this.#socket : this.#previous;
    if (socket?.readyState !== WebSocket.OPEN) return false;
    socket.send(bytes);
    this.#replayOver();
    return true;
  }

  /** @param {number} cols @param {number} rows */
  resize(cols, rows) {
    if (this.state === 'attached') this.#socket?.send(JSON.stringify({ type: 'resize', cols, rows }));
  }

  /** @param {string} data */
  #receive(data) {
    /** @type {ConsoleEvent} */
    const event = JSON.parse(data);
    switch (event.type) {
      case 'ready':
        this.#attempts = 0;
        this.#dropPrevious();
        this.message = '';
        this.#set('attached');
        this.#readyAt = performance.now();
        this.#events.ready(event.cols, event.rows, event.shell);
        this.#armQuiet();
        break;
      case 'output':
        if (this.#quiet) this.#armQuiet();
        if (!this.#events.output(event.data)) this.#reattach();
        break;
      case 'exit':
        this.exitCode = event.code;
        this.#set('ended');
        break;
      case 'error':
        this.#failed(event.message);
    }
  }

  #armQuiet() {
    clearTimeout(this.#quiet);
    const left = this.#readyAt + REPLAY_MOST_MS - performance.now();
    this.#quiet = setTimeout(() => this.#replayOver(), Math.min(REPLAY_QUIET_MS, Math.max(0, left)));
  }

  #replayOver() {
    if (!this.#quiet) return;
    clearTimeout(this.#quiet);
    this.#quiet = undefined;
    this.#events.replayed();
  }

  /** @param {string} message */
  #failed(message) {
    this.message = message;
    if (message.includes('not found')) this.#set('gone');
    else this.#set(this.state);
  }

  #closed() {
    this.#dropPrevious();
    this.#socket = undefined;
    clearTimeout(this.#quiet);
    if (this.state === 'ended' || this.state === 'gone') return;
    const wait = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** this.#attempts++) * (0.5 + Math.random() / 2);
    this.retryAt = performance.now() + wait;
    this.#timer = setTimeout(() => this.attach(), wait);
    this.#set('lost');
  }

  /** @param {State} state */
  #set(state) {
    this.state = state;
    this.#events.state(state);
  }
}
