// @ts-check
// Light, dark, or as the system says.

const KEY = 'heliograph.theme';

/** @typedef {'auto' | 'light' | 'dark'} Choice */

/** Fires "change" when the colours changed, so that canvases can be drawn anew. */
export class Theme extends EventTarget {
  #system = matchMedia('(prefers-color-scheme: dark)');
  /** @type {Choice} */
  choice = 'auto';

  constructor() {
    super();
    const stored = read();
    if (stored === 'light' || stored === 'dark') this.choice = stored;
    this.#apply();
    this.#system.addEventListener('change', () => this.#apply());
  }

  get dark() {
    return this.choice === 'auto' ? this.#system.matches : this.choice === 'dark';
  }

  /** Changes between light and dark; the choice of the system needs no storing. */
  toggle() {
    const dark = !this.dark;
    this.choice = dark === this.#system.matches ? 'auto' : dark ? 'dark' : 'light';
    try {
      localStorage.setItem(KEY, this.choice);
    } catch {
      // Storage may be forbidden; the choice then lasts as long as the page.
    }
    this.#apply();
  }

  #apply() {
    document.documentElement.dataset.theme = this.dark ? 'dark' : 'light';
    this.dispatchEvent(new Event('change'));
  }
}

function read() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

/** The theme of the page. */
export const theme = new Theme();
