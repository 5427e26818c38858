// A real Chromium and pages that note everything that must not happen.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-component-update', '--disable-background-networking', '--disable-sync', '--no-pings'];

export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGS });
}

/**
 * Opens a page that records console errors, policy violations and requests to
 * other places.
 * @param {import('playwright-core').Browser} browser
 * @param {import('playwright-core').BrowserContextOptions} [options]
 */
export async function open(browser, options = {}) {
  const context = await browser.newContext({ viewport: DESKTOP, acceptDownloads: true, ...options });
  const page = await context.newPage();
  const trouble = [];
  const origins = new Set();
  const frames = [];
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (e) => console.error(`policy violation: ${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`));
  });
  page.on('console', (m) => {
    // A browser reports each failed request; tests that make them fail say so.
    if (m.type() === 'error' || m.type() === 'warning') trouble.push(m.text());
  });
  page.on('pageerror', (e) => trouble.push(`uncaught: ${e.stack}`));
  page.on('request', (r) => origins.add(new URL(r.url()).origin));
  page.on('websocket', (ws) => {
    origins.add(new URL(ws.url()).origin.replace(/^ws/, 'http'));
    if (/\/frames(\?|$)/.test(ws.url())) return; // pictures: too much to keep
    ws.on('framesent', (f) => frames.push({ url: ws.url(), dir: 'sent', data: f.payload }));
    ws.on('framereceived', (f) => frames.push({ url: ws.url(), dir: 'received', data: f.payload }));
  });
  return { context, page, trouble, origins, frames };
}

/**
 * Nothing went wrong and nobody else was asked.
 * @param {Awaited<ReturnType<typeof open>>} opened @param {string} url @param {RegExp} [allowed] errors that the test brought about
 */
export function assertClean({ trouble, origins }, url, allowed) {
  assert.deepEqual(trouble.filter((t) => !allowed?.test(t)), [], 'console errors, warnings or policy violations');
  // Pictures and downloads made by the page itself have the origin "null".
  assert.deepEqual([...origins].filter((o) => o !== new URL(url).origin && o !== 'null'), [], 'requests to other places');
}

/** Takes a picture when UI_SCREENSHOTS names a folder. @param {import('playwright-core').Page} page @param {string} name */
export async function picture(page, name) {
  const dir = process.env.UI_SCREENSHOTS;
  if (!dir) return;
  await mkdir(dir, { recursive: true });
  await page.screenshot({ path: join(dir, `${name}.png`) });
}

/** The state that the header shows. @param {import('playwright-core').Page} page @param {string} phase */
export async function waitForLink(page, phase) {
  await page.waitForFunction((p) => document.documentElement.dataset.link === p, phase);
}

/** What the visible terminal shows. @param {import('playwright-core').Page} page */
export async function terminalText(page) {
  return page.evaluate(() => [...document.querySelectorAll('.term-frame:not([hidden]) .xterm-rows > div')].map((row) => row.textContent).join('\n'));
}
