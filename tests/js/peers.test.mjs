// `tests/coverage/workers_rs.txt`: that each test is there that it names.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { read, root } from './dart.mjs';

const FILE = 'tests/coverage/workers_rs.txt';

/** Where the file is that a test is named by. */
function fileOf(name) {
  if (name.endsWith('.dart')) return `dart_runtime/test/${name}`;
  if (name.includes('.')) return `tests/${name}`;
  const [app, ...report] = name.split('/');
  return `tests/fixtures/apps/${app}/reports/${report.join('/')}.txt`;
}

/** What is wrong with the lines of `text`. */
function check(text) {
  const wrong = [];
  for (const [at, line] of text.split('\n').entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const place = `${FILE}:${at + 1}`;
    const cells = line.split(' |').map((cell) => cell.trim());
    if (cells.length !== 3) {
      wrong.push(`${place}: \`${line}\` is not \`behaviour | tests | note\``);
      continue;
    }
    const [, tests, note] = cells;
    if (tests === '-' ? note === '' : !/^[\w./-]+( "[^"]+")?(, [\w./-]+( "[^"]+")?)*$/.test(tests)) {
      wrong.push(`${place}: \`${tests}\` names no test; without one, the note says why`);
    }
    for (const [, name, words] of tests.matchAll(/(\w[\w./-]*)(?: "([^"]+)")?/g)) {
      const file = fileOf(name);
      if (!existsSync(join(root, file))) wrong.push(`${place}: there is no ${file}`);
      else if (words && !has(file, words)) wrong.push(`${place}: ${file} has no \`${words}\``);
    }
  }
  return wrong;
}

const has = (file, words) =>
  file.endsWith('.txt') ? `\n${read(file)}`.includes(`\n${words} = `) : read(file).includes(words);

test('the tests that stand for those of workers-rs are there', () => {
  const wrong = check(read(FILE));
  assert.equal(wrong.length, 0, `\n${wrong.join('\n')}`);
});

test('what is wrong is told', () => {
  const lines = [
    '# a comment',
    'one | - |',
    'two | - | for a reason',
    'three | values_test.dart "convertValue", js/peers.test.mjs |',
    'four | values_test.dart "no such test" |',
    'five | api/kv/nowhere "get" |',
    'six | api/kv/text "get me" |',
    'seven | api/kv/text "get" | ',
    'eight |',
    'nine | by hand! |',
  ];
  assert.deepEqual(check(lines.join('\n')), [
    `${FILE}:2: \`-\` names no test; without one, the note says why`,
    `${FILE}:5: dart_runtime/test/values_test.dart has no \`no such test\``,
    `${FILE}:6: there is no tests/fixtures/apps/api/reports/kv/nowhere.txt`,
    `${FILE}:7: tests/fixtures/apps/api/reports/kv/text.txt has no \`get me\``,
    `${FILE}:9: \`eight |\` is not \`behaviour | tests | note\``,
    `${FILE}:10: \`by hand!\` names no test; without one, the note says why`,
    `${FILE}:10: there is no tests/fixtures/apps/by/reports/.txt`,
    `${FILE}:10: there is no tests/fixtures/apps/hand/reports/.txt`,
  ]);
});
