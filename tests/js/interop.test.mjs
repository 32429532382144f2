// `host_js.dart` runs on Cloudflare alone, and no compiler for it is needed here: the Dart VM checks its types, against
// declarations of our own for the two libraries that the VM lacks.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';

import {
  filesBelow,
  findDart,
  HOST,
  packageConfig,
  packageWithJsHost,
  read,
  skipUnless,
  withFolder,
  withoutInterop,
} from './dart.mjs';

const dart = findDart();
const skip = skipUnless(dart, 'type check of the host for compiled programs', 'no Dart VM found');

/** What the Dart VM has to say of `files`, beginning with main.dart. */
function check(files) {
  return withFolder({ ...files, ...packageConfig }, (folder) => {
    const { status, stdout, stderr } = spawnSync(
      dart,
      [
        '--snapshot-kind=kernel',
        `--snapshot=${join(folder, 'out.dill')}`,
        `--packages=${join(folder, Object.keys(packageConfig)[0])}`,
        'main.dart',
      ],
      { cwd: folder, encoding: 'utf8' },
    );
    return { status, output: stdout + stderr };
  });
}

const main = "import 'package:cloudflare_workers/cloudflare_workers.dart';\n\nvoid main() => CloudflareWorkers();\n";

test('the package compiles with the host for JavaScript', { skip }, () => {
  const { status, output } = check({ ...packageWithJsHost(), 'main.dart': main });
  assert.equal(output, '');
  assert.equal(status, 0);
});

test('the type check finds what the compilers would refuse', { skip }, () => {
  const wrong = read('tests/fixtures/js_interop/wrong.dart');
  const expected = wrong.split('\n').flatMap((line, at) => (line.includes('// wrong') ? [at + 1] : []));
  const { status, output } = check({ 'main.dart': withoutInterop(wrong) });
  const found = [...output.matchAll(/^main\.dart:(\d+):\d+: Error: /gm)].map((match) => Number(match[1]));
  assert.equal(status, 254);
  assert.deepEqual([...new Set(found)].sort((a, b) => a - b), expected, output);
});

test('a host that is wrong does not compile', { skip }, () => {
  const files = packageWithJsHost();
  const host = 'lib/src/host/host_js.dart';
  files[host] = files[host].replace('mode.toJS', 'mode');
  const { status, output } = check({ ...files, 'main.dart': main });
  assert.equal(status, 254);
  assert.match(output, /^lib\/src\/host\/host_js\.dart:\d+:\d+: Error: /m);
});

test('only the hosts import what a platform lacks', () => {
  const allowed = {
    'dart:js_interop': [`${HOST}host_js.dart`],
    'dart:js_interop_unsafe': [`${HOST}host_js.dart`],
    'dart:io': [`${HOST}host_vm.dart`, `${HOST}vm/`],
    'dart:isolate': [`${HOST}host_vm.dart`, `${HOST}vm/`],
    'dart:developer': [`${HOST}host_vm.dart`, `${HOST}vm/`],
    'dart:async': [''],
    'dart:collection': [''],
    'dart:convert': [''],
    'dart:math': [''],
    'dart:typed_data': [''],
  };
  const wrong = [];
  for (const name of filesBelow('dart_runtime/lib', '.dart')) {
    for (const [, library] of read(name).matchAll(/^\s*(?:import|export)\s+'(dart:[^']+)'/gm)) {
      if (!allowed[library]?.some((place) => name.startsWith(place))) wrong.push(`${name} imports ${library}`);
    }
    for (const [, path] of read(name).matchAll(/^\s*(?:import|export)\s+'([^':]+)'/gm)) {
      if (/(^|\/)vm\//.test(path) && !name.startsWith(`${HOST}host_vm.dart`) && !name.startsWith(`${HOST}vm/`)) {
        wrong.push(`${name} imports ${path}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});
