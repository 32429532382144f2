// The Worker that `dartflare dev` runs in place of the compiled one. Each event opens one connection to the Dart VM and
// then carries out, inside the event's own I/O context, what the Dart program asks for.

import { connect } from 'cloudflare:sockets';

import { INFO, durableObjectClass, entrypointClass, workflowClass } from './classes.mjs';
import { Unavailable, describeFailure } from './failure.mjs';
import { FrameReader, frameOf } from './frame.mjs';
import {
  decode,
  describeEnvironment,
  describeError,
  encode,
  evaluate,
  helpers,
  isPromise,
  keepRequestBody,
  makeError,
  refusePromise,
} from './runtime.mjs';
import settings from './settings.mjs';

class Channel {
  #socket;
  #writer;
  #frames;
  #written = null;

  static async open(port) {
    const socket = connect({ hostname: '127.0.0.1', port });
    // Each of these promises rejects on its own when the connection breaks; `next` reports it.
    socket.closed.catch(() => {});
    try {
      await socket.opened;
    } catch {
      throw new Unavailable('dartflare is not running any more', 'start it again with `dartflare dev`');
    }
    return new Channel(socket);
  }

  constructor(socket) {
    this.#socket = socket;
    this.#writer = socket.writable.getWriter();
    this.#writer.closed.catch(() => {});
    const reader = socket.readable.getReader({ mode: 'byob' });
    this.#frames = new FrameReader(async (least) => {
      // A plain read yields 4 KiB at a time however large the buffer is.
      const { done, value } = await reader.readAtLeast(least, new Uint8Array(Math.max(least, 4096)));
      return done ? null : value;
    });
  }

  send(message, blobs = []) {
    const written = this.#writer.write(frameOf(message, blobs)).catch(() => {});
    this.#written = written;
    written.then(() => {
      if (this.#written === written) this.#written = null;
    });
  }

  /** Settles when everything sent so far is on its way; null if it is. */
  get written() {
    return this.#written;
  }

  /** The next frame as [message, blobs], or null when the other side has closed. */
  next() {
    return this.#frames.next();
  }

  close() {
    this.#socket.close().catch(() => {});
  }
}

/** The objects that Dart holds references to, for the length of an event. */
class Table {
  #objects;
  #next = 16;

  constructor(env, context, argument) {
    this.#objects = new Map([env, context, argument, globalThis, helpers].map((value, at) => [at, { value }]));
  }

  /** Numbers made here are even, those that Dart makes are odd. */
  keep(value) {
    const id = this.#next;
    this.#next += 2;
    this.#objects.set(id, { value });
    return id;
  }

  define(id, make) {
    try {
      this.#objects.set(id, { value: make() });
    } catch (error) {
      this.#objects.set(id, { error });
    }
  }

  find(id) {
    const entry = this.#objects.get(id);
    if (!entry) throw new Error('this object was released, or belongs to an event that is over');
    if ('error' in entry) throw entry.error;
    return entry.value;
  }

  release(id) {
    this.#objects.delete(id);
  }
}

/** Gives the one of `waiting` that `message` is for what Dart answered. */
function settle(waiting, { i, v, e }, read) {
  const [resolve, reject] = waiting.get(i) ?? [];
  waiting.delete(i);
  return e ? reject?.(makeError(e)) : resolve?.(read(v));
}

/** One connection's conversation: that of an event, or that of a critical section within one. */
class Session {
  #channel;
  #table;
  #callbacks = new Map();
  #futures = new Map();
  #nextCall = 1;
  #isOver = false;
  #event;
  #resolve;
  #reject;

  /** Which run of the program answered. */
  app = null;
  /** Called when Dart does not know the Durable Object that the event is for. */
  construct = null;

  constructor(channel, table, event) {
    this.#channel = channel;
    this.#table = table;
    this.#event = event;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.result.catch(() => {});
  }

