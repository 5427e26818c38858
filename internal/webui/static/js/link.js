// @ts-check
// The one multiplexed socket. Views subscribe to channels by name; the link
// opens them while somebody wants them, asks for them again after a reconnect,
// and tells truthfully what the connection is doing.

/** The heartbeat asked of the device: silence for longer means a stall. */
export const HEARTBEAT_MS = 2000;
/** Silence after which the link is called stalled: two heartbeats and some slack. */
export const STALLED_MS = 2 * HEARTBEAT_MS + 1500;
/** Silence after which a stalled socket is given up and opened anew. */
export const GIVE_UP_MS = 20_000;
const CONNECT_MS = 8000;
const BACKOFF_MIN_MS = 500;
const BACKOFF_MAX_MS = 15_000;
const REOPEN_MS = 3000;
const WATCH_MS = 500;

/**
 * @typedef {import('./types.d.ts').LinkStatus} LinkStatus
 * @typedef {import('./types.d.ts').ChannelHandlers<any>} Handlers
 */

/** What the link keeps of one channel; it outlives connections. */
class Channel {
  /** @param {string} cmd */
  constructor(cmd) {
    this.cmd = cmd;
    /** @type {Record<string, unknown> | undefined} */
    this.params = undefined;
    /** @type {Set<Handlers>} */
    this.listeners = new Set();
    /** Whether the server was asked for it on this connection and did not end it. */
    this.open = false;
    /** Closes that the server has not answered: until then messages are of the former opening. */
    this.closing = 0;
    /** The server ended it and a listener took note: not opened again by itself. */
    this.ended = false;
  }
}

/**
 * @typedef {object} LinkOptions
 * @property {() => string} url
 * @property {() => Promise<{answer: 'ok' | 'unauthorised' | 'failed', message: string}>} probe asks over HTTP why a socket did not open
 * @property {(url: string) => WebSocket} [connect]
 * @property {() => number} [random]
 */

/** Fires "status" whenever {@link Link.status} is replaced. */
export class Link extends EventTarget {
  #options;
  /** @type {Map<string, Channel>} */
  #channels = new Map();
  /** @type {WebSocket | undefined} */
  #socket;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #watchTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #connectTimer;
  #wanted = false;
  #hidden = false;

  /** @type {LinkStatus} */
  status = { phase: 'connecting', since: performance.now(), attempts: 0 };
  /** performance.now() of the last message, NaN before the first. */
  lastMessageAt = NaN;
  /** performance.now() at which channels were last asked for: silence counts from here at the earliest. */
  #askedAt = NaN;
  /** Messages that could not be read. */
  unreadable = 0;

  /** @param {LinkOptions} options */
  constructor(options) {
    super();
    this.#options = { connect: (/** @type {string} */ url) => new WebSocket(url), random: Math.random, ...options };
  }

  /** Whether it was started and not stopped. */
  get started() {
    return this.#wanted;
  }

  /** Connects and keeps connected. */
  start() {
    this.#wanted = true;
    this.#connect();
  }

  /** Ends everything; for tests and for leaving the page. */
  stop() {
    this.#wanted = false;
    this.#drop(1000);
  }

