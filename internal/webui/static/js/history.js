// @ts-check
// The telemetry this page has seen: the newest sample and a bounded history of
// the plotted values. Time without samples is kept as a hole, never bridged.

/** Samples kept per series: a quarter of an hour at one a second. */
export const HISTORY_SAMPLES = 900;
/** Distance between two samples that counts as a hole. */
const HOLE_MS = 3500;

/**
 * @typedef {import('./types.d.ts').TelemetrySample} TelemetrySample
 * @typedef {'cpu' | 'temp' | 'mem' | 'rx' | 'tx' | 'watts' | 'gpu'} Series
 */

/** @type {Record<Series, (s: TelemetrySample) => number | null>} */
const PICK = {
  cpu: (s) => s.cpu.usage_percent,
  temp: (s) => s.cpu.temperature_c ?? null,
  mem: (s) => s.memory.used_bytes,
  rx: (s) => s.network?.rx_bytes_per_sec ?? null,
  tx: (s) => s.network?.tx_bytes_per_sec ?? null,
  watts: (s) => s.power?.watts ?? null,
  gpu: (s) => s.gpu?.usage_percent ?? null,
};

export class History {
  /** @type {TelemetrySample | undefined} */
  latest;
  /** performance.now() at which the newest sample came; repeats of a sample do not count. */
  arrivedAt = NaN;
  /** Unix seconds of the device's clock. @type {number[]} */
  times = [];
  /** @type {Record<Series, (number | null)[]>} */
  series = { cpu: [], temp: [], mem: [], rx: [], tx: [], watts: [], gpu: [] };

  /** Takes a sample; a repeated or older one changes nothing. @param {TelemetrySample} sample @returns {boolean} whether it was new */
  push(sample) {
    const before = this.latest?.timestamp_ms ?? -Infinity;
    if (sample.timestamp_ms === before) return false;
    if (sample.timestamp_ms < before) this.#reset(); // the device's clock was set back
    else if (sample.timestamp_ms - before > HOLE_MS && this.times.length > 0) this.#append((before + 1) / 1000, undefined);
    this.latest = sample;
    this.arrivedAt = performance.now();
    this.#append(sample.timestamp_ms / 1000, sample);
    return true;
  }

  /** @param {number} time @param {TelemetrySample | undefined} sample undefined makes a hole */
  #append(time, sample) {
    this.times.push(time);
    for (const key of /** @type {Series[]} */ (Object.keys(PICK))) this.series[key].push(sample ? PICK[key](sample) : null);
    if (this.times.length <= HISTORY_SAMPLES) return;
    this.times.shift();
    for (const values of Object.values(this.series)) values.shift();
  }

  #reset() {
    this.times = [];
    for (const key of /** @type {Series[]} */ (Object.keys(PICK))) this.series[key] = [];
  }
}
