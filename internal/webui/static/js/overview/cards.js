// @ts-check
// The cards fed by telemetry.

import { Bar } from '../charts/bar.js';
import { LineChart } from '../charts/line.js';
import { h, keyed, setText } from '../lib/dom.js';
import { axisBytes, bytes, byteSteps, celsius, megahertz, percent, rate } from '../lib/format.js';
import { Card } from './card.js';
import { Cores } from './cores.js';
import { PowerCard } from './power.js';

/**
 * @typedef {import('../types.d.ts').TelemetrySample} TelemetrySample
 * @typedef {import('../history.js').History} History
 */

class CpuCard extends Card {
  #chart = new LineChart({
    label: 'Processor use over time', lines: [{ label: 'CPU', color: '--c-cpu' }],
    format: (v) => `${Math.round(v)} %`, range: () => [0, 100],
  });
  #cores = new Cores();

  constructor() {
    super('Processor', 'cpu');
    this.el.append(this.#chart, this.#cores.el);
  }

  /** @override @param {TelemetrySample} sample @param {History} history @param {number} end @param {number} seconds */
  update(sample, history, end, seconds) {
    const { cpu } = sample;
    setText(this.value, percent(cpu.usage_percent));
    const fastest = Math.max(0, ...cpu.cores.map((c) => c.frequency_mhz ?? 0));
    const parts = [`${cpu.cores.length} ${cpu.cores.length === 1 ? 'core' : 'cores'}`];
    if (fastest > 0) parts.push(`up to ${megahertz(fastest)}`);
    if (cpu.temperature_c !== undefined) parts.push(celsius(cpu.temperature_c));
    setText(this.extra, parts.join(' · '));
    this.#cores.update(cpu.cores);
    this.#chart.update([history.times, history.series.cpu], end, seconds);
  }
}

class MemoryCard extends Card {
  #total = 1;
  #bar = new Bar('Memory in use');
  #chart = new LineChart({
    label: 'Memory in use over time', lines: [{ label: 'Used', color: '--c-mem' }],
    format: axisBytes, range: () => [0, this.#total], steps: byteSteps(),
  });

  constructor() {
    super('Memory', 'memory');
    this.el.append(this.#bar.el, this.#chart);
  }

  /** @override @param {TelemetrySample} sample @param {History} history @param {number} end @param {number} seconds */
  update({ memory }, history, end, seconds) {
    this.#total = Math.max(1, memory.total_bytes);
    const share = (100 * memory.used_bytes) / this.#total;
    setText(this.value, bytes(memory.used_bytes));
    setText(this.extra, `of ${bytes(memory.total_bytes)} · ${percent(share)} · ${bytes(memory.free_bytes)} available`);
    this.#bar.set(share);
    this.#chart.update([history.times, history.series.mem], end, seconds);
  }
}

