// @ts-check
// What happens in the user interface of the application. The channel has no
// replay, so that each interruption leaves a gap, which is said.

import { clockTime } from '../lib/format.js';
import { channelPath } from './channel.js';

/**
 * @typedef {import('./types.d.ts').UIEvent} UIEvent
 * @typedef {import('./types.d.ts').UIEvent['type']} Kind
 * @typedef {import('../logs/pane.js').NewLine} NewLine
 */

/** The kinds of events, and what they are called. @type {readonly [Kind, string][]} */
export const KINDS = [['navigation', 'Navigation'], ['lifecycle', 'Lifecycle'], ['treeChange', 'Tree'], ['alert', 'Alerts'], ['error', 'Errors']];

/** Fires "change" when the route, the state or a count changed. */
export class EventFeed extends EventTarget {
  #sink;
  /** The route that is shown; undefined while unknown. @type {string | undefined} */
  route;
  state = '';
  /** Events seen of each kind. @type {Record<Kind, number>} */
  counts = { navigation: 0, lifecycle: 0, treeChange: 0, alert: 0, error: 0 };
  /** The newest navigation and lifecycle as they were told: the snapshot of a new connection repeats them. @type {Map<Kind, string>} */
  #last = new Map();
  /** When the last connection ended, Unix ms; NaN before it. */
  #lostAt = NaN;
  #code = 0;
  #opened = false;

  /** @param {{lines(lines: NewLine[]): void, note(text: string, tone: 'info' | 'warn'): void, state(state: import('./types.d.ts').ChannelState): void}} sink */
  constructor(sink) {
    super();
    this.#sink = sink;
  }

  /** Opens the channel; the returned object closes it. @param {import('./link.js').AppLink} link */
  open(link) {
    const channel = link.channel(() => channelPath('ws/v1/ui/events', { events: 'all' }), {
      message: (m) => this.take(m),
      opened: () => this.opened(),
      lost: (code) => this.lost(code),
      state: (state) => this.#sink.state(state),
    });
    return {
      close: () => {
        channel.close();
        this.lost(0, true);
      },
    };
  }

  opened() {
    if (this.#opened && Number.isFinite(this.#lostAt)) this.#sink.note(this.#gap(), 'warn');
    this.#opened = true;
    this.#lostAt = NaN;
  }

  /** @param {number} code of the end @param {boolean} [hidden] the view was hidden on purpose */
  lost(code, hidden = false) {
    if (Number.isNaN(this.#lostAt)) this.#lostAt = Date.now();
    this.#code = hidden ? -1 : code;
  }

  #gap() {
    const why = this.#code === -1 ? 'This view was out of sight' : this.#code === 1013 ? 'This page read too slowly and the agent let it go' : 'The connection was lost';
    return `${why} from ${clockTime(this.#lostAt)} to ${clockTime(Date.now())}; events of that time are missing here: the agent keeps none.`;
  }

  /** @param {UIEvent} event */
  take(event) {
    if (!(event.type in this.counts)) return;
    if (event.type === 'navigation') this.route = event.data.to;
    if (event.type === 'lifecycle') this.state = event.data.state ?? '';
    if (!this.#repeats(event)) {
      this.counts[event.type]++;
      this.#sink.lines([lineOf(event)]);
    }
    this.dispatchEvent(new Event('change'));
  }

  /** @param {UIEvent} event */
  #repeats({ type, data }) {
    if (type !== 'navigation' && type !== 'lifecycle') return false;
    const key = `${data.timestamp} ${data.to ?? data.state}`;
    const again = this.#last.get(type) === key;
    this.#last.set(type, key);
    return again;
  }
}

/** @param {UIEvent} e @returns {NewLine} */
export function lineOf(e) {
  const { data } = e;
  const base = { at: Date.parse(data.timestamp), origin: '', item: e };
  switch (e.type) {
    case 'navigation':
      return { ...base, level: 'info', label: 'navigation', text: `${data.from ? `${data.from} → ` : ''}${data.to ?? ''}${data.route && data.route !== data.to ? `  (${data.route})` : ''}` };
    case 'lifecycle':
      return { ...base, level: 'info', label: 'lifecycle', text: data.state ?? '' };
    case 'treeChange':
      return { ...base, level: 'debug', label: 'tree', origin: data.changeType ?? '', text: `${data.elementType ?? ''} ${data.elementId ?? ''}${data.parentId ? ` in ${data.parentId}` : ''}` };
    case 'alert':
      return { ...base, level: 'warn', label: 'alert', origin: data.title ?? '', text: [data.message ?? '', ...(data.buttons ?? []).map((b) => `[${b}]`)].filter(Boolean).join('  ') };
    default:
      return { ...base, level: 'err', label: 'error', text: data.message ?? '', more: data.stackTrace || undefined };
  }
}
