// The script that runs a published Worker in workerd, when whoever started it is killed.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const tools = createRequire(new URL('../../tools/package.json', import.meta.url));

test('nothing is left of it when its parent is killed', { skip: process.platform !== 'linux' }, async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'dartflare-'));
  t.after(() => rmSync(root, { recursive: true }));
  const folder = join(root, 'build');
  const run = join(root, 'run');
  mkdirSync(join(folder, 'app-1'), { recursive: true });
  mkdirSync(run);
  const script = join(run, 'measure.mjs');
  copyFileSync(fileURLToPath(new URL('../../templates/measure.mjs', import.meta.url)), script);
  writeFileSync(join(folder, 'worker.mjs'), "export * from './app-1/worker.mjs';");
  writeFileSync(join(folder, 'app-1/worker.mjs'), 'for (;;);');
  const wrangler = tools.resolve('wrangler/package.json');
  const modules = ['worker.mjs', 'app-1/worker.mjs'];
  const request = { wrangler, folder, entry: 'worker.mjs', app: 'app-1', modules, date: null, flags: [], pairs: 0 };
  const start = `require('child_process').spawn(process.execPath, ${JSON.stringify([script, JSON.stringify(request)])})`;
  const parent = spawn(process.execPath, ['-e', start], { stdio: 'ignore' });
  const running = (part) =>
    readdirSync('/proc').filter((id) => {
      try {
        return /^\d+$/.test(id) && readFileSync(`/proc/${id}/cmdline`, 'utf8').split('\0').includes(part);
      } catch {
        return false;
      }
    });
  const config = join(run, 'worker.capnp');
  t.after(() => [...running(script), ...running(config)].forEach((id) => process.kill(id, 'SIGKILL')));
  await eventually(() => running(config).length === 1, 'workerd runs');
  parent.kill('SIGKILL');
  await eventually(() => running(config).length + running(script).length === 0, 'both have ended');
  assert.ok(!existsSync(run), 'the folder is removed');
});

async function eventually(holds, what) {
  const limit = Date.now() + 15_000;
  while (!holds()) {
    assert.ok(Date.now() < limit, what);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
