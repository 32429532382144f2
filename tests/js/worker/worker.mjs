// A Worker around a stand-in for a compiled Dart program: each check is a path, and answers with what it saw.

import { DurableObject } from 'cloudflare:workers';

import { install } from './templates/host.mjs';
import { Bytes, call, callback, later, make, operate, Ref, register, runtime, source } from './tests/js/stand_in.mjs';

const finish = install();

const asText = ({ bytes }) => new TextDecoder().decode(bytes);
const property = (ref, name) => operate(ref.value, [['g', name]], 'ref').value;
const derive = (ref, name, args = []) => operate(ref.value, [['a', name, args]], 'ref').value;

async function readAll(stream) {
  const bytes = derive(new Ref(runtime().helpers), 'byteSource', [stream]);
  let all = '';
  for (let chunk; (chunk = await call(bytes, 'next')) !== null; ) all += asText(chunk);
  return all;
}

async function* chunks(...texts) {
  for (const text of texts) yield new TextEncoder().encode(text);
}

const checks = {
  async values({ env }) {
    const kv = property(env, 'KV');
    const value = ['m', 'n', 1.5, 'list', ['l', null, true], '__proto__', 'key'];
    await call(kv, 'put', ['json', JSON.stringify({ a: [1] })]);
    await call(kv, 'put', ['bytes', new Bytes(Uint8Array.of(0, 255))]);
    await call(kv, 'put', ['stream', source(chunks('str', 'eam'))]);
    return {
      json: await call(kv, 'get', ['json', ['m', 'type', 'json']]),
      bytes: [...(await call(kv, 'get', ['bytes', ['m', 'type', 'arrayBuffer']])).bytes],
      stream: await readAll(await call(kv, 'get', ['stream', ['m', 'type', 'stream']])),
      missing: await call(kv, 'get', ['missing']),
      clone: operate(globalThis, [['a', 'structuredClone', [value]]]).value,
      listed: (await call(kv, 'list', [], ['list_complete'])).props,
      className: (await call(kv, 'list', [], [])).className,
    };
  },

  async errors({ env }) {
    const kv = property(env, 'KV');
    const told = (promise) => promise.then(String, ({ name, message }) => `${name}: ${message}`);
    return [
      await told(call(kv, 'get', ['x'.repeat(600)])),
      await told(call(kv, 'nothing')),
      await told(call(derive(property(env, 'COUNTER'), 'getByName', ['thrower']), 'fetch', ['https://do/throw'])),
      operate(kv.value, [['a', 'get', ['a']]]).value.slice(0, 5),
    ];
  },

  /** An RPC stub has a method of any name, `then` too for all that its type tells. */
  async stubs({ env }) {
    const known = ({ ok, value }) => ok && value instanceof Ref && value.className;
    const counter = property(env, 'COUNTER');
    return [
      known(operate(env.value, [['g', 'SELF']])),
      known(await operate(env.value, [['g', 'SELF']], 'later')),
      known(operate(counter.value, [['a', 'getByName', ['stub']]])),
      known(await operate(counter.value, [['a', 'getByName', ['stub']]], 'later')),
      known(await operate(property(env, 'SELF').value, [['a', 'fetch', ['https://self/lost']]], 'later', ['status'])),
    ];
  },

  async streams({ argument }) {
    // The body of the request goes back in the response, after a journey through the program.
    const stream = operate(argument.value, [['g', 'body']]).value;
    const bytes = derive(new Ref(runtime().helpers), 'byteSource', [stream]);
    const next = async () => (await call(bytes, 'next'))?.bytes ?? null;
    const copied = async function* () {
      for (let chunk; (chunk = await next()) !== null; ) yield chunk;
    };
    return make('Response', [source(copied())]);
  },

  async lost({ context }) {
    // What was given to `waitUntil` may fail; the event does not notice.
    operate(context.value, [['a', 'waitUntil', [later(Promise.reject(new Error('of the program')))]]]);
    return 'answered';
  },

  async thrown() {
    throw Object.assign(new Error('no state'), { name: 'StateError' });
  },
};

register({
  handlers: ['fetch'],
  durableObjects: ['Counter'],
  async dispatch([, , env, context, argument, info]) {
    const answer = await checks[new URL(info[4]).pathname.slice(1)]({ env, context, argument });
    return answer instanceof Ref || typeof answer?.write === 'function' ? answer : make('Response', [JSON.stringify(answer)]);
  },
  construct([, , , context]) {
    const storage = property(context, 'storage');
    const started = [];
    const ready = call(context, 'blockConcurrencyWhile', [
      callback(async () => {
        started.push(await call(storage, 'get', ['count']));
        return null;
      }, true),
    ]);
    return callback(async ([, kind, , , , info]) => {
      await ready;
      if (kind === 'alarm') return void (await call(storage, 'put', ['alarms', 1]));
      if (info[4].endsWith('/throw')) throw Object.assign(new Error('of the object'), { name: 'StateError' });
      const transaction = callback(async ([, txn]) => {
        const count = (await call(txn, 'get', ['count'])) ?? 0;
        await call(txn, 'put', ['count', count + 1]);
        if (count === 1) await call(txn, 'rollback');
        return count;
      }, true);
      const count = await call(storage, 'transaction', [transaction]);
      return make('Response', [JSON.stringify([started, count, await call(storage, 'get', ['count'])])]);
    });
  },
});

const application = finish();
const kinds = { KV: 'kv_namespaces', COUNTER: 'durable_objects' };

const describe = (request) => ({ method: request.method, url: request.url });

export class Counter extends DurableObject {
  constructor(context, env) {
    super(context, env);
    this.dispatch = application.construct({ env, context, kinds, className: 'Counter' });
  }

  fetch(request) {
    const { ctx: context, env } = this;
    return this.dispatch({ kind: 'fetch', env, context, argument: request, info: describe(request), kinds });
  }
}

export default {
  async fetch(request, env, context) {
    if (new URL(request.url).pathname === '/counter') return env.COUNTER.getByName('one').fetch(request);
    try {
      return await application.dispatch({ kind: 'fetch', env, context, argument: request, info: describe(request), kinds });
    } catch (error) {
      return new Response(`${error instanceof Error} ${error.stack}`, { status: 500 });
    }
  },
};
