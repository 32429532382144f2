// Every ratio that the project claims, in one table.
//
//   node benches/all.mjs [--json] [--runs N] [--only NAME] [--dartflare PATH]
//
// Each bench runs `--runs` times, one after the other; a ratio is the median of its runs, and its spread the least and
// the greatest. The benches say what they measure, and `benches/README.md` how.

import { spawnSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { Failure, findDartflare, toolEnvironment } from '../tools/dev_server.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));

const sum = (values) => Object.values(values ?? {}).reduce((total, value) => total + value, 0);
const at = (routes, name) => (it) => it.results.find((result) => result.routes === routes)?.[name];

/**
 * The benches, and what each says: a name, how to read the ratio, what it is aimed at if anything, and what it is a ratio
 * to. Of times and memory less is better.
 */
export const BENCHES = {
  dev_loop: [
    ['dev: save to first changed answer', (it) => it.dartflare.editMedianMs / it.wrangler.editMedianMs, null, 'the same Worker in TypeScript, `wrangler dev`'],
    ['dev: the same, p95', (it) => it.dartflare.editP95Ms / it.wrangler.editP95Ms, null, 'the same'],
    ['dev: a request', (it) => it.dartflare.helloMedianMs / it.wrangler.helloMedianMs, null, 'the same'],
    ['dev: a Durable Object, get and put', (it) => it.dartflare.durableObjectMedianMs / it.wrangler.durableObjectMedianMs, null, 'the same'],
    ['dev: memory of all processes', (it) => sum(it.dartflare.memoryMb) / sum(it.wrangler.memoryMb), null, 'the same'],
  ],
  start: [
    ['dev: start to first answer', (it) => it.firstAnswerRatio, null, 'the same Worker in TypeScript, `wrangler dev`'],
    ['dev: the same, of a program that did not change', (it) => it.againRatio, null, 'the same'],
    ['types: all of a run', (it) => it.typesRatio, null, '`dartflare --version`'],
  ],
  build: [
    ["build: dartflare's own share", (it) => it.shareRatio, null, '`dartflare --version`'],
    ['build: with nothing to do', (it) => it.nothingRatio, null, '`dartflare --version`'],
  ],
  shim: ['constant', 'hello', 'counter'].map((kind) => [
    `deployed: requests per second, ${kind}`,
    (it) => it[kind]?.ratio,
    'at least 0.97',
    'a handler in JavaScript by hand',
  ]),
  wasm_loader: [
    ['wasm: one start of the program', (it) => it.startRatio, 'at most 1.10', 'the loader that the compiler writes'],
    ['wasm: from nothing to an answer', (it) => it.coldRatio, 'at most 1.10', 'the same'],
  ],
  router: [
    ['router: 1,000 routes', at(1000, 'platformRatio'), 'at least 20', "wrangler's Worker for Pages, as many times slower"],
    ['router: 1,000 routes, rules one by one', at(1000, 'rulesRatio'), null, 'regular expressions on the Dart VM, as many times slower'],
    ['router: 10,000 routes', at(10_000, 'platformRatio'), null, "wrangler's Worker for Pages, as many times slower"],
  ],
};

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    runs: { type: 'string', default: '1' },
    only: { type: 'string' },
    dartflare: { type: 'string' },
  },
});

/** Runs a bench by its name, and gives what it says as an object. */
export function runBench(name, args = []) {
  const { status, stdout } = spawnSync(process.execPath, [join(here, `${name}.mjs`), '--json', ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Failure(`the bench \`${name}\` ended with ${status}`);
  return JSON.parse(stdout);
}

function firstLine(program, args) {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return `${stdout ?? ''}${stderr ?? ''}`.split('\n').find((line) => line.trim())?.trim() ?? 'unknown';
}

function describeMachine(dartflare) {
  const environment = toolEnvironment();
  return {
    system: `${process.platform} ${process.arch} ${release()}`,
    cpu: `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
    dartflare: firstLine(dartflare, ['--version']),
    wrangler: firstLine(environment.DARTFLARE_WRANGLER, ['--version']),
    node: process.version,
    dart: firstLine(environment.DARTFLARE_DART ?? 'dart', ['--version']),
    rustc: firstLine('rustc', ['--version']),
  };
}

function main() {
  const runs = Number(options.runs);
  const isKnown = options.only === undefined || options.only in BENCHES;
  if (!Number.isInteger(runs) || runs < 1 || !isKnown) {
    console.error(`error: give \`--runs\` a number from 1 on, and \`--only\` one of ${Object.keys(BENCHES).join(', ')}`);
    process.exit(2);
  }
  const dartflare = findDartflare(options.dartflare ?? process.env.DARTFLARE, ['release', 'debug']);
  const machine = describeMachine(dartflare);
  const rows = [];
  for (const [bench, ratios] of Object.entries(BENCHES)) {
    if (options.only && options.only !== bench) continue;
    const takesPath = ['dev_loop', 'start', 'build'].includes(bench);
    const results = [];
    for (let run = 1; run <= runs; run++) {
      console.error(`${bench}, run ${run} of ${runs}`);
      results.push(runBench(bench, takesPath ? ['--dartflare', dartflare] : []));
    }
    for (const [name, read, aim, reference] of ratios) {
      const values = results.map(read).sort((a, b) => a - b);
      if (values.some((value) => !Number.isFinite(value))) throw new Failure(`\`${bench}\` says nothing of "${name}"`);
      rows.push({ name, ratio: values[values.length >> 1], aim, reference, spread: [values[0], values.at(-1)] });
    }
  }
  if (options.json) {
    console.log(JSON.stringify({ machine, runs, rows }, null, 2));
    return;
  }
  const number = (value) => (value < 100 ? value.toFixed(2) : Math.round(value).toLocaleString('en'));
  const lines = rows.map(({ name, ratio, aim, reference, spread }) => [
    name,
    number(ratio),
    aim ?? '',
    reference,
    runs > 1 ? spread.map(number).join(' to ') : '',
  ]);
  const table = [['what', 'ratio', 'aimed at', 'to', 'spread'], ...lines];
  const widths = table[0].map((_, column) => Math.max(...table.map((cells) => cells[column].length)));
  const draw = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  const [head, ...body] = table.map(draw);
  for (const [what, value] of Object.entries(machine)) console.log(`${what}: ${value}`);
  console.log(`\n${[head, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...body].join('\n')}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    main();
  } catch (error) {
    console.error(`error: ${error instanceof Failure ? error.message : error.stack}`);
    process.exitCode = 1;
  }
}
