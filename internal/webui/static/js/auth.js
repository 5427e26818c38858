// @ts-check
// Getting in: the token comes from the URL fragment or from the person, is
// exchanged for a cookie that scripts cannot read, and is kept nowhere.

import { h, setText } from './lib/dom.js';
import { HttpError, send } from './lib/http.js';

/** Takes the token out of the fragment and of the address bar. @returns {string} empty if there is none */
export function takeFragmentToken() {
  const params = new URLSearchParams(location.hash.slice(1));
  const token = params.get('token') ?? '';
  if (params.has('token')) {
    params.delete('token');
    const rest = params.toString();
    history.replaceState(history.state, '', location.pathname + location.search + (rest ? `#${rest}` : ''));
  }
  return token;
}

/** Exchanges a token for the session cookie. @param {string} token @returns {Promise<string>} empty on success, else what went wrong */
export async function signIn(token) {
  try {
    await send('auth/session', { token });
    return '';
  } catch (err) {
    if (!(err instanceof HttpError)) throw err;
    if (err.status === 401 || err.status === 403) return 'This token was not accepted.';
    if (err.status === 429) return 'Too many attempts. Wait a moment, then try again.';
    return `Signing in failed: ${err.message}.`;
  }
}

/** The dialog that asks for the token. Fires "signed-in". */
export class SignIn extends EventTarget {
  #input = h('input', {
    type: 'password', id: 'token', name: 'token', autocomplete: 'current-password', spellcheck: false, required: true,
  });
  #error = h('p', { class: 'form-error', role: 'alert', hidden: true });
  #button = h('button', { class: 'primary', type: 'submit' }, 'Sign in');
  #dialog = h('dialog', { class: 'dialog sign-in', 'aria-labelledby': 'sign-in-title' },
    h('form', { onsubmit: (/** @type {Event} */ e) => void this.#submit(e) },
      h('h2', { id: 'sign-in-title' }, 'This device asks for a token'),
      h('p', {}, 'It was printed when the server first started. On the device, ', h('code', {}, 'heliograph token create'), ' makes another.'),
      h('label', { htmlFor: 'token' }, 'Token'),
      this.#input, this.#error,
      h('div', { class: 'form-actions' }, this.#button)));

  constructor() {
    super();
    document.body.append(this.#dialog);
    // There is nothing behind the dialog to go back to.
    this.#dialog.addEventListener('cancel', (event) => event.preventDefault());
  }

  /** @param {string} [error] */
  show(error = '') {
    this.#say(error);
    if (this.#dialog.open) return;
    this.#dialog.showModal();
    this.#input.focus();
  }

  hide() {
    this.#input.value = '';
    this.#dialog.close();
  }

  /** @param {Event} event */
  async #submit(event) {
    event.preventDefault();
    this.#button.disabled = true;
    const error = await signIn(this.#input.value.trim());
    this.#button.disabled = false;
    this.#say(error);
    if (error) {
      this.#input.select();
      return;
    }
    this.hide();
    this.dispatchEvent(new Event('signed-in'));
  }

  /** @param {string} error */
  #say(error) {
    setText(this.#error, error);
    this.#error.hidden = !error;
  }
}
