// @ts-check
// A profiler session as this page has it: followed from where it was left, with
// bounded histories; what was missed is counted, since everything is numbered.

import { channelPath } from '../channel.js';
import { HttpError, json, send, request } from '../../lib/http.js';

/** Kept here: an hour at two a second, and what is drawn of the rest. */
export const MAX_SAMPLES = 7200;
export const MAX_SPANS = 4000;
export const MAX_MARKERS = 1000;
/** How often sessions that others start are looked for. */
const LOOK_MS = 3000;
/** Items asked for in a batch, of each kind. */
const LIMIT = 1000;

/**
 * @typedef {import('../types.d.ts').Session} Session
 * @typedef {import('../types.d.ts').Sample} Sample
 * @typedef {import('../types.d.ts').Marker} Marker
 * @typedef {import('../types.d.ts').Span} Span
 * @typedef {import('../types.d.ts').Batch} Batch
 * @typedef {Span & {at: number, end: number}} TimedSpan at and end in Unix ms
 */

/** What is plotted of a sample. */
const PICK = {
  cpu: (/** @type {Sample} */ s) => s.cpuPercent ?? null,
  managed: (/** @type {Sample} */ s) => s.managedBytes || null, // 0: there is no such heap
  native: (/** @type {Sample} */ s) => s.nativeMemoryBytes ?? null,
  gc: (/** @type {Sample} */ s) => (s.gc0 ?? 0) + (s.gc1 ?? 0) + (s.gc2 ?? 0),
  threads: (/** @type {Sample} */ s) => s.threadCount ?? null,
  fps: (/** @type {Sample} */ s) => s.fps ?? null,
  frame: (/** @type {Sample} */ s) => s.frameTimeMsP95 ?? s.frameTimeMsP50 ?? null,
  jank: (/** @type {Sample} */ s) => (s.jankFrameCount ?? 0) + (s.uiThreadStallCount ?? 0),
};
/** @typedef {keyof typeof PICK} Key */

/** Fires "change" after each message and each change of state. */
export class ProfilerFeed extends EventTarget {
  /** What is shown; undefined before the first session. @type {Session | undefined} */
  session;
  /** The profiler cannot be used, and why; empty when it can. */
  off = '';
  /** Unix ms at which the session was seen to end; NaN while it is active. */
  endedAt = NaN;
  /** Unix seconds. @type {number[]} */
  times = [];
  /** @type {Record<Key, (number | null)[]>} */
  series = empty();
  /** @type {Sample | undefined} */
  latest;
  /** performance.now() at which it came. */
  arrivedAt = NaN;
  /** Oldest first. @type {Marker[]} */
  markers = [];
  /** In the order they were recorded. @type {TimedSpan[]} */
  spans = [];
  /** Items of the session that this page has seen, and that it missed. */
  seen = { samples: 0, markers: 0, spans: 0 };
  missed = 0;
  #cursors = { sampleCursor: 0, markerCursor: 0, spanCursor: 0 };
  #id = 'current';
  #checked = false;
  /** @type {ReturnType<import('../link.js').AppLink['channel']> | undefined} */
  #channel;
  #state = /** @type {import('../types.d.ts').ChannelState} */ ('closed');

  get state() {
    return this.#state;
  }

  get active() {
    return this.session?.isActive === true;
  }

