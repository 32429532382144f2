// dartflare's own share of a build, and of one that has nothing to do, with a compiler that needs no time.
//
//   node benches/build.mjs [--json] [--rounds N] [--dartflare PATH]
//
// What is measured, and how, stands in `benches/README.md`. The kinds take turns, so that whatever else the machine does
// hits all alike.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';

import { root } from '../tests/js/dart.mjs';
import { Failure, findDartflare, temporaryFolder } from '../tools/dev_server.mjs';
import { median } from './median.mjs';
import { readOptions } from './options.mjs';

const WARM_UP = 5;
/** Libraries of the project, all of which the program imports. */
const LIBRARIES = 50;
const LINES = 100;
/** What a small program becomes with dart2js at -O2, and its map. */
const PROGRAM_BYTES = 150_000;
const MAP_BYTES = 200_000;

const options = readOptions({ numbers: { rounds: 60 }, paths: ['dartflare'] });
const { rounds } = options;

function run(program, args, options = {}) {
  const before = performance.now();
  const { status, stderr, error } = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], ...options });
  const time = performance.now() - before;
  if (status !== 0) throw new Failure(`\`${program} ${args.join(' ')}\` failed: ${error ?? stderr}`);
  return { time, stderr: String(stderr) };
}

/** A project, and an SDK whose `dart` is the program in `benches/build/dart.rs`. */
function makeProject(folder) {
  const project = join(folder, 'project');
  const bin = join(folder, 'sdk/bin');
  for (const path of ['lib', 'rt/lib/src/host', '.dart_tool']) mkdirSync(join(project, path), { recursive: true });
  for (const path of ['answers', 'snapshots']) mkdirSync(join(bin, path), { recursive: true });
  const files = {
    'wrangler.toml':
      'name = "bench"\nmain = "build/worker.mjs"\ncompatibility_date = "2026-01-01"\n\n' +
      '[[kv_namespaces]]\nbinding = "TODOS"\nid = "todos"\n\n' +
      '[[durable_objects.bindings]]\nname = "VIEWS"\nclass_name = "Views"\n\n' +
      '[[migrations]]\ntag = "v1"\nnew_sqlite_classes = ["Views"]\n',
    'pubspec.yaml':
      'name: bench\nenvironment:\n  sdk: ^3.5.0\ndependencies:\n  cloudflare_workers:\n    path: rt\n',
    'rt/pubspec.yaml': readFileSync(join(root, 'dart_runtime/pubspec.yaml'), 'utf8'),
    'rt/lib/src/host/host.dart': '',
    'lib/main.dart': '',
  };
  const line = "String greet(String name) => 'Hello, $name, from a library of the project';\n";
  for (let at = 0; at < LIBRARIES; at++) files[`lib/part_${at}.dart`] = line.repeat(LINES);
  const packages = [
    { name: 'bench', rootUri: '../', packageUri: 'lib/', languageVersion: '3.5' },
    { name: 'cloudflare_workers', rootUri: '../rt', packageUri: 'lib/', languageVersion: '3.5' },
  ];
  files['.dart_tool/package_config.json'] = JSON.stringify({ configVersion: 2, packages });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(project, name), text);

  for (const name of ['dartdev_aot.dart', 'dart2js_aot.dart', 'dart2wasm_product']) {
    writeFileSync(join(bin, 'snapshots', `${name}.snapshot`), '');
  }
  // A part of a real program of dart2js, so that it packs as one does.
  const compiled = readFileSync(join(root, 'tools/node_modules/sass/sass.dart.js'), 'utf8');
  const sources = Object.keys(files).filter((name) => name.endsWith('.dart'));
  const answers = {
    'main.js': compiled.slice(0, PROGRAM_BYTES) + '\n//# sourceMappingURL=main.js.map\n',
    'main.js.map': JSON.stringify({
      version: 3,
      sources: sources.map((name) => `../../../../${name}`),
      names: [],
      mappings: 'AAAA,SAASA,KAAG;'.repeat(MAP_BYTES / 17),
    }),
    'main.js.deps': sources.map((name) => `${pathToFileURL(join(project, name))}\n`).join(''),
  };
  for (const [name, text] of Object.entries(answers)) writeFileSync(join(bin, 'answers', name), text);
  const dart = join(bin, 'dart');
  run('rustc', ['--edition', '2024', '-O', '-o', dart, join(root, 'benches/build/dart.rs')]);
  return { project, dart };
}

const kinds = ['start', 'compiler', 'build', 'nothing'];
const times = Object.fromEntries(kinds.map((kind) => [kind, []]));
try {
  const dartflare = findDartflare(options.dartflare, ['release']);
  const folder = temporaryFolder('dartflare-bench');
  const { project, dart } = makeProject(folder);
  const here = { cwd: project, env: { PATH: process.env.PATH, HOME: folder, DARTFLARE_DART: dart } };
  const apart = join(folder, 'apart');
  mkdirSync(apart);
  let edits = 0;
  const expect = ({ time, stderr }, text) => {
    if (!stderr.includes(text)) throw new Failure(`\`dartflare build\` did not say \`${text}\`:\n${stderr}`);
    return time;
  };
  const measure = {
    start: () => run(dartflare, ['--version'], here).time,
    compiler: () => run(dart, ['compile', 'js', '-o', join(apart, 'main.js')], here).time,
    build() {
      // Another program each time: with the same one, nothing would have to be published.
      const number = `${++edits}`.padStart(6, '0');
      writeFileSync(join(project, 'lib/main.dart'), `void main() => print(${number});\n`);
      const program = join(folder, 'sdk/bin/answers/main.js');
      writeFileSync(program, `//${number}` + readFileSync(program, 'utf8').slice(8));
      return expect(run(dartflare, ['build'], here), 'built `build/worker.mjs`');
    },
    nothing: () => expect(run(dartflare, ['build'], here), '`build/worker.mjs` is up to date'),
  };
  console.error(`${rounds} rounds of each: ${kinds.join(', ')}`);
  measure.build();
  for (let round = -WARM_UP; round < rounds; round++) {
    for (const kind of kinds) {
      const time = measure[kind]();
      if (round >= 0) times[kind].push(time);
    }
  }
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(`error: ${error.message}`);
  process.exit(1);
}

const { start, compiler, build, nothing } = times;
// Within a round, so that what slows a whole round down counts on both sides.
const share = build.map((time, round) => time - compiler[round]);
const against = (values, base) => median(values.map((value, round) => value / base[round]));
const results = {
  startMs: median(start),
  compilerMs: median(compiler),
  buildMs: median(build),
  shareMs: median(share),
  nothingMs: median(nothing),
  shareRatio: against(share, start),
  nothingRatio: against(nothing, start),
};
if (options.json) {
  console.log(JSON.stringify({ ...results, times }, null, 2));
} else {
  const row = (what, ms, ratio) =>
    `| ${what.padEnd(44)} | ${`${ms.toFixed(1)} ms`.padStart(8)} | ${(ratio?.toFixed(1) ?? '').padStart(27)} |`;
  console.log(
    `| ${''.padEnd(44)} |   median | times \`dartflare --version\` |\n|${'-'.repeat(46)}|---------:|${'-'.repeat(28)}:|\n` +
      [
        row('`dartflare --version`', results.startMs),
        row('the compiler that needs no time', results.compilerMs),
        row('`dartflare build` with it', results.buildMs),
        row("dartflare's own share of that", results.shareMs, results.shareRatio),
        row('`dartflare build` with nothing to do', results.nothingMs, results.nothingRatio),
      ].join('\n'),
  );
}
