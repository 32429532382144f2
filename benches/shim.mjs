// What the production shim costs: a Worker through the shim beside the same Worker written by hand, in workerd.
//
//   node benches/shim.mjs [--json] [--rounds N] [--connections N]
//
// The program is the stand-in of the tests, so what is measured is the shim, the runtime and the stand-in's own reading
// and writing of packets, and nothing of Dart; or one that reads nothing and answers always the same, which leaves the
// shim and the runtime. `benches/README.md` says more.

import { Agent, request as open } from 'node:http';
import { performance } from 'node:perf_hooks';
import { read } from '../tests/js/dart.mjs';
import { build, modules, serve, tool } from '../tests/js/production.mjs';
import { median } from './median.mjs';
import { readOptions } from './options.mjs';

/** Requests in a round; on each connection one after the other. */
const PER_ROUND = 200;
/** Rounds of each kind on each side before the measured ones. */
const WARM_UP = 5;

const options = readOptions({ numbers: { rounds: 40, connections: 1 } });
const { rounds, connections } = options;

/** What is requested, and of which Workers. */
const KINDS = {
  constant: { path: '/', shim: 'constantShim', hand: 'constantHand' },
  hello: { path: '/hello', shim: 'shim', hand: 'hand' },
  counter: { path: '/object/one/count', shim: 'shim', hand: 'hand' },
};

const CONSTANT_PROGRAM = `
dartMainRunner(() => {
  const run = (packet, settle) => {
    settle([true, [['c', 'Response', ['Hello']], [], []]]);
    return null;
  };
  globalThis.__dartflare.register(['fetch'], [['durableObject', 'Counter']], run, run);
}, []);
`;

const CONSTANT_BY_HAND = `
import { DurableObject } from 'cloudflare:workers';
export class Counter extends DurableObject {}
export default { fetch: async () => new Response('Hello') };
`;

const settings = {
  kinds: { COUNTER: 'durable_objects', SINK: 'services' },
  durableObjects: [{ class: 'Counter', bindings: ['COUNTER'] }],
};
const sides = {
  shim: build(read('tests/js/shim/program.mjs'), { settings }),
  hand: { 'worker.mjs': read('tests/js/shim/by_hand.mjs') },
  constantShim: build(CONSTANT_PROGRAM, { settings }),
  constantHand: { 'worker.mjs': CONSTANT_BY_HAND },
};

/** A Worker with a connection of its own, straight to workerd. */
async function begin(files) {
  const { Response } = tool('miniflare');
  const { miniflare } = serve({}, [
    {
      name: 'main',
      modules: modules(files),
      durableObjects: { COUNTER: { className: 'Counter', useSQLite: true } },
      serviceBindings: { SINK: () => new Response('taken') },
      unsafeDirectSockets: [{}],
    },
  ]);
  const url = await miniflare.unsafeGetDirectURL('main');
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const get = (path) =>
    new Promise((resolve, reject) => {
      const sent = open(new URL(path, url), { agent, headers: { 'x-name': 'Dash' } }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode} for ${path}`));
        response.resume().on('end', resolve);
      });
      sent.on('error', reject).end();
    });
  const round = async (path) => {
    const start = performance.now();
    let left = PER_ROUND;
    const ask = async () => {
      while (left-- > 0) await get(path);
    };
    await Promise.all(Array.from({ length: connections }, ask));
    return (performance.now() - start) / PER_ROUND;
  };
  const end = async () => {
    agent.destroy();
    await miniflare.dispose();
  };
  return { round, end };
}

const running = {};
for (const [side, files] of Object.entries(sides)) running[side] = await begin(files);
const results = {};
try {
  for (const [kind, { path, ...workers }] of Object.entries(KINDS)) {
    console.error(`${kind}: ${rounds} rounds of ${PER_ROUND} requests on each side`);
    const times = { shim: [], hand: [] };
    for (let at = -WARM_UP; at < rounds; at++) {
      const order = at % 2 === 0 ? ['shim', 'hand'] : ['hand', 'shim'];
      for (const side of order) {
        const time = await running[workers[side]].round(path);
        if (at >= 0) times[side].push(time);
      }
    }
    const [shim, hand] = [median(times.shim), median(times.hand)];
    // Rounds that were neighbours had the machine in the same state.
    const ratio = median(times.hand.map((time, at) => time / times.shim[at]));
    results[kind] = { shimMs: shim, handMs: hand, ratio };
  }
} finally {
  await Promise.all(Object.values(running).map(({ end }) => end()));
}

if (options.json) {
  console.log(JSON.stringify(results));
} else {
  console.log('            shim      by hand   requests per second, shim / by hand');
  for (const [kind, { shimMs, handMs, ratio }] of Object.entries(results)) {
    const cell = (value) => `${value.toFixed(3)} ms`.padEnd(10);
    console.log(`${kind.padEnd(12)}${cell(shimMs)}${cell(handMs)}${ratio.toFixed(3)}`);
  }
}
