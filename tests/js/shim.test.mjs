// The production shim in workerd: a Worker through the shim, its program a stand-in for a compiled one, beside the same
// Worker written by hand. Both go through the same events, and all that can be seen of it has to be equal.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { read, root, skipUnless, withFolder } from './dart.mjs';
import { Arrivals, build, isThere, modules, render, serve, tool } from './production.mjs';

const skip = skipUnless(isThere, 'the production shim in workerd', 'no workerd found');
/** What never comes would be waited for. */
const timeout = 60_000;

const program = read('tests/js/shim/program.mjs');
const settings = {
  kinds: { COUNTER: 'durable_objects', SINK: 'services' },
  durableObjects: [{ class: 'Counter', bindings: ['COUNTER'] }],
  crons: ['* * * * *'],
};
const sides = {
  shim: build(program, { settings }),
  hand: { 'worker.mjs': read('tests/js/shim/by_hand.mjs') },
};

/** What the program reports from handlers that answer nobody: the next report is awaited before it is caused. */
class Sink {
  #waiting = [];

  serve = async (request) => {
    if (request.method === 'POST') {
      const value = await request.json();
      const waiting = this.#waiting.shift();
      assert.ok(waiting, `nobody waits for ${JSON.stringify(value)}`);
      waiting(value);
    }
    return new (tool('miniflare').Response)('taken');
  };

