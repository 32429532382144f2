// `host_js.dart` and all that stands on it, at work: on the Dart VM, with the two libraries that the VM lacks carried
// out by this process's JavaScript. What stays untested is the compilers, and what their own libraries do differently.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { PATH } from '../values/dart.mjs';
import { findDart, packageConfig, packageWithJsHost, read, skipUnless, withFolder } from './dart.mjs';

const dart = findDart();
const skip = skipUnless(
  dart && process.platform !== 'win32',
  'run of the host for compiled programs',
  'it takes a Dart VM and named pipes',
);

function runProgram() {
  const program = 'tests/fixtures/direct/main.dart';
  const engine = new URL('../fixtures/js_interop/pipes.dart', import.meta.url).href;
  const files = {
    ...packageWithJsHost(),
    ...packageConfig,
    'main.dart': read(program)
      .replace("'../js_interop/pipes.dart'", `'${engine}'`)
      .replace("'../apps/values/lib/values.dart'", "'values.dart'"),
    'values.dart': read('tests/fixtures/apps/values/lib/values.dart'),
    'table.g.dart': read(PATH),
  };
  return withFolder(files, (folder) => {
    const packages = `--packages=${join(folder, Object.keys(packageConfig)[0])}`;
    const flags = ['--disable-dart-dev', packages, join(folder, 'main.dart')];
    const harness = fileURLToPath(new URL('direct.mjs', import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, [harness, folder, dart, ...flags], {
      encoding: 'utf8',
      timeout: 120_000,
    });
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout);
  });
}

test('the host for compiled programs', { skip }, async (t) => {
  const results = runProgram();
  const cannotCross = (what) =>
    `is a ${what}, which cannot cross to JavaScript; give null, a bool, num, BigInt, String, DateTime, Uint8List, List ` +
    `or Map of those, or a byte stream: Instance of '${what}'`;
  const expected = {
    registered: [['fetch'], ['Counter', 'Broken']],
    second: ['CloudflareWorkers was constructed twice; give all handlers and Durable Objects to one', null, null],
    kv: ['kept', [0, 255], null],
    upper: ['BODY', 'POST', 'a, b'],
    same: ['body', null, null],
    wait: ['answered', null, null],
    waited: ['StateError: Bad state: later'],
    count: ['7 8', null, null],
    transact: [['a', 'count'], true, null],
    second_count: ['7 9', null, null],
    broken: 'StateError: Bad state: not today',
    throw: { name: 'FormatException', message: 'no good', place: 'main.dart:N' },
    sync: [
      5,
      5,
      5,
      'kept',
      'RangeError: too far',
      'TypeError: `promised` gives a promise, which cannot be had at once',
      // Kept as a reference, `undefined` becomes null, as in WebAssembly.
      'TypeError: cannot read `x` of null',
      'TypeError: `missing` is not a function of Probe',
    ],
    errors: ['RangeError', 'too far', true, false],
    refs: ['1', { constant: 5 }, 'Probe', true, true, null],
    callbacks: [
      ['in the zone', 41, 'b'],
      [
        { sum: 42 },
        'true StateError: Bad state: of Dart',
        'true _Mute: an error whose `toString()` throws',
        'future',
        `true ArgumentError: Invalid argument (result): ${cannotCross('Object')}`,
      ],
    ],
    streams: [
      [97, 98, 99],
      true,
      [97],
      1,
      'BCBC',
      [66, 67],
      'BC',
      'StateError: Bad state: broken',
      'TypeError: cut off',
    ],
  };
  for (const [name, value] of Object.entries(expected)) {
    await t.test(name, () => assert.deepEqual(results[name], value));
  }
  await t.test('values', () => assert.match(results.values, /^[1-9]\d* right, 0 wrong\n$/));
  await t.test('wrong', () => {
    assert.equal(results.wrong.name, 'BindingError');
    assert.match(results.wrong.message, /^no KV namespace `KW` .* did you mean `KV`\?\n/);
  });
});
