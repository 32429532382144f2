// What `runtime.mjs` does for R2 and for streams, where Dart cannot.

import assert from 'node:assert/strict';
import test from 'node:test';

import { helpers } from '../../templates/runtime.mjs';

const uploaded = new Date(1e12);

/** An object of R2 as workerd has it: its properties are those of a class. */
class HeadResult {
  constructor(key) {
    this.key = key;
  }
  get size() {
    return 5;
  }
  get uploaded() {
    return uploaded;
  }
  get checksums() {
    return new (class Checksums {
      md5 = new ArrayBuffer(16);
      toJSON() {}
    })();
  }
  writeHttpMetadata() {}
}

class GetResult extends HeadResult {
  get body() {
    return new ReadableStream();
  }
}

test('an object is described, and stays only if it has content', async () => {
  const object = new GetResult('k');
  const calls = [];
  const bucket = {
    head: async (...args) => (calls.push(args), new HeadResult('k')),
    get: async (...args) => (calls.push(args), object),
    put: async () => null,
  };
  const head = await helpers.r2(bucket, 'head', 'k');
  assert.equal(Object.getPrototypeOf(head), Object.prototype);
  assert.deepEqual([head.key, head.size, head.uploaded], ['k', 5, uploaded]);
  assert.deepEqual([head.etag, head.object], [undefined, undefined]);
  assert.deepEqual(head.checksums, {
    md5: new ArrayBuffer(16),
  });
  assert.equal((await helpers.r2(bucket, 'get', 'k', { range: { suffix: 1 } })).object, object);
  assert.deepEqual(calls, [['k'], ['k', { range: { suffix: 1 } }]]);
  assert.equal(await helpers.r2(bucket, 'put', 'k', ''), null);
});

test('a list is described with its objects', async () => {
  const page = {
    objects: [new HeadResult('a'), new HeadResult('b')],
    delimitedPrefixes: ['d/'],
    truncated: true,
    cursor: 'c',
  };
  const { objects, ...rest } = await helpers.r2({ list: async () => page }, 'list');
  assert.deepEqual(objects.map(({ key, checksums }) => [key, checksums.md5.byteLength]), [['a', 16], ['b', 16]]);
  assert.ok(objects.every((object) => Object.getPrototypeOf(object) === Object.prototype));
  assert.deepEqual(rest, { delimitedPrefixes: ['d/'], truncated: true, cursor: 'c' });
});

test('what goes wrong is passed on', async () => {
  const bucket = { get: () => Promise.reject(new Error('get: no (10001)')) };
  await assert.rejects(helpers.r2(bucket, 'get', 'k'), /get: no \(10001\)/);
});

const text = (stream) => new Response(stream).text();

test('a stream, text or bytes go through', async () => {
  for (const source of ['hello', new TextEncoder().encode('hello'), new Response('hello').body]) {
    const zipped = helpers.pipe(source, 'CompressionStream', 'gzip');
    assert.equal(await text(helpers.pipe(zipped, 'DecompressionStream', 'gzip')), 'hello');
  }
});

test('a failure reaches the reader, and nobody else', async () => {
  const unhandled = [];
  const note = (error) => unhandled.push(error);
  process.on('unhandledRejection', note);
  await assert.rejects(text(helpers.pipe('not gzip', 'DecompressionStream', 'gzip')));
  const failing = new ReadableStream({ pull: () => Promise.reject(new Error('no more')) });
  await assert.rejects(text(helpers.pipe(failing, 'CompressionStream', 'gzip')), /no more/);
  await new Promise(setImmediate);
  process.off('unhandledRejection', note);
  assert.deepEqual(unhandled, []);
});