  next() {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

const told = ({ name, message, stack }) => ['threw', name, message, stack.split('\n').filter((line) => line.includes('.dart:'))];

/** Runs all that can happen to a Worker and gives what was seen. */
async function observe(files) {
  const sink = new Sink();
  const counter = { className: 'Counter', useSQLite: true };
  const traces = new Arrivals();
  const watch = async (request) => {
    traces.add(...(await request.json()));
    return new (tool('miniflare').Response)();
  };
  const { miniflare, log } = serve({ unsafeTriggerHandlers: true }, [
    {
      name: 'main',
      modules: modules({ 'entry.mjs': read('tests/js/shim/entry.mjs'), ...files }),
      durableObjects: { COUNTER: counter },
      serviceBindings: { SINK: sink.serve },
      queueConsumers: ['jobs'],
      tails: ['watcher'],
    },
    {
      name: 'caller',
      modules: modules({ 'caller.mjs': read('tests/js/shim/caller.mjs') }),
      durableObjects: { COUNTER: { ...counter, scriptName: 'main' } },
    },
    { name: 'producer', modules: modules({ 'producer.mjs': read('tests/js/shim/producer.mjs') }), tails: ['main'] },
    {
      name: 'watcher',
      modules: modules({ 'watcher.mjs': read('tests/js/shim/watcher.mjs') }),
      serviceBindings: { WATCH: watch },
    },
  ]);
  const seen = {};
  const get = async (path, init) => {
    try {
      const response = await miniflare.dispatchFetch(`http://localhost/${path}`, { redirect: 'manual', ...init });
      const { location = null, 'content-type': type = null } = Object.fromEntries(response.headers);
      return [response.status, location, type, response.headers.getSetCookie(), await response.text()];
    } catch (error) {
      return told(error);
    }
  };
  const attempt = (promise) => promise.catch(told);
  try {
    seen.hello = await get('hello', { headers: { 'x-name': 'Dash' } });
    seen.head = await get('hello', { method: 'HEAD' });
    seen.post = await get('text', { method: 'POST', body: 'a body' });
    seen.noBody = await get('text');
    const large = 'dartflare '.repeat(100_000);
    for (const path of ['same', 'copy', 'lazy', 'object/body/body']) {
      const [status, , , , text] = await get(path, { method: 'POST', body: large });
      seen[path] = [status, text === large, text.length];
    }
    for (const path of ['redirect', 'empty', 'throw', 'reject', 'native', 'nothing', 'wait']) seen[path] = await get(path);
    seen.parallel = await Promise.all(Array.from({ length: 30 }, (_, at) => get('text', { method: 'POST', body: `${at}` })));

    const worker = await miniflare.getWorker('main');
    const cron = async (name) => attempt(worker.scheduled({ cron: name, scheduledTime: new Date(1000) }));
    const [ran, reported] = [cron('* * * * *'), sink.next()];
    seen.scheduled = [await ran, await reported];
    const once = sink.next();
    seen.noRetry = [await cron('once'), await once];
    seen.cronFails = await cron('fail');

    const queue = (...bodies) => {
      const message = (body, at) => ({ id: `id-${at}`, timestamp: new Date(at), body, attempts: at + 1 });
      return attempt(worker.queue('jobs', bodies.map(message)));
    };
    const batch = sink.next();
    seen.queue = [await queue('text', { a: [1] }), await batch];
    seen.retryAll = await queue('all', 'b');
    seen.queueFails = await queue('fail');

    const email = (from) => {
      const lines = [`From: <${from}>`, 'To: <to@example.com>', 'Message-ID: <1@example.com>', 'Subject: Hi', '', 'Text'];
      const query = new URLSearchParams({ from, to: 'to@example.com' });
      return get(`cdn-cgi/handler/email?${query}`, { method: 'POST', body: lines.join('\r\n') });
    };
    const mail = sink.next();
    seen.email = [await email('a@example.com'), await mail];
    seen.rejected = await email('bad@example.com');
    seen.emailFails = await email('fail@example.com');

    const producer = await miniflare.getWorker('producer');
    const traced = sink.next();
    await producer.fetch('http://localhost/line');
    seen.tail = await traced;
    await producer.fetch('http://localhost/fail');
    await traces.including('of the tail');

    const storage = [];
    for (const path of ['count', 'count', 'rollback', 'undone', 'section', 'throw', 'count']) {
      storage.push([path, await get(`object/one/${path}`)]);
    }
    seen.storage = storage;
    seen.broken = await get('object/broken/count');
    seen.blocked = await get('object/blocked/count');
    const caller = await miniflare.getWorker('caller');
    seen.calls = await (await caller.fetch('http://localhost/')).json();

    const alarm = sink.next();
    seen.alarm = [await get('object/alarms/alarm'), await alarm];

    seen.sockets = await sockets(new URL('object/sockets/socket', await miniflare.ready), sink);
    const disturbed = sink.next();
    seen.disturbed = [await get('object/sockets/disturb'), await disturbed];
    await get('last');
    await traces.including('last');
  } finally {
    await miniflare.dispose();
  }
  // Events overlap, so that their order tells nothing.
  const key = (trace) => JSON.stringify({ ...trace, exceptions: trace.exceptions.map(([name, message]) => [name, message]) });
  return { seen, log: [...log], traces: [...traces].sort((a, b) => (key(a) < key(b) ? -1 : 1)) };
}

/** What the client of a hibernating socket sees, and what the object is told of its end. */
async function sockets(url, sink) {
  const WebSocket = tool('ws');
  const open = () =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(url.href.replace('http', 'ws'));
      const heard = [];
      socket.on('message', (data, isBinary) => heard.push(isBinary ? [...data] : `${data}`));
      socket.on('open', () => resolve({ socket, heard, closed: new Promise((done) => socket.on('close', (code, reason) => done([code, `${reason}`]))) }));
      socket.on('error', reject);
    });
  const polite = await open();
  polite.socket.send('text');
  polite.socket.send(Buffer.from([1, 2, 254]));
  await new Promise((resolve) => polite.socket.on('message', () => polite.heard.length === 2 && resolve()));
  const [heardOf, closing] = [sink.next(), polite.closed];
  polite.socket.close(4001, 'enough');
  const ends = [await heardOf, await closing];

  const rude = await open();
  const broken = sink.next();
  rude.socket.terminate();
  ends.push(await broken);

  // A message whose handler fails ends nothing.
  const failing = await open();
  failing.socket.send('fail');
  failing.socket.send('after');
  await new Promise((resolve) => failing.socket.on('message', resolve));
  ends.push(failing.heard);
  const last = sink.next();
  failing.socket.terminate();
  ends.push(await last);
  return [polite.heard, ends];
}

