// @ts-check
// xterm.js writes <style> elements and style attributes, which a policy without
// 'unsafe-inline' rightly forbids. It takes a document to create its elements
// with; this one makes elements that do the same through style sheet objects and
// CSSOM, which the policy allows.

/** A document for libraries that style inline. @param {Document} doc @returns {Document} */
export function cspDocument(doc) {
  return new Proxy(doc, {
    get(target, key) {
      if (key === 'createElement') {
        return (/** @type {string} */ tag, /** @type {ElementCreationOptions | undefined} */ options) => tamed(doc, doc.createElement(tag, options));
      }
      const value = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
}

/** @param {Document} doc @param {HTMLElement} el */
function tamed(doc, el) {
  if (el instanceof HTMLStyleElement) tameStyle(doc, el);
  else {
    el.setAttribute = (name, value) => {
      if (name === 'style') el.style.cssText = value;
      else Element.prototype.setAttribute.call(el, name, value);
    };
  }
  return el;
}

/** Turns the text of a style element into an adopted style sheet. @param {Document} doc @param {HTMLStyleElement} el */
function tameStyle(doc, el) {
  const sheet = new CSSStyleSheet();
  let text = '';
  doc.adoptedStyleSheets = [...doc.adoptedStyleSheets, sheet];
  Object.defineProperty(el, 'textContent', {
    get: () => text,
    set: (value) => {
      text = String(value ?? '');
      sheet.replaceSync(text);
    },
  });
  el.remove = () => {
    doc.adoptedStyleSheets = doc.adoptedStyleSheets.filter((s) => s !== sheet);
    Element.prototype.remove.call(el);
  };
}
