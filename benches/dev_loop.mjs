// The development loop of dartflare beside that of `wrangler dev`, on the same small Worker in Dart and in TypeScript.
//
//   node benches/dev_loop.mjs [--json] [--edits N] [--dartflare PATH]
//
// What is measured, and how, stands in `benches/README.md`. Both servers run all the time and are measured in turn, so
// that whatever else the machine does hits both alike.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { spawnSync } from 'node:child_process';
import { DevServer, Failure, copyProject, findDartflare, temporaryFolder, toolEnvironment } from '../tools/dev_server.mjs';
import { median } from './median.mjs';
import { readOptions } from './options.mjs';

/** Between two edits both servers come to rest, as they do while a person types. */
const REST = 300;
/** Edits that are made before the measured ones. */
const WARM_UP = 3;
/** Requests of each kind, in rounds that alternate between the servers. */
const REQUESTS = { rounds: 20, perRound: 50 };
/** How long the idle servers are watched. */
const IDLE = 5000;

const options = readOptions({ numbers: { edits: 30 }, paths: ['dartflare'] });
const { edits } = options;

/** Progress goes to stderr: stdout is the result. */
const progress = (text) => console.error(text);

function quantile(values, at) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(at * sorted.length) - 1)];
}

const sum = (values) => values.reduce((total, value) => total + value, 0);

/** Saves the handler with another revision until the answer has it. */
async function edit(side, revision) {
  const text = side.original.replace('revision 0', `revision ${revision}`);
  const expected = `Hello from revision ${revision}\n`;
  return side.server.firstAnswerAfter(
    () => writeFileSync(side.source, text),
    '/',
    (response) => response.status === 200 && response.text === expected,
  );
}

async function measureEdits(sides) {
  for (const side of sides) side.edits = [];
  for (let revision = 1; revision <= WARM_UP + edits; revision++) {
    // Who goes first changes each time.
    const order = revision % 2 === 0 ? sides : [...sides].reverse();
    for (const side of order) {
      await pause(REST);
      const result = await edit(side, revision);
      if (revision > WARM_UP) side.edits.push(result);
    }
  }
}

async function measureRequests(sides, path) {
  const times = new Map(sides.map((side) => [side, []]));
  for (let round = 0; round <= REQUESTS.rounds; round++) {
    const order = round % 2 === 0 ? sides : [...sides].reverse();
    for (const side of order) {
      for (let at = 0; at < REQUESTS.perRound; at++) {
        const start = performance.now();
        const { status, text } = await side.server.get(path);
        const ms = performance.now() - start;
        if (status !== 200) throw new Failure(`GET ${path} answered ${status}: ${text}`);
        // The first round warms up.
        if (round > 0) times.get(side).push(ms);
      }
    }
  }
  return times;
}

/** The processor time a process has used, in ms, or null where /proc does not tell. */
function cpuTime(pid) {
  const path = `/proc/${pid}/stat`;
  if (!existsSync(path)) return null;
  // The name, in parentheses, may hold spaces. Times are in ticks of 10 ms.
  const fields = readFileSync(path, 'utf8').replace(/^.*\) /s, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** A process's own memory and its share of what it shares, in MB, or null where /proc does not tell. */
function memory(pid) {
  const path = `/proc/${pid}/smaps_rollup`;
  if (!existsSync(path)) return null;
  return Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(path, 'utf8'))[1]) / 1024;
}

function role(command) {
  const program = basename(command.split(' ')[0]);
  if (program === 'dartflare') return 'dartflare';
  if (/^dart(vm|aotruntime)?$/.test(program) || /ld-linux/.test(program)) return 'dart';
  return program === 'workerd' ? 'workerd' : 'wrangler';
}

async function measureIdle(sides) {
  const before = sides.map(({ server }) => server.processes().map((it) => ({ ...it, cpu: cpuTime(it.pid) })));
  if (before.flat().some(({ cpu }) => cpu === null)) return;
  await pause(IDLE);
  for (const [at, side] of sides.entries()) {
    side.idleCpu = sum(before[at].map(({ pid, cpu }) => cpuTime(pid) - cpu)) / IDLE;
    side.memory = {};
    for (const { pid, command } of before[at]) {
      side.memory[role(command)] = (side.memory[role(command)] ?? 0) + memory(pid);
    }
  }
}

function firstLine(program, args) {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return `${stdout ?? ''}${stderr ?? ''}`.split('\n').find((line) => line.trim())?.trim() ?? 'unknown';
}

function describeMachine(environment, dartflare) {
  const [cpu] = cpus();
  return {
    system: `${process.platform} ${process.arch} ${release()}`,
    cpus: cpus().length,
    cpu: cpu?.model.trim() ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    wrangler: firstLine(environment.DARTFLARE_WRANGLER, ['--version']),
    dart: firstLine(environment.DARTFLARE_DART ?? 'dart', ['--version']),
    dartflare: `${firstLine(dartflare, ['--version'])} (${basename(dirname(dartflare))} build)`,
  };
}

