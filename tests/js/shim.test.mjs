// The production shim in workerd: a Worker through the shim, its program a stand-in for a compiled one, beside the same
// Worker written by hand. Both go through the same events, and all that can be seen of it has to be equal.

import assert from 'node:assert/strict';
import test from 'node:test';

import { read, skipUnless } from './dart.mjs';
import { Arrivals, build, isThere, modules, serve, tool } from './production.mjs';

const skip = skipUnless(isThere, 'the production shim in workerd', 'no workerd found');

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
  const seen = new Proxy({}, { set(o, k, v) { if (process.env.SHOW) console.error(k, JSON.stringify(v)); o[k] = v; return true; } });
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
    for (const path of ['same', 'copy', 'object/body/body']) {
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
    await traces.including('of the message');
  } finally {
    await miniflare.dispose();
  }
  return { seen: { ...seen, log, traces } };
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

test('a Worker through the shim is the Worker written by hand', { skip }, async (t) => {
  const [shim, hand] = await Promise.all([observe(sides.shim), observe(sides.hand)]);
  if (process.env.SHOW) console.dir({ hand, shim }, { depth: 9 });
  for (const name of Object.keys(hand.seen)) {
    await t.test(name, () => assert.deepEqual(shim.seen[name], hand.seen[name]));
  }
});
