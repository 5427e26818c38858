// Loaded by Node before the program (NODE_OPTIONS=--require): sends what http, https
// and fetch do through the proxy that HTTP_PROXY and HTTPS_PROXY name, as other
// clients do by themselves. Every connection is a tunnel (CONNECT), so that nothing of
// a request changes. It never makes the program fail: what cannot be set up is left
// as it was, and when the proxy does not answer, connections go straight to the server.
'use strict';

(() => {
  const env = process.env;
  const address = (value) => {
    try {
      const url = new URL(value);
      return url.protocol === 'http:' ? { host: url.hostname, port: Number(url.port || 80) } : null;
    } catch {
      return null;
    }
  };
  const proxies = {
    'http:': address(env.http_proxy || env.HTTP_PROXY),
    'https:': address(env.https_proxy || env.HTTPS_PROXY),
  };
  if (!proxies['http:'] && !proxies['https:']) return;

  const direct = (env.no_proxy || env.NO_PROXY || '')
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((entry) => {
      const [, host, port] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase());
      return entry === '*' ? { all: true } : { host: host.replace(/^\*?\./, '').replace(/^\[|\]$/g, ''), port };
    });
  const proxyFor = (protocol, host, port) => {
    const name = String(host).toLowerCase().replace(/^\[|\]$/g, '');
    const straight = direct.some(
      (d) => d.all || ((!d.port || d.port === String(port)) && d.host && (name === d.host || name.endsWith(`.${d.host}`))),
    );
    return straight ? null : proxies[protocol];
  };

  const net = require('node:net');
  const http = require('node:http');
  const https = require('node:https');
  const tls = require('node:tls');
  const request = http.request; // as it is now, whatever others make of it
  const connectTo = net.connect;

  // tunnel calls done with a connection to host:port through the proxy; with no
  // arguments if there is no proxy any more.
  const tunnel = (proxy, host, port, done) => {
    const target = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
    const asked = request({
      method: 'CONNECT', path: target, headers: { Host: target }, setHost: false,
      createConnection: () => connectTo({ host: proxy.host, port: proxy.port }),
    });
    asked.once('connect', (answer, socket, head) => {
      if (answer.statusCode !== 200) {
        socket.destroy();
        done(Object.assign(new Error(`the proxy answered ${answer.statusCode}`), { code: 'ECONNREFUSED' }));
        return;
      }
      if (head.length > 0) socket.unshift(head);
      done(null, socket);
    });
    asked.once('response', (answer) => {
      answer.resume();
      done(Object.assign(new Error(`the proxy answered ${answer.statusCode}`), { code: 'ECONNREFUSED' }));
    });
    asked.once('error', (error) => (error.code === 'ECONNREFUSED' ? done() : done(error)));
    asked.end();
  };

  // through replaces the function of an agent that opens connections.
  const through = (protocol, original) =>
    function createConnection(...args) {
      const options = args[0];
      const done = args.find((a) => typeof a === 'function');
      const host = options && typeof options === 'object' && (options.host || 'localhost');
      const port = host && (options.port || options.defaultPort || (protocol === 'https:' ? 443 : 80));
      const proxy = host && done && !options.socketPath && !options.path && !options.socket && proxyFor(protocol, host, port);
      if (!proxy) return original.apply(this, args);
      tunnel(proxy, host, port, (error, socket) => {
        try {
          if (error) done(error);
          else if (!socket) done(null, original.call(this, options));
          else if (protocol === 'https:') done(null, original.call(this, { ...options, socket }));
          else done(null, socket);
        } catch (failed) {
          done(failed);
        }
      });
      return undefined;
    };
  http.Agent.prototype.createConnection = through('http:', http.Agent.prototype.createConnection);
  https.Agent.prototype.createConnection = through('https:', https.Agent.prototype.createConnection);

  // fetch has connections of its own: those of a dispatcher that comes to be with the
  // first use.
  const key = Symbol.for('undici.globalDispatcher.1');
  const connect = (options, done) => {
    const secure = options.protocol === 'https:';
    const port = Number(options.port) || (secure ? 443 : 80);
    const host = options.hostname.replace(/^\[|\]$/g, '');
    const finish = (socket) => {
      const ready = secure
        ? tls.connect({ socket, host, port, servername: options.servername || (net.isIP(host) ? '' : host), ALPNProtocols: ['http/1.1'] })
        : socket;
      const failed = (error) => done(error, null);
      if (!secure && !socket.connecting) {
        ready.setNoDelay(true);
        done(null, ready);
        return;
      }
      ready.once('error', failed);
      ready.once(secure ? 'secureConnect' : 'connect', () => {
        ready.removeListener('error', failed);
        ready.setNoDelay(true);
        done(null, ready);
      });
    };
    const proxy = proxyFor(options.protocol, host, port);
    if (!proxy) {
      finish(connectTo({ host, port }));
      return;
    }
    tunnel(proxy, host, port, (error, socket) => {
      if (error) done(error, null);
      else finish(socket || connectTo({ host, port }));
    });
  };
  const fetch = globalThis.fetch;
  if (typeof fetch !== 'function') return;
  let prepared = false;
  const prepare = () => {
    prepared = true;
    try {
      if (globalThis[key] !== undefined) return; // the program has one of its own
      void globalThis.Headers; // loads what makes the usual one
      const usual = globalThis[key];
      if (usual && usual.constructor.name === 'Agent') globalThis[key] = new usual.constructor({ connect });
    } catch {
      // it stays as it is
    }
  };
  const wrapped = {
    fetch(...args) {
      if (!prepared) prepare();
      return fetch.apply(this, args);
    },
  }.fetch;
  Object.defineProperty(wrapped, 'length', { value: fetch.length, configurable: true });
  const kept = Object.getOwnPropertyDescriptor(globalThis, 'fetch');
  try {
    Object.defineProperty(globalThis, 'fetch', { configurable: true, enumerable: kept.enumerable, writable: true, value: wrapped });
  } catch {
    // it stays as it is
  }
})();
