// @ts-check
// All connections to the agent of the application, seen as one: each view has a
// channel of its own, and the state of the application is followed while the
// section is in sight. Channels say nothing while the application is quiet, so
// that the agent is also asked over HTTP whether it is there.

import { Channel, channelPath } from './channel.js';

/** Silence over HTTP after which open sockets are given up. */
const GIVE_UP_MS = 20_000;

/**
 * @typedef {import('../types.d.ts').LinkStatus} LinkStatus
 * @typedef {import('./types.d.ts').UIEvent} UIEvent
 */

/** Fires "status" whenever {@link AppLink.status} is replaced, and "life" when the state of the application changed. */
export class AppLink extends EventTarget {
  #agent;
  #options;
  /** @type {Set<Channel>} */
  #channels = new Set();
  /** @type {Channel} */
  #life;
  #wanted = false;
  /** @type {LinkStatus} */
  status = { phase: 'paused', since: performance.now(), attempts: 0 };
  /** performance.now() of the last message, NaN before the first. */
  lastMessageAt = NaN;
  /** Messages that could not be read. */
  unreadable = 0;
  /** The state of the application, such as "started", and since when in Unix ms; empty while unknown. */
  life = { state: '', since: NaN };

  /** @param {import('./agent.js').Agent} agent @param {{connect?: (url: string) => WebSocket, random?: () => number}} [options] */
  constructor(agent, options = {}) {
    super();
    this.#agent = agent;
    this.#options = { connect: (/** @type {string} */ url) => new WebSocket(url), random: Math.random, ...options };
    this.#life = this.#make(() => channelPath('ws/v1/ui/events', { events: 'lifecycle' }), {
      message: (m) => this.#lived(m),
      opened: () => {
        for (const channel of this.#channels) channel.retryNow();
      },
    });
    agent.addEventListener('change', () => this.#watch());
  }

  /** Follows the application, or lets go of it. @param {boolean} on */
  want(on) {
    if (on === this.#wanted) return;
    this.#wanted = on;
    this.#agent.poll(on);
    if (on) this.#life.open();
    else this.#life.close();
    if (!on) this.#set('paused');
  }

  /** Opens a channel of its own for a view; close ends it. @param {() => string} path relative to the base @param {import('./types.d.ts').ChannelHandlers} handlers */
  channel(path, handlers) {
    const channel = this.#make(path, handlers);
    this.#channels.add(channel);
    if (this.status.phase !== 'unauthorised') channel.open();
    return {
      send: (/** @type {unknown} */ message) => channel.send(message),
      /** Connects anew, as after the parameters in the path changed. */
      reopen: () => channel.open(),
      close: () => {
        this.#channels.delete(channel);
        channel.close();
      },
    };
  }

  /** Tries at once instead of waiting, also after signing in. */
  retryNow() {
    if (!this.#wanted) return;
    void this.#agent.read();
    if (this.status.phase === 'unauthorised') {
      for (const channel of [this.#life, ...this.#channels]) channel.open();
    } else for (const channel of [this.#life, ...this.#channels]) channel.retryNow();
  }

  /** Reports that the agent asks for a token. */
  needAuthorisation() {
    if (!this.#wanted) return;
    for (const channel of [this.#life, ...this.#channels]) channel.close();
    this.#set('unauthorised');
  }

  /** How long the agent has not been heard of, in ms. */
  silence() {
    const heard = Math.max(this.lastMessageAt || 0, this.#agent.answeredAt || 0);
    return heard > 0 ? performance.now() - heard : 0;
  }

  /** @param {() => string} path @param {import('./types.d.ts').ChannelHandlers} handlers */
  #make(path, handlers) {
    return new Channel(path, handlers, {
      connect: this.#options.connect,
      random: this.#options.random,
      heard: () => {
        this.lastMessageAt = performance.now();
      },
      unreadable: () => this.unreadable++,
      changed: (channel) => channel === this.#life && this.#watch(),
      refusedUnopened: () => void this.#agent.read(),
    });
  }

  /** @param {UIEvent} message */
  #lived(message) {
    if (message.type !== 'lifecycle' || !message.data.state) return;
    this.life = { state: message.data.state, since: Date.parse(message.data.timestamp) };
    this.dispatchEvent(new Event('life'));
    void this.#agent.read(); // whether it runs is told there
  }

  #watch() {
    if (!this.#wanted || this.status.phase === 'unauthorised' && this.#life.state === 'closed') return;
    const { state, attempts, reason, retryAt } = this.#life;
    if (state === 'live' && this.#agent.error !== undefined && this.silence() > GIVE_UP_MS) {
      for (const channel of [this.#life, ...this.#channels]) channel.giveUp('the agent does not answer');
    } else if (state === 'live') this.#set(this.#agent.error === undefined ? 'live' : 'stalled', { attempts: 0 });
    else if (state === 'waiting') this.#set('waiting', { attempts, retryAt, reason: this.#why(reason) });
    else this.#set('connecting', { attempts, reason });
  }

  /** A browser hides why a handshake failed; HTTP may tell. @param {string} reason */
  #why(reason) {
    return this.#agent.error ?? reason;
  }

  /** @param {LinkStatus['phase']} phase @param {Partial<LinkStatus>} [more] */
  #set(phase, more) {
    const { attempts, reason } = this.status;
    const since = phase === this.status.phase ? this.status.since : performance.now();
    this.status = { attempts, reason, ...more, phase, since };
    this.dispatchEvent(new Event('status'));
  }
}
