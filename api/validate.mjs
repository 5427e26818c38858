// Checks AsyncAPI documents with the official parser:
//
//   node validate.mjs FILE...
//
// It prints each diagnostic and exits with 1 when one of them is an error, with
// 2 when a file cannot be read. The parser is not installed by this script:
//
//   npm install --no-save @asyncapi/parser@3.6.3
//
// in the folder of the script or a folder above it.
import { readFile } from 'node:fs/promises';
import process from 'node:process';

import { DiagnosticSeverity, Parser } from '@asyncapi/parser';

const names = ['error', 'warning', 'info', 'hint'];

/** Prints the diagnostics of a file and returns how many are errors. */
async function check(parser, file) {
  const { document, diagnostics } = await parser.parse(await readFile(file, 'utf8'), { source: file });
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

const files = process.argv.slice(2);
if (files.length === 0) {
  console.error('usage: node validate.mjs FILE...');
  process.exit(2);
}
let errors = 0;
for (const file of files) {
  try {
    errors += await check(new Parser(), file);
  } catch (err) {
    console.error(`${file}: ${err.message}`);
    process.exit(2);
  }
}
process.exit(errors > 0 ? 1 : 0);
