// The runtime's side of compiled programs in workerd: platform objects, I/O contexts and critical sections are real.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test from 'node:test';

import { read, root, skipUnless } from './dart.mjs';

const tools = join(root, 'tools/package.json');
const skip = skipUnless(existsSync(join(root, 'tools/node_modules/miniflare')), 'host.mjs in workerd', 'no workerd found');

const load = (path, from) => ({ type: 'ESModule', path: join(root, path), contents: read(from ?? path) });

test('a program in workerd', { skip }, async (t) => {
  const { kCurrentWorker, Log, LogLevel, Miniflare } = createRequire(tools)('miniflare');
  const worker = new Miniflare({
    modulesRoot: root,
    modules: [
      load('worker.mjs', 'tests/js/worker/worker.mjs'),
      load('templates/host.mjs'),
      load('templates/runtime.mjs'),
      load('tests/js/stand_in.mjs'),
    ],
    compatibilityDate: '2025-12-01',
    kvNamespaces: ['KV'],
    durableObjects: { COUNTER: 'Counter' },
    serviceBindings: { SELF: kCurrentWorker },
    log: new Log(LogLevel.NONE),
    handleRuntimeStdio() {},
  });
  const get = async (path, init) => (await worker.dispatchFetch(`http://localhost/${path}`, init)).text();
  try {
    await t.test('values', async () => {
      assert.deepEqual(JSON.parse(await get('values')), {
        json: ['m', 'a', ['l', 1]],
        bytes: [0, 255],
        stream: 'stream',
        missing: null,
        clone: ['m', 'n', 1.5, 'list', ['l', null, true], '__proto__', 'key'],
        listed: ['m', 'list_complete', true],
        className: 'Object',
      });
    });
    await t.test('errors', async () => {
      const [tooLong, missing, remote, early] = JSON.parse(await get('errors'));
      assert.match(tooLong, /^Error: KV GET failed: 414 /);
      assert.equal(missing, 'TypeError: `nothing` is not a function of KvNamespace');
      // Between Workers the platform keeps no names but those of JavaScript's own errors.
      assert.equal(remote, 'Error: StateError: of the object');
      assert.deepEqual(early, ['m', 'name', 'TypeError', 'message', '`get` gives a promise, which cannot be had at once']);
      const thrown = 'true StateError: no state\n#0 main (lib/main.dart:1:1)';
      assert.equal(await get('thrown'), thrown);
      assert.equal(await get('lost'), '"answered"');
    });
    await t.test('stubs', async () => {
      const stubs = ['Fetcher', 'Fetcher', 'DurableObject', 'DurableObject', 'Response'];
      assert.deepEqual(JSON.parse(await get('stubs')), stubs);
    });
    await t.test('a body of a megabyte there and back', async () => {
      const body = Buffer.alloc(1 << 20, 'dartflare ');
      assert.ok(Buffer.from(await get('streams', { method: 'POST', body })).equals(body));
    });
    await t.test('a Durable Object', async () => {
      assert.deepEqual(JSON.parse(await get('counter')), [[null], 0, 1]);
      // The second transaction is rolled back.
      assert.deepEqual(JSON.parse(await get('counter')), [[null], 1, 1]);
    });
    await t.test('many requests at once', async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => get('lost')));
      assert.deepEqual(new Set(answers), new Set(['"answered"']));
    });
  } finally {
    await worker.dispose();
  }
});