class NetworkCard extends Card {
  #tx = h('span', { class: 'value tx' });
  #chart = new LineChart({
    label: 'Network traffic over time',
    lines: [{ label: 'Received', color: '--c-rx' }, { label: 'Sent', color: '--c-tx' }],
    format: (v) => `${axisBytes(v)}/s`, range: (max) => [0, Math.max(1024, max * 1.15)], steps: byteSteps(),
  });
  #rows = h('tbody', {});

  constructor() {
    super('Network', 'network');
    this.value.classList.add('rx');
    this.extra.before(this.#tx);
    const head = ['Interface', 'Received', 'Sent', 'Since boot'].map((t, i) => h('th', { scope: 'col', class: i > 0 ? 'num' : '' }, t));
    this.el.append(this.#chart, h('div', { class: 'scroll-x' }, h('table', { class: 'plain' }, h('thead', {}, h('tr', {}, ...head)), this.#rows)));
  }

  /** @override @param {History} history */
  present(history) {
    return history.latest?.network !== undefined;
  }

  /** @override @param {TelemetrySample} sample @param {History} history @param {number} end @param {number} seconds */
  update({ network }, history, end, seconds) {
    if (!network) return;
    setText(this.value, `↓ ${rate(network.rx_bytes_per_sec)}`);
    setText(this.#tx, `↑ ${rate(network.tx_bytes_per_sec)}`);
    const byTraffic = [...network.interfaces].sort((a, b) => b.total_rx_bytes + b.total_tx_bytes - a.total_rx_bytes - a.total_tx_bytes);
    keyed(this.#rows, byTraffic, (i) => i.name, (i) => interfaceRow(i.name), (row, i) => {
      const [, rx, tx, total] = /** @type {HTMLElement[]} */ ([...row.children]);
      row.title = i.mac ?? '';
      setText(/** @type {Node} */ (rx), rate(i.rx_bytes_per_sec));
      setText(/** @type {Node} */ (tx), rate(i.tx_bytes_per_sec));
      setText(/** @type {Node} */ (total), `↓ ${bytes(i.total_rx_bytes)} ↑ ${bytes(i.total_tx_bytes)}`);
    });
    this.#chart.update([history.times, history.series.rx, history.series.tx], end, seconds);
  }
}

/** @param {string} name */
function interfaceRow(name) {
  return h('tr', {}, h('th', { scope: 'row' }, name), ...[0, 1, 2].map(() => h('td', { class: 'num' })));
}

class DiskCard extends Card {
  #list = h('ul', { class: 'disks' });
  /** @type {WeakMap<HTMLElement, Bar>} */
  #bars = new WeakMap();

  constructor() {
    super('Disks', 'disks');
    this.el.append(this.#list);
  }

  /** @override @param {History} history */
  present(history) {
    return (history.latest?.disks.length ?? 0) > 0;
  }

  /** @override @param {TelemetrySample} sample */
  update({ disk, disks }) {
    const main = disk ?? disks[0];
    setText(this.value, main ? bytes(main.free_bytes) : '');
    setText(this.extra, main ? `free of ${bytes(main.total_bytes)}${disk ? ' where the data is kept' : ''}` : '');
    keyed(this.#list, disks, (d) => d.mount, (d) => this.#make(d.mount), (row, d) => {
      // Of what programs can have: a part of the total may be reserved.
      const usable = d.used_bytes + d.free_bytes;
      const share = usable > 0 ? (100 * d.used_bytes) / usable : 0;
      this.#bars.get(row)?.set(share);
      setText(/** @type {Node} */ (row.children[1]), `${bytes(d.used_bytes)} used · ${bytes(d.free_bytes)} free`);
      row.title = `${d.mount}: ${bytes(d.total_bytes)} in all`;
      setText(/** @type {Node} */ (row.children[2]), percent(share, 0));
    });
  }

  /** @param {string} mount */
  #make(mount) {
    const bar = new Bar(`${mount} in use`);
    const row = h('li', {}, h('span', { class: 'mount', title: mount }, mount), h('span', { class: 'num dim' }), h('span', { class: 'num' }), bar.el);
    this.#bars.set(row, bar);
    return row;
  }
}

class GpuCard extends Card {
  #chart = new LineChart({
    label: 'Graphics use over time', lines: [{ label: 'GPU', color: '--c-gpu' }],
    format: (v) => `${Math.round(v)} %`, range: () => [0, 100],
  });

  constructor() {
    super('Graphics', 'gpu');
    this.el.append(this.#chart);
  }

  /** @override @param {History} history */
  present(history) {
    return history.latest?.gpu !== undefined;
  }

  /** @override @param {TelemetrySample} sample @param {History} history @param {number} end @param {number} seconds */
  update({ gpu }, history, end, seconds) {
    if (!gpu) return;
    setText(this.value, gpu.usage_percent === undefined ? 'present' : percent(gpu.usage_percent));
    const parts = [];
    if (gpu.temperature_c !== undefined) parts.push(celsius(gpu.temperature_c));
    if (gpu.frequency_mhz !== undefined) parts.push(megahertz(gpu.frequency_mhz));
    if (gpu.memory) parts.push(`${bytes(gpu.memory.used_bytes)} of ${bytes(gpu.memory.total_bytes)}`);
    setText(this.extra, parts.join(' · '));
    this.#chart.hidden = gpu.usage_percent === undefined;
    this.#chart.update([history.times, history.series.gpu], end, seconds);
  }
}

/** A fresh set of the cards, in the order of the page. @returns {Card[]} */
export function cards() {
  return [new CpuCard(), new MemoryCard(), new NetworkCard(), new DiskCard(), new GpuCard(), new PowerCard()];
}
