// Runs a project as it runs in production, but for the compiler: `wrangler dev` on what `dartflare build` publishes, with
// a fake SDK (`tests/dart.sh`) whose compiler writes a stand-in (`main.mjs`) for the same program on the Dart VM, over the
// unchanged `host_js.dart`. Says `ready URL` like `dartflare dev`, and passes on what the program and wrangler say.
//
//   node tests/js/workerd/serve.mjs DARTFLARE [--env NAME] [-- FLAGS OF WRANGLER]     in the project's folder

import { execFile, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { pathToFileURL } from 'node:url';

import { packageWithJsHost, read, root } from '../dart.mjs';
import { parseFrame } from '../values.mjs';

const [dartflare, ...rest] = process.argv.slice(2);
const split = rest.includes('--') ? rest.indexOf('--') : rest.length;
const flags = rest.slice(0, split);
const project = process.cwd();

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

const pubspec = readFileSync(join(project, 'pubspec.yaml'), 'utf8');
const name = /^name: *(\S+)/m.exec(pubspec)[1];

/** What tells where the packages are, with ours in `folder`. */
function packageConfig(folder) {
  // The other packages that the project takes from a folder.
  const others = [...pubspec.matchAll(/^  (\w+):\n    path: '(.*)'$/gm)].map(([, name, path]) => [name, path]);
  const all = { ...Object.fromEntries(others), [name]: project, cloudflare_workers: folder };
  const packages = Object.entries(all).map(([name, folder]) => ({
    name,
    rootUri: `${pathToFileURL(folder).href}/`,
    packageUri: 'lib/',
    languageVersion: '3.5',
  }));
  return JSON.stringify({ configVersion: 2, packages });
}

/** Starts the program on the Dart VM, and gives what its `main()` did. */
async function startProgram() {
  const sockets = pathToFileURL(join(root, 'tests/fixtures/js_interop/sockets.dart')).href;
  write(home, {
    ...packageWithJsHost(),
    'package_config.json': packageConfig(home),
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

/** The stand-in as one module, as a compiler writes it. */
function bundle(program) {
  const parts = [read('tests/js/values.mjs').replace(/^export /gm, ''), read('tests/js/workerd/main.mjs')];
  const text = parts.join('\n').replace(/^import .* from '\.\/.*';\n/gm, '');
  return `const program = ${JSON.stringify(program)};\n${text}`;
}

/** Publishes the Worker around the stand-in. */
async function build(program) {
  const dart = join(home, 'sdk/bin/dart');
  const tools = ['dartdev_aot.dart', 'dart2js_aot.dart', 'dart2wasm_product'];
  write(join(home, 'sdk'), {
    ...Object.fromEntries(tools.map((name) => [`bin/snapshots/${name}.snapshot`, ''])),
    'bin/dart': read('tests/dart.sh'),
    'fake/version': '3.7.3',
    'fake/package_config.json': packageConfig(join(root, 'dart_runtime')),
    'fake/main.js': bundle(program),
  });
  chmodSync(dart, 0o755);
  const args = ['build', '--dart', dart, ...flags];
  await promisify(execFile)(dartflare, args, { env: { ...process.env, DARTFLARE_DART: dart, WRANGLER_COMMAND: 'dev' } });
}

try {
  await build(await startProgram());
} catch (error) {
  console.error(error.message);
  await end(1);
}
// Named, so that the flags may name those of other Workers beside it.
const config = ['wrangler.json', 'wrangler.jsonc', 'wrangler.toml'].find((name) => existsSync(name));
const args = ['dev', '-c', config, '--port', '0', '--inspector-port', '0', ...flags, ...rest.slice(split + 1)];
const { stdout, stderr } = start(process.env.DARTFLARE_WRANGLER, args, { stdio: ['ignore', 'pipe', 'pipe'] });
for (const stream of [stdout, stderr]) {
  createInterface(stream).on('line', (line) => {
    const url = /Ready on (\S+)/.exec(line)?.[1];
    console.error(url ? `ready ${url}` : line);
  });
}
