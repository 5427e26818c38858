// @ts-check
// The lines of one source that this page holds: bounded by count and size, the
// newest are kept, and what was dropped is counted.

/** Lines kept. */
export const MAX_LINES = 5000;
/** Characters kept. */
export const MAX_CHARS = 8 << 20;
/** Stands at the places of dropped lines. @type {Line} */
const GONE = { n: 0, at: 0, text: '' };
/** Lines compared to find where a replay continues what is known. */
const CONTEXT = 50;

/**
 * @typedef {import('./level.js').Level} Level
 * @typedef {object} Parts what is known of a line whose parts need no guessing
 * @property {Level} [level] guessed when it is first needed, unless given: in a flood most lines are never shown
 * @property {string} [label] a word before the line, such as a level or a kind
 * @property {string} [origin] who says it; given, even if empty, it says that the line is in parts
 * @property {string} [more] long text below the line, such as a stack
 * @property {unknown} [item] what the line was made of
 * @typedef {Parts & {n: number, at: number, text: string, note?: 'info' | 'warn'}} Line
 * A line with note is a remark of this page, not of the log.
 */

export class LogStore {
  /** The lines from #head on; those before it are dropped and removed now and then. @type {Line[]} */
  #buffer = [];
  #head = 0;
  /** Lines of the log dropped since the store was cleared. */
  dropped = 0;
  #chars = 0;
  #next = 1;

  /** @param {number} at Unix ms @param {string} text @param {Parts} [parts] @returns {Line} */
  add(at, text, parts) {
    return this.#push(parts ? { ...parts, n: this.#next++, at, text } : { n: this.#next++, at, text });
  }

  /** Adds a remark. @param {number} at @param {string} text @param {'info' | 'warn'} tone @returns {Line} */
  note(at, text, tone) {
    return this.#push({ n: this.#next++, at, text, note: tone });
  }

  /** Oldest first. @returns {readonly Line[]} */
  get lines() {
    return this.#head > 0 ? this.#buffer.slice(this.#head) : this.#buffer;
  }

  get length() {
    return this.#buffer.length - this.#head;
  }

  /** Number of the oldest line; infinite when there is none. */
  get first() {
    return this.#buffer[this.#head]?.n ?? Infinity;
  }

  clear() {
    this.#buffer = [];
    this.#head = 0;
    this.dropped = 0;
    this.#chars = 0;
  }

  /** @param {Line} line */
  #push(line) {
    this.#buffer.push(line);
    this.#chars += size(line);
    while (this.length > 1 && (this.length > MAX_LINES || this.#chars > MAX_CHARS)) this.#drop();
    if (this.#head > MAX_LINES) {
      this.#buffer.splice(0, this.#head);
      this.#head = 0;
    }
    return line;
  }

  #drop() {
    const line = /** @type {Line} */ (this.#buffer[this.#head]);
    // The place is kept until the next clean-up; the text is let go at once.
    this.#buffer[this.#head++] = GONE;
    this.#chars -= size(line);
    if (!line.note) this.dropped++;
  }
}

/** @param {Line} line */
function size(line) {
  return line.text.length + (line.more?.length ?? 0);
}

/**
 * Where a replay continues the known lines: the index of its first line that is
 * not known, or -1 when the two do not meet, so that lines may be missing. Among
 * several places the one with the longest agreement wins, and the earliest of
 * those, because a line shown twice is better than one left out.
 * @param {readonly string[]} known @param {readonly string[]} replay
 */
export function continuation(known, replay) {
  let best = -1;
  let longest = 0;
  for (let i = 0; i < replay.length; i++) {
    const length = agreement(known, replay, i);
    if (length <= longest) continue;
    longest = length;
    best = i + 1;
  }
  return best;
}

/** How many lines before and including replay[end] equal the end of known; 0 if they differ within both. @param {readonly string[]} known @param {readonly string[]} replay @param {number} end */
function agreement(known, replay, end) {
  const most = Math.min(known.length, end + 1, CONTEXT);
  for (let back = 0; back < most; back++) {
    if (known[known.length - 1 - back] !== replay[end - back]) return 0;
  }
  return most;
}
