// Runs a project as it runs in production, but for the compiler: `wrangler dev` on the Worker that `dartflare build`
// makes, in which the compiled program is a stand-in (`main.mjs`) for the same program on the Dart VM, over the unchanged
// `host_js.dart`. Prints `ready URL` like `dartflare dev`, then what the program and wrangler print.
//
//   node tests/js/workerd/serve.mjs [--env NAME]     in the project's folder

import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs, promisify } from 'node:util';
import { pathToFileURL } from 'node:url';

import { packageWithJsHost, read, root } from '../dart.mjs';
import { parseFrame } from '../values.mjs';

const { env } = parseArgs({ options: { env: { type: 'string' } } }).values;
const project = process.cwd();
const wrangler = process.env.DARTFLARE_WRANGLER;
const config = ['wrangler.json', 'wrangler.jsonc', 'wrangler.toml'].find((name) => existsSync(join(project, name)));

const home = mkdtempSync(join(tmpdir(), 'dartflare-js-host-'));
const children = new Set();
let isEnding = false;

/** Ends what was started, with all that it started, and then this process. */
async function end(code) {
  if (isEnding) return;
  isEnding = true;
  const deadline = Date.now() + 5000;
  for (const { pid } of children) {
    // A group has no event for its end.
    for (let signal = 'SIGTERM'; sendToGroup(pid, signal); signal = Date.now() < deadline ? 0 : 'SIGKILL') {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  process.exit(code);
}

/** Whether there was anyone to receive it. */
function sendToGroup(pid, signal) {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}
process.on('SIGTERM', () => end(0));
process.on('exit', () => rmSync(home, { recursive: true, force: true }));

function start(program, args, options) {
  const child = spawn(program, args, { ...options, detached: true });
  children.add(child);
  child.on('exit', (code, signal) => {
    if (isEnding) return;
    console.error(`${program} ended with ${code ?? signal}`);
    end(1);
  });
  return child;
}

function write(folder, files) {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}

/** Starts the program on the Dart VM, and gives what its `main()` did. */
async function startProgram() {
  const name = /^name: *(\S+)/m.exec(readFileSync(join(project, 'pubspec.yaml'), 'utf8'))[1];
  const sockets = pathToFileURL(join(root, 'tests/fixtures/js_interop/sockets.dart')).href;
  const folderUri = (path) => `${pathToFileURL(path).href}/`;
  const roots = { [name]: folderUri(project), cloudflare_workers: folderUri(home) };
  const packages = Object.entries(roots).map(([name, rootUri]) => ({
    name,
    rootUri,
    packageUri: 'lib/',
    languageVersion: '3.5',
  }));
  write(home, {
    ...packageWithJsHost(),
    'package_config.json': JSON.stringify({ configVersion: 2, packages }),
    // Beside what stands around it, this is the entry of a compiled program.
    'entry.dart': `import 'package:cloudflare_workers/src/host/start.dart';
import 'package:${name}/main.dart' as app;
import '${sockets}';

void main() => run(() => start(app.main));
`,
  });
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  start(
    process.env.DARTFLARE_DART,
    ['--disable-dart-dev', `--packages=${join(home, 'package_config.json')}`, join(home, 'entry.dart')],
    { env: { ...process.env, ENGINE_PORT: server.address().port }, stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const [message] = await new Promise((resolve) => {
    server.on('connection', async (socket) => {
      let bytes = Buffer.alloc(0);
      socket.on('data', (chunk) => {
        bytes = Buffer.concat([bytes, chunk]);
        if (bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt32LE()) resolve(parseFrame(bytes.subarray(4)));
      });
      socket.on('error', () => {});
    });
  });
  server.close();
  return message;
}

/** What `dartflare build` writes into the Worker of the configuration. */
async function readSettings() {
  // In a process of its own: wrangler takes signals of whoever imports it.
  const script = `
    const { unstable_readConfig: readConfig } = require(${JSON.stringify(createRequire(realpathSync(wrangler)).resolve('../'))});
    console.log(JSON.stringify(readConfig(${JSON.stringify({ config, env })}, { hideWarnings: true })));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { maxBuffer: 1 << 24 });
  const { durable_objects: objects, triggers, vars, secrets, ...others } = JSON.parse(stdout);
  const kinds = {};
  for (const [kind, entries] of Object.entries(others)) {
    if (!Array.isArray(entries)) continue;
    for (const { binding } of entries) if (binding) kinds[binding] = kind;
  }
  for (const name of Object.keys(vars)) kinds[name] = 'vars';
  for (const name of secrets?.required ?? []) kinds[name] = 'secrets';
  const classes = {};
  for (const { name, class_name: className } of objects.bindings) {
    kinds[name] = 'durable_objects';
    (classes[className] ??= []).push(name);
  }
  for (const { new_sqlite_classes: created } of others.migrations) for (const name of created ?? []) classes[name] ??= [];
  const durableObjects = Object.entries(classes).map(([name, bindings]) => ({ class: name, bindings }));
  return { config, kinds, durableObjects, crons: triggers?.crons ?? [] };
}

/** The template of the production Worker, rendered for a program compiled to JavaScript. */
function renderWorker(settings) {
  return read('templates/worker.mjs.hbs')
    .replace(/\{\{#if is_wasm\}\}\n[^]*?\{\{else\}\}\n([^]*?)\{\{\/if\}\}\n/g, '$1')
    .replace(/\{\{#each classes\}\}\n([^]*?)\{\{\/each\}\}\n/g, (_, line) =>
      settings.durableObjects.map(({ class: name }) => line.replaceAll('{{{this}}}', name)).join(''),
    )
    .replace('{{{settings}}}', JSON.stringify(settings));
}

const [program, settings] = await Promise.all([startProgram(), readSettings()]);
const names = settings.durableObjects.map(({ class: name }) => `, ${name}`).join('');
write(join(project, 'build'), {
  'worker.mjs': `export { default${names} } from './app-1/worker.mjs';\n`,
  'app-1/worker.mjs': renderWorker(settings),
  ...Object.fromEntries(['prelude', 'shim', 'host', 'runtime'].map((name) => [`app-1/${name}.mjs`, read(`templates/${name}.mjs`)])),
  'app-1/main.js': read('tests/js/workerd/main.mjs'),
  'app-1/values.mjs': read('tests/js/values.mjs'),
  'app-1/program.mjs': `export default ${JSON.stringify(program)};\n`,
});

const args = ['dev', '--config', config, '--port', '0', '--inspector-port', '0', ...(env ? ['--env', env] : [])];
const { stdout, stderr } = start(wrangler, args, { cwd: project, stdio: ['ignore', 'pipe', 'pipe'] });
for (const stream of [stdout, stderr]) {
  createInterface(stream).on('line', (line) => {
    const url = /Ready on (\S+)/.exec(line)?.[1];
    if (url) console.error(`ready ${url}`);
    else console.error(line);
  });
}
