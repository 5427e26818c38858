// @ts-check
// Bluetooth events as they come: joined after an interruption, as lines for a
// pane and as devices for the list.

import { clockTime } from '../../lib/format.js';
import { continuation } from '../../logs/store.js';
import { channelPath } from '../channel.js';
import { resumeNote } from '../pane-tools.js';

/** Events asked for at the start and after each interruption: what an agent keeps. */
const REPLAY = 2000;

/**
 * @typedef {import('../types.d.ts').BleEvent} BleEvent
 * @typedef {import('../../logs/pane.js').NewLine} NewLine
 * @typedef {object} Sink
 * @property {(events: BleEvent[]) => void} events oldest first, each once
 * @property {(text: string, tone: 'info' | 'warn') => void} note
 * @property {(state: import('../types.d.ts').ChannelState) => void} state
 */

export class BleFeed {
  #sink;
  /** Keys of the newest events, oldest first. @type {string[]} */
  #known = [];
  /** @type {{code: number, at: number} | undefined} */
  #lost;

  /** @param {Sink} sink */
  constructor(sink) {
    this.#sink = sink;
  }

  /** @param {import('../link.js').AppLink} link */
  open(link) {
    return link.channel(() => channelPath('ws/v1/ble', { replay: REPLAY }), {
      message: (m) => this.take(m),
      lost: (code) => {
        this.#lost = { code: this.#lost?.code === 1013 ? 1013 : code, at: this.#lost?.at ?? Date.now() };
      },
      state: (state) => this.#sink.state(state),
    });
  }

  /** @param {any} m */
  take(m) {
    if (m.type === 'replay') this.#replay(m.data.events);
    else if (m.type === 'ble_event') this.#add([m.data]);
    else if (m.type === 'error') this.#sink.note(m.data.message, 'warn');
  }

  /** @param {BleEvent[]} events oldest first */
  #replay(events) {
    const lost = this.#lost;
    this.#lost = undefined;
    const from = this.#known.length > 0 ? continuation(this.#known, events.map(keyOf)) : 0;
    if (lost) this.#sink.note(resumeNote(lost.code, from < 0 ? 'unknown' : 'none', 'events', clockTime(lost.at)), from < 0 ? 'warn' : 'info');
    else if (from < 0 && events.length > 0) this.#sink.note('Events may be missing here: this view was out of sight.', 'warn');
    this.#add(events.slice(Math.max(0, from)));
  }

  /** @param {BleEvent[]} events */
  #add(events) {
    if (events.length === 0) return;
    for (const e of events) this.#known.push(keyOf(e));
    if (this.#known.length > 2 * REPLAY) this.#known.splice(0, this.#known.length - REPLAY);
    this.#sink.events(events);
  }
}

/** @param {BleEvent} e */
function keyOf(e) {
  return [e.timestamp, e.type, e.deviceId, e.characteristicUuid, e.rssi, e.data].join('|');
}

/** Kinds that deserve a colour. @type {Record<string, import('../../logs/level.js').Level>} */
const LEVEL = { connection_failed: 'err', disconnected: 'warn', adapter_state_changed: 'warn', scan_result: 'debug' };

/** @param {BleEvent} e @returns {NewLine} */
export function lineOf(e) {
  const uuids = [e.serviceUuid, e.characteristicUuid, e.descriptorUuid].filter(Boolean).join(' / ');
  const text = [uuids, e.data, e.rssi === undefined || e.rssi === null ? '' : `${e.rssi} dBm`].filter(Boolean).join('  ');
  return { at: Date.parse(e.timestamp), label: e.type, origin: e.deviceName || e.deviceId || '', text, level: LEVEL[e.type] ?? 'info', item: e };
}
