// What a Worker has more than the bridge while `dartflare test` runs it: an entrypoint that opens an event for a test,
// with what sends the Worker events, and Durable Objects whose alarm a test can run.

import { WorkerEntrypoint } from 'cloudflare:workers';

import * as bridge from './bridge.mjs';
import migrations from './migrations.mjs';
import settings from './settings.mjs';

export * from './bridge.mjs';

/**
 * The name that the configuration gives to what has another one here, so that it is this Worker's alone. Of a workflow,
 * the local engine may tell none.
 */
const ownName = (name) => (name?.endsWith(settings.suffix) ? name.slice(0, -settings.suffix.length) : name);

/** Says that a request is a test's, and none of the program. */
const TOKEN = 'x-dartflare-token';

const isTest = (request) => request.headers.get(TOKEN) === settings.token;

const ALARM = 'http://dartflare/alarm';

/** Gives this Worker caches of its own: the platform has one set for all Workers that run together. */
export function isolateCaches(name) {
  const { caches } = globalThis;
  const open = (cache) => caches.open(`${name} ${cache}`);
  // To open one is I/O, which there is none of before the first event.
  const later = (method) => async (...args) => (await open('default'))[method](...args);
  const value = {
    default: { match: later('match'), put: later('put'), delete: later('delete') },
    open: async (cache) => open(`named ${cache}`),
  };
  Object.defineProperty(globalThis, 'caches', { value, configurable: true, enumerable: true });
}

/** The class that stands for the Durable Object class of this name. */
export const durableObject = (className) =>
  class extends bridge.durableObject(className) {
    async fetch(request) {
      if (!isTest(request)) return super.fetch(request);
      const { storage } = this.ctx;
      const scheduledTime = await storage.getAlarm();
      if (scheduledTime === null) return Response.json(false);
      await storage.deleteAlarm();
      await this.alarm({ retryCount: 0, isRetry: false, scheduledTime });
      return Response.json(true);
    }
  };

/** The class that stands for the workflow of this name. */
export const workflow = (className) =>
  class extends bridge.workflow(className) {
    run({ payload, timestamp, instanceId, workflowName, schedule }, step) {
      const event = { payload, timestamp, instanceId, workflowName: ownName(workflowName), schedule };
      return super.run(event, step);
    }
  };

const named = (batch) => ({
  queue: ownName(batch.queue),
  messages: batch.messages,
  metadata: batch.metadata,
  ackAll: () => batch.ackAll(),
  retryAll: (options) => batch.retryAll(options),
});

/** The Worker's own handlers. */
export const worker = {
  ...bridge.worker,
  queue: (batch, env, context) => bridge.worker.queue(named(batch), env, context),
};

/** The class that stands for the entrypoint that takes the place of the handlers. */
export const defaultEntrypoint = class extends bridge.defaultEntrypoint {
  queue(batch) {
    return super.queue(named(batch));
  }
};

/** A `ctx` that knows what it was given to wait for. */
function waiting(context) {
  const given = [];
  const own = {
    waitUntil: (promise) => given.push(promise),
    passThroughOnException() {},
    props: context.props,
    exports: context.exports,
  };
  const settle = async () => {
    // What is waited for may give more to wait for.
    for (let at = 0; at < given.length; at++) await given[at];
  };
  return [own, settle];
}

/** What a test does beside using the bindings. */
class Controls {
  #env;
  #context;
  #Default;

  constructor(env, context, Default) {
    this.#env = env;
    this.#context = context;
    this.#Default = Default;
    this.worker = env[settings.self];
  }

  async #handle(kind, argument) {
    const [context, settle] = waiting(this.#context);
    const Default = this.#Default;
    const handler = typeof Default === 'function' ? new Default(this.#context, this.#env) : Default;
    await handler[kind](argument, this.#env, context);
    await settle();
  }

  async scheduled(cron, scheduledTime) {
    await this.#handle('scheduled', { cron, scheduledTime, noRetry() {} });
  }

  async queue(queue, given) {
    // As the platform has it, the first word about a message counts.
    const decided = given.map(() => null);
    const decide = (at, how) => (decided[at] ??= how);
    const decideAll = (how) => decided.forEach((_, at) => decide(at, how));
    const messages = given.map(({ body, id, timestamp, attempts }, at) => ({
      id: id ?? `${at}`,
      timestamp: new Date(timestamp),
      attempts,
      body,
      ack: () => void decide(at, 'acknowledged'),
      retry: () => void decide(at, 'retried'),
    }));
    const ackAll = () => decideAll('acknowledged');
    const retryAll = () => decideAll('retried');
    await this.#handle('queue', { queue, messages, ackAll, retryAll });
    decideAll('acknowledged');
    const places = (how) => [...decided.keys()].filter((at) => decided[at] === how);
    return { acknowledged: places('acknowledged'), retried: places('retried') };
  }

  async runAlarm(stub) {
    const response = await stub.fetch(ALARM, { headers: { [TOKEN]: settings.token } });
    return response.json();
  }
}

/** Brings the databases to where their migrations lead. */
async function migrate(env) {
  for (const { binding, name, sql } of migrations) {
    try {
      await env[binding].prepare(sql).run();
    } catch (error) {
      throw new Error(`the migration \`${name}\` of \`${binding}\` failed: ${error.message}`);
    }
  }
}

/** The entrypoint that opens events for tests of the Worker whose default export is `Default`. */
export const testEntrypoint = (Default) =>
  class extends WorkerEntrypoint {
    async fetch(request) {
      if (!isTest(request)) return new Response(null, { status: 403 });
      const [id, port] = ['event', 'port'].map((name) => request.headers.get(`x-dartflare-${name}`));
      try {
        await migrate(this.env);
        await bridge.deliverTest(id, Number(port), this.env, this.ctx, new Controls(this.env, this.ctx, Default));
        return new Response(null);
      } catch (error) {
        return new Response(error.message, { status: 500 });
      }
    }
  };
