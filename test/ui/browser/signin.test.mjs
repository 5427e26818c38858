// Another local user than the server's needs the token, so the server runs as nobody and the browser does not.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertClean, launch, open, picture, waitForLink } from '../lib/browser.mjs';
import { Server } from '../lib/server.mjs';
import { until } from '../lib/until.mjs';

const NOBODY = 65534;
const skip = process.getuid() === 0 ? false : 'needs root to start the server as another user';
let server, browser;

before(async () => {
  if (skip) return;
  server = await Server.start({ uid: NOBODY });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const REFUSED = /status of 401|WebSocket connection to|status of 403/;

test('without a token the page asks for it, refuses a wrong one, and lets a right one in', { skip }, async () => {
  const opened = await open(browser);
  const { page } = opened;
  await page.goto(server.url);
  await page.locator('dialog[open]').waitFor();
  await waitForLink(page, 'unauthorised');
  await picture(page, 'sign-in');
  await page.getByRole('textbox', { name: 'Token' }).fill('hg_wrong');
  await page.keyboard.press('Enter');
  await page.getByText('This token was not accepted.').waitFor();
  await page.getByRole('textbox', { name: 'Token' }).fill(await server.token());
  await page.keyboard.press('Enter');
  await waitForLink(page, 'live');
  await page.locator('.card-cpu .age[data-fresh=yes]').waitFor();
  await page.reload();
  await waitForLink(page, 'live');
  assertClean(opened, server.url, REFUSED);
  await opened.context.close();
});

test('a token in the fragment signs in and leaves the address bar', { skip }, async () => {
  const opened = await open(browser);
  const { page } = opened;
  const token = await server.token();
  await page.goto(`${server.url}/#token=${token}`);
  await waitForLink(page, 'live');
  assert.equal(new URL(page.url()).hash, '');
  assert.ok(!JSON.stringify(await page.evaluate(() => [{ ...localStorage }, { ...sessionStorage }, document.cookie, history.state])).includes(token), 'scripts cannot read it afterwards');
  await until('the identity', async () => {
    await page.locator('.conn').click();
    const facts = await page.locator('.conn-panel').textContent();
    await page.keyboard.press('Escape');
    return /You are/.test(facts);
  });
  await page.locator('.conn').click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await waitForLink(page, 'unauthorised');
  await page.locator('dialog[open]').waitFor();
  assertClean(opened, server.url, REFUSED);
  await opened.context.close();
});
