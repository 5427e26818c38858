// Takes the picture of the documentation from the real binary: HELIOGRAPH_BIN=… node screenshot.mjs FILE [light|dark]
// It waits until a minute of this machine's life is on the charts.

import { launch, open } from './lib/browser.mjs';
import { Server } from './lib/server.mjs';
import { until } from './lib/until.mjs';

const SECONDS = 62;
const [file = '../../docs/screenshot.png', colorScheme = 'light'] = process.argv.slice(2);
const server = await Server.start();
const browser = await launch();
try {
  const { page, frames } = await open(browser, { colorScheme, viewport: { width: 1440, height: 760 } });
  await page.goto(server.url);
  const samples = () => frames.filter((f) => f.dir === 'received' && f.data.includes('"device.telemetry"')).length;
  await until('a minute of samples', () => samples() >= SECONDS, 2 * SECONDS * 1000);
  await page.screenshot({ path: file });
} finally {
  await browser.close();
  await server.stop();
}
