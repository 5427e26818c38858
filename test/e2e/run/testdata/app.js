// An ordinary program that knows nothing of heliograph.
const https = require('node:https');
const http = require('node:http');

const { SECURE, PLAIN } = process.env;

const ask = (client, url, options = {}, body = undefined) =>
  new Promise((resolve, reject) => {
    const request = client.request(url, options, (response) => {
      let text = '';
      response.on('data', (d) => (text += d));
      response.on('end', () => resolve(text));
    });
    request.on('error', reject);
    request.end(body);
  });

async function main() {
  console.log('hello from node');
  console.warn('WARN: careful');
  console.log(JSON.stringify({ level: 50, time: Date.now(), pid: process.pid, name: 'api', msg: 'as pino', code: 7 }));
  const json = { method: 'POST', headers: { 'Content-Type': 'application/json' } };
  const answers = [
    await (await fetch(`${SECURE}/fetch`, { ...json, body: '{"by":"fetch"}' })).text(),
    await (await fetch(`${PLAIN}/fetch-plain`)).text(),
    await ask(https, `${SECURE}/https`, json, '{"by":"https"}'),
    await ask(http, `${PLAIN}/http`, json, '{"by":"http"}'),
  ];
  const agent = new https.Agent({ keepAlive: true });
  for (let i = 0; i < 3; i++) answers.push(await ask(https, `${SECURE}/agent/${i}`, { agent }));
  agent.destroy();
  console.log(`answers: ${answers.join(' ')}`);
  console.error(new TypeError('printed, not thrown'));
  console.log('ready');
}

process.on('SIGTERM', () => {
  console.log('bye');
  process.exit(0);
});
setInterval(() => { for (let i = 0; i < 1e6; i++) Math.sqrt(i); }, 20);
main().catch((error) => {
  console.error('failed', error);
  process.exit(9);
});
