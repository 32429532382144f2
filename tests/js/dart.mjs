// What the tests need of the machine: the Dart VM, and what a test that lacks it says.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** The Dart VM as `[program, ...arguments]`, or null. */
export function findDart() {
  const candidates = [
    process.env.DARTFLARE_DART,
    join(root, 'tools/dart-vm/node_modules/sass-embedded-linux-ia32/dart-sass/src/dart'),
    'dart',
  ];
  return candidates.find((path) => path && spawnSync(path, ['--version']).status === 0) ?? null;
}

/** All files below `folder` whose names end in `suffix`, as paths from the repository's root. */
export function filesBelow(folder, suffix) {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true })
    .map((name) => join(folder, name))
    .filter((name) => name.endsWith(suffix) && !/(^|\/)(node_modules|\.dart_tool|build)\//.test(name))
    .sort();
}

/** All Dart files that are under version control, as paths from the repository's root. */
export function dartFiles() {
  return execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '*.dart'], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\0')
    .filter((name) => name && existsSync(join(root, name)))
    .sort();
}

/** Writes `files`, a map of paths to texts, into a folder of its own for the length of `use`. */
export function withFolder(files, use) {
  const folder = mkdtempSync(join(tmpdir(), 'dartflare-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const read = (name) => readFileSync(join(root, name), 'utf8');
