// Runs `tests/fixtures/direct/main.dart` over the host for compiled programs, in the folder given, and prints what it
// answered. A process of its own: nothing else gets a turn while the program runs.

import { join } from 'node:path';

import { install } from '../../templates/host.mjs';
import { describeRequest } from '../../templates/runtime.mjs';
import { give, take } from '../values/table.mjs';
import { Engine } from './engine.mjs';

const [folder, dart, ...flags] = process.argv.slice(2);

const PATHS = 'kv upper same count transact wait throw wrong second values sync errors refs callbacks streams'.split(' ');

let cancelled = 0;
const streamOf = (...chunks) =>
  new ReadableStream(
    {
      pull(controller) {
        const chunk = chunks.shift();
        if (chunk === undefined) controller.close();
        else if (chunk instanceof Error) controller.error(chunk);
        else controller.enqueue(new TextEncoder().encode(chunk));
      },
      cancel: () => void cancelled++,
    },
    { highWaterMark: 0 },
  );

class Probe {
  constant = 5;
  promised = Promise.resolve('kept');
  made = this;
  echo = (...values) => values.at(-1);
  self = async () => this;
  nothing = async () => undefined;
  isSame = (one, date) => one === this && date.getTime() === 0;
  fail() {
    throw Object.assign(new RangeError('too far'), { retryable: true });
  }
  async callBack(take, critical, mute, future, odd) {
    const told = (promise) => promise.catch((error) => `${error instanceof Error} ${error.name}: ${error.message}`);
    return [await take(41, 'b'), await told(critical()), await told(mute()), await future, await told(odd())];
  }
  stream = (text) => streamOf(...text);
  brokenStream = () => streamOf('a', new TypeError('cut off'));
  give = give;
  take = take;
  isStream = (value) => value instanceof ReadableStream && !value.locked;
  wasCancelled = () => cancelled;
  read = (stream) => new Response(stream).text();
}

class Storage {
  data = new Map();
  get = async (key) => this.data.get(key);
  put = async (key, value) => void this.data.set(key, value);
  transaction = async (body) => await body(this);
  kv = {
    get: (key) => this.data.get(key),
    put: (key, value) => void this.data.set(key, value),
    list: () => [...this.data].sort(),
  };
  transactionSync(body) {
    const before = new Map(this.data);
    try {
      return body();
    } catch (error) {
      this.data = before;
      throw error;
    }
  }
}

class State {
  id = { toString: () => 'ab', name: 'a' };
  storage = new Storage();
  ready = null;
  blockConcurrencyWhile = (body) => (this.ready = body());
}

class Namespace {
  objects = new Map();
  idFromName = (name) => new (class DurableObjectId { name = name; })();
  getByName(name) {
    if (!this.objects.has(name)) this.objects.set(name, makeObject('Counter'));
    return this.objects.get(name);
  }
}

class Kv {
  data = new Map([['text', 'kept']]);
  get = async (key, options) => (options?.type === 'arrayBuffer' ? this.data.get(key)?.buffer : this.data.get(key)) ?? null;
  put = async (key, value) => void this.data.set(key, value);
}

globalThis.probe = new Probe();
const env = { KV: new Kv(), COUNTER: new Namespace(), MODE: 'test' };
const kinds = { KV: 'kv_namespaces', COUNTER: 'durable_objects' };
const waited = [];
class Context {
  waitUntil(promise) {
    waited.push(promise.catch((error) => `${error.name}: ${error.message}`));
  }
}

function makeObject(className) {
  const context = new State();
  context.storage.data.set('count', 7);
  const dispatch = application.construct({ env, context, kinds, className, info: { id: 'ab', name: 'a' } });
  return {
    async fetch(request) {
      await context.ready;
      return dispatch({ kind: 'fetch', env, context, kinds, argument: request, info: describeRequest(request) });
    },
  };
}

async function answer(path, init) {
  const request = new Request(`https://example.com/${path}`, init);
  const event = { kind: 'fetch', env, context: new Context(), kinds, argument: request, info: describeRequest(request) };
  try {
    const response = await application.dispatch(event);
    const text = await response.text();
    const headers = ['x-method', 'x-in'].map((name) => response.headers.get(name));
    return response.headers.get('content-type')?.startsWith('application/json') ? JSON.parse(text) : [text, ...headers];
  } catch (error) {
    return { name: error.name, message: error.message, place: /main\.dart:\d+/.exec(error.stack)?.[0].replace(/\d+/, 'N') };
  }
}

const finish = install();
const engine = new Engine(folder, [dart, ...flags]);
const application = finish();
const results = { registered: [application.handlers, application.durableObjects] };
for (const path of PATHS) {
  const init = path === 'upper' || path === 'same' ? { method: 'POST', body: 'body', headers: { 'x-in': 'a, b' } } : {};
  results[path] = await answer(path, init);
}
results.second_count = await answer('count');
results.waited = await Promise.all(waited);
try {
  makeObject('Broken');
} catch (error) {
  results.broken = `${error.name}: ${error.message}`;
}
engine.close();
console.log(JSON.stringify(results));