test('a Worker through the shim is the Worker written by hand', { skip, timeout }, async (t) => {
  const [shim, hand] = await Promise.all([observe(sides.shim), observe(sides.hand)]);
  for (const name of Object.keys(hand.seen)) {
    await t.test(name, () => assert.deepEqual(shim.seen[name], hand.seen[name]));
  }
  await t.test('what is seen is what is meant', () => {
    const { throw: thrown, rejected, storage, calls, alarm } = hand.seen;
    assert.equal(thrown[0], 500);
    assert.equal(rejected[0], 400);
    assert.deepEqual(storage.map(([, answer]) => answer[0]), [200, 200, 200, 500, 200, 500, 200]);
    assert.equal(calls.missing[3], 'The RPC receiver does not implement the method "missing".');
    assert.deepEqual(alarm[1], ['alarm', 1, true, 'number']);
  });
  await t.test('the log, with one run of main()', () => {
    assert.deepEqual(shim.log, ['log: main() runs for time 1', ...hand.log]);
  });
  await t.test('what the runtime records of each event', () => {
    assert.ok(hand.traces.length > 60, `${hand.traces.length} events`);
    // An error that came out of an object has no stack any more. In Dart it has that of the call.
    const alike = shim.traces.map(({ exceptions, ...trace }, at) => {
      const stackOf = (stack, which) => (hand.traces[at]?.exceptions[which]?.[2] === null ? null : stack);
      return { ...trace, exceptions: exceptions.map(([name, message, stack], which) => [name, message, stackOf(stack, which)]) };
    });
    assert.deepEqual(alike, hand.traces.map(({ exceptions, ...trace }) => ({ ...trace, exceptions })));
    const stacks = hand.traces.flatMap(({ exceptions }) => exceptions.map(([, , stack]) => stack)).filter(Boolean);
    assert.ok(stacks.some((stack) => stack.includes('lib/main.dart:1:1')));
  });
});

const drained = `
import worker from './worker.mjs';
export * from './worker.mjs';
export default {
  async fetch(request, env, context) {
    const response = await worker.fetch(request, env, context);
    if (request.body !== null && !request.bodyUsed && !request.body.locked) {
      const reader = request.body.getReader();
      while (!(await reader.read()).done);
    }
    return response;
  },
};`;

test('a request body that the dev server drains', { skip, timeout }, async () => {
  const answers = {};
  for (const isDev of [true, false]) {
    const files = build(program, { settings: { ...settings, isDev } });
    const { miniflare } = serve({}, [{ modules: modules({ 'drained.mjs': drained, ...files }) }]);
    try {
      answers[isDev] = [];
      for (const path of ['same', 'copy', 'lazy', 'text']) {
        const response = await miniflare.dispatchFetch(`http://localhost/${path}`, { method: 'POST', body: 'a body' });
        answers[isDev].push(await response.text().catch(() => 'broken off'));
      }
    } finally {
      await miniflare.dispose();
    }
  }
  assert.deepEqual(answers.true, ['a body', 'a body', 'a body', 'POST a body']);
  assert.notEqual(answers.false[2], 'a body', 'without it the body is lost');
});

/** A program whose `main()` is `code`. */
const programOf = (code) => `
import { make, operate, register, run } from './stand_in.mjs';
const dispatch = () => make('Response', ['answered']);
dartMainRunner(() => {
  ${code}
}, []);`;
const registers = (handlers, durableObjects, workflows = []) =>
  programOf(`run(() => register({ ...${JSON.stringify({ handlers, durableObjects, workflows })}, dispatch }));`);

