// The Worker that `program.mjs` is through the shim, as one writes it by hand.

import { DurableObject } from 'cloudflare:workers';

function failure(name, message) {
  const stack = `${name}: ${message}\n#0 main (lib/main.dart:1:1)`;
  return Object.assign(new Error(message), { name, stack });
}

const report = (env, value) => env.SINK.fetch('http://sink/', { method: 'POST', body: JSON.stringify(value) });

const routes = {
  hello: (request) => new Response(`Hello ${request.headers.get('x-name')}`, { headers: [['set-cookie', 'a=1'], ['set-cookie', 'b=2']] }),
  text: async (request) => new Response(`${request.method} ${await request.text()}`, { status: 201 }),
  same: (request) => new Response(request.body),
  copy: (request) => new Response(request.body.pipeThrough(new TransformStream())),
  lazy: (request) => routes.copy(request),
  last: async () => new Response('last'),
  redirect: () => Response.redirect('http://localhost/hello', 302),
  empty: () => new Response(null, { status: 204 }),
  throw() {
    throw failure('StateError', 'at once');
  },
  async reject(_, env) {
    await env.SINK.fetch('http://sink/');
    throw failure('FormatException', 'later\nin two lines');
  },
  native() {
    throw failure('TypeError', 'of a type');
  },
  nothing: async () => null,
  wait(_, env, context) {
    context.waitUntil(Promise.reject(failure('StateError', 'of the rest')));
    return new Response('answered');
  },
  object(request, env) {
    const [, , name] = new URL(request.url).pathname.split('/');
    return env.COUNTER.getByName(name).fetch(request);
  },
};

export default {
  fetch: (request, env, context) => routes[new URL(request.url).pathname.split('/')[1]](request, env, context),

  async scheduled(controller, env) {
    if (controller.cron === 'fail') throw failure('StateError', 'of the cron');
    if (controller.cron === 'once') controller.noRetry();
    await report(env, ['scheduled', controller.cron, controller.scheduledTime]);
  },

  async queue(batch, env) {
    if (batch.messages[0].body === 'fail') throw failure('StateError', 'of the queue');
    if (batch.messages[0].body === 'all') return batch.retryAll({ delaySeconds: 5 });
    batch.messages[0].ack();
    batch.messages[1].retry({ delaySeconds: 3 });
    const seen = batch.messages.map(({ id, body, attempts, timestamp }) => [id, body, attempts, +timestamp]);
    await report(env, ['queue', batch.queue, seen]);
  },

  async email(message, env) {
    if (message.from === 'fail@example.com') throw failure('StateError', 'of the email');
    if (message.from === 'bad@example.com') return message.setReject('not welcome');
    const raw = await new Response(message.raw).text();
    await report(env, ['email', message.from, message.to, message.rawSize, message.headers.get('subject'), raw]);
  },

  async tail(events, env) {
    if (events[0].logs[0]?.message[0] === 'fail') throw failure('StateError', 'of the tail');
    const seen = events.map(({ outcome, scriptName, logs }) => [outcome, scriptName, logs.map(({ message }) => message[0])]);
    await report(env, ['tail', seen]);
  },
};

export class Counter extends DurableObject {
  constructor(context, env) {
    super(context, env);
    if (context.id.name === 'broken') throw failure('StateError', 'under construction');
    context.blockConcurrencyWhile(async () => {
      await env.SINK.fetch('http://sink/');
      if (context.id.name === 'blocked') throw failure('StateError', 'before anything else');
      this.started = (await context.storage.get('count')) ?? null;
    });
  }

  async fetch(request) {
    const { storage } = this.ctx;
    const { pathname } = new URL(request.url);
    switch (pathname.split('/')[3]) {
      case 'count': {
        const count = ((await storage.get('count')) ?? 0) + 1;
        await storage.put('count', count);
        return new Response(JSON.stringify([this.started, count]));
      }
      case 'body':
        return new Response(await request.text());
      case 'rollback':
        await storage.transaction(async (txn) => {
          await txn.put('count', 100);
          txn.rollback();
        });
        return new Response(JSON.stringify(await storage.get('count')));
      case 'undone':
        await storage.transaction(async (txn) => {
          await txn.put('count', 200);
          throw failure('StateError', 'of the transaction');
        });
        return null;
      case 'section': {
        const seen = await this.ctx.blockConcurrencyWhile(async () => {
          await this.env.SINK.fetch('http://sink/');
          return storage.get('count');
        });
        return new Response(JSON.stringify(seen));
      }
      case 'alarm':
        await storage.setAlarm(Date.now());
        return new Response('set');
      case 'socket': {
        const { 0: client, 1: server } = new WebSocketPair();
        this.ctx.acceptWebSocket(server);
        return new Response(null, { status: 101, webSocket: client });
      }
      case 'throw':
        throw failure('StateError', 'of the object');
    }
  }

  async alarm(info) {
    if (!info.isRetry) throw failure('StateError', 'of the alarm');
    await report(this.env, ['alarm', info.retryCount, info.isRetry, typeof info.scheduledTime]);
  }

  async webSocketMessage(socket, message) {
    if (message === 'fail') throw failure('StateError', 'of the message');
    if (typeof message === 'string') return socket.send(`heard ${message}`);
    socket.send(new Uint8Array(message).map((byte) => byte + 1));
  }

  async webSocketClose(socket, code, reason, wasClean) {
    await report(this.env, ['close', code, reason, wasClean]);
    if (wasClean) socket.close(code, reason);
  }

  async webSocketError(socket, error) {
    await report(this.env, ['error', error.message]);
  }

  add(first, second) {
    return first + second;
  }

  echo(...values) {
    return values;
  }

  async later(value) {
    await this.env.SINK.fetch('http://sink/');
    return { value };
  }

  apply(run, value) {
    return run(value);
  }

  fail(name) {
    throw failure(name, 'of the method');
  }
}