  /** Tries at once instead of waiting. */
  retryNow() {
    if (!this.#wanted || this.#socket) return;
    this.#connect();
  }

  /** Reports that the device asks for a token. The link rests until {@link Link.retryNow}. */
  needAuthorisation() {
    this.#drop(1000);
    this.#set('unauthorised');
  }

  /** Closes all channels while the page is out of sight and asks for them again after. @param {boolean} hidden */
  setHidden(hidden) {
    if (hidden === this.#hidden) return;
    this.#hidden = hidden;
    if (hidden) {
      for (const channel of this.#channels.values()) this.#release(channel, 'hidden');
      if (this.#socket) this.#set('paused');
      return;
    }
    if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#set('connecting');
      this.#openAll();
    } else if (!this.#socket && this.status.phase !== 'unauthorised') this.retryNow();
  }

  /**
   * Wants a channel. Several subscribers share one; the parameters given last
   * hold, and undefined leaves them as they are.
   * @template T
   * @param {string} cmd
   * @param {Record<string, unknown> | undefined} params
   * @param {import('./types.d.ts').ChannelHandlers<T>} handlers
   * @returns {import('./types.d.ts').Subscription}
   */
  subscribe(cmd, params, handlers) {
    let channel = this.#channels.get(cmd);
    if (!channel) this.#channels.set(cmd, (channel = new Channel(cmd)));
    const ch = channel;
    ch.listeners.add(handlers);
    ch.ended = false;
    if (params) ch.params = params;
    if (!ch.open || params) this.#open(ch);
    return {
      update: (next) => {
        ch.params = next;
        ch.ended = false;
        this.#open(ch);
      },
      close: () => {
        if (!ch.listeners.delete(handlers) || ch.listeners.size > 0) return;
        this.#release(ch, undefined);
      },
    };
  }

  /** How long the socket has been silent, in ms; 0 while silence says nothing. */
  silence() {
    const { phase } = this.status;
    if (phase !== 'live' && phase !== 'stalled' && phase !== 'connecting') return 0;
    const from = Math.max(this.lastMessageAt || 0, this.#askedAt || 0);
    return from > 0 ? performance.now() - from : 0;
  }

  #connect() {
    clearTimeout(this.#retryTimer);
    this.#set('connecting');
    const socket = this.#options.connect(this.#options.url());
    this.#socket = socket;
    this.#askedAt = NaN;
    this.#connectTimer = setTimeout(() => this.#fail(socket, `no connection within ${CONNECT_MS / 1000} s`), CONNECT_MS);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#opened(socket);
    socket.onmessage = (event) => this.#receive(socket, event.data);
    socket.onclose = (event) => this.#fail(socket, closeReason(event));
  }

  /** @param {WebSocket} socket */
  #opened(socket) {
    if (socket !== this.#socket) return;
    clearTimeout(this.#connectTimer);
    this.#watchTimer = setInterval(() => this.#watch(), WATCH_MS);
    if (this.#hidden) this.#set('paused');
    else this.#openAll();
  }

  #openAll() {
    this.#askedAt = performance.now();
    for (const channel of this.#channels.values()) {
      if (channel.listeners.size > 0 && !channel.ended) this.#open(channel);
    }
  }

  /** Asks for a channel, or changes its parameters, if there is a connection to ask on. @param {Channel} channel */
  #open(channel) {
    if (this.#hidden || this.#socket?.readyState !== WebSocket.OPEN || channel.listeners.size === 0) return;
    channel.open = true;
    this.#send(channel.cmd, channel.params);
    for (const listener of [...channel.listeners]) listener.opened?.();
  }

  /** @param {Channel} channel @param {'link' | 'hidden' | undefined} why undefined: nobody wants it any more */
  #release(channel, why) {
    const was = channel.open;
    channel.open = false;
    if (was && this.#socket?.readyState === WebSocket.OPEN) {
      channel.closing++;
      this.#send('channel.close', { cmd: channel.cmd });
    }
    if (was && why) for (const listener of [...channel.listeners]) listener.lost?.(why);
  }

  /** @param {string} cmd @param {unknown} payload */
  #send(cmd, payload) {
    const envelope = payload === undefined ? { cmd } : { cmd, payload };
    this.#socket?.send(JSON.stringify({ ...envelope, 'sent-at': new Date().toISOString() }));
  }

  /** @param {WebSocket} socket @param {unknown} data */
  #receive(socket, data) {
    if (socket !== this.#socket || typeof data !== 'string') return;
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      this.unreadable++;
      return;
    }
    this.lastMessageAt = performance.now();
    if (!this.#hidden && this.status.phase !== 'live') this.#set('live', { attempts: 0 });
    if (message.cmd === 'channel.closed') this.#closed(message.payload ?? {});
    else if (message.cmd === 'channel.error') this.#refused(message.payload ?? {});
    else this.#deliver(message.cmd, message.payload);
  }

  /** @param {string} cmd @param {unknown} payload */
  #deliver(cmd, payload) {
    const channel = this.#channels.get(cmd);
    if (!channel?.open || channel.closing > 0) return;
    for (const listener of [...channel.listeners]) listener.message(payload);
  }

  /** @param {{cmd?: string, reason?: string}} payload */
  #closed({ cmd, reason }) {
    const channel = this.#channels.get(cmd ?? '');
    if (!channel) return;
    if (channel.closing > 0) {
      // The answer to our close, or an end that crossed it: either way what
      // comes next is of the new opening.
      channel.closing--;
      return;
    }
    channel.open = false;
    this.#ended(channel, reason ?? 'ended');
  }

  /** @param {Channel} channel @param {string} reason */
  #ended(channel, reason) {
    if (reason === 'shutdown') return; // the connection ends next, and says more
    let handled = false;
    for (const listener of [...channel.listeners]) {
      if (!listener.ended) continue;
      listener.ended(reason);
      handled = true;
    }
    if (handled) channel.ended = !channel.open;
    else setTimeout(() => !channel.open && this.#open(channel), REOPEN_MS);
  }

  /** @param {{cmd?: string, code?: string, message?: string}} payload */
  #refused({ cmd, code, message }) {
    if (code === 'not_open') return; // our close crossed the end of the channel
    const channel = this.#channels.get(cmd ?? '');
    if (!channel) return;
    if (code === 'unknown_cmd' || code === 'too_many_channels') channel.open = false;
    for (const listener of [...channel.listeners]) listener.refused?.(code ?? '', message ?? '');
  }

  /** Looks twice a second whether the socket still speaks. */
  #watch() {
    if (this.#hidden || !this.#socket) return;
    const silence = this.silence();
    if (silence > GIVE_UP_MS) this.#fail(this.#socket, `no message for ${Math.round(silence / 1000)} s`);
    else if (silence > STALLED_MS && this.status.phase === 'live') this.#set('stalled');
  }

  /** Ends the connection and plans the next. @param {WebSocket} socket @param {string} reason */
  #fail(socket, reason) {
    if (socket !== this.#socket) return;
    const opened = this.#watchTimer !== undefined;
    this.#drop(1000);
    if (!this.#wanted) return;
    if (this.#hidden) {
      this.#set('paused', { reason });
      return;
    }
    const attempts = this.status.attempts + 1;
    const cap = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** Math.min(attempts, 10));
    const wait = cap / 2 + (this.#options.random() * cap) / 2;
    this.#set('waiting', { attempts, reason, retryAt: performance.now() + wait });
    this.#retryTimer = setTimeout(() => this.#connect(), wait);
    if (!opened) void this.#explain('the socket was refused');
  }

  /** A browser hides why a handshake failed; ask over HTTP. @param {string} reason */
  async #explain(reason) {
    const { answer, message } = await this.#options.probe();
    if (this.status.phase !== 'waiting') return;
    if (answer === 'unauthorised') {
      clearTimeout(this.#retryTimer);
      this.#set('unauthorised');
    } else {
      this.#set('waiting', { ...this.status, reason: answer === 'ok' ? `${reason}, although the device answers over HTTP` : message });
    }
  }

  /** Forgets the socket; channels stay wanted. @param {number} code */
  #drop(code) {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#connectTimer);
    clearInterval(this.#watchTimer);
    this.#watchTimer = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close(code);
    }
    for (const channel of this.#channels.values()) {
      channel.closing = 0;
      if (!channel.open) continue;
      channel.open = false;
      for (const listener of [...channel.listeners]) listener.lost?.('link');
    }
  }

  /** @param {LinkStatus['phase']} phase @param {Partial<LinkStatus>} [more] */
  #set(phase, more) {
    const { attempts, reason } = this.status;
    this.status = { attempts, reason, ...more, phase, since: performance.now() };
    this.dispatchEvent(new Event('status'));
  }
}

/** @param {CloseEvent} event */
function closeReason(event) {
  if (event.reason) return event.reason;
  switch (event.code) {
    case 1001: return 'the server is shutting down';
    case 1008: return 'the server refused this page';
    case 1011: return 'the server had an internal error';
    case 1013: return 'the server has too many connections';
    case 1000: return 'the server closed the connection';
    default: return 'the connection was lost';
  }
}
