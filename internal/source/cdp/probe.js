// The probe: it runs in a world of its own, where the page's scripts do not find it.
// It listens for the page's life, and does more only while it is told to by
// configure(). Whatever it says goes through send(), a binding of the debugger.
(() => {
  'use strict';
  const send = globalThis.heliographSend;
  if (typeof send !== 'function' || globalThis.heliographProbe) return;
  const say = (kind, data) => send(JSON.stringify({ kind, ...data }));
  const top = globalThis === globalThis.top;
  const ending = new AbortController();
  const until = { signal: ending.signal, capture: true, passive: true };

  // Life of the page.
  if (top) {
    const life = word => say('life', { word });
    const seen = () => life(document.visibilityState);
    document.addEventListener('visibilitychange', seen, until);
    document.addEventListener('freeze', () => life('freeze'), until);
    document.addEventListener('resume', () => life('resume'), until);
    addEventListener('pageshow', seen, until);
    const about = () => say('about', {
      title: document.title.slice(0, 1000),
      theme: matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light',
      cores: navigator.hardwareConcurrency || 0,
    });
    addEventListener('load', about, until);
    about();
    seen();
  }

  // What is to be said in batches, so that a busy page does not make a busy socket.
  const LIMIT = 100, WAIT = 100, LEASE = 15000;
  let renewed = 0, queue = [], lost = 0, merged = new Set(), timer = 0;
  const flush = () => {
    timer = 0;
    if (performance.now() - renewed > LEASE) return configure({}); // nobody listens any more
    if (queue.length || lost) say('batch', { list: queue, lost });
    queue = [];
    lost = 0;
    merged.clear();
  };
  const add = item => {
    if (queue.length < LIMIT) queue.push(item);
    else lost++;
    timer ||= setTimeout(flush, WAIT);
  };

  // Changes of elements.
  const ids = new WeakMap();
  let last = 0;
  const id = node => {
    let n = ids.get(node);
    if (!n) ids.set(node, n = ++last);
    return n;
  };
  const element = node => {
    while (node && node.nodeType !== 1) node = node.host || node.parentNode;
    return node;
  };
  const change = (what, node, parent) => {
    if (!node) return;
    const above = element(parent);
    if (what === 'modified') {
      if (merged.has(node)) return;
      merged.add(node);
    }
    add({ change: what, id: id(node), type: node.localName, parent: above ? id(above) : 0 });
  };
  const within = 5000; // elements looked through for shadow trees at a time
  const watch = root => {
    elements.observe(root, { childList: true, attributes: true, characterData: true, subtree: true });
    shadows(root);
  };
  const shadows = root => {
    const walk = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT);
    for (let n = 0, node = walk.currentNode; node && n < within; node = walk.nextNode(), n++) {
      if (node.shadowRoot) watch(node.shadowRoot);
    }
  };
  const elements = new MutationObserver(records => {
    for (const r of records) {
      if (r.type !== 'childList') {
        const node = element(r.target);
        change('modified', node, node && (node.parentNode || node.host));
        continue;
      }
      let text = false;
      for (const node of r.removedNodes) {
        if (node.nodeType === 1) change('removed', node, r.target);
        else text ||= node.nodeType === 3;
      }
      for (const node of r.addedNodes) {
        if (node.nodeType !== 1) { text ||= node.nodeType === 3; continue; }
        change('added', node, r.target);
        if (node.shadowRoot || node.firstElementChild) shadows(node);
      }
      const node = element(r.target);
      if (text) change('modified', node, node && (node.parentNode || node.host));
    }
  });

  // Figures of the profiler.
  const origin = performance.timeOrigin;
  const json = value => {
    if (value === null || value === undefined) return '';
    try {
      const text = JSON.stringify(value) || '';
      return text.length > 4000 ? '' : text;
    } catch { return ''; }
  };
  const entry = e => ({
    entry: e.entryType, name: String(e.name).slice(0, 1000), start: origin + e.startTime, duration: e.duration, detail: json(e.detail),
    scripts: e.scripts && e.scripts.slice(0, 5).map(s => ({
      invoker: String(s.invoker).slice(0, 300), url: String(s.sourceURL).slice(0, 300), name: String(s.sourceFunctionName).slice(0, 300), duration: s.duration,
    })),
  });
  let observers = [];
  const kinds = ['mark', 'measure', 'longtask', 'long-animation-frame', 'paint', 'largest-contentful-paint'];
  const profile = on => {
    for (const o of observers) o.disconnect();
    observers = [];
    if (!on) return;
    for (const type of kinds) {
      if (!PerformanceObserver.supportedEntryTypes.includes(type)) continue;
      const o = new PerformanceObserver(list => { for (const e of list.getEntries()) add(entry(e)); });
      o.observe({ type });
      observers.push(o);
    }
  };

  // The times between frames are measured a few at a time: asking for frames makes
  // the browser draw them.
  const BURST = 12;
  let every = 0, pause = 0, asked = 0;
  const burst = () => {
    pause = 0;
    if (!every || document.visibilityState !== 'visible') return later();
    const times = [];
    const step = now => {
      times.push(now);
      asked = 0;
      if (every && times.length <= BURST) { asked = requestAnimationFrame(step); return; }
      say('frames', { times: times.slice(1).map((t, i) => t - times[i]) });
      later();
    };
    asked = requestAnimationFrame(step);
  };
  const later = () => {
    if (!every || pause) return;
    if (performance.now() - renewed > LEASE) return configure({});
    pause = setTimeout(burst, Math.max(every / 2, 50));
  };
  const frames = period => {
    const idle = !every;
    every = period;
    if (!every) {
      clearTimeout(pause);
      cancelAnimationFrame(asked);
      pause = asked = 0;
    } else if (idle) burst();
  };

  let state = {};
  function configure(wanted) {
    renewed = performance.now();
    if (!!wanted.elements !== !!state.elements) {
      if (wanted.elements) watch(document);
      else elements.disconnect();
    }
    if (!!wanted.profile !== !!state.profile) profile(wanted.profile);
    frames(top && wanted.profile ? wanted.every : 0);
    state = wanted;
  }
  globalThis.heliographProbe = {
    configure,
    end() {
      configure({});
      clearTimeout(timer);
      ending.abort();
      delete globalThis.heliographProbe;
    },
  };
})();
