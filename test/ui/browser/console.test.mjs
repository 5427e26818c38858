import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertClean, launch, open, picture, terminalText, waitForLink, PHONE } from '../lib/browser.mjs';
import { Server } from '../lib/server.mjs';
import { until } from '../lib/until.mjs';

let server, browser, opened, page;

before(async () => {
  server = await Server.start();
  browser = await launch();
  opened = await open(browser, { permissions: ['clipboard-read', 'clipboard-write'] });
  page = opened.page;
  await page.goto(`${server.url}/console`);
  await waitForLink(page, 'live');
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const shows = (what) => untilShown(page, what);

async function untilShown(somePage, what) {
  let text = '';
  try {
    await until('', async () => {
      text = await terminalText(somePage);
      return typeof what === 'string' ? text.includes(what) : what.test(text);
    });
  } catch {
    assert.fail(`the terminal never showed ${what}, but:\n${text.trimEnd()}`);
  }
}

const sessions = async () => (await (await server.fetch('/v1/console/sessions')).json()).sessions;

test('a shell starts and takes what is typed', async () => {
  await page.getByText('No shell is running.').waitFor();
  await page.getByRole('button', { name: 'Start a shell' }).last().click();
  await until('a prompt', async () => (await terminalText(page)).trim() !== '');
  await page.keyboard.type('echo $((6*7))-answer\n');
  await shows('42-answer');
});

test('keys are sent as binary messages', () => {
  const typed = opened.frames.filter((f) => f.dir === 'sent' && f.url.includes('/v1/ws/console') && Buffer.isBuffer(f.data));
  assert.ok(Buffer.concat(typed.map((f) => f.data)).toString().includes('echo'));
});

test('the shell has the size of the terminal, and follows it', async () => {
  await sizesAgree(page, 40);
  await page.setViewportSize({ width: 900, height: 600 });
  await sizesAgree(page, 20);
  await page.setViewportSize({ width: 1440, height: 900 });
  await sizesAgree(page, 40);
});

/** Asks the shell for its size until it is that of the terminal on the screen. */
async function sizesAgree(somePage, least) {
  const rows = () => somePage.evaluate(() => document.querySelectorAll('.term-frame:not([hidden]) .xterm-rows > div').length);
  await until('the sizes to agree', async () => {
    await somePage.keyboard.type('clear; stty size; echo asked-$((1))\n');
    await untilShown(somePage, 'asked-1');
    const shown = /^(\d+) \d+$/m.exec(await terminalText(somePage));
    const want = await rows();
    return want >= least && Number(shown?.[1]) === want;
  });
}

test('Ctrl-C interrupts, colours and wide characters are drawn', async () => {
  await page.keyboard.type('clear; echo going-$((1+1)); sleep 1000\n');
  await shows('going-2');
  await page.keyboard.press('Control+c');
  await shows('^C');
  await page.keyboard.type("printf '\\e[38;2;250;120;20mtrue-colour\\e[0m grün 漢字 end\\n'\n");
  await shows(/^true-colour grün 漢字 end/m);
  const coloured = await page.locator('.xterm-rows span[style*=color]', { hasText: 'true-colour' }).count();
  assert.ok(coloured > 0, 'the colour is kept without an inline style that the policy forbids');
});

test('a reload comes back to the same shell with what it printed', async () => {
  await page.keyboard.type('clear; echo before-$((1+1))-reload; MARK=kept\n');
  await shows('before-2-reload');
  const [before] = await sessions();
  await page.reload();
  await shows('before-2-reload');
  await page.keyboard.type('echo $MARK-$((2+3))\n');
  await shows('kept-5');
  const now = await sessions();
  assert.equal(now.length, 1);
  assert.equal(now[0].session_id, before.session_id);
});

test('answers to questions in the replay are not typed into the shell', async () => {
  await page.keyboard.type("clear; printf '\\e[6n\\e[c'; sleep 0.3; read -t 0.2 -n 100 junk; clear; echo asked\n");
  await shows('asked');
  await page.reload();
  await shows('asked');
  await page.keyboard.type('echo after-$((4+4))\n');
  await shows('after-8');
  assert.doesNotMatch(await terminalText(page), /\d+;\d+R|\?1;2c/);
});

test('copy and paste', async () => {
  await page.keyboard.type('clear; echo copy-$((9*9))-me\n');
  await shows('copy-81-me');
  await page.locator('.xterm-rows > div', { hasText: 'copy-81-me' }).last().dblclick({ position: { x: 20, y: 6 }, force: true });
  await page.keyboard.press('Control+Shift+C');
  await until('the clipboard', async () => (await page.evaluate(() => navigator.clipboard.readText())).includes('copy-81-me'));
  await page.evaluate(() => navigator.clipboard.writeText('echo pasted-$((7*3))'));
  await page.getByRole('button', { name: 'Paste' }).click();
  await shows('echo pasted-');
  await page.keyboard.press('Enter');
  await shows('pasted-21');
});

test('tabs: a second shell, switching, ending', async () => {
  await page.getByRole('button', { name: 'New shell' }).click();
  await until('two tabs', async () => (await page.getByRole('tab').count()) === 2);
  await until('a prompt', async () => (await terminalText(page)).trim() !== '');
  await page.keyboard.type('echo second-$((1+1))\n');
  await shows('second-2');
  await page.getByRole('tab').first().click();
  await shows('pasted-21');
  await page.getByRole('tab').nth(1).click();
  await shows('second-2');
  await page.keyboard.type('exit 3\n');
  await until('the end to be told', async () => (await page.locator('.term-frame:not([hidden]) .term-state').textContent()).includes('exit code 3'));
  await page.getByRole('button', { name: 'End this session' }).nth(1).click();
  await until('one tab', async () => (await page.getByRole('tab').count()) === 1);
  await until('one session', async () => (await sessions()).length === 1);
});

test('a lost link is told, typing is not swallowed silently, and it attaches again', async () => {
  server.signal('SIGSTOP');
  await page.context().setOffline(true);
  await page.evaluate(() => undefined);
  server.signal('SIGCONT');
  await page.context().setOffline(false);
  await page.keyboard.type('echo still-$((5+5))\n');
  await shows('still-10');
});

test('a killed server: the session is gone and the tab says so', async () => {
  await server.kill();
  await until('the loss to be told', async () => (await page.locator('.term-frame:not([hidden]) .term-state').textContent()).includes('was lost'));
  await page.locator('.xterm-helper-textarea').first().focus();
  await page.keyboard.type('x');
  await until('refused typing to be told', async () => (await page.locator('.term-frame:not([hidden]) .term-state').textContent()).includes('is not sent'));
  await picture(page, 'console-lost');
  await server.restart();
  await until('the truth about the session', async () => (await page.locator('.term-frame:not([hidden]) .term-state').textContent()).includes('no longer exists'));
});

test('on a phone the key bar types what keyboards there lack', async () => {
  const phone = await open(browser, { viewport: PHONE, isMobile: true, hasTouch: true });
  const p = phone.page;
  await p.goto(`${server.url}/console`);
  await p.getByRole('button', { name: 'Start a shell' }).last().click();
  const sees = (what) => untilShown(p, what);
  await sees(/\S/);
  await p.keyboard.type('cat -v\n');
  await p.getByRole('button', { name: 'Escape' }).click();
  await p.getByRole('button', { name: 'Up', exact: true }).click();
  await p.keyboard.press('Enter');
  await sees(/\^\[\^\[\[A/);
  await p.getByRole('button', { name: 'Control' }).click();
  await p.keyboard.type('c');
  await sees(/\^C/);
  await p.keyboard.type('clear; stty size\n');
  await sees(/^\d+ (4\d|5\d|6\d)\b/m);
  await picture(p, 'console-phone-live');
  assertClean(phone, server.url);
});

test('nothing went wrong meanwhile', () => {
  assertClean(opened, server.url, /ERR_CONNECTION_REFUSED|WebSocket connection to|ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/);
});
