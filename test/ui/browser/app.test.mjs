import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { exchange, TestAgent } from '../lib/agent.mjs';
import { assertClean, DESKTOP, launch, open, picture, waitForLink } from '../lib/browser.mjs';
import { until } from '../lib/until.mjs';

const VIEWS = { 'app-logs': 'l', 'app-network': 'n', 'app-profiler': 'p', 'app-events': 'e', 'app-sensors': 's', 'app-bluetooth': 'b' };
const PHONE = { width: 380, height: 780 };
let agent, browser;

before(async () => {
  agent = await TestAgent.start();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await agent?.stop();
});

/** Opens a view and waits until it is live. */
async function show(name, options) {
  const opened = await open(browser, options);
  await opened.page.goto(`${agent.url}/${name}`);
  await waitForLink(opened.page, 'live');
  await opened.page.locator(`hg-${name}:visible`).waitFor();
  return opened;
}

const status = async (path) => (await agent.fetch(`/api/v1/${path}`)).json();
const at = (s = 0) => new Date(Date.now() - s * 1000).toISOString();
const log = (Message, more = {}) => ({ Time: at(), Level: 2, Category: 'main', Message, Source: 'native', ...more });

test('a server that has only an application starts with its logs and offers nothing else', async () => {
  const opened = await open(browser);
  const { page } = opened;
  await page.goto(agent.url);
  await waitForLink(page, 'live');
  await page.locator('hg-app-logs:visible').waitFor();
  assert.deepEqual(await page.locator('.nav a').evaluateAll((links) => links.map((a) => a.dataset.view)), Object.keys(VIEWS));
  assert.equal(await page.locator('.nav-title').count(), 0);
  const bar = await until('the bar', async () => /orders/.test(await page.locator('hg-app-bar').textContent()) && page.locator('hg-app-bar').textContent());
  for (const word of ['orders', 'running for', '2.4.0', 'linux', 'go 1', `pid ${agent.child.pid}`]) assert.ok(bar.includes(word), `${word} in ${bar}`);
  assert.equal(await page.title(), 'Logs · orders');
  await page.goto(`${agent.url}/app-bluetooth`);
  await page.locator('hg-app-bluetooth:visible').waitFor();
  for (const [name, key] of Object.entries(VIEWS)) {
    await page.keyboard.press('g');
    await page.keyboard.press(key);
    await page.locator(`hg-${name}:visible`).waitFor();
    assert.equal(new URL(page.url()).pathname, `/${name}`);
    assert.equal(await page.locator('.view:visible').count(), 1);
  }
  await page.goto(`${agent.url}/overview`);
  await page.locator('hg-app-logs:visible').waitFor();
  assertClean(opened, agent.url);
});

test('the page finds out by itself what a server has that does not say so', async () => {
  const opened = await open(browser);
  const { page } = opened;
  await page.addInitScript(() => {
    new MutationObserver(() => document.querySelector('meta[name=heliograph-parts]')?.setAttribute('content', '')).observe(document, { childList: true, subtree: true });
  });
  await page.goto(`${agent.url}/`);
  await page.locator('hg-app-logs:visible').waitFor();
  assert.equal(await page.locator('.nav a').count(), 6);
  assertClean(opened, agent.url, /404/);
});

