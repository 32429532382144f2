// What the tests need of the machine: the Dart VM, and what a test that lacks it says.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

export const HOST = 'dart_runtime/lib/src/host/';

/** The option `skip` of a test: false where `isThere`; else what is missing, which `make test` repeats at its end. */
export function skipUnless(isThere, what, missing) {
  if (isThere) return false;
  if (process.env.DARTFLARE_SKIPPED) appendFileSync(process.env.DARTFLARE_SKIPPED, `${what}: ${missing}\n`);
  return missing;
}

/** The path of the Dart VM, or null. */
export function findDart() {
  const candidates = [
    process.env.DARTFLARE_DART,
    join(root, 'tools/dart-vm/node_modules/sass-embedded-linux-ia32/dart-sass/src/dart'),
    'dart',
  ];
  return candidates.find((path) => path && spawnSync(path, ['--version']).status === 0) ?? null;
}

/** All files below `folder` whose names end in `suffix`, as paths from the repository's root. */
export function filesBelow(folder, suffix) {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true })
    .map((name) => join(folder, name))
    .filter((name) => name.endsWith(suffix) && !/(^|\/)(node_modules|\.dart_tool|build)\//.test(name))
    .sort();
}

/** The package as a compiler to JavaScript or WebAssembly sees it, but for the libraries that the VM lacks. */
export function packageWithJsHost() {
  const files = {};
  for (const name of filesBelow('dart_runtime/lib', '.dart')) {
    if (name.startsWith(`${HOST}vm/`)) continue;
    files[name.replace('dart_runtime/', '')] = withoutInterop(read(name));
  }
  const current = 'lib/src/host/current.dart';
  const selected = files[current].replace(/export 'host_stub\.dart'[^;]*;/, "export 'host_js.dart';");
  assert.notEqual(selected, files[current], 'current.dart selects a host');
  files[current] = selected;
  return files;
}

/** `source` with our own libraries in place of those that the VM lacks. */
export function withoutInterop(source) {
  const stub = (name) => pathToFileURL(join(root, 'tests/fixtures/js_interop', name)).href;
  return source
    .replace("'dart:js_interop'", `'${stub('js_interop.dart')}'`)
    .replace("'dart:js_interop_unsafe'", `'${stub('js_interop_unsafe.dart')}'`);
}

/** The file that tells the Dart VM where the package is, beside the package's own. */
export const packageConfig = {
  '.dart_tool/package_config.json': JSON.stringify({
    configVersion: 2,
    packages: [{ name: 'cloudflare_workers', rootUri: '../', packageUri: 'lib/', languageVersion: '3.5' }],
  }),
};

/** Writes `files`, a map of paths to texts, into a folder of its own for the length of `use`. */
export function withFolder(files, use) {
  const folder = mkdtempSync(join(tmpdir(), 'dartflare-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const read = (name) => readFileSync(join(root, name), 'utf8');
