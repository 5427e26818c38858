// @ts-check
// What the updater's messages amount to: the state as it is, how far it is, and
// the list of what has happened since this page connected. It touches no page.

import { sentence } from '../lib/format.js';
import { saysSimulated } from '../lib/simulated.js';

/** Entries kept in the list. */
export const EVENTS = 200;

/**
 * @typedef {import('./types.d.ts').UpdaterState} UpdaterState
 * @typedef {import('./types.d.ts').Stage} Stage
 * @typedef {import('./types.d.ts').OtaEvent} OtaEvent
 * @typedef {{id: number, at: number, text: string, tone: 'info' | 'ok' | 'warn' | 'bad'}} Entry  at is Unix ms of the viewer's clock
 * @typedef {'done' | 'now' | 'next' | 'failed' | 'skipped'} StepState  skipped: nobody said that it was needed
 */

/** The stages on the way, in order, with what is said of them. @type {readonly {stage: Stage, label: string, doing: string}[]} */
export const STEPS = [
  { stage: 'downloading', label: 'Copy', doing: 'The image is being taken in' },
  { stage: 'verifying', label: 'Verify', doing: 'The image is being verified' },
  { stage: 'awaiting_window', label: 'Staged', doing: 'The image is staged' },
  { stage: 'applying', label: 'Install', doing: 'The image is being written' },
  { stage: 'rebooting', label: 'Restart', doing: 'The update is written; the device must restart' },
  { stage: 'complete', label: 'Complete', doing: 'The update is complete' },
];

/** Whether an update in this stage has ended, or none has begun. @param {Stage | undefined} stage */
export function ended(stage) {
  return stage === undefined || stage === 'idle' || stage === 'complete' || stage === 'rolled_back';
}

/** Whether the stage can still be given up. @param {Stage | undefined} stage */
export function cancellable(stage) {
  return !ended(stage) && stage !== 'rebooting';
}

/** Fires "change" when anything changed. */
export class UpdaterModel extends EventTarget {
  /** Undefined before the first snapshot, null when there never was an update. @type {UpdaterState | null | undefined} */
  state;
  cacheBytes = 0;
  /** Of the present stage; NaN when that says nothing. */
  percent = NaN;
  detail = '';
  /** Unix ms at which the update is applied, or was; NaN before that is ordered. */
  applyAt = NaN;
  /** Whether the finished update asked for a restart. */
  rebootRequired = false;
  /** The stage at which the update that was rolled back had been; undefined when that was before this page. @type {Stage | undefined} */
  failedAt;
  /** Why there is no updater; empty when there is one. */
  unavailable = '';
  /** performance.now() of the last message. */
  heardAt = NaN;
  /** Newest first. @type {Entry[]} */
  entries = [];
  /** Entries dropped. */
  dropped = 0;
  /** Whether the engine says that it changes no device. */
  simulated = false;
  #nextId = 1;
  #away = false;

  /** Takes a message. @param {OtaEvent} event */
  take(event) {
    this.heardAt = performance.now();
    switch (event.type) {
      case 'snapshot': this.#snapshot(event.state, event.cache_usage_bytes); break;
      case 'stage_progress': this.#progress(event.percent, event.detail); break;
      case 'stage_complete': this.#note('The image is staged.', 'ok'); break;
      case 'apply_scheduled':
        this.applyAt = Date.parse(event.eta);
        this.#note('Installing is scheduled.', 'info');
        break;
      case 'apply_complete':
        this.rebootRequired = event.reboot_required;
        this.#note(event.reboot_required ? 'The update is installed; the device must restart.' : 'The update is installed; no restart is needed.', 'ok');
        break;
      case 'rollback_triggered': this.#note(`Rolled back: ${sentence(event.reason)}`, 'bad'); break;
      case 'error': this.#error(event.message); break;
    }
    this.dispatchEvent(new Event('change'));
  }

  /** The channel was ended by the server. @param {string} reason */
  closed(reason) {
    if (!this.unavailable && reason === 'error') this.unavailable = 'the updater does not answer';
    this.dispatchEvent(new Event('change'));
  }

  /** The connection went away: what happens meanwhile is not told. */
  lost() {
    this.#away = true;
    this.simulated = false; // it may be another server that answers next
    this.dispatchEvent(new Event('change'));
  }