const failures = {
  'an exception in main()': {
    program: programOf("run(() => { throw Object.assign(new Error('no\\nstate'), { name: 'StateError' }); });"),
    text: '`main()` threw an exception: StateError: no\nstate\nhint: its stack is in the log of the Worker',
    logged: 'StateError: no\nstate\n#0 main (lib/main.dart:1:1)',
  },
  'an exception that nobody in Dart caught': {
    program: programOf("throw Object.assign(new Error(''), { name: '', message: 'Bad state: no' });"),
    text: '`main()` threw an exception: Bad state: no\nhint: its stack is in the log of the Worker',
    logged: 'Bad state: no\n    at ',
  },
  'a main() that registers nothing': {
    program: programOf('run(() => {});'),
    text: '`main()` registers nothing\nhint: construct `CloudflareWorkers` in `main()`, before the first `await`',
  },
  'a program without main()': {
    program: 'globalThis.nothing = 0;',
    text: '`main()` threw an exception: Error: the compiled program has no `main()`\nhint: its stack is in the log of the Worker',
  },
  'a class that is bound and not registered': {
    program: registers(['fetch'], []),
    settings: { durableObjects: [{ class: 'Views', bindings: ['VIEWS', 'OLD'] }] },
    text:
      '`main()` does not register the Durable Object class `Views`, which `wrangler.toml` binds as `VIEWS`, `OLD`\n' +
      "hint: add `'Views': Views.new` to `durableObjects` of `CloudflareWorkers`",
  },
  'a workflow class that is bound by another name than that which is registered': {
    program: registers(['fetch'], [], ['Order']),
    settings: { workflows: [{ class: 'Orders', bindings: ['ORDERS'] }] },
    text:
      '`main()` does not register the workflow class `Orders`, which `wrangler.toml` binds as `ORDERS`\n' +
      "hint: add `'Orders': Orders.new` to `workflows` of `CloudflareWorkers`\n\n" +
      '`main()` registers the workflow class `Order`, and `wrangler.toml` does not bind it\n' +
      'hint: add it to `workflows`, or do not register it',
  },
  'a class that is registered and not bound, and crons and queues without a handler': {
    program: registers(['fetch'], ['Views', 'Other']),
    settings: { durableObjects: [{ class: 'Views', bindings: ['VIEWS'] }], crons: ['* * * * *'], queues: ['jobs', 'more'] },
    text:
      '`main()` registers the Durable Object class `Other`, and `wrangler.toml` does not bind it\n' +
      'hint: add it to `durable_objects.bindings`, with a migration, or do not register it\n\n' +
      '`wrangler.toml` has cron triggers, and `main()` registers no `scheduled` handler\n' +
      'hint: give `CloudflareWorkers` the argument `scheduled`, or remove `triggers.crons`\n\n' +
      '`wrangler.toml` has a consumer of the queue `jobs`, and `main()` registers no `queue` handler\n' +
      'hint: give `CloudflareWorkers` the argument `queue`, or remove `queues.consumers`',
  },
};

const asking = `
export * from './worker.mjs';
export { default } from './worker.mjs';
import { WorkerEntrypoint } from 'cloudflare:workers';
import { description } from './worker.mjs';
export class Asked extends WorkerEntrypoint {
  async fetch(request) {
    let thrown = null;
    try {
      if (this.env.VIEWS) await this.env.VIEWS.getByName('one').fetch(request);
    } catch (error) {
      thrown = error.message;
    }
    return Response.json({ description, thrown });
  }
}`;

const asks = {
  name: 'asks',
  modules: modules({ 'asks.mjs': 'export default { fetch: (request, env) => env.ASKED.fetch(request) };' }),
  serviceBindings: { ASKED: { name: 'main', entrypoint: 'Asked' } },
};

for (const [name, { program, text, settings, logged = '' }] of Object.entries(failures)) {
  test(`a failed start: ${name}`, { skip, timeout }, async () => {
    const files = build(program, { settings });
    const bindings = settings?.durableObjects ? { VIEWS: 'Views' } : {};
    const { miniflare, log } = serve({}, [
      { name: 'main', modules: modules({ 'asking.mjs': asking, ...files }), durableObjects: bindings },
      asks,
    ]);
    try {
      for (let at = 0; at < 2; at++) {
        const response = await miniflare.dispatchFetch('http://localhost/', { method: 'POST', body: 'any' });
        assert.equal(response.status, 500);
        assert.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8');
        assert.equal(await response.text(), `The Dart program did not start\n\n${text}\n`);
      }
      const asking = await miniflare.getWorker('asks');
      const { description, thrown } = await (await asking.fetch('http://localhost/')).json();
      assert.equal(description.failure, text);
      assert.equal(thrown, settings?.durableObjects ? text : null);
      const worker = await miniflare.getWorker('main');
      assert.equal((await worker.scheduled({})).outcome, 'exception');
      assert.equal((await worker.queue('jobs', [])).outcome, 'exception');
      assert.equal(log.length, 1, 'it is told once');
      assert.ok(log[0].startsWith(`error: The Dart program did not start\n\n${text}`), log[0]);
      assert.ok(log[0].includes(logged), log[0]);
    } finally {
      await miniflare.dispose();
    }
  });
}

