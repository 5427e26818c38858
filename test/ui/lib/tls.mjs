// A server over HTTPS with an authority of its own, for programs that are run under heliograph.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const openssl = (...args) => promisify(execFile)('openssl', args);

/** Starts the server; ca is the file with its authority, requests what it was asked. */
export async function shop() {
  const dir = await mkdtemp(join(tmpdir(), 'heliograph-shop-'));
  const file = (name) => join(dir, name);
  await openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=test authority',
    '-addext', 'basicConstraints=critical,CA:TRUE', '-keyout', file('ca.key'), '-out', file('ca.pem'));
  await openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=localhost', '-keyout', file('key.pem'), '-out', file('csr.pem'));
  await writeFile(file('ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  await openssl('x509', '-req', '-in', file('csr.pem'), '-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-days', '2', '-extfile', file('ext'), '-out', file('cert.pem'));
  const requests = [];
  const server = createServer({ key: await readFile(file('key.pem')), cert: await readFile(file('cert.pem')) }, (req, res) => {
    requests.push(`${req.method} ${req.url}`);
    req.resume();
    const [status, body] = req.url.startsWith('/missing') ? [404, { error: 'no such item' }] : req.method === 'POST' ? [201, { id: 'A-77' }] : [200, { orders: [{ sku: 'A-1', qty: 3 }] }];
    req.on('end', () => res.writeHead(status, { 'content-type': 'application/json', 'set-cookie': 'session=s3cret-cookie' }).end(JSON.stringify(body)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://localhost:${server.address().port}`, ca: file('ca.pem'), requests,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
