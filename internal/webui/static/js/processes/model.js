// @ts-check
// Sorting and filtering of processes; pure functions.

/**
 * @typedef {import('../types.d.ts').ProcessSample} ProcessSample
 * @typedef {'pid' | 'name' | 'cpu' | 'mem' | 'virt' | 'status' | 'cmd'} Column
 */

/** What each column sorts by. @type {Record<Column, (p: ProcessSample) => number | string>} */
const BY = {
  pid: (p) => p.pid,
  name: (p) => p.name.toLowerCase(),
  cpu: (p) => p.cpu_percent,
  mem: (p) => p.memory_bytes,
  virt: (p) => p.virtual_memory_bytes,
  status: (p) => p.status ?? '',
  cmd: (p) => commandLine(p),
};

/** Columns whose first click sorts the largest first. @type {readonly Column[]} */
export const FALLING_FIRST = ['cpu', 'mem', 'virt'];

/** The command line as one string; kernel threads have none. @param {ProcessSample} p */
export function commandLine(p) {
  return p.cmd ? p.cmd.map(quote).join(' ') : `[${p.name}]`;
}

/** Shows an argument as a shell would need it. @param {string} arg */
function quote(arg) {
  return arg === '' || /[\s"'\\$`]/.test(arg) ? `'${arg.replaceAll("'", String.raw`'\''`)}'` : arg;
}

/**
 * Whether a process has every word of the filter in its pid, name, state or
 * command line.
 * @param {ProcessSample} p
 * @param {string[]} words in lower case
 */
export function matches(p, words) {
  if (words.length === 0) return true;
  const text = `${p.pid} ${p.name} ${p.status ?? ''} ${p.cmd?.join(' ') ?? ''}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** @param {string} filter */
export function words(filter) {
  return filter.toLowerCase().split(/\s+/).filter(Boolean);
}

/**
 * A sorted copy; equal rows are in the order of their pid, so that nothing
 * moves without a reason.
 * @param {readonly ProcessSample[]} list @param {Column} column @param {boolean} falling
 */
export function sorted(list, column, falling) {
  const by = BY[column];
  const sign = falling ? -1 : 1;
  return [...list].sort((a, b) => {
    const x = by(a);
    const y = by(b);
    return (x < y ? -sign : x > y ? sign : 0) || a.pid - b.pid;
  });
}

/**
 * Puts processes into a remembered order; those that are new come last. It is
 * used while a person points at the list, so that rows do not slip away.
 * @param {readonly ProcessSample[]} list @param {ReadonlyMap<number, number>} order position by pid
 */
export function inOrder(list, order) {
  const at = (/** @type {ProcessSample} */ p) => order.get(p.pid) ?? Infinity;
  return [...list].sort((a, b) => (at(a) === at(b) ? a.pid - b.pid : at(a) - at(b)));
}