test('classes that only others use, names alone, and what the program describes', { skip, timeout }, async () => {
  const program = registers(['fetch'], ['Views']);
  const settings = { durableObjects: [{ class: 'Views', bindings: [] }, { class: 'Old', bindings: [] }] };
  const { miniflare, log } = serve({}, [
    { name: 'main', modules: modules({ 'asking.mjs': asking, ...build(program, { settings }) }), durableObjects: { VIEWS: 'Old' } },
    asks,
  ]);
  try {
    assert.equal(await (await miniflare.dispatchFetch('http://localhost/')).text(), 'answered');
    const asking = await miniflare.getWorker('asks');
    const { description, thrown } = await (await asking.fetch('http://localhost/')).json();
    assert.deepEqual(description, {
      failure: null,
      handlers: ['fetch'],
      durableObjects: ['Views'],
      entrypoints: [],
      workflows: [],
    });
    assert.equal(thrown, '`main()` does not register the Durable Object class `Old`');
    const outcome = await (await miniflare.getWorker('main')).scheduled({});
    assert.equal(outcome.outcome, 'exception', 'no handler is exported that main() does not register');
    assert.equal(log.length, 1);
    assert.match(log[0], /^log: Received a ScheduledEvent but we lack a handler/);
  } finally {
    await miniflare.dispose();
  }
});

test('what Dart finds before it loads', { skip, timeout }, async () => {
  const program = programOf(`
    run(() => register({ handlers: ['fetch'], dispatch: () => {
      scheduleImmediate(() => {
        // As Dart compiled to JavaScript makes its errors: the message comes when the stack is there already.
        const error = new Error();
        Object.defineProperty(error, 'message', { get: () => 'Bad state: lost' });
        throw Object.assign(error, { name: '' });
      });
      return new Promise((resolve) => scheduleImmediate(() => resolve(make('Response', [JSON.stringify(seen)]))));
    } }));
    const seen = [location.href, typeof window, typeof document];
    // While the Worker starts, too.
    scheduleImmediate(() => seen.push('a microtask'));
    scheduleImmediate(() => { throw 'no error'; });
  `);
  const { miniflare, log } = serve({}, [{ modules: modules(build(program)) }]);
  try {
    const get = async () => (await miniflare.dispatchFetch('http://localhost/')).json();
    const seen = ['https://worker.invalid/', 'undefined', 'undefined', 'a microtask'];
    assert.deepEqual(await Promise.all([get(), get(), get()]), [seen, seen, seen]);
    await log.including('Bad state: lost');
    assert.equal(log[0], 'error: Uncaught Error: no error');
    assert.match(log[1], /^error: Uncaught Bad state: lost\n    at .*main\.js:/);
  } finally {
    await miniflare.dispose();
  }
});

test('a program that loads with a promise', { skip, timeout }, async () => {
  const loading = {
    'main.mjs': 'export const glue = true;',
    'main.wasm': 'export default "a module";',
    'wasm.mjs': `
      import { make, register, run } from './stand_in.mjs';
      export async function load(glue, module) {
        await null;
        if (globalThis.fails) throw new Error('no such instruction');
        const seen = [glue.glue, module];
        return () => run(() => register({ handlers: ['fetch'], dispatch: () => make('Response', [JSON.stringify(seen)]) }));
      }`,
  };
  const answers = [];
  for (const isBroken of [false, true]) {
    const files = { ...build('', { is_wasm: true }), ...loading };
    delete files['main.js'];
    if (isBroken) files['main.mjs'] = 'globalThis.fails = true;';
    const { miniflare } = serve({}, [{ modules: modules(files) }]);
    try {
      answers.push(await (await miniflare.dispatchFetch('http://localhost/')).text());
    } finally {
      await miniflare.dispose();
    }
  }
  assert.equal(answers[0], '[true,"a module"]');
  assert.match(answers[1], /^The Dart program did not start\n\n.*: Error: no such instruction\n/);
});

