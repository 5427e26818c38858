import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertClean, DESKTOP, launch, open, PHONE, picture, waitForLink } from '../lib/browser.mjs';
import { Server } from '../lib/server.mjs';
import { until } from '../lib/until.mjs';

const VIEWS = { overview: 'o', processes: 'p', logs: 'l', console: 'c', streams: 's', sensors: 'n', updates: 'u', devices: 'd', changes: 'h' };
let server, browser;

before(async () => {
  server = await Server.start();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

test('every view is reached by its keys and by its address', async () => {
  const opened = await open(browser);
  const { page } = opened;
  await page.goto(`${server.url}/changes`);
  await waitForLink(page, 'live');
  for (const [name, key] of Object.entries(VIEWS)) {
    await page.keyboard.press('g');
    await page.keyboard.press(key);
    await page.locator(`hg-${name}:visible`).waitFor();
    assert.equal(new URL(page.url()).pathname, `/${name}`);
    assert.equal(await page.locator('.nav [aria-current=page]').getAttribute('data-view'), name);
    assert.equal(await page.locator('.view:visible').count(), 1);
  }
  await page.goBack();
  await page.locator('hg-devices:visible').waitFor();
  await page.goto(`${server.url}/processes`);
  await page.locator('hg-processes:visible').waitFor();
  assertClean(opened, server.url);
});

test('the help lists the shortcuts, / goes to the filter, and fields keep their keys', async () => {
  const opened = await open(browser);
  const { page } = opened;
  await page.goto(`${server.url}/processes`);
  await page.locator('hg-processes .rows .row').first().waitFor();
  await page.keyboard.press('?');
  const help = await page.locator('dialog[open]').textContent();
  for (const word of ['Overview', 'Console', 'Filter or search', 'Light or dark', 'Pause or go on']) assert.ok(help.includes(word), word);
  await picture(page, 'help');
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('dialog[open]').count(), 0);
  await page.keyboard.press('/');
  await page.keyboard.type('gopt?');
  assert.equal(await page.locator('hg-processes input[type=search]').inputValue(), 'gopt?');
  assert.equal(await page.locator('dialog[open]').count(), 0);
  assertClean(opened, server.url);
});

test('the theme follows the system, can be changed, and is remembered', async () => {
  const opened = await open(browser, { colorScheme: 'dark' });
  const { page } = opened;
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  await page.goto(server.url);
  await until('dark', async () => (await theme()) === 'dark');
  await page.keyboard.press('t');
  assert.equal(await theme(), 'light');
  await page.reload();
  await until('light after a reload', async () => (await theme()) === 'light');
  await page.keyboard.press('t');
  assert.equal(await theme(), 'dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await until('the system to be followed again', async () => (await theme()) === 'light');
  assertClean(opened, server.url);
});

test('the keyboard reaches everything, and the focus is seen', async () => {
  const opened = await open(browser);
  const { page } = opened;
  await page.goto(server.url);
  await waitForLink(page, 'live');
  const reached = [];
  for (let i = 0; i < 24; i++) {
    await page.keyboard.press('Tab');
    if (await page.evaluate(() => document.activeElement === document.body)) break; // past the last
    reached.push(await page.evaluate(() => {
      const el = document.activeElement;
      const style = getComputedStyle(el);
      return { name: (el.getAttribute('aria-label') ?? el.textContent ?? '').trim(), outline: style.outlineStyle !== 'none' || el.matches('input[type=radio]') };
    }));
  }
  for (const name of ['Skip to content', 'heliograph', 'Keyboard shortcuts']) assert.ok(reached.some((r) => r.name === name), name);
  assert.ok(reached.some((r) => r.name.startsWith('Live')), 'the connection');
  assert.ok(reached.some((r) => r.name.startsWith('Changes')), 'the last view');
  assert.deepEqual(reached.filter((r) => !r.outline), [], 'without a visible focus');
  assertClean(opened, server.url);
});

test('everything that can be pressed or filled has a name', async () => {
  const opened = await open(browser);
  const { page } = opened;
  for (const name of Object.keys(VIEWS)) {
    await page.goto(`${server.url}/${name}`);
    await waitForLink(page, 'live');
    await page.locator(`hg-${name}:visible`).waitFor();
    const nameless = await page.evaluate(() => [...document.querySelectorAll('button, a, input, select, [role=grid], [role=log]')]
      .filter((el) => el.checkVisibility() && !(el.getAttribute('aria-label') || el.textContent.trim() || el.labels?.length))
      .map((el) => el.outerHTML.slice(0, 120)));
    assert.deepEqual(nameless, [], name);
  }
  assertClean(opened, server.url);
});

for (const [size, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
  for (const colorScheme of ['light', 'dark']) {
    test(`every view fits a ${size}, ${colorScheme}`, async () => {
      const opened = await open(browser, { viewport, colorScheme, isMobile: size === 'phone', hasTouch: size === 'phone' });
      const { page } = opened;
      await page.goto(server.url);
      await waitForLink(page, 'live');
      for (const name of Object.keys(VIEWS)) {
        await page.locator(`.nav [data-view=${name}]`).click();
        await settled(page, name);
        const [width, wanted] = await page.evaluate(() => [document.documentElement.clientWidth, document.documentElement.scrollWidth]);
        assert.equal(width, viewport.width);
        assert.ok(wanted <= width, `${name} is ${wanted} wide`);
        const overflow = await page.locator(`hg-${name}`).evaluate((el) => el.scrollWidth - el.clientWidth);
        assert.ok(overflow <= 0, `${name} overflows by ${overflow}`);
        await picture(page, `${name}-${size}-${colorScheme}`);
      }
      assertClean(opened, server.url);
    });
  }
}

/** Waits until a view shows what it has. */
async function settled(page, name) {
  const ready = {
    overview: () => page.locator('.card-cpu .age[data-fresh=yes]').waitFor(),
    processes: () => page.locator('hg-processes .rows .row').first().waitFor(),
    logs: async () => {
      if (await page.locator('.source-select').isVisible()) await page.locator('.source-select').selectOption('dmesg');
      else await page.locator('.source', { hasText: 'dmesg' }).click();
      await page.locator('.log-pane .line').first().waitFor();
    },
    console: async () => {
      await page.locator('.blank button:visible, .tab').first().waitFor();
      if ((await page.locator('.tab').count()) === 0) await page.getByRole('button', { name: 'Start a shell' }).last().click();
      await page.locator('.term-frame:visible .xterm-rows').waitFor();
    },
    streams: () => page.locator('hg-streams:visible').waitFor(),
    sensors: () => page.locator('hg-sensors .card-firmware .absent').waitFor(),
    updates: () => page.locator('hg-updates .card-system .facts dd').first().waitFor(),
    devices: () => page.locator('hg-devices .age[data-fresh=yes]').waitFor(),
    changes: () => page.locator('hg-changes .age[data-fresh=yes]').waitFor(),
  };
  await page.locator(`hg-${name}:visible`).waitFor();
  await ready[name]();
}

const fromDir = process.env.HELIOGRAPH_UI_DIR ? 'a directory is served without caching' : false;

test('the files are cached by their content, compressed, and nothing else is served', { skip: fromDir }, async () => {
  const index = await server.fetch('/');
  const tag = index.headers.get('etag');
  assert.ok(tag);
  assert.equal((await server.fetch('/overview', { headers: { 'if-none-match': tag } })).status, 304);
  assert.equal((await server.fetch('/js/main.js')).headers.get('content-encoding'), 'gzip');
  assert.equal((await server.fetch('/nothing-here')).status, 404);
  assert.equal((await server.fetch('/js/types.d.ts')).status, 404);
});