test('logs: replay and live, levels, sources, stacks, filter, follow and save', async () => {
  await agent.record('logs', [
    log('first'), log('with a stack', { Level: 4, Category: 'sync', Exception: 'Error: boom\n  at a.js:1\n  at b.js:2' }),
    log('quiet', { Level: 0 }), log('from the frame', { Source: 'framework', Level: 3 }),
  ]);
  const opened = await show('app-logs');
  const { page } = opened;
  const texts = () => page.locator('hg-app-logs .line .text').allTextContents();
  await until('the replay', async () => (await texts()).includes('from the frame'));
  await agent.record('logs', [log('live')]);
  await until('the live entry', async () => (await texts()).at(-1) === 'live');
  assert.deepEqual((await texts()).slice(-5), ['first', 'with a stack', 'quiet', 'from the frame', 'live']);
  assert.equal(await page.locator('.line', { hasText: 'with a stack' }).getAttribute('data-level'), 'err');

  await page.locator('.below summary').click();
  assert.match(await page.locator('.below pre').innerText(), /at b\.js:2/);
  await page.getByLabel('Level').selectOption('warning');
  assert.deepEqual(await texts(), ['with a stack', 'from the frame']);
  await page.getByLabel('Source').selectOption('framework');
  assert.deepEqual(await texts(), ['from the frame']);
  await page.getByLabel('Source').selectOption('');
  await page.getByLabel('Level').selectOption('');
  await page.getByLabel('Filter app log').fill('b.js');
  await until('the stack to be searched', async () => (await texts()).join() === 'with a stack');
  assert.equal(await page.locator('.below').evaluate((el) => el.open), true);
  await page.getByLabel('Filter app log').fill('');
  await until('all lines', async () => (await texts()).length >= 5);

  await page.keyboard.press('Escape');
  await page.locator('hg-app-logs .follow').click();
  await agent.record('logs', [log('while paused')]);
  await until('a waiting line', async () => /Follow · 1 new/.test(await page.locator('.follow').textContent()));
  await page.locator('.follow').click();
  await until('it to be shown', async () => (await texts()).at(-1) === 'while paused');
  const waiting = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save' }).click();
  const saved = (await readFile(await (await waiting).path(), 'utf8')).trim().split('\n').map((l) => JSON.parse(l));
  assert.equal(saved.at(-1).message, 'while paused');
  assert.equal(saved.find((e) => e.message === 'with a stack').level, 'error');
  assertClean(opened, agent.url);
});

test('logs: a page that reads too slowly is told so, and what it may have missed', async () => {
  const opened = await show('app-logs');
  const { page } = opened;
  await page.locator('hg-app-logs .line').first().waitFor();
  const blocked = page.evaluate(() => {
    const end = performance.now() + 4000;
    while (performance.now() < end); // nothing is read meanwhile
  });
  await agent.record('flood/300000');
  await blocked;
  await until('the remark', async () => /This page read too slowly .* entries may be missing here/.test((await page.locator('.line-note').allTextContents()).join()), 60_000);
  await until('the newest entry', async () => (await page.locator('.line .text').last().textContent()) === 'entry 299999');
  const shown = await page.locator('hg-app-logs .line').count();
  assert.ok(shown <= 5100, `${shown} lines in the page`);
  await picture(page, 'app-logs-slow');
  assertClean(opened, agent.url, /WebSocket/);
});

test('network: the waterfall, the filter and the keyboard', async () => {
  const t0 = Date.now() - 10_000;
  await agent.record('exchange', [
    exchange({ start: new Date(t0), ms: 100, URL: 'https://api.example.test/v2/orders?page=1', body: '{"orders":[{"id":"A-1","qty":3}]}' }),
    exchange({ start: new Date(t0 + 200), ms: 500, Method: 'POST', URL: 'https://auth.example.test/token', Status: 401, StatusText: 'Unauthorized', RequestType: 'application/x-www-form-urlencoded',
      RequestSize: 40, RequestBody: { Data: Buffer.from('grant_type=password&secret=***').toString('base64') }, body: '{"error":"no"}' }),
    exchange({ start: new Date(t0 + 900), ms: 100, URL: 'https://slow.example.test/report', Status: 0, StatusText: '', Error: 'i/o timeout', ResponseSize: -1, type: '' }),
  ]);
  const opened = await show('app-network');
  const { page } = opened;
  const rows = page.locator('hg-app-network .rows .row:visible');
  const names = () => rows.locator('.n-path').allTextContents();
  await until('the rows', async () => (await rows.count()) === 3);
  assert.deepEqual(await names(), ['/v2/orders?page=1', '/token', '/report']);
  assert.deepEqual(await rows.locator('.n-status').allTextContents(), ['200', '401', 'failed']);
  assert.deepEqual(await rows.locator('.fall-bar').evaluateAll((bars) => bars.map((b) => [parseFloat(b.style.left), parseFloat(b.style.width)].map(Math.round))), [[0, 10], [20, 50], [90, 10]]);

  await agent.record('exchange', [exchange({ URL: 'https://api.example.test/live', ms: 5 })]);
  await until('the live one', async () => (await names()).at(-1) === '/live');
  await page.getByLabel('Filter exchanges').fill('status:4xx');
  await until('the filter', async () => (await names()).join() === '/token');
  assert.match(await page.locator('hg-app-network .summary').textContent(), /1 of 4 exchanges/);
  await page.getByLabel('Filter exchanges').fill('');
  await page.getByLabel('Outcome').selectOption('failed');
  assert.deepEqual(await names(), ['/report']);
  await page.getByLabel('Outcome').selectOption('');
  await page.getByRole('columnheader', { name: 'Time' }).getByRole('button').click();
  assert.equal((await names())[0], '/token', 'the slowest first');
  await page.getByRole('columnheader', { name: 'Waterfall' }).getByRole('button').click();

  await page.locator('hg-app-network .ptable').focus();
  await page.keyboard.press('Home');
  await until('the detail', async () => (await page.locator('.exchange h2').textContent()) === 'GET /v2/orders');
  await page.keyboard.press('ArrowDown');
  await until('the next detail', async () => (await page.locator('.exchange h2').textContent()) === 'POST /token');
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('.exchange').isVisible(), false);
  assertClean(opened, agent.url);
});

