// @ts-check
// The figures of one stream over the time it was looked at. Bounded.

/** Samples kept: somewhat more than the minute that is shown. */
export const KEPT_SAMPLES = 90;
/** Distance between two samples that counts as a hole, in ms. */
const HOLE_MS = 3500;

/**
 * @typedef {import('./types.d.ts').Metrics} Metrics
 * @typedef {'capture' | 'shown' | 'replaced' | 'late' | 'captureWork' | 'decode' | 'encode' | 'pipeline' | 'rss' | 'held'} Series
 * @typedef {{shown: number, late: number}} Here  measured by this page: pictures drawn a second, and dropped since it began
 */

/** What each line shows of a sample and the one before it. @type {Record<Series, (m: Metrics, here: Here, before: {m: Metrics, here: Here, ms: number} | undefined) => number | null>} */
const PICK = {
  capture: (m) => m.capture.fps,
  shown: (_m, here) => here.shown,
  replaced: (m, _here, before) => perSecond(lost(m), before && lost(before.m), before?.ms),
  late: (_m, here, before) => perSecond(here.late, before?.here.late, before?.ms),
  captureWork: (m) => m.capture.work_average_time_ms,
  decode: (m) => m.decoder?.work_average_time_ms ?? null,
  encode: (m) => m.encoder?.work_average_time_ms ?? null,
  pipeline: (m) => m.pipeline?.executor?.average_time_ms ?? (m.graph_stage.sample_count > 0 ? m.graph_stage.work_average_time_ms : null),
  rss: (m) => m.memory?.process?.rss_bytes ?? null,
  held: (m) => m.memory?.runner?.current_frame_working_set_bytes ?? null,
};

/** Frames that the device did not get to its viewers or its encoder. @param {Metrics} m */
function lost(m) {
  return (m.preview_transport?.replaced_pending_frames ?? 0) + (m.encoder?.backpressure ?? 0);
}

/** @param {number} now @param {number | undefined} before @param {number | undefined} ms between them */
function perSecond(now, before, ms) {
  if (before === undefined || !ms || now < before) return null; // counting began anew
  return (1000 * (now - before)) / ms;
}

export class StreamSeries {
  /** Unix seconds of the device's clock. @type {number[]} */
  times = [];
  /** @type {Record<Series, (number | null)[]>} */
  series = { capture: [], shown: [], replaced: [], late: [], captureWork: [], decode: [], encode: [], pipeline: [], rss: [], held: [] };
  /** @type {{m: Metrics, here: Here, at: number} | undefined} */
  #last;

  /** @param {number} at Unix ms @param {Metrics} m @param {Here} here */
  push(at, m, here) {
    const last = this.#last;
    if (last && at <= last.at) return;
    const hole = last !== undefined && at - last.at > HOLE_MS;
    if (hole) this.#append((last.at + 1) / 1000, () => null);
    const before = last && !hole ? { m: last.m, here: last.here, ms: at - last.at } : undefined;
    this.#append(at / 1000, (key) => PICK[key](m, here, before));
    this.#last = { m, here, at };
  }

  /** @param {number} time @param {(key: Series) => number | null} value */
  #append(time, value) {
    this.times.push(time);
    for (const key of /** @type {Series[]} */ (Object.keys(this.series))) this.series[key].push(value(key));
    if (this.times.length <= KEPT_SAMPLES) return;
    this.times.shift();
    for (const values of Object.values(this.series)) values.shift();
  }
}
