// How values and errors of JavaScript become what Dart reads, and back; value by value in `table.test.mjs`.

import assert from 'node:assert/strict';
import test from 'node:test';

import {
  Attempt,
  ByteSource,
  decode,
  describeEnvironment,
  describeError,
  encode,
  evaluate,
  helpers,
  makeError,
} from '../../templates/runtime.mjs';

function links() {
  const objects = [];
  const blobs = [];
  return {
    objects,
    blobs,
    keep: (value) => objects.push(value) - 1,
    find: (at) => objects[at],
    sendBytes: (bytes) => blobs.push(bytes) - 1,
    takeBytes: (at) => blobs[at],
    callback: (at, critical) => ({ callback: at, critical }),
    immediate: (at) => ({ immediate: at }),
    promise: (at) => ({ promise: at }),
    source: (at) => objects[at],
  };
}

const wire = (value, select) => encode(value, links(), select);

/** The value after a journey to Dart and back. The wire form must survive JSON. */
function there(value) {
  const both = links();
  return decode(JSON.parse(JSON.stringify(encode(value, both))), both);
}

test('numbers that JSON lacks, and undefined', () => {
  for (const number of [NaN, Infinity, -Infinity, -0]) {
    assert.equal(wire(number)[0], 'n');
    assert.ok(Object.is(there(number), number));
  }
  assert.deepEqual(wire(2n ** 70n), ['i', `${2n ** 70n}`]);
  assert.equal(wire(undefined), null);
});

test('a part that cannot be read or cannot travel does not hold up the rest', () => {
  const cyclic = {};
  cyclic.self = cyclic;
  const parts = [
    () => ({ fine: [1] }),
    () => cyclic,
    () => {
      throw new RangeError('unreadable');
    },
    () => {
      throw 'no error';
    },
    () => undefined,
  ].map((read) => new Attempt(read));
  const [fine, tooDeep, unreadable, noError, missing] = there(parts);
  assert.deepEqual(fine, { value: { fine: [1] } });
  assert.match(tooDeep.error.message, /cyclic/);
  assert.equal(unreadable.error.name, 'RangeError');
  assert.equal(noError.error.message, 'no error');
  assert.deepEqual(missing, { value: null });
});

test('an invalid date', () => {
  assert.deepEqual(wire(new Date(NaN)), ['d', null]);
  assert.ok(Number.isNaN(there(new Date(NaN)).getTime()));
});

test('bytes travel beside the wire form, of any view and no more than it shows', () => {
  const { buffer } = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual(there(new Uint8Array(buffer, 2, 3)), new Uint8Array([3, 4, 5]));
  assert.deepEqual(there(buffer), new Uint8Array(buffer));
  assert.deepEqual(there(new DataView(buffer, 6)), new Uint8Array([7, 8]));
  assert.deepEqual(there(new Uint16Array(buffer, 0, 1)), new Uint8Array([1, 2]));
  assert.deepEqual([...there(Buffer.from('ab'))], [97, 98]);
});

test('an object without a prototype is a map, a hole in a list null', () => {
  assert.deepEqual(there(Object.assign(Object.create(null), { a: 1 })), { a: 1 });
  assert.deepEqual(wire([undefined]), ['l', null]);
});

test('a key `__proto__` is a key', () => {
  const value = JSON.parse('{"__proto__": {"polluted": true}, "other": 1}');
  const back = there(value);
  assert.deepEqual(Object.keys(back), ['__proto__', 'other']);
  assert.equal(Object.getPrototypeOf(back), Object.prototype);
  assert.equal(back.polluted, undefined);
});

test('a Map keeps its keys, a Set is a list, Headers are pairs', () => {
  assert.deepEqual(wire(new Map([['a', 1], [2, ['b']]])), ['m', 'a', 1, 2, ['l', 'b']]);
  assert.deepEqual(wire(new Set([1, 'a'])), ['l', 1, 'a']);
  const headers = new Headers({ 'x-one': '1' });
  headers.append('set-cookie', 'a=1');
  headers.append('set-cookie', 'b=2');
  assert.deepEqual(wire(headers), ['l', ['l', 'set-cookie', 'a=1'], ['l', 'set-cookie', 'b=2'], ['l', 'x-one', '1']]);
});

test('a long list is no problem, a cyclic one is an error', () => {
  assert.equal(there(Array.from({ length: 200_000 }, (_, at) => at)).length, 200_000);
  const cyclic = { self: [] };
  cyclic.self.push(cyclic);
  assert.throws(() => wire(cyclic), { name: 'TypeError', message: 'the value is cyclic, or nested too deeply' });
});

test('an object of a class stays here', () => {
  class Stub {
    name = 'n';
    get failing() {
      throw new Error('read');
    }
  }
  const both = links();
  const stub = new Stub();
  assert.deepEqual(encode(stub, both), ['r', 0, 'Stub', null]);
  assert.equal(decode(['r', 0], both), stub);
  assert.deepEqual(encode(stub, both, ['name', 'missing']), ['r', 1, 'Stub', ['m', 'name', 'n', 'missing', null]]);
  assert.throws(() => encode(stub, both, ['failing']), { message: 'read' });
  const anyName = new Proxy(() => {}, { get: () => anyName });
  assert.deepEqual(wire(anyName), ['r', 0, null, null]);
  assert.equal(wire(Symbol('s'))[0], 'r');
});

