// @ts-check
// One row of the process table.

import { h, setAttr, setText } from '../lib/dom.js';
import { bytes } from '../lib/format.js';
import { commandLine } from './model.js';

/** Names of states that deserve a mark. @type {Record<string, string>} */
const MARK = { Run: 'run', Zombie: 'bad', Dead: 'bad', Stop: 'warn', Tracing: 'warn', UninterruptibleDiskSleep: 'warn' };
/** Long names of states, shortened for the column. @type {Record<string, string>} */
const SHORT = { UninterruptibleDiskSleep: 'Disk sleep' };
/** Below this share a process is shown as idle. */
const IDLE_PERCENT = 0.05;

/** Characters of a command line that a row shows; the detail shows all. */
const COMMAND_CHARS = 400;

export function makeRow() {
  const cell = (/** @type {string} */ name) => h('div', { class: `cell ${name}`, role: 'gridcell' });
  return h('div', { class: 'row', role: 'row' }, cell('c-pid num'), cell('c-name'),
    h('div', { class: 'cell c-cpu num', role: 'gridcell' }, h('span', { class: 'cpu-bar', 'aria-hidden': 'true' }), h('span', {})),
    cell('c-mem num'), cell('c-virt num'), cell('c-status'), cell('c-cmd'));
}

/**
 * @param {HTMLElement} row @param {import('../types.d.ts').ProcessSample} p
 * @param {number} totalMemory for the title of the memory cell
 */
export function fillRow(row, p, totalMemory) {
  const [pid, name, cpu, mem, virt, status, cmd] = /** @type {HTMLElement[]} */ ([...row.children]);
  if (!pid || !name || !cpu || !mem || !virt || !status || !cmd) return;
  row.dataset.pid = String(p.pid);
  setText(pid, String(p.pid));
  setText(name, p.name);
  setText(/** @type {Node} */ (cpu.lastElementChild), p.cpu_percent.toFixed(1));
  setAttr(cpu, 'data-idle', p.cpu_percent < IDLE_PERCENT ? '' : null);
  /** @type {HTMLElement} */ (cpu.firstElementChild).style.transform = `scaleX(${Math.min(1, p.cpu_percent / 100).toFixed(3)})`;
  setText(mem, bytes(p.memory_bytes));
  setAttr(mem, 'title', totalMemory > 0 ? `${((100 * p.memory_bytes) / totalMemory).toFixed(1)} % of memory` : null);
  setText(virt, bytes(p.virtual_memory_bytes));
  setText(status, SHORT[p.status ?? ''] ?? p.status ?? '');
  setAttr(status, 'data-mark', MARK[p.status ?? ''] ?? null);
  setText(cmd, commandLine(p).slice(0, COMMAND_CHARS));
  setAttr(cmd, 'data-kernel', p.cmd ? null : '');
}
