// Formats every Dart file of the repository with the official formatter, or with `--check` says which are not formatted.
// It needs Node 22: the formatter is WebAssembly with garbage collection.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { format } from '@wasm-fmt/dart_fmt';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const check = process.argv.includes('--check');
const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '*.dart'], {
  cwd: root,
  encoding: 'utf8',
});

let wrong = 0;
let seen = 0;
for (const file of listed.split('\0').filter(Boolean)) {
  let source;
  try {
    source = readFileSync(join(root, file), 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') continue; // Deleted, and not yet staged.
    throw error;
  }
  // Generated files say so themselves, and test inputs may be wrong on purpose.
  if (/^\/\/ dart format off$/m.test(source) || /^tests\/(corpus|fixtures\/broken)\//.test(file)) continue;
  seen += 1;
  let formatted;
  try {
    formatted = format(source, file, { language_version: '3.5.0' });
  } catch (error) {
    wrong += 1;
    console.error(`${file}: ${error}`);
    continue;
  }
  if (formatted === source) continue;
  if (check) {
    wrong += 1;
    console.error(`${file}: not formatted, run \`make format\``);
  } else {
    writeFileSync(join(root, file), formatted);
    console.log(`formatted ${file}`);
  }
}
if (wrong > 0) process.exit(1);
if (check) console.log(`${seen} Dart files are formatted`);