  /** Follows the current session until the returned function is called. @param {import('../link.js').AppLink} link */
  open(link) {
    this.#channel = link.channel(() => channelPath('ws/v1/profiler', { sessionId: this.#id, ...this.#cursors, limit: LIMIT }), {
      message: (m) => this.take(m),
      ended: (code) => this.#ended(code),
      state: (state) => {
        this.#state = state;
        this.#changed();
      },
    });
    const timer = setInterval(() => void this.look(), LOOK_MS);
    void this.look();
    return () => {
      clearInterval(timer);
      this.#channel?.close();
      this.#channel = undefined;
    };
  }

  /** Starts a session, or joins the active one. @param {number} ms between samples */
  async start(ms) {
    const answer = await send('api/v1/profiler/sessions', { sampleIntervalMs: ms });
    this.#follow(await answer.json());
  }

  async stop() {
    await request('api/v1/profiler/sessions/current', { method: 'DELETE' });
  }

  /** @param {string} name */
  async mark(name) {
    await send('api/v1/profiler/markers', { name });
  }

  /** Looks whether there is another session than the one followed. */
  async look() {
    try {
      if (!(await this.#usable())) return;
      /** @type {Session[]} */
      const sessions = await json('api/v1/profiler/sessions');
      const newest = sessions[0];
      if (!newest) this.#changed();
      else if (newest.sessionId !== this.session?.sessionId || !this.session.startedAtUtc) this.#follow(newest);
    } catch (err) {
      if (!(err instanceof HttpError)) throw err; // the connection tells
    }
  }

  /** Whether there is a profiler; asked until it is known. */
  async #usable() {
    if (this.#checked) return this.off === '';
    /** @type {import('../types.d.ts').ProfilerCapabilities} */
    const { available } = await json('api/v1/profiler/capabilities');
    this.#checked = true;
    this.off = available ? '' : 'the agent has it switched off';
    this.#changed();
    return available;
  }

  /** @param {Session} session */
  #follow({ sessionId, startedAtUtc, sampleIntervalMs, isActive }) {
    const known = this.session?.sessionId === sessionId;
    if (!known) this.#reset(sessionId);
    this.session = { sessionId, startedAtUtc, sampleIntervalMs, isActive: isActive && (known ? this.active : true) };
    if (!known) this.#channel?.reopen();
    this.#changed();
  }

  /** @param {any} m */
  take(m) {
    if (m.type === 'batch') this.#batch(m.data);
    else if (m.type === 'stopped') this.#stopped(m.data.sessionId);
    this.#changed();
  }

  /** @param {Batch} b */
  #batch(b) {
    if (b.sessionId === '') return;
    if (b.sessionId !== this.session?.sessionId) {
      this.#reset(b.sessionId);
      this.session = { sessionId: b.sessionId, startedAtUtc: '', sampleIntervalMs: 500, isActive: b.isActive };
      void this.look(); // what the batch does not tell
    }
    const c = this.#cursors;
    this.missed += b.sampleCursor - c.sampleCursor - b.samples.length + b.markerCursor - c.markerCursor - b.markers.length + b.spanCursor - c.spanCursor - b.spans.length;
    this.#cursors = { sampleCursor: b.sampleCursor, markerCursor: b.markerCursor, spanCursor: b.spanCursor };
    for (const s of b.samples) this.#sample(s);
    this.seen.samples += b.samples.length;
    this.seen.markers += b.markers.length;
    this.seen.spans += b.spans.length;
    this.markers = [...this.markers, ...b.markers].slice(-MAX_MARKERS);
    if (b.spans.length > 0) this.spans = [...this.spans, ...b.spans.map(timed)].slice(-MAX_SPANS);
    if (b.isActive) this.endedAt = NaN;
    /** @type {Session} */ (this.session).isActive = b.isActive;
  }

  /** @param {Sample} s */
  #sample(s) {
    this.latest = s;
    this.arrivedAt = performance.now();
    this.times.push(Date.parse(s.tsUtc) / 1000);
    const full = this.times.length > MAX_SAMPLES;
    if (full) this.times.shift();
    for (const key of /** @type {Key[]} */ (Object.keys(PICK))) {
      this.series[key].push(PICK[key](s));
      if (full) this.series[key].shift();
    }
  }

  /** @param {string} id "current" when there has never been a session */
  #stopped(id) {
    if (!this.session || id !== this.session.sessionId) return;
    if (Number.isNaN(this.endedAt)) this.endedAt = (this.times.at(-1) ?? Date.now() / 1000) * 1000;
    this.session.isActive = false;
  }

  /** @param {number} code */
  #ended(code) {
    if (code === 1008 && this.#id !== 'current') {
      // The agent does not know the session any more: it was started anew.
      this.#reset('current');
      this.session = undefined;
      void this.look();
    }
    this.#changed();
  }

  /** @param {string} id */
  #reset(id) {
    this.#id = id;
    this.#cursors = { sampleCursor: 0, markerCursor: 0, spanCursor: 0 };
    this.times = [];
    this.series = empty();
    this.latest = undefined;
    this.markers = [];
    this.spans = [];
    this.seen = { samples: 0, markers: 0, spans: 0 };
    this.missed = 0;
    this.endedAt = NaN;
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

/** @returns {Record<Key, (number | null)[]>} */
function empty() {
  return /** @type {any} */ (Object.fromEntries(Object.keys(PICK).map((key) => [key, []])));
}

/** @param {Span} s @returns {TimedSpan} */
function timed(s) {
  const at = Date.parse(s.startTsUtc);
  return { ...s, at, end: at + s.durationMs };
}
