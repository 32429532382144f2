// The runtime's side of compiled programs, with a stand-in for the program. What needs workerd is in workerd.test.mjs.

import assert from 'node:assert/strict';
import test from 'node:test';

import { install } from '../../templates/host.mjs';
import { Bytes, call, callback, immediate, later, make, operate, Ref, register, run, runtime, source } from './stand_in.mjs';

const finish = install();

test('a reference is to whatever there is, and nothing is awaited', () => {
  const promise = Promise.resolve(1);
  const target = { promise, made: () => 'value', nothing: null };
  for (const [name, expected] of Object.entries({ promise, made: target.made, nothing: null, missing: undefined })) {
    const { ok, value } = operate(target, [['g', name]], 'ref');
    assert.ok(ok);
    assert.equal(value.value, expected);
  }
  assert.equal(operate(target, [['a', 'made', []]], 'ref').value.value, 'value');
  assert.ok(operate(globalThis, [['n', 'Headers', []]], 'ref').value.value instanceof Headers);
});

test('a value that is there is there at once', () => {
  const target = { read: (value) => value, list: [1, { a: 2 }] };
  assert.deepEqual(operate(target, [['a', 'read', ['text']]]), { ok: true, value: 'text' });
  assert.deepEqual(operate(target, [['g', 'list']]), { ok: true, value: ['l', 1, ['m', 'a', 2]] });
  assert.deepEqual(operate(target, [['g', 'list']], 'later'), { ok: true, value: ['l', 1, ['m', 'a', 2]] });
});

test('a promise is awaited, or refused where the value is wanted at once', async () => {
  const target = {
    ask: async () => ({ status: 200 }),
    fail: () => Promise.reject(Object.assign(new RangeError('late'), { retryable: true })),
    thenable: () => ({ then: (resolve) => resolve(7) }),
  };
  const { ok, value } = await operate(target, [['a', 'ask', []]], 'later', ['status']);
  assert.ok(ok);
  assert.deepEqual([value.className, value.props], ['Object', ['m', 'status', 200]]);
  assert.deepEqual(await operate(target, [['a', 'thenable', []]], 'later'), { ok: true, value: 7 });
  await assert.rejects(call(new Ref(target), 'fail'), { name: 'RangeError', message: 'late', retryable: true });
  // Nor is its rejection left unhandled, which would end this process.
  const refused = operate(target, [['a', 'fail', []]]);
  assert.equal(refused.ok, false);
  assert.equal(refused.value[4], '`fail` gives a promise, which cannot be had at once');
});

test('nothing is thrown across', async () => {
  const cyclic = {};
  cyclic.self = cyclic;
  const target = { get getter() { throw null; }, cyclic, later: async () => cyclic };
  for (const step of [['a', 'missing', []], ['g', 'getter'], ['g', 'cyclic'], ['n', 'later', []]]) {
    assert.equal(operate(target, [step]).ok, false, step[1]);
  }
  assert.equal(operate(undefined, [['g', 'a']]).value[4], 'cannot read `a` of undefined');
  assert.equal((await operate(target, [['a', 'later', []]], 'later')).ok, false);
  assert.equal(operate({ f() {} }, [['a', 'f', [['?']]]]).value[4], 'a value with the unknown tag `?`');
});

test('arguments of every kind arrive', async () => {
  let given;
  const target = { take: (...args) => void (given = args) };
  const object = { an: 'object' };
  const bytes = new Uint8Array([1, 2, 3]);
  operate(target, [['a', 'take', [
    null, true, 1.5, ['n', '-0'], ['i', '5'], ['d', 0], new Bytes(bytes), ['l', 1], ['m', '__proto__', new Ref(object)],
    make('URL', ['https://example.com/a']), later(Promise.resolve('done')),
  ]]]);
  assert.deepEqual(given.slice(0, 6), [null, true, 1.5, -0, 5n, new Date(0)]);
  assert.deepEqual(given[6], bytes);
  bytes[0] = 9;
  assert.equal(given[6][0], 1, 'bytes are as they were when they were given');
  assert.deepEqual(given[7], [1]);
  assert.equal(Object.getOwnPropertyDescriptor(given[8], '__proto__').value, object);
  assert.equal(given[9].pathname, '/a');
  assert.equal(await given[10], 'done');
});

test('a callback takes and gives values, and what it throws is an Error', async () => {
  let given;
  const target = { take: (one) => void (given = one) };
  const run = async ([, first, second]) => {
    assert.ok(first instanceof Ref && first.value === target);
    if (second === 'fail') throw Object.assign(new Error('of Dart'), { name: 'StateError', retryable: true });
    return ['l', second, new Bytes(Uint8Array.of(1))];
  };
  class Keeps {}
  Object.setPrototypeOf(target, Keeps.prototype);
  operate(target, [['a', 'take', [callback(run)]]]);
  assert.deepEqual(await given(target, 'a'), ['a', Uint8Array.of(1)]);
  await assert.rejects(given(target, 'fail'), (error) => {
    assert.ok(error instanceof Error);
    assert.equal(error.stack, 'StateError: of Dart\n#0 main (lib/main.dart:1:1)');
    return error.retryable === true;
  });
  // A promise, as the platform wants of it, whatever the callback does.
  operate(target, [['a', 'take', [callback(() => 5)]]]);
  assert.ok(given() instanceof Promise);
  assert.equal(await given(), 5);
  operate(target, [['a', 'take', [callback(() => { throw new Error('at once'); })]]]);
  await assert.rejects(given(), { message: 'at once' });
});

