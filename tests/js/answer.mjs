// What a built Worker answers: `node tests/js/answer.mjs build/worker.mjs` prints the status and the body of `/`.

import { dirname, resolve } from 'node:path';

import { tool } from './production.mjs';

const { Log, LogLevel, Miniflare } = tool('miniflare');
const scriptPath = resolve(process.argv[2]);
const miniflare = new Miniflare({
  log: new Log(LogLevel.NONE),
  compatibilityDate: '2025-12-01',
  scriptPath,
  modulesRoot: dirname(scriptPath),
  modules: true,
  modulesRules: [
    { type: 'ESModule', include: ['**/*.mjs', '**/*.js'] },
    { type: 'CompiledWasm', include: ['**/*.wasm'] },
  ],
});
try {
  const response = await miniflare.dispatchFetch('http://localhost/');
  process.stdout.write(`${response.status}\n${await response.text()}`);
} finally {
  await miniflare.dispose();
}
