// The figures in the guide are those of a recorded run of the benches.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8').replace(/\s+$/gm, '');

/** The rows of all tables of a text, by what stands in their first cell. */
function rows(text) {
  const lines = text.split('\n').filter((line) => line.startsWith('|'));
  return new Map(
    lines.map((line) => {
      const [name, ...cells] = line.split('|').slice(1, -1).map((cell) => cell.trim());
      return [name, cells];
    }),
  );
}

const recorded = rows(read('benches/README.md'));

function row(name) {
  assert.ok(recorded.has(name), `benches/README.md has no row \`${name}\``);
  return recorded.get(name);
}

test('the comparison with TypeScript is the recorded one', () => {
  const claimed = rows(read('docs/comparison.md'));
  const same = {
    'from a save to the first changed answer, median': 'save to first changed answer, median',
    'from the start of the command to the first answer, median': 'first answer of `dev`, beside `wrangler dev`',
    'the same, of a program that did not change since it last ran': 'the same, of a program that did not change',
    'a request while developing, median': 'hello request, median',
    "a Durable Object's get and put while developing, median": 'Durable Object get and put, median',
    'memory of all processes while developing': 'memory of all processes',
  };
  for (const [claim, name] of Object.entries(same)) assert.deepEqual(claimed.get(claim), row(name), claim);
});

test('what the shim costs is as recorded', () => {
  const [, , hello] = row('hello');
  const [, , constant] = row('constant');
  for (const page of ['docs/comparison.md', 'docs/how-a-build-works.md']) {
    assert.match(read(page).replaceAll('\n', ' '), new RegExp(`\\b${hello} of the requests per second`), page);
  }
  assert.match(read('docs/how-a-build-works.md').replaceAll('\n', ' '), new RegExp(`and ${constant} where the program does nothing`));
});

test("a build's own share is as recorded", () => {
  const share = Math.round(parseFloat(row("dartflare's own share of that")[0]));
  assert.match(read('docs/how-a-build-works.md').replaceAll('\n', ' '), new RegExp(`own share is some ${share} ms`));
});
