// Lets node import the modules of the UI, which have no package.json beside them: browsers need none.
import { register } from 'node:module';

register('data:text/javascript,' + encodeURIComponent(`
export async function load(url, context, next) {
  return next(url, url.includes('/webui/static/js/') ? { ...context, format: 'module' } : context);
}`));
