// What Cloudflare offers against what the package has; `coverage.mjs` says how it is written down.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { areas, compare, missingInDart, page, parseArea } from './coverage.mjs';
import { findDart, packageConfig, read, root, skipUnless, withFolder } from './dart.mjs';
import { configurationNames, declaredNames, typeNames, versionOf } from './declared.mjs';

const PAGE = 'docs/coverage.md';
const COMMAND = 'DARTFLARE_UPDATE=1 node --test tests/js/coverage.test.mjs';

const dart = findDart();
const withTypes = {
  skip: skipUnless(
    existsSync(join(root, 'tools/node_modules/@cloudflare/workers-types')),
    'coverage of what Cloudflare declares',
    'its packages are not installed: `make setup`',
  ),
};

test('all that Cloudflare declares is listed, nothing else, and printed', withTypes, () => {
  const listed = areas();
  const wrong = compare(listed, [...configurationNames(), ...typeNames()]);
  assert.equal(wrong.length, 0, `\n${wrong.slice(0, 40).join('\n')}\n${wrong.length} in all`);
  const text = page(listed, { wrangler: versionOf('wrangler'), types: versionOf('@cloudflare/workers-types') });
  if (process.env.DARTFLARE_UPDATE) writeFileSync(join(root, PAGE), text);
  assert.ok(existsSync(join(root, PAGE)) && read(PAGE) === text, `${PAGE} is not what the lists give: run \`${COMMAND}\``);
});

test('what is said to be in Dart is there', { skip: skipUnless(dart, 'coverage of the package', 'no Dart VM') }, () => {
  const wrong = missingInDart(areas(), offered());
  assert.equal(wrong.length, 0, `\n${wrong.join('\n')}\n${wrong.length} in all`);
});

/** What the package offers. */
function offered() {
  const config = JSON.parse(Object.values(packageConfig)[0]);
  config.packages[0].rootUri = new URL('../../dart_runtime/', import.meta.url).href;
  return withFolder({ 'packages.json': JSON.stringify(config) }, (folder) => {
    const packages = `--packages=${join(folder, 'packages.json')}`;
    const flags = ['--disable-dart-dev', packages, join(root, 'tests/coverage/api.dart')];
    const { status, stdout, stderr } = spawnSync(dart, flags, { encoding: 'utf8', timeout: 120_000 });
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout);
  });
}

const area = (...lines) => parseArea(['# Area', ...lines].join('\n'), 'area.txt');

test('what is new, what is gone, and what is said twice is told', () => {
  const names = ['A.one', 'A.two', 'A.three', 'B', 'B.only'];
  const right = area('A.one | A.one |', 'A.* | - | not needed', '', '# a comment', 'B* | JSBinding | odd');
  assert.deepEqual(compare([right], names), []);
  assert.deepEqual(right.rows.map(({ count }) => count), [1, 2, 2]);
  assert.deepEqual(compare([area('A.* | - | all', 'A.t* | JSBinding | more')], ['A.one', 'A.two']), []);
  assert.deepEqual(compare([area('A.one | A.one |')], ['A.one', 'A.four']), [
    '`A.four` is in no file of tests/coverage: add a line `A.four | Dart | note`, or to a group',
  ]);
  assert.deepEqual(compare([area('A.one | A.one |', 'A.gone | A.gone |', 'C* | - | no')], ['A.one']), [
    'area.txt:3: `A.gone` is not there any more, or named elsewhere: take the line out',
    'area.txt:4: `C*` is not there any more, or named elsewhere: take the line out',
  ]);
  assert.deepEqual(compare([area('A.one | A.one |'), area('A.one | - | no')], ['A.one']), [
    'area.txt:2: `A.one` is in area.txt:2 too: leave one',
    'area.txt:2: `A.one` is not there any more, or named elsewhere: take the line out',
  ]);
  assert.deepEqual(area('A.one | A.one', 'A.two | - |', 'A.* | A.x |').wrong, [
    'area.txt:2: `A.one | A.one` is not `JavaScript | Dart | note`',
    'area.txt:3: `A.two` needs a note that says why it has no type',
    'area.txt:4: `A.*` is a group, which is `JSBinding` or `-`',
  ]);
});

test('what Dart has not is told', () => {
  const api = { A: { one: ['key', 'limit'], '==': ['other'] }, Made: { new: ['size'] }, fetch: { '()': ['request'] } };
  const missing = (dart) => missingInDart([area(`X | ${dart} |`)], api);
  for (const there of ['A', 'A.one', 'A.one(limit:)', 'A.==', 'A.one, A.==', 'fetch', 'fetch(request:)', 'Made(size:)']) {
    assert.deepEqual(missing(there), [], there);
  }
  assert.deepEqual(missing('B.one, A.two, A.constructor, A.one(other:), Made(other:), a word'), [
    'area.txt:2: the package exports no `B`',
    'area.txt:2: `A` has no `two`',
    'area.txt:2: `A` has no `constructor`',
    'area.txt:2: `A.one` has no parameter `other`',
    'area.txt:2: `Made` has no parameter `other`',
    'area.txt:2: `a word` is not `Type.member`, nor with a parameter, `Type.member(name:)`',
  ]);
});

test('what declarations have', withTypes, () => {
  const text = `
    interface One { a: string; get(key: string): void; get(keys: string[]): void; [Symbol.iterator](): void; [key: string]: any }
    interface Empty extends One {}
    declare abstract class Two<T> extends One { constructor(a: number); get size(): number; static make(): Two; }
    type Three = { a: 1 } & Partial<One> & ({ b: 2 } | { c: 3 });
    type Words = 'a' | 'b';
    declare function four(a: string): void;
    declare const five: number, six: number;
    declare var Eight: { prototype: Eight; new (a: string): Eight; readonly WORD: string };
    declare namespace Space { interface Inner { x: 1 } const seven: string; }
    declare module "cloudflare:odd" { class Made { y: 1 } let _hidden: number; export { _hidden as shown }; }`;
  assert.deepEqual([...declaredNames(text)], [
    ...['One.a', 'One.get', 'Empty', 'Two.constructor', 'Two.size', 'Two.make', 'Three.a', 'Three.b', 'Three.c', 'four'],
    ...['five', 'six', 'Eight.constructor', 'Eight.WORD', 'Space.Inner.x', 'Space.seven', 'cloudflare:odd.Made.y', 'cloudflare:odd._hidden', 'cloudflare:odd.shown'],
  ]);
});

test('what a configuration may have', () => {
  const schema = {
    $ref: '#/definitions/Raw%3COne%3E',
    definitions: {
      'Raw<One>': { allOf: [{ $ref: '#/definitions/Two' }], properties: { main: {}, queues: { properties: { producers: {}, consumers: {} } } } },
      Two: { properties: { vars: { properties: { any: {} } } } },
    },
  };
  assert.deepEqual([...configurationNames(schema)], ['config.main', 'config.queues.producers', 'config.queues.consumers', 'config.vars']);
});