test('an immediate callback has answered when it returns', () => {
  const take = (body) => [body('a')];
  const run = ([, given]) => ['l', given, 1];
  assert.deepEqual(operate({ take }, [['a', 'take', [immediate(run)]]]).value, ['l', ['l', 'a', 1]]);
  let caught;
  const catches = (body) => {
    try {
      body();
    } catch (error) {
      caught = error;
      throw error;
    }
  };
  const fail = () => {
    throw Object.assign(new Error('of Dart'), { name: 'StateError' });
  };
  const outcome = operate({ catches }, [['a', 'catches', [immediate(fail)]]]);
  assert.ok(caught instanceof Error);
  assert.deepEqual([outcome.ok, outcome.value[2], outcome.value[4]], [false, 'StateError', 'of Dart']);
  const late = operate({ take }, [['a', 'take', [immediate(async () => 1)]]]);
  assert.deepEqual([late.ok, late.value[4]], [false, 'the Dart program did not answer at once']);
});

test('a failed future is a rejected promise', async () => {
  let given;
  operate({ take: (one) => void (given = one) }, [['a', 'take', [later(Promise.reject(new Error('no')))]]]);
  await assert.rejects(given, { message: 'no' });
});

test('streams, both ways', async () => {
  let given;
  const target = { take: (one) => void (given = one) };
  const mine = Uint8Array.of(104, 105);
  operate(target, [['a', 'take', [source((async function* () { yield mine; yield mine; })())]]]);
  assert.equal(await new Response(given).text(), 'hihi');
  assert.equal(mine.length, 2, 'the bytes are still there for the program');

  let isOver = false;
  const endless = (async function* () { try { for (;;) yield Uint8Array.of(1); } finally { isOver = true; } })();
  operate(target, [['a', 'take', [source(endless)]]]);
  const reader = given.getReader();
  await reader.read();
  await reader.cancel();
  assert.ok(isOver);

  const { value: stream } = operate(new Response('hello'), [['g', 'body']]);
  assert.equal(stream.className, 'stream');
  const { value: bytes } = operate(runtime().helpers, [['a', 'byteSource', [stream]]], 'ref');
  assert.equal(Buffer.from((await call(bytes, 'next')).bytes).toString(), 'hello');
  assert.equal(await call(bytes, 'next'), null);
});

class Object1 {}

test('what main() registers, and its events', async () => {
  const events = [];
  const taken = register({
    handlers: ['fetch'],
    durableObjects: ['Counter', 'Room'],
    entrypoints: ['Admin'],
    workflows: ['Orders'],
    async dispatch([, kind, env, context, argument, info, bindings, className]) {
      events.push([kind, env.value, context.value, argument.value, info, bindings, className]);
      if (info[2] === 'boom') throw new Error('boom');
      return make('Response', ['answer']);
    },
    construct([, kind, , context, argument, , , className]) {
      if (className !== 'Counter') throw Object.assign(new Error('no such class'), { name: 'StateError' });
      assert.deepEqual([kind, argument.value], ['construct', undefined]);
      let count = 0;
      return callback(async ([, eventKind, , , , , , name]) => `${name} ${eventKind} ${++count} ${context.value.id}`);
    },
  });
  assert.equal(taken, true);
  const application = finish();
  assert.equal(register({}), false, 'main() is over');
  assert.deepEqual(application.handlers, ['fetch']);
  assert.deepEqual(application.durableObjects, ['Counter', 'Room']);
  assert.deepEqual([application.entrypoints, application.workflows], [['Admin'], ['Orders']]);

  const env = { KV: new Object1(), MODE: 'dev' };
  const context = new Object1();
  const request = new Request('https://example.com');
  const event = { kind: 'fetch', env, context, argument: request, info: { url: 'u' }, kinds: { KV: 'kv_namespaces' } };
  assert.equal(await (await application.dispatch(event)).text(), 'answer');
  const bindings = ['m', 'KV', ['l', 'kv_namespaces'], 'MODE', ['l', 'secrets', 'dev']];
  assert.deepEqual(events, [['fetch', env, context, request, ['m', 'url', 'u'], bindings, null]]);
  await assert.rejects(application.dispatch({ ...event, info: { url: 'boom' } }), { message: 'boom' });

  const one = application.construct({ env, context: { id: 1 }, className: 'Counter' });
  const two = application.construct({ env, context: { id: 2 }, className: 'Counter' });
  const alarm = { kind: 'alarm', env, context: { id: 1 } };
  assert.equal(await one(alarm), 'Counter alarm 1 1');
  assert.equal(await one(alarm), 'Counter alarm 2 1');
  assert.equal(await two({ ...alarm, kind: 'fetch', argument: request }), 'Counter fetch 1 2');
  assert.throws(() => application.construct({ env, context, className: 'Other' }), {
    name: 'StateError',
    message: 'no such class',
  });
});

test('a program that registers nothing', () => {
  assert.equal(install()(), null);
});

test('a main() that throws, and what follows it', () => {
  const finish = install();
  run(() => {
    register({ handlers: ['fetch'], dispatch() {}, construct() {} });
    throw Object.assign(new Error('no'), { name: 'StateError' });
  });
  run(() => {
    throw new Error('later');
  });
  const stack = 'StateError: no\n#0 main (lib/main.dart:1:1)';
  assert.throws(finish, (error) => error instanceof Error && error.stack === stack);
});
