// @ts-check
// HTTP requests with a deadline and errors that people can read.

import { httpURL } from './base.js';

/** An answer that is no success, or no answer. status is 0 when there was none. */
export class HttpError extends Error {
  /** @param {number} status @param {string} message @param {any} [body] of the answer, if it was JSON */
  constructor(status, message, body) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

/**
 * @param {string} path relative to the base
 * @param {RequestInit & {timeout?: number}} [options]
 * @returns {Promise<Response>} resolves for 2xx and 304 only
 */
export async function request(path, { timeout = 10_000, ...init } = {}) {
  let response;
  try {
    response = await fetch(httpURL(path), {
      credentials: 'same-origin',
      cache: 'no-store',
      ...init,
      signal: AbortSignal.timeout(timeout),
    });
  } catch (err) {
    const late = err instanceof DOMException && err.name === 'TimeoutError';
    throw new HttpError(0, late ? `no answer within ${timeout / 1000} s` : 'the device does not answer');
  }
  if (response.ok || response.status === 304) return response;
  const { text, body } = await errorText(response);
  throw new HttpError(response.status, text, body);
}

/** @template T @param {string} path @param {RequestInit & {timeout?: number}} [options] @returns {Promise<T>} */
export async function json(path, options) {
  const response = await request(path, options);
  try {
    return await response.json();
  } catch {
    throw new HttpError(response.status, 'the answer is not JSON');
  }
}

/** @param {string} path @param {unknown} body @param {string} [method] */
export function send(path, body, method = 'POST') {
  return request(path, {
    method,
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
}

/** @param {Response} response @returns {Promise<{text: string, body?: any}>} */
async function errorText(response) {
  const text = await response.text().catch(() => '');
  try {
    const body = JSON.parse(text);
    if (typeof body.error === 'string' && body.error) return { text: body.error, body };
  } catch {
    // Not every refusal has a JSON body.
  }
  const line = text.trim().split('\n', 1)[0] ?? '';
  return { text: line && line.length < 200 && !line.startsWith('<') ? line : `the device answered ${response.status}` };
}
