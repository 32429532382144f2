// The table of values on the way through `runtime.mjs`, and as Dart has it.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { decode, encode } from '../../templates/runtime.mjs';
import { dartTable, PATH } from '../values/dart.mjs';
import { BOTH, isSame, REFUSED_BY_JAVASCRIPT, TO_DART } from '../values/table.mjs';
import { root } from './dart.mjs';

/** The value after a journey whose wire form survives JSON. */
function there(value) {
  const blobs = [];
  const links = { sendBytes: (bytes) => blobs.push(bytes) - 1, takeBytes: (at) => blobs[at] };
  return decode(JSON.parse(JSON.stringify(encode(value, links))), links);
}

test('what both sides have is the same after a journey', () => {
  for (const [name, value] of BOTH) assert.ok(isSame(there(value()), value()), name);
});

test('what JavaScript alone has gets a form that JSON carries', () => {
  for (const [name, value] of TO_DART) assert.doesNotThrow(() => there(value()), name);
});

test('what cannot be given is an error', () => {
  for (const [name, value, text] of REFUSED_BY_JAVASCRIPT) {
    assert.throws(() => there(value()), (error) => `${error}` === text, name);
  }
});

test('the comparison tells kinds apart', () => {
  const kinds = [null, undefined, 0, -0, NaN, 1, 1n, '1', true, [], {}, [1], { 0: 1 }, new Map(), new Set(), new Date(0), new Date(1)];
  kinds.push(Uint8Array.of(1), Uint8Array.of(2), new Uint8Array(0), [undefined], { a: undefined }, { a: null }, { b: 1 }, { a: [1] });
  kinds.forEach((one, at) => kinds.forEach((other, by) => assert.equal(isSame(one, other), at === by, `${at} ${by}`)));
});

test('names are said once', () => {
  const names = [...BOTH, ...TO_DART].map(([name]) => name);
  assert.equal(new Set(names).size, names.length);
});

test('Dart has the same table', () => {
  const path = join(root, PATH);
  if (process.env.DARTFLARE_UPDATE) writeFileSync(path, dartTable());
  assert.equal(readFileSync(path, 'utf8'), dartTable(), `run \`DARTFLARE_UPDATE=1 node --test tests/js/table.test.mjs\``);
});