  /** The state of each step, for a row of marks. @returns {StepState[]} */
  steps() {
    const stage = this.state?.stage;
    const failed = stage === 'rolled_back';
    const at = STEPS.findIndex((s) => s.stage === (failed ? this.failedAt : stage));
    return STEPS.map((step, i) => {
      if (at < 0) return failed && i === 0 ? 'failed' : 'next';
      if (step.stage === 'rebooting' && stage === 'complete' && !this.rebootRequired) return 'skipped';
      if (i < at || stage === 'complete') return 'done';
      return i > at ? 'next' : failed ? 'failed' : 'now';
    });
  }

  /** @param {UpdaterState | null} state @param {number} cache */
  #snapshot(state, cache) {
    const before = this.state;
    const changed = state?.update_id !== before?.update_id || state?.stage !== before?.stage;
    if (this.#away && before !== undefined && changed) this.#note('The page was away; what happened meanwhile is not listed.', 'warn');
    this.#away = false;
    this.unavailable = '';
    if (state?.update_id !== before?.update_id) this.#fresh(state);
    if (state && changed && before !== undefined) this.#changed(state, before);
    this.state = state;
    this.cacheBytes = cache;
    this.percent = state?.progress_percent ?? NaN;
    this.says(state?.last_error ?? '');
    if (changed) this.detail = '';
  }

  /** Forgets what was of another update. @param {UpdaterState | null} state */
  #fresh(state) {
    this.applyAt = NaN;
    this.rebootRequired = state?.stage === 'rebooting';
    this.failedAt = undefined;
    this.detail = '';
  }

  /** @param {UpdaterState} state @param {UpdaterState | null} before */
  #changed(state, before) {
    if (state.stage === 'rolled_back' && before?.update_id === state.update_id) this.failedAt = before.stage;
    const step = STEPS.find((s) => s.stage === state.stage);
    // The message before the snapshot has said these already.
    if (step && state.stage !== 'awaiting_window' && state.stage !== 'rebooting') this.#note(`${step.doing}.`, state.stage === 'complete' ? 'ok' : 'info');
  }

  /** @param {number} percent @param {string | undefined} detail */
  #progress(percent, detail) {
    this.percent = percent;
    this.detail = detail ?? this.detail;
    this.says(this.detail);
  }

  /** Notes whether texts of the engine say that it is simulated. @param {...(string | undefined)} texts */
  says(...texts) {
    if (this.simulated || !saysSimulated(...texts)) return;
    this.simulated = true;
    this.dispatchEvent(new Event('change'));
  }

  /** @param {string} message */
  #error(message) {
    if (this.unavailable === message) return;
    this.unavailable = message;
    if (this.state !== undefined) this.#note(sentence(message), 'warn');
  }

  /** @param {string} text @param {Entry['tone']} tone */
  #note(text, tone) {
    this.entries.unshift({ id: this.#nextId++, at: Date.now(), text, tone });
    if (this.entries.length > EVENTS) {
      this.entries.pop();
      this.dropped++;
    }
  }
}

/** A checksum as it was given: lower case, without its name and spaces. @param {string} text @returns {string} empty for nothing */
export function readChecksum(text) {
  // What sha256sum prints has the name of the file after it.
  const first = text.trim().replace(/^sha-?256[:=]\s*/i, '').split(/\s+/, 1)[0] ?? '';
  return first.toLowerCase();
}

/** Whether a text is a SHA-256 in hex. @param {string} text */
export function isChecksum(text) {
  return /^[0-9a-f]{64}$/.test(text);
}

/** What a checksum and that of the device amount to. @param {string} expected empty when none was given @param {string} got @returns {'none' | 'same' | 'differs' | 'unreadable'} */
export function compareChecksums(expected, got) {
  if (!expected) return 'none';
  if (!isChecksum(expected)) return 'unreadable';
  return expected === got.toLowerCase() ? 'same' : 'differs';
}

/** Verdicts in words, where they say more than the summary of the report. @type {Record<string, string>} */
export const VERDICTS = {
  ready: 'Ready to install',
  grow_into_gap: 'The slot can grow into the room behind it',
  target_too_small: 'The image does not fit the slot',
  needs_data_resize: 'The data partition would have to give room',
  clear_data_dir: 'Room must be made on the data partition',
  work_dir_full: 'There is no room to work in',
  invalid_artifact: 'The image is not fit for this device',
  single_slot_disabled: 'There is no second slot to write to',
};
