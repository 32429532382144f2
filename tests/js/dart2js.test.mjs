// A real program of dart2js after our prelude, in workerd: Sass, as its npm package publishes it for browsers.
//
// The package puts lines of its own before the program, which choose how it runs microtasks and may take a Worker for
// Node. Those are taken out here, so that it finds what `dart compile js` alone would leave it to find: the prelude.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test from 'node:test';

import { edited } from './dart_fmt.mjs';
import { read, root, skipUnless } from './dart.mjs';

const packages = join(root, 'tools/node_modules');
const isThere = ['miniflare', 'sass', 'immutable'].every((name) => existsSync(join(packages, name)));
const skip = skipUnless(isThere, 'a program of dart2js in workerd', 'no workerd or no Sass found');

const REQUESTS = 100;

function program() {
  const source = readFileSync(join(packages, 'sass/sass.dart.js'), 'utf8');
  assert.match(source, /the Dart to JavaScript compiler version: 3\./, 'Sass is compiled by dart2js');
  return edited(source, [
    [
      `var dartNodeIsActuallyNode = typeof process !== "undefined" && (process.versions || {}).hasOwnProperty('node');`,
      'var dartNodeIsActuallyNode = false;',
    ],
    [
      `self.scheduleImmediate = typeof setImmediate !== "undefined"
    ? function (cb) {
        setImmediate(cb);
      }
    : function(cb) {
        setTimeout(cb, 0);
      };
`,
      '',
    ],
  ]);
}

/** Sass in workerd; `changed` runs after the prelude and before the program. */
async function withSass(changed, use) {
  const { Log, LogLevel, Miniflare } = createRequire(join(root, 'tools/package.json'))('miniflare');
  const files = {
    'worker.mjs': read('tests/js/worker/sass.mjs'),
    'prelude.mjs': read('templates/prelude.mjs'),
    'host.mjs': read('templates/host.mjs'),
    'runtime.mjs': read('templates/runtime.mjs'),
    'changed.mjs': changed,
    'immutable.mjs': readFileSync(join(packages, 'immutable/dist/immutable.es.js'), 'utf8'),
    'program.mjs': program(),
  };
  const worker = new Miniflare({
    modulesRoot: '/',
    modules: Object.entries(files).map(([name, contents]) => ({ type: 'ESModule', path: `/${name}`, contents })),
    compatibilityDate: '2025-12-01',
    log: new Log(LogLevel.NONE),
    handleRuntimeStdio() {},
  });
  try {
    return await use(async (path) => {
      const response = await worker.dispatchFetch(`http://localhost/${path}`);
      return [response.status, await response.text()];
    });
  } finally {
    await worker.dispose();
  }
}

/** Many requests at once, after one that left the program while it worked. */
async function manyAtOnce(ask) {
  assert.deepEqual(await ask('forget'), [200, 'forgotten']);
  const numbers = Array.from({ length: REQUESTS }, (_, number) => number);
  const answers = await Promise.all(numbers.map((number) => ask(`compile?number=${number}`)));
  for (const number of numbers) {
    const more = number > 0 ? '\n  c: d;' : '';
    assert.deepEqual(answers[number], [200, `a {\n  b: ${number + 1};${more}\n}`]);
  }
}

test('a program of dart2js after the prelude', { skip }, () =>
  withSass('', async (ask) => {
    assert.deepEqual(await ask('early'), [200, 'false'], 'the prelude holds `main()` back');
    await manyAtOnce(ask);
    // The isolate is the same as before, and as sound.
    await manyAtOnce(ask);
  }));

test('the test itself: without `scheduleImmediate` of the prelude the program hangs', { skip }, () =>
  withSass('delete globalThis.scheduleImmediate;', async (ask) => {
    // The runtime itself sees that nothing is left that could answer, so there is no time limit to choose.
    const { actual } = await manyAtOnce(ask).then(
      () => assert.fail('all requests are answered'),
      (error) => error,
    );
    assert.equal(actual?.[0], 500);
    assert.match(actual[1], /your Worker's code had hung/);
  }));
