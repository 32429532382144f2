// JavaScript of ours that no other test loads is at least JavaScript.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';

import { filesBelow, root } from './dart.mjs';

for (const name of ['templates', 'tools', 'tests'].flatMap((folder) => filesBelow(folder, '.mjs'))) {
  test(`${name} parses`, () => {
    const { status, stderr } = spawnSync(process.execPath, ['--check', join(root, name)], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  });
}
