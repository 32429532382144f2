// What it takes to choose the functions for a request, by the number of routes: through the tree of segments, and route
// by route as the platform does it, with path-to-regexp.
//
//   node benches/router.mjs [--json] [--rounds N]
//
// `benches/README.md` says what is compared with what.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { readOptions } from './options.mjs';

const SIZES = [10, 100, 1000, 10_000];
/** How long one measurement is to take, at least, and all of one way with one number of routes, at most: microseconds. */
const LONG = 20_000;
const TOTAL = 3_000_000;

const options = readOptions({ numbers: { rounds: 25 } });
const { rounds } = options;

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dart = process.env.DARTFLARE_DART;
if (!dart) {
  console.error('error: `DARTFLARE_DART` names no Dart\nhint: `make setup`, then `. tools/env`');
  process.exit(3);
}

// The one that wrangler bundles with a project's functions.
const tools = createRequire(join(root, 'tools/package.json'));
const ofWrangler = createRequire(tools.resolve('wrangler/package.json'));
const { match } = ofWrangler('path-to-regexp');
const version = JSON.parse(readFileSync(join(dirname(ofWrangler.resolve('path-to-regexp')), '../package.json'))).version;

/** An API of folders like each other, with some middleware: `size` routes, sorted as the platform sorts them. */
function routesOf(size) {
  const routes = [{ path: '/', mount: '/', middleware: '/_middleware' }];
  for (let folder = 0; routes.length < size; folder++) {
    const at = `/v1/service${folder}`;
    routes.push(
      { path: at, mount: at, middleware: `${at}/_middleware`, module: `${at}/index` },
      { path: `${at}/:id`, mount: at, method: 'GET', module: `${at}/[id]:get` },
      { path: `${at}/:id`, mount: at, method: 'PUT', module: `${at}/[id]:put` },
      { path: `${at}/:id/comments/:comment`, mount: `${at}/:id/comments`, module: `${at}/[id]/comments/[comment]` },
      { path: `${at}/item-:id`, mount: at, module: `${at}/item-[id]` },
      { path: `${at}/files/:path*`, mount: `${at}/files`, module: `${at}/files/[[path]]` },
    );
  }
  const rank = (segment) => (segment.includes('*') ? 2 : segment.includes(':') ? 1 : 0);
  const segments = (route) => route.path.split('/').filter(Boolean);
  return routes.slice(0, size).sort((a, b) => {
    const [one, other] = [segments(a), segments(b)];
    if (one.length !== other.length) return other.length - one.length;
    for (const [at, segment] of one.entries()) {
      const difference = rank(segment) - rank(other[at]);
      if (difference !== 0) return difference;
    }
    return Boolean(b.method) - Boolean(a.method) || a.path.localeCompare(b.path);
  });
}

/** Paths for each kind of file in folders all over the tree, and such as lead to the assets. */
function pathsOf(size) {
  const folders = Math.max(1, Math.floor((size - 1) / 6));
  return [0.25, 0.75].flatMap((part) => {
    const at = `/v1/service${Math.floor(part * folders)}`;
    return [at, `${at}/42`, `${at}/42/comments/7`, `${at}/item-42`, `${at}/files/a/b/c.txt`, '/assets/logo.svg'];
  });
}

/** What wrangler's own Worker does for a request; `compile` makes the function that matches a pattern. */
function choose(routes, path, compile) {
  const found = [];
  for (let at = routes.length - 1; at >= 0; at--) {
    const route = routes[at];
    if (route.method && route.method !== 'GET') continue;
    const mounted = compile(route.mount, false)(path);
    if (compile(route.path, false)(path) && mounted && route.middleware) found.push([route.middleware, mounted.path]);
  }
  for (const route of routes) {
    if (route.method && route.method !== 'GET') continue;
    const matched = compile(route.path, true)(path);
    if (matched && compile(route.mount, false)(path) && route.module) {
      found.push([route.module, matched.path]);
      break;
    }
  }
  return found;
}

