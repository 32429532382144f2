// What `by_hand.mjs` does, as a compiled Dart program does it: a stand-in in JavaScript, held back and started like one.

import { Bytes, call, callback, later, make, operate, Ref, register, run, runtime, source } from './stand_in.mjs';

const failure = (name, message) => Object.assign(new Error(message), { name });

const asText = ({ bytes }) => new TextDecoder().decode(bytes);
const property = (ref, name) => operate(ref.value, [['g', name]], 'ref').value;
const derive = (ref, name, args = []) => operate(ref.value, [['a', name, args]], 'ref').value;
const read = (ref, name) => operate(ref.value, [['g', name]]).value;
const items = (ref) => Array.from({ length: read(ref, 'length') }, (_, at) => property(ref, `${at}`));
function entries(map) {
  const object = {};
  for (let at = 1; at < map.length; at += 2) object[map[at]] = map[at + 1];
  return object;
}


function bytesOf(stream) {
  const bytes = derive(new Ref(runtime().helpers), 'byteSource', [stream]);
  return () => call(bytes, 'next');
}

async function readAll(stream) {
  if (stream === null) return '';
  const next = bytesOf(stream);
  let all = '';
  for (let chunk; (chunk = await next()) !== null; ) all += asText(chunk);
  return all;
}

const body = (argument) => operate(argument.value, [['g', 'body']]).value;
const sink = (env, ...init) => call(property(env, 'SINK'), 'fetch', ['http://sink/', ...init], []);
const report = (env, value) => sink(env, ['m', 'method', 'POST', 'body', JSON.stringify(value)]);
const headerOf = (info, name) => info.headers.find((header) => header[1] === name)?.[2] ?? null;

const routes = {
  hello: ({ argument }) =>
    make('Response', [
      `Hello ${operate(argument.value, [['g', 'headers'], ['a', 'get', ['x-name']]]).value}`,
      ['m', 'headers', ['l', ['l', 'set-cookie', 'a=1'], ['l', 'set-cookie', 'b=2']]],
    ]),
  text: async ({ argument, info }) =>
    make('Response', [`${info.method} ${await readAll(body(argument))}`, ['m', 'status', 201]]),
  same: ({ argument }) => make('Response', [property(argument, 'body')]),
  copy({ argument }) {
    const next = bytesOf(body(argument));
    const copied = async function* () {
      for (let chunk; (chunk = await next()) !== null; ) yield chunk.bytes;
    };
    return make('Response', [source(copied())]);
  },
  // As `request.body.map(...)` in Dart, which is listened to when the response is read.
  lazy({ argument }) {
    const copied = async function* () {
      const next = bytesOf(body(argument));
      for (let chunk; (chunk = await next()) !== null; ) yield chunk.bytes;
    };
    return make('Response', [source(copied())]);
  },
  last: () => make('Response', ['last']),
  redirect: () => make('Response', [null, ['m', 'status', 302, 'headers', ['m', 'location', 'http://localhost/hello']]]),
  empty: () => make('Response', [null, ['m', 'status', 204]]),
  throw() {
    throw failure('StateError', 'at once');
  },
  async reject({ env }) {
    await sink(env);
    throw failure('FormatException', 'later\nin two lines');
  },
  native() {
    throw failure('TypeError', 'of a type');
  },
  nothing: () => null,
  wait({ context }) {
    operate(context.value, [['a', 'waitUntil', [later(Promise.reject(failure('StateError', 'of the rest')))]]], 'ref');
    return make('Response', ['answered']);
  },
  object({ env, argument, info }) {
    const [, , name] = new URL(info.url).pathname.split('/');
    return call(derive(property(env, 'COUNTER'), 'getByName', [name]), 'fetch', [argument], []);
  },
};

const handlers = {
  fetch: (event) => routes[new URL(event.info.url).pathname.split('/')[1]](event),

  async scheduled({ env, argument, info }) {
    if (info.cron === 'fail') throw failure('StateError', 'of the cron');
    if (info.cron === 'once') operate(argument.value, [['a', 'noRetry', []]]);
    await report(env, ['scheduled', info.cron, info.scheduledTime]);
  },

  async queue({ env, argument, info }) {
    const messages = items(property(argument, 'messages'));
    const bodies = messages.map((message) => read(message, 'body'));
    if (bodies[0] === 'fail') throw failure('StateError', 'of the queue');
    if (bodies[0] === 'all') return void operate(argument.value, [['a', 'retryAll', [['m', 'delaySeconds', 5]]]]);
    operate(messages[0].value, [['a', 'ack', []]]);
    operate(messages[1].value, [['a', 'retry', [['m', 'delaySeconds', 3]]]]);
    const described = info.messages.slice(1).map(entries);
    const seen = described.map(({ id, attempts, timestamp }, at) => [id, asJson(bodies[at]), attempts, timestamp[1]]);
    await report(env, ['queue', info.queue, seen]);
  },

  async email({ env, argument, info }) {
    if (info.from === 'fail@example.com') throw failure('StateError', 'of the email');
    if (info.from === 'bad@example.com') return call(argument, 'setReject', ['not welcome']);
    const raw = await readAll(operate(argument.value, [['g', 'raw']]).value);
    await report(env, ['email', info.from, info.to, info.rawSize, headerOf(info, 'subject'), raw]);
  },

  async tail({ env, argument }) {
    const events = items(argument).map((event) => [
      read(event, 'outcome'),
      read(event, 'scriptName'),
      items(property(event, 'logs')).map((log) => asJson(read(log, 'message'))[0]),
    ]);
    if (events[0][2][0] === 'fail') throw failure('StateError', 'of the tail');
    await report(env, ['tail', events]);
  },
};

