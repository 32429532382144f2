// Makes the npm packages: `dartflare`, which starts the program, and one package with the program for each platform.
//
//     node npm/build.mjs <binaries> <out>
//
// `<binaries>/linux-x64/dartflare` becomes `<out>/linux-x64`, and so on, for each platform of `platforms.json` that is
// there; with `--all`, all have to be.
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(here);
const args = process.argv.slice(2).filter((argument) => argument !== '--all');
const needsAll = process.argv.includes('--all');
if (args.length !== 2) stop('usage: node npm/build.mjs [--all] <binaries> <out>');
const [binaries, out] = args;

const launcher = JSON.parse(readFileSync(path.join(here, 'dartflare/package.json'), 'utf8'));
const platforms = Object.keys(JSON.parse(readFileSync(path.join(here, 'platforms.json'), 'utf8')));

const folder = path.join(out, 'dartflare');
rmSync(folder, { recursive: true, force: true });
cpSync(path.join(here, 'dartflare'), folder, { recursive: true });
addLicences(folder);

for (const platform of platforms) {
  const [system, cpu] = platform.split('-');
  const file = system === 'win32' ? 'dartflare.exe' : 'dartflare';
  const binary = path.join(binaries, platform, file);
  if (!existsSync(binary)) {
    if (needsAll) stop(`there is no \`${binary}\``);
    continue;
  }
  const folder = path.join(out, platform);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(path.join(folder, 'bin'), { recursive: true });
  copyFileSync(binary, path.join(folder, 'bin', file));
  // What came through an archive of a workflow has lost it.
  chmodSync(path.join(folder, 'bin', file), 0o755);
  addLicences(folder);
  const { version, license, homepage, bugs, repository, engines, publishConfig } = launcher;
  const description = `The dartflare program for ${system} on ${cpu}; install the package dartflare instead.`;
  write(path.join(folder, 'package.json'), {
    name: `@dartflare/${platform}`,
    version,
    description,
    license,
    homepage,
    bugs,
    repository,
    os: [system],
    cpu: [cpu],
    files: ['bin', 'LICENSE-*'],
    preferUnplugged: true,
    engines,
    publishConfig,
  });
  writeFileSync(path.join(folder, 'README.md'), `${description}\n`);
}

function addLicences(folder) {
  for (const file of ['LICENSE-APACHE', 'LICENSE-MIT']) copyFileSync(path.join(root, file), path.join(folder, file));
}

function write(file, value) {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

function stop(message) {
  process.stderr.write(`error: ${message}\n`);
  process.exit(2);
}
