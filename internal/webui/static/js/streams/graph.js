// @ts-check
// A pipeline as an ordered list of steps. Pure functions: every change gives a new
// list, so that what is applied and what is edited can be compared.

/**
 * @typedef {import('./types.d.ts').Processor} Processor
 * @typedef {import('./types.d.ts').ProcessorParam} ProcessorParam
 * @typedef {import('./types.d.ts').Step} Step
 */

/** Steps a pipeline may have. */
export const MAX_STEPS = 16;

/** The steps of a graph as the device keeps it; none of something else. @param {unknown} graph @returns {Step[]} */
export function stepsOf(graph) {
  const steps = /** @type {any} */ (graph)?.steps;
  if (!Array.isArray(steps)) return [];
  return steps.filter((s) => typeof s?.kind === 'string')
    .map((s) => ({ kind: s.kind, ...(s.name ? { name: String(s.name) } : {}), params: { ...(s.params ?? {}) } }));
}

/** @param {readonly Step[]} steps */
export function graphOf(steps) {
  return { steps: steps.map((s) => ({ kind: s.kind, ...(s.name ? { name: s.name } : {}), params: s.params })) };
}

/** @param {readonly Step[]} steps @param {Processor} processor @returns {Step[]} */
export function added(steps, processor) {
  return [...steps, { kind: processor.name, params: Object.fromEntries(processor.params.map((p) => [p.name, p.default])) }];
}

/** @param {readonly Step[]} steps @param {number} at @returns {Step[]} */
export function removed(steps, at) {
  return steps.filter((_, i) => i !== at);
}

/** Puts the step at one place into another; out of the list it changes nothing. @param {readonly Step[]} steps @param {number} from @param {number} to @returns {Step[]} */
export function moved(steps, from, to) {
  const list = [...steps];
  const [step] = list.splice(from, 1);
  if (!step || to < 0 || to > list.length) return [...steps];
  list.splice(to, 0, step);
  return list;
}

/** @param {readonly Step[]} a @param {readonly Step[]} b */
export function same(a, b) {
  return JSON.stringify(graphOf(a)) === JSON.stringify(graphOf(b));
}

/** The names that the device gives to the outputs of the steps. @param {readonly Step[]} steps @returns {string[]} */
export function names(steps) {
  /** @type {string[]} */
  const taken = ['raw'];
  return steps.map((s) => {
    let name = s.name || s.kind;
    for (let n = 2; !s.name && taken.includes(name); n++) name = `${s.kind}${n}`;
    taken.push(name);
    return name;
  });
}

/** Which step an error message of the device names, -1 for none. @param {string} message */
export function stepOfError(message) {
  const m = /steps[[.](\d+)/.exec(message);
  return m ? Number(m[1]) : -1;
}

/**
 * What is wrong with a value, in words; empty if nothing is.
 * @param {ProcessorParam} param @param {unknown} value
 */
export function problem(param, value) {
  if (typeof param.default !== 'number') return '';
  if (typeof value !== 'number' || !Number.isFinite(value)) return 'a number is needed';
  const { min, max } = param;
  if (min !== undefined && max !== undefined && (value < min || value > max)) return `from ${min} to ${max}`;
  return '';
}

/** Processors after which a place in the picture is another one. */
const MOVES = ['resize', 'crop', 'rotate'];

/**
 * Whether places told by a step are right for an output: nothing between them may
 * have changed where things are.
 * @param {readonly Step[]} steps @param {string} port "name.data" @param {string} output
 */
export function fits(steps, port, output) {
  const all = names(steps);
  const at = all.indexOf(port.replace(/\.data$/, ''));
  if (at < 0) return false;
  const shown = output === 'frame' ? steps.length - 1 : all.indexOf(output);
  const [from, to] = [Math.min(at, shown), Math.max(at, shown)];
  return !steps.slice(from + 1, to + 1).some((s) => MOVES.includes(s.kind));
}
