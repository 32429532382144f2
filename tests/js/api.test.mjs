// The index of the Dart API is made from the sources; `api.mjs` reads them.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { declarations, libraries, pages, signatureOf, summaryOf } from './api.mjs';
import { root } from './dart.mjs';

const FOLDER = join(root, 'docs/reference');
const COMMAND = 'DARTFLARE_UPDATE=1 node --test tests/js/api.test.mjs';

test('the pages are up to date', () => {
  const texts = pages();
  if (process.env.DARTFLARE_UPDATE) {
    rmSync(join(FOLDER, 'api'), { recursive: true, force: true });
    mkdirSync(join(FOLDER, 'api'), { recursive: true });
    for (const [name, text] of texts) writeFileSync(join(FOLDER, name), text);
  }
  for (const [name, text] of texts) {
    const path = join(FOLDER, name);
    const old = existsSync(path) ? readFileSync(path, 'utf8') : '';
    assert.ok(old === text, `docs/reference/${name} is not what the sources say: run \`${COMMAND}\``);
  }
  const stale = readdirSync(join(FOLDER, 'api')).filter((name) => !texts.has(`api/${name}`));
  assert.deepEqual(stale, [], `nothing makes these: run \`${COMMAND}\``);
});

test('every public declaration and member is documented', () => {
  const bare = [];
  for (const { classes, path } of libraries().flatMap(({ files }) => files)) {
    for (const { name, docs, members } of classes) {
      if (docs.length === 0) bare.push(`${path}: ${name}`);
      for (const member of members) if (member.docs.length === 0) bare.push(`${path}: ${name}.${member.name}`);
    }
  }
  assert.deepEqual(bare, []);
});

test('signatures end before bodies, values and initializers', () => {
  assert.equal(signatureOf('Future<T?> get<T>(\n    String key, {\n    int? limit = 3,\n  }) async =>\n      1;'), 'Future<T?> get<T>(String key, {int? limit = 3})');
  assert.equal(signatureOf('const A(this.b) : c = 1;'), 'const A(this.b)');
  assert.equal(signatureOf('final int a = 3;'), 'final int a');
  assert.equal(signatureOf('bool operator ==(Object other) => true;'), 'bool operator ==(Object other)');
  assert.equal(signatureOf('typedef A = B Function(C);'), 'typedef A = B Function(C)');
  assert.equal(signatureOf('class A extends B<C> {\n  int a;\n}'), 'class A extends B<C>');
});

test('declarations are told by their indentation', () => {
  const source = [
    '/// A.',
    'class A {',
    '  /// One.',
    '  A.one(',
    '    int b,',
    '  ) : super();',
    '',
    '  @override',
    '  int get two => 2;',
    '',
    '  Map<String, A> _three(int a) {',
    '    return {};',
    '  }',
    '}',
    '',
    'Future<void> run() async {}',
  ];
  assert.deepEqual(declarations(source, 0).map(({ name, docs }) => [name, docs]), [['A', ['A.']], ['run', []]]);
  const members = declarations(source.slice(2, 13), 2, 'A');
  assert.deepEqual(members.map(({ name, annotations }) => [name, annotations]), [['one', []], ['two', ['@override']], ['_three', []]]);
});

test('a summary is the first paragraph, with names as code', () => {
  assert.equal(summaryOf(['A [Worker] and `[x]`,', 'or a List<int>.', '', 'More.']), 'A `Worker` and `[x]`, or a List&lt;int>.');
});
