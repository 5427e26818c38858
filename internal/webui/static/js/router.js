// @ts-check
// Which view is shown: the last path segment names it.

import { base } from './lib/base.js';

/** Fires "route" when the view changed. */
export class Router extends EventTarget {
  #names;
  current;

  /** @param {readonly string[]} names of the views that there are; the first is shown when the address names none */
  constructor(names) {
    super();
    this.#names = names;
    this.current = this.#fromLocation();
    addEventListener('popstate', () => this.#set(this.#fromLocation()));
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

  #fromLocation() {
    const name = location.pathname.slice(base.pathname.length);
    return this.#names.includes(name) ? name : this.#names[0] ?? '';
  }
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