test('network: headers, bodies laid out, pictures, binary and what was cut', async () => {
  const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';
  await agent.record('exchange', [
    exchange({ URL: 'https://cdn.example.test/logo.png', type: 'image/png', ResponseSize: 70, ResponseBody: { Data: png } }),
    exchange({ URL: 'https://files.example.test/big.bin', type: 'application/octet-stream', ResponseSize: 5 << 20, ResponseBody: { Data: Buffer.alloc(2048, 'helio\0').toString('base64'), Truncated: true } }),
  ]);
  const opened = await show('app-network');
  const { page } = opened;
  const choose = async (path, tab) => {
    await page.locator('hg-app-network .row:visible', { hasText: path }).first().click();
    await page.getByRole('tab', { name: tab }).click();
    await page.locator('.detail-body h3', { hasText: 'Body' }).waitFor();
    return page.locator('.detail-body').innerText();
  };
  const orders = await choose('/v2/orders', 'Response');
  assert.match(orders, /Content-Type\s+application\/json/);
  assert.match(orders, /"orders": \[\n {4}\{\n {6}"id": "A-1"/);
  assert.equal(await page.locator('.redacted').count(), 2, 'what was taken out is marked');
  await page.getByRole('button', { name: 'As sent' }).click();
  assert.match(await page.locator('.detail-body').innerText(), /\{"orders":\[\{"id":"A-1","qty":3\}\]\}/);
  await picture(page, 'app-network-json');

  const form = await choose('/token', 'Request');
  assert.match(form, /grant_type\s+password/);
  await choose('/logo.png', 'Response');
  assert.deepEqual(await page.locator('.body-picture img').evaluate((img) => [img.complete, img.naturalWidth]), [true, 1]);
  const binary = await choose('/big.bin', 'Response');
  assert.match(binary, /octet-stream · 5\.00 MiB · binary/);
  assert.match(binary, /Cut: the agent kept the first 2\.00 KiB of 5\.00 MiB\./);
  assert.match(binary, /000000 {2}68 65 6c 69 6f 00/);
  await choose('/report', 'Response');
  await page.getByRole('tab', { name: 'Overview' }).click();
  assert.match(await page.locator('.detail-body').innerText(), /i\/o timeout/);
  assertClean(opened, agent.url);
});

test('network: a HAR of all, what the agent has let go, and clear for everybody', async () => {
  const opened = await show('app-network');
  const { page } = opened;
  await page.locator('hg-app-network .row:visible', { hasText: '/v2/orders' }).waitFor();
  const waiting = page.waitForEvent('download');
  await page.getByRole('link', { name: 'HAR' }).click();
  const har = JSON.parse(await readFile(await (await waiting).path(), 'utf8'));
  assert.equal(har.log.version, '1.2');
  assert.ok(har.log.entries.some((e) => e.response.content.text?.includes('A-1')));

  await agent.record('exchange', Array.from({ length: 520 }, (_, i) => exchange({ URL: `https://api.example.test/many/${i}` })));
  await until('all of them', async () => /52\d exchanges/.test(await page.locator('hg-app-network .summary').textContent()));
  assert.ok((await page.locator('hg-app-network .rows .row').count()) < 60, 'only rows in sight exist');
  await page.locator('hg-app-network .ptable').focus();
  await page.keyboard.press('Home');
  await until('the refusal', async () => /does not hold this exchange any more/.test(await page.locator('.detail-body').textContent()));
  await page.keyboard.press('Escape');

  const other = await show('app-network');
  await other.page.locator('hg-app-network .row:visible').nth(1).waitFor();
  await page.getByRole('button', { name: 'Clear' }).click();
  for (const p of [page, other.page]) {
    await until('the empty list', async () => /0 exchanges/.test(await p.locator('hg-app-network .summary').textContent()));
    assert.match(await p.locator('.net-note').textContent(), /^Cleared at \d\d:\d\d:\d\d\./);
  }
  assert.deepEqual(await status('network/requests'), []);
  assertClean(opened, agent.url);
  assertClean(other, agent.url);
});

test('profiler: start, charts, markers, spans, hotspots, stop; and a session of somebody else', async () => {
  const opened = await show('app-profiler');
  const { page } = opened;
  const sub = () => page.locator('hg-app-profiler .sub').innerText();
  await until('that there is no session', async () => /No session yet/.test(await page.locator('hg-app-profiler .empty').textContent()));
  await page.getByLabel('Sampling interval').selectOption('100');
  await page.getByRole('button', { name: 'Start' }).click();
  await until('samples', async () => /Recording for \d+ s · \d{2,} samples, every 100 ms/.test(await sub()));
  assert.deepEqual(await page.locator('.prof-card:visible h2').allTextContents().then((t) => t.filter((x) => x !== 'Garbage collections')), ['CPU', 'Memory', 'Frames', 'Threads']);
  assert.match(await page.locator('.prof-card', { hasText: 'CPU' }).locator('.value').textContent(), /^\d+\.\d %$/);

  await page.getByLabel('Name of the marker').fill('tap save');
  await page.getByRole('button', { name: 'Mark' }).click();
  await until('the marker', async () => (await page.locator('.marker-name').allTextContents()).join() === 'tap save');
  const now = Date.now();
  const iso = (ms) => new Date(now + ms).toISOString();
  await agent.record('span', [
    { ID: 'outer', Start: iso(-900), End: iso(-100), Kind: 'ui.operation', Name: 'open order', Screen: '/orders', Tags: '{"order":"A-77"}' },
    { Parent: 'outer', Start: iso(-800), End: iso(-400), Kind: 'network.request', Name: 'GET /v2/orders', Status: 'error', Error: 'timeout' },
  ]);
  await until('the hotspots', async () => (await page.locator('.hot-name').allTextContents()).join() === 'open order,GET /v2/orders');
  assert.deepEqual(await page.locator('table.hot tbody tr').nth(1).locator('td').allTextContents(), ['1', '1', '400 ms', '400 ms', '400 ms']);
  await until('the spans', async () => /2 spans/.test(await page.locator('.prof-spans').textContent()));
  await page.locator('hg-spans').focus();
  await page.keyboard.press('ArrowRight');
  await until('the span', async () => /open order/.test(await page.locator('.span-detail').textContent()));
  assert.match(await page.locator('.span-detail').innerText(), /"order": "A-77"/);
  await page.keyboard.press('ArrowRight');
  await until('the next span', async () => /timeout/.test(await page.locator('.span-detail').innerText()));
  await picture(page, 'app-profiler-spans');
  await page.getByRole('button', { name: 'Stop' }).click();
  await until('the end', async () => /Ended at \d\d:\d\d:\d\d after \d+ s/.test(await sub()));
  assert.equal((await status('profiler/sessions'))[0].isActive, false);

  await agent.fetch('/api/v1/profiler/sessions', { method: 'POST', body: '{"sampleIntervalMs":250}' });
  await until('the session of another', async () => /Recording for .* every 250 ms/.test(await sub()));
  assert.equal(await page.locator('.marker-name').count(), 0, 'nothing is left of the one before');
  await page.keyboard.press('m');
  await until('a marker by key', async () => (await page.locator('.marker-name').allTextContents()).join() === 'mark 1');
  await agent.fetch('/api/v1/profiler/sessions/current', { method: 'DELETE' });
  await until('its end', async () => /^Ended/.test(await sub()));
  assertClean(opened, agent.url);
});

test('UI events: each kind, the stack of an error, and kinds that are hidden', async () => {
  const opened = await show('app-events');
  const { page } = opened;
  const lines = () => page.locator('hg-app-events .line').allInnerTexts().then((all) => all.map((l) => l.replace(/^[\d:.]+ /, '').replace(/\s+/g, ' ').trim()));
  await until('the snapshot', async () => (await lines()).some((l) => l === 'lifecycle started'));
  await agent.record('ui', [
    { Kind: 0, Navigation: { To: '/orders/7', Route: '/orders/:id' } },
    { Kind: 2, Tree: { Change: 'added', ElementID: 'e-118', ElementType: 'Row', ParentID: 'e-100' } },
    { Kind: 3, Alert: { Title: 'Delete?', Message: 'For good.', Buttons: ['OK', 'Cancel'] } },
    { Kind: 4, Failure: { Message: 'TypeError: x is undefined', Stack: 'at render (a.js:3)\nat flush (b.js:9)' } },
    { Kind: 1, State: 'backgrounded' },
  ]);
  await until('all kinds', async () => (await lines()).at(-1) === 'lifecycle backgrounded');
  const seen = await lines();
  assert.equal(seen[1], 'navigation /orders/7 (/orders/:id)');
  assert.equal(seen[2], 'tree added Row e-118 in e-100');
  assert.equal(seen[3], 'alert Delete? For good. [OK] [Cancel]');
  assert.match(seen[4], /^error TypeError: x is undefined/);
  assert.equal(await page.locator('.app-route').textContent(), 'at /orders/7');
  await until('the state in the bar', async () => /in the background for/.test(await page.locator('hg-app-bar').textContent()));
  await page.locator('.below summary').click();
  assert.match(await page.locator('.below pre').innerText(), /b\.js:9/);
  await picture(page, 'app-events-kinds');
  await page.getByRole('button', { name: /^Tree/ }).click();
  await page.getByRole('button', { name: /^Lifecycle/ }).click();
  await until('fewer lines', async () => (await lines()).length === 3);
  await agent.record('ui', [{ Kind: 1, State: 'foregrounded' }]);
  assertClean(opened, agent.url);
});

test('sensors: read while the view is open, switched off one by one, and stopped by the agent', async () => {
  const opened = await show('app-sensors');
  const { page } = opened;
  const card = (name) => page.locator(`[data-sensor=${name}]`);
  const active = async (name) => (await status('device/sensors')).find((s) => s.name === name)?.active;
  for (const name of ['accelerometer', 'compass', 'tank-level']) {
    await card(name).locator('.age[data-fresh=yes]').waitFor();
    assert.equal(await active(name), true);
  }
  assert.match(await card('accelerometer').locator('.sensor-values').innerText(), /x\s*[−\d.]+ g/);
  assert.match(await page.locator('.app-absent').textContent(), /barometer, gyroscope, magnetometer, orientation/);
  await card('compass').getByRole('switch').click();
  await until('the compass to rest', async () => (await active('compass')) === false);
  assert.equal(await active('accelerometer'), true);
  await agent.fetch('/api/v1/device/sensors/tank-level/stop', { method: 'POST' });
  await until('that it was stopped', async () => (await card('tank-level').getAttribute('title')) === 'The agent stopped it for all.');
  await card('tank-level').getByRole('switch').click();
  await until('it to run again', async () => (await active('tank-level')) === true);
  await page.keyboard.press('g');
  await page.keyboard.press('l');
  await until('nothing to run for nobody', async () => !(await status('device/sensors')).some((s) => s.active));
  assertClean(opened, agent.url);
});

test('Bluetooth: devices, events, a scan that ends with the view', async () => {
  const seen = (id, more = {}) => ({ Kind: 'scan_result', DeviceID: id, RSSI: -60, Data: 'tx=-8', ...more });
  await agent.record('ble', [seen('AA:01', { DeviceName: 'HRM-7', RSSI: -48 }), seen('AA:02', { RSSI: -90 }), { Kind: 'connected', DeviceID: 'AA:02', Data: 'connected' }]);
  const opened = await show('app-bluetooth');
  const { page } = opened;
  const names = () => page.locator('.ble-name').allTextContents();
  await until('the devices', async () => (await names()).join() === 'no name,HRM-7');
  await page.locator('.ble-device', { hasText: 'AA:02' }).locator('.badge', { hasText: 'connected' }).waitFor();
  await agent.record('ble', [{ Kind: 'notification', DeviceID: 'AA:02', Service: '180D', Char: '2A37', Data: '064B' }]);
  await until('the event', async () => /180D \/ 2A37 {2}064B/.test((await page.locator('.ble-events .line').last().textContent())));
  await page.locator('.ble-device', { hasText: 'HRM-7' }).click();
  await until('its events alone', async () => (await page.locator('.ble-events .line').count()) === 1);
  await page.getByRole('button', { name: /^only HRM-7/ }).click();
  await page.getByLabel('No scan results').check();
  await until('no scan results', async () => (await page.locator('.ble-events .label').allTextContents()).join() === 'connected,notification');

  await page.getByRole('switch', { name: 'Scan' }).click();
  await until('the scan', async () => /scanning · 4 events/.test(await page.locator('hg-app-bluetooth .sub').textContent()));
  assert.equal((await status('device/ble')).scanning, true);
  await page.getByRole('switch', { name: 'Monitor' }).click();
  await until('the monitor', async () => (await status('device/ble')).enabled);
  await page.keyboard.press('g');
  await page.keyboard.press('l');
  await until('the scan to end with the view', async () => {
    const { scanning, subscribers } = await status('device/ble');
    return !scanning && subscribers === 0;
  });
  await page.keyboard.press('g');
  await page.keyboard.press('b');
  await until('the scan to go on', async () => (await status('device/ble')).scanning);
  await page.getByRole('button', { name: 'Forget' }).click();
  await until('nothing to be left', async () => (await names()).length === 0);
  assert.equal((await status('device/ble')).eventCount, 0);
  assertClean(opened, agent.url);
});

test('everything that can be pressed or filled has a name', async () => {
  const opened = await show('app-logs');
  const { page } = opened;
  await agent.record('exchange', [exchange({ body: '{"a":1}' })]);
  for (const name of Object.keys(VIEWS)) {
    await page.locator(`.nav [data-view=${name}]`).click();
    await page.locator(`hg-${name}:visible`).waitFor();
    if (name === 'app-network') await page.locator('hg-app-network .row:visible').nth(1).click();
    const nameless = await page.evaluate(() => [...document.querySelectorAll('button, a, input, select, [role=grid], [role=log], [role=switch]')]
      .filter((el) => el.checkVisibility() && !(el.getAttribute('aria-label') || el.textContent.trim() || el.labels?.length))
      .map((el) => el.outerHTML.slice(0, 120)));
    assert.deepEqual(nameless, [], name);
  }
  assertClean(opened, agent.url);
});

for (const [size, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
  for (const colorScheme of ['light', 'dark']) {
    test(`every view fits a ${size}, ${colorScheme}`, async () => {
      const opened = await show('app-logs', { viewport, colorScheme, isMobile: size === 'phone', hasTouch: size === 'phone' });
      const { page } = opened;
      for (const name of Object.keys(VIEWS)) {
        await page.locator(`.nav [data-view=${name}]`).click();
        await page.locator(`hg-${name}:visible`).waitFor();
        if (name === 'app-network') await page.locator('hg-app-network .rows .row:visible').first().click();
        if (name === 'app-sensors') await page.locator('[data-sensor=compass] .age[data-fresh=yes]').waitFor();
        const [width, wanted] = await page.evaluate(() => [document.documentElement.clientWidth, document.documentElement.scrollWidth]);
        assert.equal(width, viewport.width);
        assert.ok(wanted <= width, `${name} is ${wanted} wide`);
        const overflow = await page.locator(`hg-${name}`).evaluate((el) => el.scrollWidth - el.clientWidth);
        assert.ok(overflow <= 0, `${name} overflows by ${overflow}`);
        await picture(page, `${name}-${size}-${colorScheme}`);
      }
      assertClean(opened, agent.url);
    });
  }
}
