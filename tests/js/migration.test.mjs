// Every API of dart_edge is in the guide, with what it is here; `migration.mjs` says how it is written down.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { read, root } from './dart.mjs';
import { areas, assign, missing, names, parse, tables } from './migration.mjs';

const PAGE = 'docs/migrating-from-dart-edge.md';
const COMMAND = 'DARTFLARE_UPDATE=1 node --test tests/js/migration.test.mjs';
const START = '## Every API\n\n';

test('every API is listed, what is named here is there, and the page says it', () => {
  const all = areas();
  const wrong = [...assign(all, names()), ...missing(all)];
  assert.equal(wrong.length, 0, `\n${wrong.join('\n')}`);
  const page = read(PAGE);
  const [head] = page.split(START);
  const text = `${head}${START}${tables(all)}`;
  if (process.env.DARTFLARE_UPDATE) writeFileSync(join(root, PAGE), text);
  assert.ok(read(PAGE) === text, `${PAGE} is not what the table gives: run \`${COMMAND}\``);
});

test('what is not listed, not there, or not said why, is told', () => {
  const table = parse('# A\nKV.* | = |\nKV.get | - |\nGone | Nothing.atAll |\n');
  assert.deepEqual(assign(table, ['KV.get', 'KV.put', 'New']), [
    'no line is about `New`',
    'line 4: dart_edge has no `Gone`',
    'line 3: say why not',
  ]);
  assert.deepEqual(missing(table), ['line 2: the package has no `KV.put`', 'line 4: the package has no `Nothing.atAll`']);
});
