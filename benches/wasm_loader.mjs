// Starting a real program of dart2wasm through our loader, beside a loader as short as its one glue shape allows.
//
//   node benches/wasm_loader.mjs [--json] [--rounds N]
//
// What is measured, and how, stands in `benches/README.md`. The two take turns, so that whatever else the machine does
// hits both alike.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import { join } from 'node:path';

import { modules, original } from '../tests/js/dart_fmt.mjs';
import { read, root } from '../tests/js/dart.mjs';
import { median } from './median.mjs';
import { readOptions } from './options.mjs';

const { Log, LogLevel, Miniflare } = createRequire(join(root, 'tools/package.json'))('miniflare');

/** Programs that one request starts, one after another. */
const PER_REQUEST = 10;
const WARM_UP = 3;
/** A start of a whole workerd takes so much longer that fewer have to do. */
const COLD_SHARE = 3;

const options = readOptions({ numbers: { rounds: 45 }, least: COLD_SHARE });
const { rounds } = options;

const BARE = `
export async function load(glue, module) {
  const instance = await glue.instantiate(module, {});
  return () => glue.invoke(instance);
}
`;

/** Starts the program once with the Worker, and as often as a request says. */
const WORKER = `
import './prelude.mjs';
import * as glue from './main.mjs';
import module from './main.wasm';
import { load } from './loader.mjs';

const start = async () => (await load(glue, module))();
await start();

export default {
  async fetch(request) {
    for (let left = Number(new URL(request.url).searchParams.get('starts')); left > 0; left--) await start();
    const { code } = globalThis.format('main(){}', 'a.dart', '{"languageVersion":"3.5.0"}');
    return new Response(code);
  },
};
`;

function makeWorker(loader) {
  const texts = {
    'worker.mjs': WORKER,
    'loader.mjs': loader,
    'main.mjs': original(),
    ...Object.fromEntries(['prelude', 'host', 'runtime'].map((name) => [`${name}.mjs`, read(`templates/${name}.mjs`)])),
  };
  const bytes = {
    'main.wasm': readFileSync(modules.optimised),
    'strings.wasm': readFileSync(join(root, 'templates/strings.wasm')),
  };
  const list = (type, files) => Object.entries(files).map(([name, contents]) => ({ type, path: `/${name}`, contents }));
  return new Miniflare({
    modulesRoot: '/',
    modules: [...list('ESModule', texts), ...list('CompiledWasm', bytes)],
    compatibilityDate: '2026-04-01',
    log: new Log(LogLevel.NONE),
    handleRuntimeStdio() {},
  });
}

/** How long `worker` takes to answer after it has started the program so many times. */
async function answer(worker, starts) {
  const before = performance.now();
  const response = await worker.dispatchFetch(`http://localhost/?starts=${starts}`);
  const text = await response.text();
  const time = performance.now() - before;
  assert.equal(text, 'main() {}\n');
  return time;
}

/** How long it is from nothing to an answer of a Worker that starts the program. */
async function coldStart(loader) {
  const before = performance.now();
  const worker = makeWorker(loader);
  try {
    await answer(worker, 0);
    return performance.now() - before;
  } finally {
    await worker.dispose();
  }
}

const sides = [
  { name: 'dartflare', loader: read('templates/wasm.mjs'), warm: [], cold: [] },
  { name: 'bare', loader: BARE, warm: [], cold: [] },
];

/** Each side in turn, who is first changing each time. */
async function inTurn(count, measure, keep) {
  for (let round = 0; round < WARM_UP + count; round++) {
    for (const side of round % 2 === 0 ? sides : [...sides].reverse()) {
      const time = await measure(side);
      if (round >= WARM_UP) keep(side, time);
    }
  }
}

console.error(`${rounds} requests of each that start the program ${PER_REQUEST} times, in turn`);
try {
  for (const side of sides) side.worker = makeWorker(side.loader);
  await inTurn(
    rounds,
    (side) => answer(side.worker, PER_REQUEST),
    (side, time) => side.warm.push(time / PER_REQUEST),
  );
} finally {
  for (const { worker } of sides) await worker?.dispose();
}
const coldRounds = Math.floor(rounds / COLD_SHARE);
console.error(`${coldRounds} starts of workerd with each, in turn`);
await inTurn(
  coldRounds,
  (side) => coldStart(side.loader),
  (side, time) => side.cold.push(time),
);

/** The median over rounds of the ratio within a round, which what hits a whole round leaves alone. */
const ratio = (key) => median(sides[0][key].map((time, round) => time / sides[1][key][round]));

const [ours, bare] = sides.map(({ warm, cold }) => ({ startMedianMs: median(warm), coldMedianMs: median(cold) }));
if (options.json) {
  console.log(JSON.stringify({ ours, bare, startRatio: ratio('warm'), coldRatio: ratio('cold') }, null, 2));
} else {
  const row = (what, key, shown) =>
    `| ${what.padEnd(33)} | ${`${ours[key].toFixed(2)} ms`.padStart(9)} | ${`${bare[key].toFixed(2)} ms`.padStart(9)} | ` +
    `${ratio(shown).toFixed(2).padStart(5)} |`;
  console.log(
    `| ${''.padEnd(33)} | dartflare |      bare | ratio |\n|${'-'.repeat(35)}|----------:|----------:|------:|\n` +
      `${row('one start of the program', 'startMedianMs', 'warm')}\n` +
      row('workerd from nothing to an answer', 'coldMedianMs', 'cold'),
  );
}