test('`select` keeps any object here, and null as null', () => {
  assert.deepEqual(wire({ a: 1, b: 2 }, ['a']), ['r', 0, 'Object', ['m', 'a', 1]]);
  assert.deepEqual(wire([1], []), ['r', 0, 'Array', ['m']]);
  assert.equal(wire(null, ['a']), null);
  assert.equal(wire(undefined, []), null);
  assert.equal(wire('text', ['length']), 'text');
});

test('functions, futures and objects to be made, of Dart', () => {
  assert.deepEqual(decode(['f', 3, true], links()), { callback: 3, critical: true });
  assert.deepEqual(decode(['t', 3], links()), { immediate: 3 });
  assert.deepEqual(decode(['p', 4], links()), { promise: 4 });
  const url = decode(['c', 'URL', ['/path', 'https://example.com']], links());
  assert.equal(url.href, 'https://example.com/path');
  assert.throws(() => decode(['c', 'Nothing', []], links()), /`Nothing` is not a function of Object/);
  assert.throws(() => decode(['?'], links()), /unknown tag `\?`/);
});

test('errors keep name, message, stack and what the platform says of them', () => {
  const error = Object.assign(new RangeError('too much'), { retryable: true, overloaded: 'yes' });
  const described = describeError(error);
  assert.deepEqual({ ...described, stack: 0 }, { name: 'RangeError', message: 'too much', stack: 0, retryable: true });
  assert.equal(described.stack, error.stack);

  const back = there(error);
  assert.ok(back instanceof Error);
  assert.deepEqual([back.name, back.message, back.retryable], ['RangeError', 'too much', true]);
  assert.equal(makeError({ name: 'StateError', message: 'm', stack: '#0 main' }).stack, 'StateError: m\n#0 main');
});

test('the stack of a compiled program keeps its frames, which source maps are applied to', () => {
  const frames = '    at handle (file:///project/main.js:17:11)\n    at main_closure (file:///project/main.js:22:7)';
  const stackOf = (stack) => makeError({ name: 'StateError', message: 'm', stack }).stack;
  // What dart2js makes of its errors, and what the engine makes of its own.
  for (const head of ['', '\n', 'Error\n', 'TypeError: Cannot read properties of null\n']) {
    assert.equal(stackOf(`${head}${frames}`), `StateError: m\n${frames}`);
  }
  assert.equal(stackOf(''), 'StateError: m');
  const back = makeError(describeError(new RangeError('too much')));
  assert.match(back.stack, /^RangeError: too much\n {4}at .*runtime\.test\.mjs:\d+:\d+\)?\n/);
});

test('whatever is thrown can be described', () => {
  assert.deepEqual(describeError('text'), { name: 'Error', message: 'text' });
  assert.deepEqual(describeError(undefined), { name: 'Error', message: 'undefined' });
  assert.deepEqual(describeError(Symbol('s')), { name: 'Error', message: 'Symbol(s)' });
  const mute = { name: 'Error', message: 'something without a text was thrown' };
  assert.deepEqual(describeError(Object.create(null)), mute);
  const odd = Object.assign(new Error(''), { name: { toString: () => 'Odd' }, message: 1 });
  assert.equal(describeError(odd).name, 'Odd');
  assert.equal(describeError(odd).message, '1');
});

test('steps', () => {
  const target = { a: { b: (...args) => args.join() }, Made: Date };
  const run = (...steps) => evaluate(target, steps, (value) => value);
  assert.equal(run(['g', 'a'], ['a', 'b', [1, 2]]), '1,2');
  assert.equal(+run(['n', 'Made', [5]]), 5);
  assert.equal(run(['g', 'missing']), undefined);
  assert.throws(() => run(['g', 'missing'], ['g', 'x']), { message: 'cannot read `x` of undefined' });
  assert.throws(() => run(['g', 'a'], ['a', 'c', []]), { message: '`c` is not a function of Object' });
});

test('the environment, described', () => {
  const env = { KV: new (class KvNamespace {})(), NAME: 'text', FLAGS: { a: [1] }, COUNT: 2, KEY: 'secret', ODD: new Date(0) };
  assert.deepEqual(describeEnvironment(env, { KV: 'kv_namespaces', NAME: 'vars', GONE: 'r2_buckets' }), {
    KV: ['kv_namespaces'],
    NAME: ['vars', 'text'],
    KEY: ['secrets', 'secret'],
    FLAGS: ['vars', { a: [1] }],
    COUNT: ['vars', 2],
    ODD: ['unknown'],
  });
});

const streamOf = (...chunks) =>
  new ReadableStream({
    pull(controller) {
      const chunk = chunks.shift();
      if (chunk === undefined) controller.close();
      else if (chunk instanceof Error) controller.error(chunk);
      else controller.enqueue(chunk);
    },
  });

