// @ts-check
// Puts the page together; the only place where the parts are made.

import { SignIn, signIn, takeFragmentToken } from './auth.js';
import { Device } from './device.js';
import { History } from './history.js';
import { Journal } from './journal.js';
import { Keys } from './keys.js';
import { h } from './lib/dom.js';
import { socketURL } from './lib/base.js';
import { Link } from './link.js';
import { Router } from './router.js';
import { Shell } from './shell.js';
import './lib/age.js';

const TOAST_MS = 6000;

function makeToaster() {
  const host = h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' });
  document.body.append(host);
  /** @param {string} message @param {'info' | 'error'} [kind] */
  return (message, kind = 'info') => {
    const toast = h('div', { class: `toast ${kind}` }, message);
    host.append(toast);
    setTimeout(() => toast.remove(), TOAST_MS);
  };
}

async function main() {
  const device = new Device();
  const link = new Link({ url: () => socketURL('v1/ws'), probe: () => device.read().then((answer) => ({ answer, message: device.error ?? '' })) });
  const shell = new Shell();
  /** @type {import('./types.d.ts').App} */
  const app = {
    link, device,
    journal: new Journal(link),
    telemetry: new History(),
    keys: new Keys(document),
    toast: makeToaster(),
    focusNav: () => shell.focusNav(),
  };
  shell.app = app;
  shell.router = new Router();

  const dialog = new SignIn();
  link.addEventListener('status', () => {
    if (link.status.phase === 'unauthorised') dialog.show();
  });
  device.addEventListener('unauthorised', () => {
    if (link.status.phase !== 'unauthorised') link.needAuthorisation();
  });
  dialog.addEventListener('signed-in', () => {
    device.forgetFacts();
    device.poll(true);
    link.retryNow();
  });

  let version = '';
  device.addEventListener('change', () => {
    const now = device.health?.version ?? '';
    if (version && now && now !== version) app.toast(`The server is now ${now}. Reload the page to use its interface.`);
    version = now || version;
  });

  const token = takeFragmentToken();
  const refused = token ? await signIn(token) : '';
  document.body.append(shell);
  const follow = () => {
    link.setHidden(document.hidden);
    shell.setHidden(document.hidden);
    device.poll(!document.hidden);
  };
  document.addEventListener('visibilitychange', follow);
  addEventListener('online', () => link.retryNow());
  link.start();
  follow();
  if (refused) {
    link.needAuthorisation();
    dialog.show(refused);
  }
}

void main();