/** The value of a wire form that holds lists and maps alone. */
function asJson(wire) {
  if (!Array.isArray(wire)) return wire;
  if (wire[0] === 'l') return wire.slice(1).map(asJson);
  return Object.fromEntries(Object.entries(entries(wire)).map(([key, value]) => [key, asJson(value)]));
}

const methods = {
  add: (_, first, second) => first + second,
  echo: (_, ...values) => ['l', ...values],
  async later({ env }, value) {
    await sink(env);
    return ['m', 'value', value];
  },
  apply: (_, run, value) => call(new Ref({ run: run.value }), 'run', [value]),
  fail(_, name) {
    throw failure(name, 'of the method');
  },
};

class Counter {
  constructor({ env, context, info }) {
    if (info.name === 'broken') throw failure('StateError', 'under construction');
    this.storage = property(context, 'storage');
    // As `unawaited` in Dart: the error belongs to the platform.
    const prepare = async () => {
      await sink(env);
      if (info.name === 'blocked') throw failure('StateError', 'before anything else');
      this.started = await call(this.storage, 'get', ['count']);
      return null;
    };
    call(context, 'blockConcurrencyWhile', [callback(prepare, true)]).catch(() => {});
  }

  transact = (run) =>
    call(this.storage, 'transaction', [callback(async ([, txn]) => ((await run(txn)) ?? null), true)]);

  async fetch({ env, context, argument, info }) {
    const { storage } = this;
    const json = (value) => make('Response', [JSON.stringify(value)]);
    switch (new URL(info.url).pathname.split('/')[3]) {
      case 'count': {
        const count = ((await call(storage, 'get', ['count'])) ?? 0) + 1;
        await call(storage, 'put', ['count', count]);
        return json([this.started, count]);
      }
      case 'body':
        return make('Response', [await readAll(body(argument))]);
      case 'rollback':
        await this.transact(async (txn) => {
          await call(txn, 'put', ['count', 100]);
          operate(txn.value, [['a', 'rollback', []]]);
        });
        return json(await call(storage, 'get', ['count']));
      case 'undone':
        await this.transact(async (txn) => {
          await call(txn, 'put', ['count', 200]);
          throw failure('StateError', 'of the transaction');
        });
        return null;
      case 'section': {
        const section = async () => {
          await sink(env);
          return call(storage, 'get', ['count']);
        };
        return json(await call(context, 'blockConcurrencyWhile', [callback(section, true)]));
      }
      case 'alarm':
        await call(storage, 'setAlarm', [Date.now()]);
        return make('Response', ['set']);
      case 'socket': {
        const pair = operate(globalThis, [['n', 'WebSocketPair', []]], 'ref').value;
        operate(context.value, [['a', 'acceptWebSocket', [property(pair, '1')]]]);
        return make('Response', [null, ['m', 'status', 101, 'webSocket', property(pair, '0')]]);
      }
      case 'throw':
        throw failure('StateError', 'of the object');
    }
  }

  async alarm({ env, info }) {
    if (!info.isRetry) throw failure('StateError', 'of the alarm');
    await report(env, ['alarm', info.retryCount, info.isRetry, typeof info.scheduledTime]);
  }

  webSocketMessage({ argument, info: { message } }) {
    if (message === 'fail') throw failure('StateError', 'of the message');
    const answer = message instanceof Bytes ? new Bytes(message.bytes.map((byte) => byte + 1)) : `heard ${message}`;
    operate(argument.value, [['a', 'send', [answer]]]);
  }

  async webSocketClose({ env, argument, info }) {
    await report(env, ['close', info.code, info.reason, info.wasClean]);
    if (info.wasClean) operate(argument.value, [['a', 'close', [info.code, info.reason]]]);
  }

  async webSocketError({ env, info }) {
    await report(env, ['error', entries(info.error[1]).message]);
  }

  rpc(event) {
    const { method } = event.info;
    if (!Object.hasOwn(methods, method)) {
      throw Object.assign(new Error(`The RPC receiver does not implement the method "${method}".`), { name: 'TypeError' });
    }
    return methods[method](event, ...event.info.arguments.slice(1));
  }
}

const eventFrom = ([, kind, env, context, argument, info]) => ({ kind, env, context, argument, info: entries(info) });

dartMainRunner(() => {
  globalThis.mains = (globalThis.mains ?? 0) + 1;
  console.log(`main() runs for time ${globalThis.mains}`);
  run(() =>
    register({
      handlers: Object.keys(handlers),
      durableObjects: ['Counter'],
      dispatch: (args) => handlers[args[1]](eventFrom(args)),
      construct(args) {
        const object = new Counter(eventFrom(args));
        return callback((later) => object[later[1]](eventFrom(later)));
      },
    }),
  );
}, []);
