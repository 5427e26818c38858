// @ts-check
// Keyboard shortcuts: single keys, and "g" followed by the key of a view. Keys
// typed into a field or the terminal are left alone.

/**
 * @typedef {{keys: string, label: string, group: string, run: () => void}} Shortcut
 */

const PREFIX_MS = 1500;

export class Keys {
  /** @type {Map<string, Shortcut>} */
  #shortcuts = new Map();
  #prefix = '';
  #prefixAt = 0;

  /** @param {EventTarget} target */
  constructor(target) {
    target.addEventListener('keydown', (event) => this.#onKey(/** @type {KeyboardEvent} */ (event)));
  }

  /** Adds a shortcut such as "?" or "g o" until the returned function is called. @param {Shortcut} shortcut */
  add(shortcut) {
    this.#shortcuts.set(shortcut.keys, shortcut);
    return () => {
      if (this.#shortcuts.get(shortcut.keys) === shortcut) this.#shortcuts.delete(shortcut.keys);
    };
  }

  /** All shortcuts in force, for the help. */
  list() {
    return [...this.#shortcuts.values()];
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (takesText(event.composedPath()[0]) || document.querySelector('dialog[open]')) return;
    const key = event.key;
    const fresh = performance.now() - this.#prefixAt < PREFIX_MS;
    const shortcut = this.#shortcuts.get(fresh && this.#prefix ? `${this.#prefix} ${key}` : key);
    this.#prefix = '';
    if (shortcut) {
      event.preventDefault();
      shortcut.run();
    } else if (key === 'g') {
      this.#prefix = key;
      this.#prefixAt = performance.now();
    }
  }
}

/** @param {EventTarget | undefined} target */
function takesText(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'button'].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}
