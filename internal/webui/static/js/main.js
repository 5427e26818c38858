// @ts-check
// Puts the page together; the only place where the parts are made.

import { Agent } from './app/agent.js';
import { AppLink } from './app/link.js';
import { SignIn, signIn, takeFragmentToken } from './auth.js';
import { Device } from './device.js';
import { History } from './history.js';
import { Journal } from './journal.js';
import { Keys } from './keys.js';
import { h } from './lib/dom.js';
import { socketURL } from './lib/base.js';
import { Link } from './link.js';
import { findParts } from './offer.js';
import { Router } from './router.js';
import { Shell } from './shell.js';
import { offered } from './views.js';
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

/** @param {Shell} shell @returns {import('./types.d.ts').App} */
function makeApp(shell) {
  const device = new Device();
  const agent = new Agent();
  const link = new Link({ url: () => socketURL('v1/ws'), probe: () => device.read().then((answer) => ({ answer, message: device.error ?? '' })) });
  return {
    link, device, agent,
    appLink: new AppLink(agent),
    journal: new Journal(link),
    telemetry: new History(),
    keys: new Keys(document),
    toast: makeToaster(),
    focusNav: () => shell.focusNav(),
  };
}

/** Asks for the token when one of the two ends does. @param {import('./types.d.ts').App} app */
function watchSignIn({ link, device, agent, appLink }) {
  const dialog = new SignIn();
  for (const end of [link, appLink]) {
    end.addEventListener('status', () => {
      if (end.status.phase === 'unauthorised') dialog.show();
    });
  }
  device.addEventListener('unauthorised', () => {
    if (link.status.phase !== 'unauthorised') link.needAuthorisation();
  });
  agent.addEventListener('unauthorised', () => {
    if (appLink.status.phase !== 'unauthorised') appLink.needAuthorisation();
  });
  dialog.addEventListener('signed-in', () => {
    device.forgetFacts();
    if (link.started) device.poll(true);
    link.retryNow();
    appLink.retryNow();
  });
  return dialog;
}

/** Says so when the server is another than the one the page came from. @param {import('./types.d.ts').App} app */
function watchVersion({ device, agent, toast }) {
  const watch = (/** @type {EventTarget} */ end, /** @type {() => string | undefined} */ read) => {
    let version = '';
    end.addEventListener('change', () => {
      const now = read();
      if (version && now && now !== version) toast(`The server is now ${now}. Reload the page to use its interface.`);
      version = now || version;
    });
  };
  watch(device, () => device.health?.version);
  watch(agent, () => agent.status?.agent.version);
}

async function main() {
  const shell = new Shell();
  const app = makeApp(shell);
  const dialog = watchSignIn(app);
  watchVersion(app);
  const token = takeFragmentToken();
  const refused = token ? await signIn(token) : '';
  const parts = await findParts();
  shell.app = app;
  shell.views = offered(parts);
  shell.router = new Router(shell.views.map((v) => v.name));
  document.body.append(shell);
  const follow = () => {
    if (parts.has('device')) {
      app.link.setHidden(document.hidden);
      app.device.poll(!document.hidden);
    }
    shell.setHidden(document.hidden);
  };
  document.addEventListener('visibilitychange', follow);
  addEventListener('online', () => {
    app.link.retryNow();
    app.appLink.retryNow();
  });
  if (parts.has('device')) app.link.start();
  follow();
  if (refused) {
    if (parts.has('device')) app.link.needAuthorisation();
    else app.appLink.needAuthorisation();
    dialog.show(refused);
  }
}

void main();
