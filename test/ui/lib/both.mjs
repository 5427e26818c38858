// One address for two servers, as where the daemon shows an application besides the device: what is below /api/ and /ws/
// goes to the one, all else to the other, whose page is told that it has both parts.

import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';

/** @param {string} device @param {string} app addresses */
export async function both(device, app) {
  const target = (url) => new URL(/^\/(api|ws)\//.test(url) ? app : device);
  const server = http.createServer((req, res) => {
    const { hostname, port } = target(req.url);
    const up = http.request({ hostname, port, path: req.url, method: req.method, headers: { ...req.headers, 'accept-encoding': 'identity' } }, async (answer) => {
      if (!/^text\/html/.test(answer.headers['content-type'] ?? '')) {
        res.writeHead(answer.statusCode, answer.headers);
        answer.pipe(res);
        return;
      }
      let page = '';
      for await (const part of answer.setEncoding('utf8')) page += part;
      const { 'content-length': _length, etag: _etag, ...headers } = answer.headers;
      res.writeHead(answer.statusCode, headers).end(page.replace(/(<meta name="heliograph-parts" content=")[^"]*/, '$1device app'));
    });
    up.on('error', () => res.destroy());
    req.pipe(up);
  });
  const sockets = new Set();
  server.on('upgrade', (req, socket, head) => {
    const { hostname, port } = target(req.url);
    const up = net.connect(Number(port), hostname, () => {
      up.write(`${req.method} ${req.url} HTTP/1.1\r\n${req.rawHeaders.map((v, i) => (i % 2 ? `${v}\r\n` : `${v}: `)).join('')}\r\n`);
      up.write(head);
      up.pipe(socket).pipe(up);
    });
    for (const s of [up, socket]) {
      sockets.add(s);
      s.on('error', () => s.destroy());
      s.on('close', () => { up.destroy(); socket.destroy(); });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stop: () => {
      for (const s of sockets) s.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
}
