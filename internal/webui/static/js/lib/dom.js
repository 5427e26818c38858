// @ts-check
// Small helpers to build and update the DOM without inline styles or markup
// strings, so that the content security policy can forbid both.

/**
 * @typedef {Node | string | number | null | undefined | false} Child
 */

/**
 * Makes an element. Keys of props starting with "on" add listeners, "class" and
 * "data-…", "aria-…" and "role" become attributes, all else is set as a property.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any> | null} [props]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, props, ...children) {
  const el = document.createElement(tag);
  for (const [key, value] of Object.entries(props ?? {})) setProp(el, key, value);
  append(el, children);
  return el;
}

/** @param {HTMLElement} el @param {string} key @param {any} value */
function setProp(el, key, value) {
  if (value === undefined || value === null || value === false) return;
  if (key.startsWith('on')) el.addEventListener(key.slice(2), value);
  else if (key in el && !key.includes('-')) /** @type {any} */ (el)[key] = value;
  else el.setAttribute(key, value === true ? '' : String(value));
}

/** @param {Node} el @param {Child[]} children */
export function append(el, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    el.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** Sets text only when it differs: an unchanged value costs no layout. @param {Node} node @param {string} text */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Sets or removes an attribute only when it differs. @param {Element} el @param {string} name @param {string | null} value */
export function setAttr(el, name, value) {
  if (value === null) {
    if (el.hasAttribute(name)) el.removeAttribute(name);
  } else if (el.getAttribute(name) !== value) el.setAttribute(name, value);
}

/**
 * Makes the children of parent match items: elements are kept by key, made by
 * make, and brought up to date by update, in the order of items.
 * @template T
 * @param {HTMLElement} parent
 * @param {readonly T[]} items
 * @param {(item: T) => string} key
 * @param {(item: T) => HTMLElement} make
 * @param {(el: HTMLElement, item: T) => void} update
 */
export function keyed(parent, items, key, make, update) {
  /** @type {Map<string, HTMLElement>} */
  const old = new Map();
  for (const el of /** @type {Iterable<HTMLElement>} */ (parent.children)) old.set(el.dataset.key ?? '', el);
  /** @type {Element | null} */
  let at = parent.firstElementChild;
  for (const item of items) {
    const k = key(item);
    let el = old.get(k);
    if (el) old.delete(k);
    else {
      el = make(item);
      el.dataset.key = k;
    }
    if (el === at) at = at.nextElementSibling;
    else parent.insertBefore(el, at);
    update(el, item);
  }
  for (const el of old.values()) el.remove();
}

/**
 * Calls fn at most once per animation frame, however often the returned function
 * is called.
 * @param {() => void} fn
 */
export function perFrame(fn) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      fn();
    });
  };
}

/** The resolved value of a CSS colour variable, as canvas code needs it. @param {string} name */
export function cssColor(name) {
  const probe = h('span', { hidden: true });
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}