async function all(source) {
  const parts = [];
  for (let chunk; (chunk = await source.next()) !== null; ) parts.push(...chunk);
  return Buffer.from(parts).toString();
}

test('a stream is read as bytes, whatever its chunks are', async () => {
  const chunks = ['a', new Uint8Array(0), new Uint8Array([98]), Uint8Array.of(99).buffer];
  const stream = streamOf(...chunks);
  assert.equal(ByteSource.of(stream), ByteSource.of(stream));
  assert.equal(await all(ByteSource.of(stream)), 'abc');
  assert.equal(await ByteSource.of(stream).next(), null);
});

test('what was read before an error is given before it', async () => {
  const source = new ByteSource(streamOf('a', new Error('broken')));
  assert.equal(Buffer.from(await source.next()).toString(), 'a');
  await assert.rejects(source.next(), { message: 'broken' });
  await assert.rejects(new ByteSource(streamOf(1)).next(), { message: 'a stream of bytes held a Number' });
});

test('a stream of Dart is pulled as it is read, and cancelled', async () => {
  const both = links();
  const chunks = [Uint8Array.of(1), Uint8Array.of(2), null];
  let pulls = 0;
  const pull = async () => chunks[pulls++];
  both.objects.push({ pull, cancel: async () => {} });
  const stream = decode(['s', 0], both);
  assert.equal(pulls, 0);
  assert.deepEqual(new Uint8Array(await new Response(stream).arrayBuffer()), Uint8Array.of(1, 2));

  let cancelled = 0;
  both.objects.push({ pull: async () => Uint8Array.of(1), cancel: async () => void cancelled++ });
  const reader = decode(['s', 1], both).getReader();
  await reader.read();
  await reader.cancel();
  assert.equal(cancelled, 1);

  both.objects.push({ pull: () => Promise.reject(new Error('of Dart')), cancel: async () => {} });
  await assert.rejects(decode(['s', 2], both).getReader().read(), { message: 'of Dart' });
});

/** SQL storage with the rows `1 ... count`, the last of which may be an error. */
function sqlOf(count, valueOf = (row) => row) {
  let read = 0;
  const cursor = {
    columnNames: ['n'],
    rowsWritten: 0,
    get rowsRead() {
      return read;
    },
    raw: () => ({
      next() {
        if (read === count) return { done: true };
        const value = valueOf(++read);
        if (value instanceof Error) throw value;
        return { done: false, value: [value] };
      },
    }),
  };
  return { exec: (...given) => Object.assign(cursor, { given }) };
}

test('the rows of a query come in pieces', () => {
  const small = helpers.sqlExec(sqlOf(2), 3, 'SELECT ?', ['a', 1]);
  assert.deepEqual(small, { rows: [[1], [2]], isDone: true, rowsRead: 2, rowsWritten: 0, columns: ['n'], rest: null });

  const { rest, ...first } = helpers.sqlExec(sqlOf(5), 2, '', []);
  assert.deepEqual(first, { rows: [[1], [2]], isDone: false, rowsRead: 2, rowsWritten: 0, columns: ['n'] });
  assert.equal(wire(rest)[2], 'SqlRows', 'it stays in the runtime');
  assert.deepEqual(rest.take(2).rows, [[3], [4]]);
  assert.deepEqual(rest.take(2), { rows: [[5]], isDone: true, rowsRead: 5, rowsWritten: 0 });
  assert.deepEqual(rest.take(2).rows, []);

  // A piece that is just as long as what there is does not know that it is the last.
  const even = helpers.sqlExec(sqlOf(2), 2, '', []);
  assert.equal(even.isDone, false);
  assert.deepEqual(even.rest.take(null), { rows: [], isDone: true, rowsRead: 2, rowsWritten: 0 });
});

test('a piece ends early where its rows are large', () => {
  const large = helpers.sqlExec(sqlOf(5, () => new ArrayBuffer(100_000)), 1000, '', []);
  assert.equal(large.rows.length, 3);
  assert.equal(large.rest.take(1000).rows.length, 2);
  assert.equal(helpers.sqlExec(sqlOf(5, () => 'x'.repeat(300_000)), 1000, '', []).rows.length, 1);
  assert.equal(helpers.sqlExec(sqlOf(5, () => 'x'.repeat(300_000)), null, '', []).rows.length, 5);
});

test('the rows before an error come before it', () => {
  const fails = (row) => (row === 3 ? new Error('malformed') : row);
  const { rows, isDone, rest } = helpers.sqlExec(sqlOf(5, fails), 1000, '', []);
  assert.deepEqual([rows, isDone], [[[1], [2]], false]);
  assert.throws(() => rest.take(1000), { message: 'malformed' });
  assert.throws(() => helpers.sqlExec(sqlOf(5, () => new Error('at once')), 1000, '', []), { message: 'at once' });
  assert.throws(() => helpers.sqlExec(sqlOf(5, fails), null, '', []), { message: 'malformed' });
});

test('a synchronous list is whole', () => {
  const kv = { list: (options) => [['a', 1], ['b', options]].values() };
  assert.deepEqual(helpers.syncKvList(kv, { limit: 2 }), new Map([['a', 1], ['b', { limit: 2 }]]));
});
