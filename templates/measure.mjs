// Runs a published Worker in the workerd that Wrangler brings along, unbundled and without bindings, and says on stdout,
// one line of JSON for each start, what it said of itself and how long it took to answer.
//
// The one argument is JSON: `wrangler`, a file of Wrangler's package; `folder`, `entry`, `modules`, the output and its
// files; `app`, the folder of its parts; `date`, `flags`, the compatibility; `pairs`, how often to start the Worker and
// one that does nothing in turn, or 0 to start the Worker once.
//
// It writes what it needs beside itself, and removes the folder that it stands in when it ends.

import { spawn } from 'node:child_process';
import { realpathSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, relative, sep } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

/** How much of what workerd says is kept. */
const SAID_LIMIT = 64 * 1024;

const here = dirname(realpathSync(fileURLToPath(import.meta.url)));
const { wrangler, folder, entry, app, modules, date, flags, pairs } = JSON.parse(process.argv[2]);

const say = (event, rest) => process.stdout.write(`${JSON.stringify({ event, ...rest })}\n`);

let running = null;
process.on('exit', () => {
  running?.kill('SIGKILL');
  // Whoever made the folder removes it too, unless it was killed.
  rmSync(here, { recursive: true, force: true, maxRetries: 3 });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
// Whoever started this may have been killed.
const parent = process.ppid;
setInterval(() => process.ppid !== parent && process.exit(1), 250).unref();

/** The workerd that this Wrangler, or its Miniflare, depends on. */
function findWorkerd() {
  const require = createRequire(realpathSync(wrangler));
  let path;
  try {
    path = require.resolve('workerd');
  } catch {
    path = createRequire(require.resolve('miniflare')).resolve('workerd');
  }
  const { default: program, compatibilityDate } = require(path);
  return { program, latest: compatibilityDate };
}

const PROBE = '.dartflare-probe.mjs';
const EMPTY = '.dartflare-empty.mjs';

/** The configuration of a Worker made of `parts`, [name, path, kind] each, whose first is its entry. */
function configuration(parts, compatibilityDate) {
  // workerd reads a path from where the configuration stands.
  const embed = (path) => JSON.stringify(relative(here, path).split(sep).join('/'));
  const lines = parts.map(([name, path, kind]) => `(name = ${JSON.stringify(name)}, ${kind} = embed ${embed(path)})`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "worker", worker = (
      modules = [${lines.join(', ')}],
      compatibilityDate = ${JSON.stringify(compatibilityDate)},
      compatibilityFlags = [${flags.map((flag) => JSON.stringify(flag)).join(', ')}],
      globalOutbound = "nowhere",
    )),
    (name = "nowhere", network = (allow = [])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "worker")],
);
`;
}

/** Starts workerd and asks it one thing: { ms, description }, or { failed } with what it said instead. */
function start(program, config) {
  return new Promise((resolve) => {
    let said = '';
    let isAnswered = false;
    const started = performance.now();
    const child = spawn(program, ['serve', '--experimental', '--control-fd=3', config], {
      cwd: here,
      // Production's time zone.
      env: { ...process.env, TZ: 'UTC' },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    running = child;
    let result = null;
    const end = (given) => {
      result ??= given;
      child.kill('SIGKILL');
    };
    child.on('error', (error) => resolve({ missing: `\`${program}\` does not start: ${error.message}` }));
    child.on('close', (code, signal) => {
      running = null;
      if (result?.description !== undefined) result.log = said;
      resolve(result ?? { failed: said.trim() || `workerd stopped (${signal ?? `exit code ${code}`}) and said nothing` });
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said = (said + text).slice(0, SAID_LIMIT);
    });
    let control = '';
    child.stdio[3].setEncoding('utf8').on('data', (text) => {
      control += text;
      const listening = control.split('\n').find((line) => line.includes('"listen"') && line.endsWith('}'));
      if (!listening || isAnswered) return;
      isAnswered = true;
      const request = get({ host: '127.0.0.1', port: JSON.parse(listening).port, agent: false }, async (response) => {
        const ms = performance.now() - started;
        let body = '';
        for await (const chunk of response.setEncoding('utf8')) body += chunk;
        if (response.statusCode === 200) end({ ms, description: JSON.parse(body) });
        else end({ failed: said.trim() || `it answered ${response.statusCode}` });
      });
      // workerd has stopped, and its end is told above.
      request.on('error', () => child.kill('SIGKILL'));
    });
  });
}

async function main() {
  let workerd;
  try {
    workerd = findWorkerd();
  } catch (error) {
    return say('missing', { text: `cannot find the workerd of Wrangler: ${error.message.split('\n')[0]}` });
  }
  // workerd knows no day after the one it was made for, nor does `wrangler dev`.
  const day = date !== null && date < workerd.latest ? date : workerd.latest;
  const files = modules.map((name) => [name, `${folder}/${name}`, name.endsWith('.wasm') ? 'wasm' : 'esModule']);
  const probes = {
    [PROBE]: `import ${JSON.stringify(`./${entry}`)};
import * as app from ${JSON.stringify(`./${app}/worker.mjs`)};
export default { fetch: () => Response.json(app.description ?? null) };
`,
    [EMPTY]: 'export default { fetch: () => Response.json(null) };\n',
  };
  for (const [name, text] of Object.entries(probes)) writeFileSync(`${here}/${name}`, text);
  const configs = {
    worker: configuration([[PROBE, `${here}/${PROBE}`, 'esModule'], ...files], day),
    // It carries the same files, as bytes that nothing looks at: reading them is no part of a start.
    empty: configuration([[EMPTY, `${here}/${EMPTY}`, 'esModule'], ...files.map(([name, path]) => [name, path, 'data'])], day),
  };
  for (const [name, text] of Object.entries(configs)) writeFileSync(`${here}/${name}.capnp`, text);

  // Each first start reads its files from the disk, and is not for comparison. After that the two take turns at being
  // first, so that a machine that slows down or speeds up favours neither.
  const order = [];
  for (let pair = 0; pair < pairs; pair++) order.push(...(pair % 2 ? ['empty', 'worker'] : ['worker', 'empty']));
  for (const which of pairs === 0 ? ['worker'] : ['worker', 'empty', ...order]) {
    const { ms, description, log, failed, missing } = await start(workerd.program, `${here}/${which}.capnp`);
    if (missing !== undefined) return say('missing', { text: missing });
    if (failed !== undefined) return say('failed', { text: failed });
    say('answered', { which, ms, description, log });
  }
}

await main();