test('a Worker in place of one that did not compile', { skip, timeout }, async () => {
  const failure = JSON.stringify({ title: '1 error', detail: "lib/main.dart:1:8: Error: Not found: 'x.dart'" });
  const files = {
    'unbuilt.mjs': render(read('templates/unbuilt.mjs.hbs'), { exports: ['Views', 'Rooms'].map((name) => `export class ${name} extends durableObject('${name}') {}`), failure }),
    'failure.mjs': read('templates/failure.mjs'),
  };
  const { miniflare } = serve({}, [{ name: 'main', modules: modules(files), durableObjects: { VIEWS: 'Views', ROOMS: 'Rooms' } }]);
  try {
    const response = await miniflare.dispatchFetch('http://localhost/', { method: 'POST', body: 'any' });
    assert.equal(response.status, 500);
    assert.equal(response.headers.get('x-dartflare-error'), 'compile');
    const text = "1 error\n\nlib/main.dart:1:8: Error: Not found: 'x.dart'";
    assert.equal(await response.text(), `The Dart program does not compile\n\n${text}\n`);
    const page = await miniflare.dispatchFetch('http://localhost/', { headers: { accept: 'text/html' } });
    assert.match(await page.text(), /^<!doctype html>[^]*<pre>1 error/);
    const worker = await miniflare.getWorker('main');
    assert.equal((await worker.scheduled({})).outcome, 'exception');
    for (const name of ['VIEWS', 'ROOMS']) {
      const namespace = await miniflare.getDurableObjectNamespace(name, 'main');
      await assert.rejects(async () => namespace.get(namespace.idFromName('one')).fetch('http://localhost/'), (error) => error.message.includes(text));
    }
  } finally {
    await miniflare.dispose();
  }
});

test('bundled by wrangler', { skip, timeout }, async () => {
  const configuration = {
    name: 'bundled',
    main: 'build/worker.mjs',
    compatibility_date: '2025-12-01',
    durable_objects: { bindings: [{ name: 'COUNTER', class_name: 'Counter' }] },
    migrations: [{ tag: 'v1', new_sqlite_classes: ['Counter'] }],
  };
  const built = build(program, { settings });
  const files = {
    'wrangler.json': JSON.stringify(configuration),
    'build/worker.mjs': "export { default, Counter } from './app-1/worker.mjs';\n",
    ...Object.fromEntries(Object.entries(built).map(([name, text]) => [`build/app-1/${name}`, text])),
  };
  const bundles = {};
  for (const minify of [false, true]) {
    withFolder(files, (folder) => {
      const flags = ['deploy', '--dry-run', '--outdir', 'out', ...(minify ? ['--minify'] : [])];
      // It ends with an error where a bound class is not exported.
      execFileSync(join(root, 'tools/node_modules/.bin/wrangler'), flags, {
        cwd: folder,
        env: { ...process.env, WRANGLER_SEND_METRICS: 'false', CI: 'true' },
        stdio: 'pipe',
      });
      const out = join(folder, 'out');
      const [name, ...others] = readdirSync(out).filter((file) => /\.m?js$/.test(file));
      assert.deepEqual(others, []);
      bundles[minify] = readFileSync(join(out, name), 'utf8');
    });
  }
  for (const bundle of Object.values(bundles)) {
    const sink = new Sink();
    const { miniflare, log } = serve({}, [
      {
        modules: modules({ 'worker.mjs': bundle }),
        durableObjects: { COUNTER: { className: 'Counter', useSQLite: true } },
        serviceBindings: { SINK: sink.serve },
      },
    ]);
    try {
      const get = async (path) => (await miniflare.dispatchFetch(`http://localhost/${path}`)).text();
      assert.equal(await get('hello'), 'Hello null');
      assert.equal(await get('object/one/count'), '[null,1]');
      assert.deepEqual([...log], ['log: main() runs for time 1']);
    } finally {
      await miniflare.dispose();
    }
  }
});
