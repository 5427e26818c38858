// Checks documents: AsyncAPI with the official parser, OpenAPI (files that end with
// .openapi.json) with a validator of the specification's own schema:
//
//   node validate.mjs FILE...
//
// It prints each diagnostic and exits with 1 when one of them is an error, with
// 2 when a file cannot be read. What it uses is not installed by this script:
//
//   npm ci
//
// in the folder of the script.
import { readFile } from 'node:fs/promises';
import process from 'node:process';

import { DiagnosticSeverity, Parser } from '@asyncapi/parser';
import { Validator } from '@seriousme/openapi-schema-validator';

const names = ['error', 'warning', 'info', 'hint'];

/** Prints the diagnostics of an AsyncAPI file and returns how many are errors. */
async function checkAsync(parser, file, text) {
  const { document, diagnostics } = await parser.parse(text, { source: file });
  for (const d of diagnostics) {
    const at = `${d.range.start.line + 1}:${d.range.start.character + 1}`;
    console.log(`${file}:${at}: ${names[d.severity]}: ${d.code}: ${d.message} (${d.path.join('.')})`);
  }
  const errors = diagnostics.filter((d) => d.severity === DiagnosticSeverity.Error).length;
  if (document) {
    const { length: channels } = document.channels().all();
    const { length: messages } = document.messages().all();
    console.log(`${file}: ${channels} channels, ${messages} messages, ${errors} errors`);
  } else if (errors === 0) {
    console.log(`${file}: error: no document`);
    return 1;
  }
  return errors;
}

/** Prints what is wrong with an OpenAPI file and returns how many errors there are. */
async function checkOpen(file, text) {
  const document = JSON.parse(text);
  const validator = new Validator();
  const { valid, errors } = await validator.validate(document);
  const list = valid ? [] : [errors].flat();
  for (const e of list) {
    console.log(`${file}: error: ${typeof e === 'string' ? e : `${e.instancePath} ${e.message}`}`);
  }
  const unresolved = references(document).filter((ref) => !resolves(document, ref));
  for (const ref of unresolved) {
    console.log(`${file}: error: ${ref} leads nowhere`);
  }
  const paths = Object.values(document.paths ?? {});
  const operations = paths.reduce((n, path) => n + Object.keys(path).length, 0);
  console.log(`${file}: OpenAPI ${validator.version}, ${paths.length} paths, ${operations} operations, ${list.length + unresolved.length} errors`);
  return list.length + unresolved.length;
}

/** Returns all references of a document. */
function references(value) {
  if (value === null || typeof value !== 'object') {
    return [];
  }
  return Object.entries(value).flatMap(([key, inner]) => (key === '$ref' ? [inner] : references(inner)));
}

/** Tells whether a reference leads to a part of the document. */
function resolves(document, ref) {
  const parts = ref.split('/');
  return parts.shift() === '#' && parts.reduce((at, part) => at?.[part.replaceAll('~1', '/').replaceAll('~0', '~')], document) !== undefined;
}

const files = process.argv.slice(2);
if (files.length === 0) {
  console.error('usage: node validate.mjs FILE...');
  process.exit(2);
}
let errors = 0;
for (const file of files) {
  try {
    const text = await readFile(file, 'utf8');
    errors += file.endsWith('.openapi.json') ? await checkOpen(file, text) : await checkAsync(new Parser(), file, text);
  } catch (err) {
    console.error(`${file}: ${err.message}`);
    process.exit(2);
  }
}
process.exit(errors > 0 ? 1 : 0);
