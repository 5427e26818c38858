// @ts-check
// Which view is shown: the last path segment names it.

import { base } from './lib/base.js';
import { views } from './views.js';

/** Fires "route" when the view changed. */
export class Router extends EventTarget {
  current = fromLocation();

  constructor() {
    super();
    addEventListener('popstate', () => this.#set(fromLocation()));
  }

  /** Shows a view and makes an entry in the history. @param {string} name @param {string} [query] with the question mark */
  go(name, query = '') {
    if (name === this.current && !query) return;
    history.pushState(null, '', `${base.pathname}${name}${query}`);
    this.#set(name);
  }

  /** @param {string} name */
  #set(name) {
    this.current = name;
    this.dispatchEvent(new Event('route'));
  }
}

function fromLocation() {
  const name = location.pathname.slice(base.pathname.length);
  return views.some((v) => v.name === name) ? name : /** @type {string} */ (views[0]?.name);
}

/** Reads a parameter of the address. @param {string} name */
export function queryParam(name) {
  return new URLSearchParams(location.search).get(name) ?? '';
}

/** Keeps a parameter in the address without an entry in the history; empty removes it. @param {string} name @param {string} value */
export function setQueryParam(name, value) {
  const params = new URLSearchParams(location.search);
  if (value) params.set(name, value);
  else params.delete(name);
  const query = params.toString();
  history.replaceState(history.state, '', location.pathname + (query ? `?${query}` : '') + location.hash);
}