const compileAnew = (pattern, end) => match(pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&'), { end });
const compiled = new Map();
function compileOnce(pattern, end) {
  const key = `${end} ${pattern}`;
  let matcher = compiled.get(key);
  if (!matcher) compiled.set(key, (matcher = compileAnew(pattern, end)));
  return matcher;
}

const folder = mkdtempSync(join(tmpdir(), 'dartflare-router-'));
const packages = join(folder, 'package_config.json');
const rootUri = pathToFileURL(join(root, 'dart_runtime')).href;
writeFileSync(
  packages,
  JSON.stringify({
    configVersion: 2,
    packages: [{ name: 'cloudflare_workers', rootUri, packageUri: 'lib/', languageVersion: '3.5' }],
  }),
);
const flags = (process.env.DART_FLAGS ?? '').split(' ').filter(Boolean);
const program = spawn(dart, [...flags, `--packages=${packages}`, join(root, 'benches/router/router.dart')], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();

async function ask(order) {
  program.stdin.write(`${JSON.stringify(order)}\n`);
  const { value, done } = await lines.next();
  if (done) throw new Error('the Dart program ended');
  return JSON.parse(value);
}

const results = [];
try {
  for (const size of SIZES) {
    const routes = routesOf(size).map((route) => ({ method: null, middleware: null, module: null, ...route }));
    const paths = pathsOf(size);
    compiled.clear();

    const { tree, rules, prepared } = await ask({ routes, paths });
    for (const [at, path] of paths.entries()) {
      const expected = JSON.stringify(choose(routes, path, compileOnce));
      if (JSON.stringify(tree[at]) !== expected || rules[at] !== tree[at].length) {
        throw new Error(`${path}: ${JSON.stringify(tree[at])} instead of ${expected}`);
      }
    }

    const inNode = (compile) => (times) => {
      const start = performance.now();
      for (let i = 0; i < times; i++) for (const path of paths) choose(routes, path, compile);
      return (performance.now() - start) * 1000;
    };
    const inDart = (way) => (times) => ask({ way, times });
    const ways = {
      tree: inDart('tree'),
      rules: inDart('rules'),
      platform: inNode(compileAnew),
      compiled: inNode(compileOnce),
    };
    const times = {};
    for (const [name, run] of Object.entries(ways)) {
      // As often as takes long enough, found out while it warms up.
      let often = 1;
      while ((await run(often)) < LONG) often *= 2;
      times[name] = { often, total: 0, least: Infinity };
    }
    console.error(`${size} routes`);
    for (let round = 0; round < rounds; round++) {
      for (const [name, run] of Object.entries(ways)) {
        const way = times[name];
        if (way.total > TOTAL) continue;
        const time = await run(way.often);
        way.total += time;
        // Whatever else the machine does only ever adds to it.
        way.least = Math.min(way.least, time / way.often / paths.length);
      }
    }
    const result = { routes: size, preparedUs: prepared };
    for (const [name, { least }] of Object.entries(times)) {
      result[`${name}Us`] = least;
      if (name !== 'tree') result[`${name}Ratio`] = least / times.tree.least;
    }
    results.push(result);
  }
} finally {
  program.stdin.end();
  rmSync(folder, { recursive: true });
}

if (options.json) {
  console.log(JSON.stringify({ pathToRegexp: version, results }));
} else {
  console.log(`microseconds for a request; path-to-regexp ${version}`);
  const ratio = (value) => (value < 10 ? value.toFixed(1) : Math.round(value));
  const row = (cells) => console.log(cells.map((cell, at) => (at === 0 ? cell.padEnd(8) : cell.padStart(23))).join(''));
  row(['routes', 'tree, Dart VM', 'RegExp, Dart VM', 'as the platform, Node', 'compiled before, Node']);
  for (const result of results) {
    const cell = (name) => `${result[`${name}Us`].toFixed(1)} (${ratio(result[`${name}Ratio`])} x)`;
    row([`${result.routes}`, result.treeUs.toFixed(1), cell('rules'), cell('platform'), cell('compiled')]);
  }
}
