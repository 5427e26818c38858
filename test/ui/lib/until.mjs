import { setTimeout as wait } from 'node:timers/promises';

/**
 * Asks until the answer is truthy and gives it back; fails after the deadline.
 * @template T
 * @param {string} what for the error
 * @param {() => T | Promise<T>} ask
 * @param {number} [deadline] ms
 * @returns {Promise<NonNullable<T>>}
 */
export async function until(what, ask, deadline = 30_000) {
  const end = Date.now() + deadline;
  let last;
  while (Date.now() < end) {
    last = await ask();
    if (last) return last;
    await wait(50);
  }
  throw new Error(`gave up waiting for ${what}; last answer: ${JSON.stringify(last)}`);
}
