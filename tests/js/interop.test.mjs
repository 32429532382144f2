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

const TESTING = 'dart_runtime/lib/src/testing/';

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

/** The host alone, for it is what does not compile. */
const hostAlone = "import 'package:cloudflare_workers/src/host/host_js.dart';\n\nvoid main() {}\n";

/** The host with `from` replaced. */
function mutated(from, to) {
  const name = 'lib/src/host/host_js.dart';
  const files = packageWithJsHost();
  const source = files[name].replace(from, to);
  assert.notEqual(source, files[name], `host_js.dart has no \`${from}\``);
  return { ...files, [name]: source };
}

for (const [what, from, to] of [
  ['a Dart String for a JavaScript one', 'mode.toJS', 'mode'],
  ['a callback that gives a Future', /JSAny\? run\(JSAny\? packet, JSAny\? settle\) \{/, 'Future<JSAny?> run(JSAny? packet, JSAny? settle) async {'],
  ['a function without types', 'return run.toJS;', 'return ((packet, settle) => run(packet, settle)).toJS;'],
  ['a number that is taken for an int', /return (\(wire as JSNumber\)\.toDartDouble);/, 'final int number = $1; return number;'],
]) {
  test(`a host with ${what} does not compile`, { skip }, () => {
    const { status, output } = check({ ...mutated(from, to), 'main.dart': hostAlone });
    assert.equal(status, 254);
    assert.match(output, /^lib\/src\/host\/host_js\.dart:\d+:\d+: Error: /m);
  });
}

/**
 * The lines that ask for the Dart type of a value that may be JavaScript's. No front end refuses that, and the answer
 * depends on the compiler: a JavaScript number is an `int` where Dart compiles to JavaScript, and never is one in
 * WebAssembly. `typeofEquals` asks JavaScript.
 */
function askingForDartTypes(source) {
  // The one place where values of Dart are told apart.
  const wire = source.match(/^JSAny\? _toJs\(Object\? wire\) => switch \(wire\) \{[^]*?^ {4}\};/m)[0];
  return source
    .replace(wire, (text) => text.replace(/[^\n]/g, ''))
    .split('\n')
    .flatMap((line, at) => (isAsking(line.replace(/\/\/.*/, '')) ? [`${at + 1}: ${line.trim()}`] : []));
}

const isAsking = (line) =>
  [/\bis!?\s/, /\bas (?!JS)/, /\bdynamic\b/, /\b(?:int|double|num|bool|String|(?:List|Map)(?:<.*>)?)\(/].some((way) => way.test(line));

test('the host asks no value of JavaScript for its Dart type', () => {
  const name = `${HOST}host_js.dart`;
  assert.deepEqual(askingForDartTypes(read(name)), []);
  for (const [from, to] of [
    ["wire.typeofEquals('number')", 'wire is int'],
    ["wire.typeofEquals('string')", 'wire is! num'],
    ['(wire as JSString).toDart', '(wire as String)'],
    ['if (wire == null) return null;', 'if (wire case int()) return wire;'],
  ]) {
    const source = read(name).replace(from, to);
    assert.notEqual(source, read(name), from);
    assert.equal(askingForDartTypes(source).length, 1, to);
  }
});

test('only the hosts, and what tests a Worker from outside, import what a platform lacks', () => {
  const vm = [`${HOST}host_vm.dart`, `${HOST}vm/`, TESTING];
  const allowed = {
    'dart:js_interop': [`${HOST}host_js.dart`],
    'dart:js_interop_unsafe': [`${HOST}host_js.dart`],
    'dart:io': vm,
    'dart:isolate': vm,
    'dart:developer': vm,
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
      const isVm = /(^|\/)vm\//.test(path) && !vm.some((place) => name.startsWith(place));
      const isTesting = /(^|\/)testing\//.test(path) && !name.startsWith(TESTING) && name !== 'dart_runtime/lib/testing.dart';
      if (isVm || isTesting) wrong.push(`${name} imports ${path}`);
    }
  }
  assert.deepEqual(wrong, []);
});