  static async open(table, event, hello, values, port = settings.port) {
    const channel = await Channel.open(port);
    const session = new Session(channel, table, event);
    const blobs = [];
    hello.a = values.map((value) => encode(value, session.#links(blobs)));
    channel.send({ ...hello, event, token: settings.token, protocol: settings.protocol }, blobs);
    session.#listen();
    return session;
  }

  async #listen() {
    try {
      for (let frame; (frame = await this.#channel.next()) !== null; ) {
        const pending = this.#receive(...frame);
        if (pending) await pending;
      }
    } catch {
      // The connection broke; what waits for it is told below.
    }
    this.close();
  }

  /** Ends the conversation; whatever still waits for Dart is told that Dart is gone. */
  close() {
    const gone = new Unavailable('the Dart program stopped while this event was under way', '', 'gone');
    this.#isOver = true;
    this.#reject(gone);
    for (const waiting of [this.#callbacks, this.#futures]) {
      for (const [, reject] of waiting.values()) reject(gone);
      waiting.clear();
    }
    this.#channel.close();
  }

  /** Takes a frame. What this returns, if anything, must settle before the next one is read. */
  #receive(message, blobs) {
    const read = (wire) => decode(wire, this.#links(blobs));
    switch (message.t) {
      case 'app':
        this.app = message.app;
        return;
      case 'op':
        return this.#operate(message, read);
      case 'transact':
        return this.#transact(message);
      case 'def':
        return this.#table.define(message.i, () => evaluate(this.#table.find(message.o), message.s, read));
      case 'rel':
        return this.#table.release(message.i);
      case 'back':
        return settle(this.#callbacks, message, read);
      case 'settle':
        return settle(this.#futures, message, read);
      case 'done':
        try {
          return this.#resolve(read(message.v));
        } catch (error) {
          return this.#reject(error);
        }
      case 'throw':
        return this.#reject(makeError(message.e));
      case 'construct':
        return void this.construct().then(
          () => this.#channel.send({ t: 'go' }),
          (error) => {
            this.#reject(error);
            this.close();
          },
        );
      case 'fail':
        this.#reject(new Unavailable(message.title, message.detail, message.kind));
        return this.close();
    }
  }

  #operate({ i, o, s, k, now }, read) {
    let value;
    try {
      value = evaluate(this.#table.find(o), s, read);
    } catch (error) {
      return this.#answer(i, null, error);
    }
    // Only what can be awaited is: an answer that is there already goes out in the same turn.
    if (isPromise(value)) {
      if (now) return this.#answer(i, null, refusePromise(value, s));
      value.then(
        (awaited) => this.#answer(i, awaited, null, k),
        (error) => this.#answer(i, null, error),
      );
    } else {
      this.#answer(i, value, null, k);
    }
  }

  // JavaScript cannot stand still until Dart has run the function of a synchronous transaction. So the transaction is an
  // asynchronous one, and within it, where the runtime holds back everything else of the object, this connection is
  // read until Dart says how it ends. Dart runs nothing but that function meanwhile.
  async #transact({ i, o }) {
    try {
      const storage = this.#table.find(o);
      // Storage that has none says so.
      storage.transactionSync(() => {});
      // What was sent before, and waits for what was stored before, would wait for the end of the transaction too, and
      // what is sent within it would wait behind.
      const carryOut = async (transaction) => this.#channel.written === null && this.#readTransaction(i, transaction);
      while (!(await storage.transaction(carryOut))) await this.#channel.written;
      this.#answer(i, null, null);
    } catch (error) {
      this.#answer(i, null, error);
    }
  }

  /** Carries out what Dart asks for within a transaction, until Dart says how it ends. */
  async #readTransaction(i, transaction) {
    this.#channel.send({ t: 'open', i });
    for (let frame; (frame = await this.#channel.next()) !== null; ) {
      const [message] = frame;
      const isEnd = message.i === i && (message.t === 'commit' || message.t === 'rollback');
      if (isEnd) {
        if (message.t === 'rollback') transaction.rollback();
        return true;
      }
      const pending = this.#receive(...frame);
      if (pending) await pending;
    }
    throw new Unavailable('the Dart program stopped in a transaction', '', 'gone');
  }

  #answer(i, value, error, select) {
    const blobs = [];
    let message;
    try {
      message = error === null ? { t: 'r', i, v: encode(value, this.#links(blobs), select) } : null;
    } catch (failure) {
      error = failure;
    }
    this.#channel.send(message ?? { t: 'x', i, e: describeError(error) }, message ? blobs : []);
  }

  #links(blobs) {
    return {
      keep: (value) => this.#table.keep(value),
      find: (id) => this.#table.find(id),
      sendBytes: (bytes) => blobs.push(bytes) - 1,
      takeBytes: (at) => blobs[at],
      callback: (id, critical) => this.#callback(id, critical),
      immediate: () => {
        throw new TypeError('under `dartflare dev` only `transactionSync` can be given a function that answers at once');
      },
      promise: (id) => new Promise((resolve, reject) => this.#futures.set(id, [resolve, reject])),
      source: (id) => ({ pull: () => this.#call(id, ['pull']), cancel: () => this.#call(id, ['cancel']) }),
    };
  }

  #callback(id, critical) {
    const callback = critical ? (...args) => this.#section(id, args) : (...args) => this.#call(id, args);
    // Called when no stub of it is left.
    callback[Symbol.dispose] = () => this.#channel.send({ t: 'drop', f: id });
    return callback;
  }

  #call(id, args) {
    if (this.#isOver) {
      const message = 'the function belongs to an event that is over';
      return Promise.reject(new Unavailable(message, '', 'gone'));
    }
    return new Promise((resolve, reject) => {
      const i = this.#nextCall++;
      this.#callbacks.set(i, [resolve, reject]);
      const blobs = [];
      const a = args.map((arg) => encode(arg, this.#links(blobs)));
      this.#channel.send({ t: 'call', i, f: id, a }, blobs);
    });
  }

  // The event's own connection is read by a loop that began outside the critical section, so the runtime holds it back
  // until the section ends. A connection opened within the section is not held back.
  async #section(id, args) {
    const section = await Session.open(
      this.#table,
      this.#event,
      { t: 'section', app: this.app, f: id },
      args,
    );
    try {
      return await section.result;
    } finally {
      section.close();
    }
  }
}

/** What Dart knows of `env`, but for what is there for a test run alone. */
function describe(env) {
  const described = describeEnvironment(env, settings.kinds);
  delete described[settings.self];
  return described;
}

/** Runs a test's event to its end, with the program that listens at `port` and knows the event by `id`. */
export async function deliverTest(id, port, env, context, controls) {
  const table = new Table(env, context, controls);
  const session = await Session.open(table, id, { t: 'event', kind: 'test', env: describe(env) }, [], port);
  return session.result;
}

/** The events that have somebody who reads at once why there is no program; others wait until there is one. */
const READ = ['fetch', 'rpc'];

/** Runs one event to its end: the result once Dart has answered. */
async function deliver(kind, { env, context, argument, info, className, object, waits = !READ.includes(kind) }) {
  const table = new Table(env, context, argument);
  // To ask for them would be a journey to here, during which the program stands still.
  const headers = kind === 'fetch' ? { headers: argument.headers } : {};
  const hello = {
    t: 'event',
    kind,
    waits,
    env: describe(env),
    class: className,
    ...object?.identity,
  };
  const session = await Session.open(table, crypto.randomUUID(), hello, [{ ...info, ...headers }]);
  session.construct = () => object.construct(waits);
  return session.result;
}

/** The Worker's own handlers; one that `main()` did not register says so when its event comes. */
export const worker = {};
for (const [kind, describe] of Object.entries(INFO)) {
  worker[kind] = async (argument, env, context) => {
    await deliver(kind, { env, context, argument, info: describe(argument) });
  };
}
worker.fetch = (request, env, context) =>
  answer(request, () => deliver('fetch', { env, context, argument: request, info: INFO.fetch(request) }));

/** The response that `respond` gives, or a page that tells why there is none. */
async function answer(request, respond) {
  try {
    return keepRequestBody(request, await respond());
  } catch (error) {
    return describeFailure(error, request, settings.names);
  }
}

/** Gives the error that says that there is no program, for which the runtime is not to break an object. */
function missing(error) {
  if (error instanceof Unavailable) return error;
  throw error;
}

/** The class that stands for the Durable Object class of this name. */
export const durableObject = (className) =>
  durableObjectClass((context, env, info) => {
    let constructing = null;
    const object = {
      // The object's life: Dart forgets the state that it kept for an earlier one of the same id.
      identity: { object: info.id, life: crypto.randomUUID() },
      construct(waits) {
        constructing ??= context
          .blockConcurrencyWhile(() => deliver('construct', { env, context, info, className, object, waits }).catch(missing))
          .then((unavailable) => {
            if (unavailable) throw unavailable;
          })
          .finally(() => {
            constructing = null;
          });
        return constructing;
      },
    };
    // Nothing comes to the object before that. Without a program, each event tells or waits for itself.
    object.construct(false).catch(() => {});
    return (kind, argument, info) => deliver(kind, { env, context, argument, info, className, object });
  });

const stateless = (className) => (context, env) => (kind, argument, info) =>
  deliver(kind, { env, context, argument, info, className });

/** The class that stands for the entrypoint of this name. */
export const entrypoint = (className) => entrypointClass(stateless(className));

/** The class that stands for the entrypoint that takes the place of the handlers. */
export const defaultEntrypoint = class extends entrypoint('default') {
  fetch(request) {
    return answer(request, () => super.fetch(request));
  }
};

const isGone = (error) => error instanceof Unavailable && error.kind === 'gone';

/**
 * The steps of one run of a workflow, which may outlive the Dart program that began it: each time that its code is
 * replaced, the next program begins the run anew. It finds what was done by method, name and count, as after a
 * deployment; the engine, for which it is the same run, would go on counting.
 */
class Steps {
  #step;
  #begun = new Map();
  #isOver = false;

  constructor(step) {
    this.#step = step;
  }

  /** The `step` of the next program. */
  anew() {
    const counts = new Map();
    const take = (method) => (name, ...args) => {
      const called = JSON.stringify([method, name]);
      const count = (counts.get(called) ?? 0) + 1;
      counts.set(called, count);
      return this.#take(`${called} ${count}`, method, name, args);
    };
    const methods = ['do', 'sleep', 'sleepUntil', 'waitForEvent'];
    return Object.fromEntries(methods.map((method) => [method, take(method)]));
  }

  #take(key, method, name, args) {
    const body = { replaced: Promise.withResolvers() };
    const at = args.findIndex((arg) => typeof arg === 'function');
    if (at !== -1) body.run = args[at];
    const begun = this.#begun.get(key);
    if (begun) {
      begun.body.replaced.resolve();
      begun.body = body;
      return this.#resultOf(begun);
    }
    const step = { body };
    this.#begun.set(key, step);
    if (at !== -1) args[at] = (context) => this.#attempt(step, context);
    step.result = Promise.resolve(this.#step[method](name, ...args));
    return this.#resultOf(step);
  }

  /** What the step gives; of a stream, which can be read once, the next program gets a copy. */
  async #resultOf(step) {
    const result = await step.result;
    if (!(result instanceof ReadableStream)) return result;
    const [given, kept] = result.tee();
    step.result = Promise.resolve(kept);
    return given;
  }

  /** One attempt of a step, which begins anew with the program. */
  async #attempt(step, context) {
    for (;;) {
      const { run, replaced } = step.body;
      try {
        return await run(context);
      } catch (error) {
        if (this.#isOver || !isGone(error)) throw error;
        await replaced.promise;
      }
    }
  }

  /** Says that no program follows. */
  end() {
    this.#isOver = true;
    for (const { body } of this.#begun.values()) body.replaced.resolve();
  }
}

/** The class that stands for the workflow of this name. */
export const workflow = (className) =>
  workflowClass((context, env) => async (kind, step, info) => {
    const steps = new Steps(step);
    try {
      for (;;) {
        try {
          return await deliver(kind, { env, context, argument: steps.anew(), info, className });
        } catch (error) {
          if (!isGone(error)) throw error;
        }
      }
    } finally {
      steps.end();
    }
  });