function summarise(side) {
  const ms = side.edits.map((result) => result.ms);
  return {
    edits: ms.length,
    editMedianMs: median(ms),
    editP95Ms: quantile(ms, 0.95),
    editMaxMs: Math.max(...ms),
    staleAnswers: sum(side.edits.map((result) => result.stale)),
    brokenConnections: sum(side.edits.map((result) => result.broken)),
    helloMedianMs: median(side.hello),
    durableObjectMedianMs: median(side.count),
    memoryMb: side.memory,
    idleCpu: side.idleCpu,
    editsMs: ms,
  };
}

function printTable(machine, dartflare, wrangler) {
  const rows = [];
  const row = (what, read, write, withRatio = true) => {
    const [a, b] = [read(dartflare), read(wrangler)];
    if (a === undefined || b === undefined) return;
    rows.push([what, write(a), write(b), withRatio && b > 0 ? (a / b).toFixed(2) : '']);
  };
  const whole = (value) => `${value.toFixed(0)} ms`;
  const fine = (value) => `${value.toFixed(2)} ms`;
  const count = (value) => String(value);
  const megabytes = (value) => `${value.toFixed(0)} MB`;
  row('save to first changed answer, median', (it) => it.editMedianMs, whole);
  row('save to first changed answer, p95', (it) => it.editP95Ms, whole);
  row('save to first changed answer, slowest', (it) => it.editMaxMs, whole);
  row(`old answers after the save, in all ${edits} edits`, (it) => it.staleAnswers, count, false);
  row('broken connections meanwhile', (it) => it.brokenConnections, count, false);
  row('hello request, median', (it) => it.helloMedianMs, fine);
  row('Durable Object get and put, median', (it) => it.durableObjectMedianMs, fine);
  row('memory of all processes', (it) => it.memoryMb && sum(Object.values(it.memoryMb)), megabytes);
  for (const name of ['wrangler', 'workerd', 'dart', 'dartflare']) {
    row(`  of it ${name}`, (it) => it.memoryMb && (it.memoryMb[name] ?? 0), megabytes, false);
  }
  row('processor while idle', (it) => it.idleCpu, (value) => `${(value * 100).toFixed(1)} %`, false);

  rows.unshift(['', 'dartflare dev', 'wrangler dev', 'ratio']);
  const widths = rows[0].map((_, at) => Math.max(...rows.map((cells) => cells[at].length)));
  const line = (cells) =>
    `| ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join(' | ')} |`;
  const [head, ...body] = rows.map(line);
  const rule = `|${widths.map((width, at) => '-'.repeat(width + 1) + (at === 0 ? '-' : ':')).join('|')}|`;
  console.log([head, rule, ...body].join('\n'));
  console.log(
    `\n${machine.system}, ${machine.cpus} x ${machine.cpu}, ${machine.memoryGb} GB\n` +
      `${machine.dartflare}; wrangler ${machine.wrangler}; node ${machine.node}\n${machine.dart}`,
  );
}

async function main() {
  const environment = toolEnvironment();
  const dartflare = findDartflare(options.dartflare ?? process.env.DARTFLARE, ['release', 'debug']);
  const folder = temporaryFolder('dartflare-bench');
  const sides = [
    {
      name: 'dart',
      source: 'lib/main.dart',
      start: (cwd) => new DevServer('dartflare', dartflare, ['dev', '--port', '0'], { cwd, env: environment }),
      ready: /^\s*ready\s+(http:\S+)/m,
    },
    {
      name: 'typescript',
      source: 'src/index.ts',
      start: (cwd) =>
        new DevServer('wrangler', environment.DARTFLARE_WRANGLER, ['dev', '--port', '0'], { cwd, env: environment }),
      ready: /Ready on (http:\S+)/,
    },
  ];
  const stop = async () => {
    for (const { server } of sides) await server?.stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void stop().then(() => process.exit(130)));

  try {
    progress('starting both servers');
    for (const side of sides) {
      const project = join(folder, side.name);
      copyProject(`benches/dev_loop/${side.name}`, project);
      side.source = join(project, side.source);
      side.original = readFileSync(side.source, 'utf8');
      side.server = side.start(project);
      await side.server.ready(side.ready);
    }
    progress(`${edits} edits of each, in turn`);
    await measureEdits(sides);
    progress(`${REQUESTS.rounds * REQUESTS.perRound} requests of each kind to each, in turn`);
    for (const [key, path] of [
      ['hello', '/'],
      ['count', '/count'],
    ]) {
      for (const [side, times] of await measureRequests(sides, path)) side[key] = times;
    }
    progress('memory, and processor time while idle');
    await measureIdle(sides);
  } catch (error) {
    for (const { name, server } of sides) if (server) progress(`\nWhat ${name} said:\n${server.output.trimEnd()}`);
    throw error;
  } finally {
    await stop();
  }

  const machine = describeMachine(environment, dartflare);
  const [dart, typescript] = sides.map(summarise);
  if (options.json) {
    console.log(JSON.stringify({ machine, dartflare: dart, wrangler: typescript }, null, 2));
  } else {
    printTable(machine, dart, typescript);
  }
}

main().catch((error) => {
  console.error(`error: ${error instanceof Failure ? error.message : error.stack}`);
  process.exitCode = 1;
});
