// From nothing to the first answer: `dartflare dev` beside `wrangler dev`, once more with a program that did not change
// since, and `dartflare types` beside a start of the program that does nothing.
//
//   node benches/start.mjs [--json] [--rounds N] [--dartflare PATH]
//
// What is measured, and how, stands in `benches/README.md`. The kinds take turns, so that whatever else the machine does
// hits all alike.

import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, watch } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

import {
  DevServer,
  Failure,
  copyProject,
  findDartflare,
  temporaryFolder,
  toolEnvironment,
  within,
} from '../tools/dev_server.mjs';
import { median } from './median.mjs';
import { readOptions } from './options.mjs';

const options = readOptions({ numbers: { rounds: 7 }, paths: ['dartflare'] });
const { rounds } = options;

const environment = toolEnvironment();
const dartflare = findDartflare(options.dartflare ?? process.env.DARTFLARE, ['release', 'debug']);
const folder = temporaryFolder('dartflare-bench');

/** A project that was never run before: nothing in it is cached. */
function fresh(kind, round) {
  const project = join(folder, `${kind}-${round}`);
  copyProject(`benches/dev_loop/${kind}`, project);
  return project;
}

/** A project whose program an earlier `dartflare dev` has kept as it compiled it. */
async function known() {
  const project = fresh('dart', 'known');
  await dev(project, () => {
    const folder = join(project, '.dart_tool/dartflare');
    let watcher;
    const isKept = new Promise((resolve) => {
      const look = () => existsSync(join(folder, 'dev.dill.json')) && resolve();
      watcher = watch(folder, look);
      look();
    });
    return within(120, 'dartflare should keep the program', isKept).finally(() => watcher.close());
  });
  return project;
}

function dev(project, meanwhile) {
  const args = ['dev', '--port', '0'];
  return firstAnswer('dartflare', dartflare, args, project, /^\s*ready\s+(http:\S+)/m, meanwhile);
}

async function firstAnswer(name, program, args, cwd, ready, meanwhile) {
  const start = performance.now();
  const server = new DevServer(name, program, args, { cwd, env: environment });
  try {
    await server.ready(ready);
    const { status, text } = await server.get('/');
    if (status !== 200) throw new Failure(`${name} answered ${status}: ${text}`);
    const ms = performance.now() - start;
    await meanwhile?.();
    return ms;
  } finally {
    await server.stop();
  }
}

function run(args, cwd) {
  const start = performance.now();
  const { status, stderr } = spawnSync(dartflare, args, { cwd, env: environment, encoding: 'utf8' });
  if (status !== 0) throw new Failure(`\`dartflare ${args.join(' ')}\` ended with ${status}: ${stderr}`);
  return performance.now() - start;
}

const kinds = {
  dartflare: (round) => dev(fresh('dart', round)),
  again: () => dev(project),
  wrangler: (round) =>
    firstAnswer(
      'wrangler',
      environment.DARTFLARE_WRANGLER,
      ['dev', '--port', '0'],
      fresh('typescript', round),
      /Ready on (http:\S+)/,
    ),
  types: (round) => {
    const project = fresh('dart', `types-${round}`);
    rmSync(join(project, 'lib/environment.g.dart'), { force: true });
    return run(['types'], project);
  },
  version: () => run(['--version'], folder),
};

let project;
const times = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]));
try {
  project = await known();
  // The first round warms up the caches of files.
  for (let round = 0; round <= rounds; round++) {
    const order = Object.entries(kinds);
    for (const [kind, measure] of round % 2 === 0 ? order : order.reverse()) {
      const ms = await measure(round);
      if (round > 0) times[kind].push(ms);
    }
  }
} catch (error) {
  console.error(`error: ${error instanceof Failure ? error.message : error.stack}`);
  process.exit(1);
}

const against = (kind, reference) => median(times[kind].map((ms, round) => ms / times[reference][round]));
const results = {
  dartflareMs: median(times.dartflare),
  wranglerMs: median(times.wrangler),
  firstAnswerRatio: against('dartflare', 'wrangler'),
  againMs: median(times.again),
  againRatio: against('again', 'wrangler'),
  typesMs: median(times.types),
  versionMs: median(times.version),
  typesRatio: against('types', 'version'),
};
if (options.json) {
  console.log(JSON.stringify({ ...results, times }, null, 2));
} else {
  const row = (what, ours, theirs, ratio) =>
    `| ${what.padEnd(44)} | ${`${ours.toFixed(1)} ms`.padStart(10)} | ${`${theirs.toFixed(1)} ms`.padStart(10)} | ${ratio.toFixed(2).padStart(5)} |`;
  console.log(
    `| ${''.padEnd(44)} |  dartflare |  reference | ratio |\n|${'-'.repeat(46)}|-----------:|-----------:|------:|\n` +
      `${row('first answer of `dev`, beside `wrangler dev`', results.dartflareMs, results.wranglerMs, results.firstAnswerRatio)}\n` +
      `${row('the same, of a program that did not change', results.againMs, results.wranglerMs, results.againRatio)}\n` +
      row('`types`, beside `dartflare --version`', results.typesMs, results.versionMs, results.typesRatio),
  );
}
