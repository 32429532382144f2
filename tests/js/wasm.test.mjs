// The loader of programs that dart2wasm made, with a real one, in workerd.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { isInstalled, modules, original, shapes } from './dart_fmt.mjs';
import { read, root, skipUnless } from './dart.mjs';

const OLD = '2024-09-01';
const NEW = '2026-04-01';

const isThere = isInstalled && existsSync(join(root, 'tools/node_modules/miniflare'));
const skip = skipUnless(isThere, 'wasm.mjs in workerd', 'no workerd or no program of dart2wasm found');

const SOURCE = "main(){print('${1+1} ä €', );}\n";
const FORMATTED = "main() {\n  print(\n    '${1 + 1} ä €',\n  );\n}\n";

const strings = readFileSync(join(root, 'templates/strings.wasm'));

/** The files of a Worker by name: texts are modules, bytes are compiled. */
function files({ glue, module, worker = read('tests/js/worker/wasm.mjs') }) {
  return {
    'worker.mjs': worker,
    'prelude.mjs': read('templates/prelude.mjs'),
    'host.mjs': read('templates/host.mjs'),
    'runtime.mjs': read('templates/runtime.mjs'),
    'wasm.mjs': read('templates/wasm.mjs'),
    'strings.wasm': strings,
    'main.mjs': glue,
    'main.wasm': module,
  };
}

/** Runs a Worker of these files for the length of `use`, which gets a function that asks it. */
async function inWorkerd(content, use, compatibilityDate = NEW) {
  const { Log, LogLevel, Miniflare } = createRequire(join(root, 'tools/package.json'))('miniflare');
  const worker = new Miniflare({
    modulesRoot: '/',
    modules: Object.entries(content).map(([name, contents]) => ({
      type: typeof contents === 'string' ? 'ESModule' : 'CompiledWasm',
      path: `/${name}`,
      contents,
    })),
    compatibilityDate,
    log: new Log(LogLevel.NONE),
    handleRuntimeStdio() {},
  });
  try {
    return await use(async (path, body) => {
      const response = await worker.dispatchFetch(`http://localhost/${path}`, body && { method: 'POST', body });
      const text = await response.text();
      assert.equal(response.status, 200, text);
      return JSON.parse(text);
    });
  } finally {
    await worker.dispose();
  }
}

for (const [form, path] of Object.entries(modules)) {
  for (const date of [OLD, NEW]) {
    test(`the formatter, ${form}, at ${date}`, { skip }, () =>
      inWorkerd(
        files({ glue: original(), module: readFileSync(path) }),
        async (ask) => {
          assert.equal(await ask('format', SOURCE), FORMATTED);
          assert.match(await ask('format', 'main( {'), /^error: .*Could not format/s);
          assert.deepEqual(await ask('state'), [true, false]);
          assert.deepEqual(await ask('again', SOURCE), [3, FORMATTED, FORMATTED]);
        },
        date,
      ));
  }
}

// The formatter's glue in the shape of another release, with the same module of about Dart 3.11: see `dart_fmt.mjs`.
for (const [release, { glue, module = (bytes) => bytes }] of Object.entries(shapes)) {
  test(`glue in the shape of Dart ${release}`, { skip }, () =>
    inWorkerd(files({ glue: glue(), module: module(readFileSync(modules.optimised)) }), async (ask) => {
      assert.equal(await ask('format', SOURCE), FORMATTED);
      assert.deepEqual(await ask('state'), [true, false]);
      // Texts that are longer than what is copied at a time, from and to Wasm.
      const long = `// ${'ä€😀'.repeat(5000)}\n`;
      assert.equal(await ask('format', long + SOURCE), long + FORMATTED);
      assert.deepEqual(await ask('again', SOURCE), [3, FORMATTED, FORMATTED]);
    }));
}

test('what newer programs leave to the runtime', { skip }, async (t) => {
  const content = {
    'worker.mjs': read('tests/js/worker/builtins.mjs'),
    'wasm.mjs': read('templates/wasm.mjs'),
    'strings.wasm': strings,
    'builtins.wasm': readFileSync(join(root, 'tests/fixtures/wasm/builtins.wasm')),
  };
  await inWorkerd(content, async (ask) => {
    const call = async (...calls) => ask('call', JSON.stringify(calls));
    const outside = 'RuntimeError: string offset out of bounds';
    const wrong = 'RuntimeError: illegal cast';
    const cases = {
      constants: [
        [['proto'], '__proto__'],
        [['constant'], 'a constant, ä 😀'],
      ],
      cast: [
        [['cast', 'a'], 'a'],
        [['cast', null], wrong],
        [['cast', 1], wrong],
      ],
      test: [
        [['test', ''], 1],
        [['test', null], 0],
        [['test', ['a']], 0],
      ],
      'characters from numbers': [
        [['fromCharCode', 0xe4], 'ä'],
        [['fromCodePoint', 0x1f600], '😀'],
        [['fromCodePoint', 0x110000], 'RuntimeError: invalid code point'],
        [['fromCodePoint', -1], 'RuntimeError: invalid code point'],
      ],
      'numbers from characters': [
        [['charCodeAt', 'aä', 1], 0xe4],
        [['charCodeAt', 'a', 1], outside],
        [['charCodeAt', 'a', -1], outside],
        [['charCodeAt', null, 0], wrong],
        [['codePointAt', '😀', 0], 0x1f600],
        [['codePointAt', '', 0], outside],
      ],
      length: [
        [['length', 'ä😀'], 3],
        [['length', null], wrong],
      ],
      concat: [
        [['concat', 'a', 'b'], 'ab'],
        [['concat', 'a', null], wrong],
      ],
      substring: [
        [['substring', 'abcd', 1, 3], 'bc'],
        [['substring', 'abcd', 3, 1], ''],
        [['substring', 'abcd', 1, -1], 'bcd'],
        [['substring', 'abcd', -1, 2], ''],
        [['substring', 'abcd', 9, 10], ''],
        [['substring', null, 3, 1], wrong],
      ],
      equals: [
        [['equals', 'a', 'a'], 1],
        [['equals', 'a', 'b'], 0],
        [['equals', 'a', null], 0],
        [['equals', null, null], 1],
      ],
      compare: [
        [['compare', 'a', 'b'], -1],
        [['compare', 'b', 'a'], 1],
        [['compare', 'a', 'a'], 0],
        [['compare', 'a', null], wrong],
      ],
      arrays: [
        [['throughArray', 'abc', 5, 1, 0, 5], '\0abc\0'],
        [['throughArray', 'abc', 3, 0, 1, 2], 'b'],
        [['throughArray', 'abc', 3, 0, 2, 1], ''],
        [['throughArray', '', 0, 0, 0, 0], ''],
        [['throughArray', '\ud800', 1, 0, 0, 1], '\ud800'],
        [['throughArray', null, 1, 0, 0, 0], wrong],
        ...[4095, 4096, 4097, 100_000].map((length) => {
          const text = Array.from({ length }, (_, at) => String.fromCharCode(0x100 + (at % 0x5000))).join('');
          return [['throughArray', text, length, 0, 0, length], text];
        }),
      ],
    };
    for (const [name, pairs] of Object.entries(cases)) {
      await t.test(name, async () => {
        const outcomes = await call(...pairs.map(([it]) => it));
        for (const [at, [it, expected]] of pairs.entries()) {
          assert.ok(outcomes[at] === expected, `${JSON.stringify(it).slice(0, 80)}: ${outcomes[at]}`.slice(0, 200));
        }
      });
    }
    await t.test('a text that does not fit its array', async () => {
      for (const outcome of await call(['throughArray', 'abc', 2, 0, 0, 0], ['throughArray', 'abc', 3, 0, 0, 4])) {
        assert.match(outcome, /^RuntimeError: .*out of bounds/);
      }
    });
    await t.test('errors of JavaScript', async () => assert.equal(await ask('caught'), true));
    await t.test('a runtime that lacks their tag', async () => {
      assert.equal(
        await ask('untagged'),
        'Error: the program needs `WebAssembly.JSTag`, which this runtime lacks: Dart 3.12 and newer catch JavaScript ' +
          'errors with it; update wrangler (`npm install wrangler@latest`), or compile with `--target js`',
      );
    });
    await t.test('glue of no known shape', async () => {
      const told = (why, names) =>
        `Error: \`main.mjs\` of dart2wasm is not of a known shape: ${why}; it exports ${names}; known is what ` +
        'Dart 3.5 to 3.13 write: compile with one of these, or with `--target js`, or update dartflare';
      const none = 'it has neither `compile` nor both of `instantiate` and `invoke`';
      assert.deepEqual(await ask('unknown'), {
        nothing: told(none, 'nothing'),
        half: told(none, '`instantiate`'),
        deaf: told('`compile` does not call `WebAssembly.compile` at once', '`compile`'),
        empty: told('what `compile` gives has no `instantiate`', '`compile`'),
        mainless: told('what `instantiate` gives has no `invokeMain`', '`compile`'),
      });
    });
  });
});

const binaryen = join(root, 'tools/node_modules/binaryen/bin/wasm-opt');
const skipOptimised = skip || skipUnless(existsSync(binaryen), 'what wasm-opt makes, in workerd', 'no wasm-opt found');

test('what our arguments make `wasm-opt` write', { skip: skipOptimised }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dartflare-'));
  try {
    const output = join(folder, 'main.wasm');
    const args = read('src/bundle/wasm_opt.args').trim().split('\n');
    // The smaller of the two modules: the other takes half a minute.
    execFileSync(process.execPath, [binaryen, modules.optimised, '-o', output, ...args], { timeout: 300_000 });
    const [before, module] = [readFileSync(modules.optimised), readFileSync(output)];
    assert.ok(module.length < before.length, `${module.length} bytes of ${before.length}`);
    await inWorkerd(files({ glue: original(), module }), async (ask) => {
      assert.equal(await ask('format', SOURCE), FORMATTED);
      assert.deepEqual(await ask('again', SOURCE), [3, FORMATTED, FORMATTED]);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('bundled by wrangler', { skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dartflare-'));
  try {
    for (const [name, content] of Object.entries(files({ glue: original(), module: readFileSync(modules.optimised) }))) {
      writeFileSync(join(folder, name), content);
    }
    writeFileSync(
      join(folder, 'wrangler.json'),
      JSON.stringify({ name: 'bundled', main: 'worker.mjs', compatibility_date: NEW }),
    );
    execFileSync(join(root, 'tools/node_modules/.bin/wrangler'), ['deploy', '--dry-run', '--outdir', 'out'], {
      cwd: folder,
      env: { ...process.env, CI: '1', WRANGLER_SEND_METRICS: 'false' },
      stdio: 'pipe',
      timeout: 120_000,
      shell: process.platform === 'win32',
    });
    const out = join(folder, 'out');
    const bundle = readdirSync(out).filter((name) => /\.(js|wasm)$/.test(name));
    assert.equal(bundle.length, 3, `a script and two modules: ${bundle}`);
    const content = Object.fromEntries(
      // Miniflare starts with the first.
      bundle
        .sort((a, b) => b.endsWith('.js') - a.endsWith('.js'))
        .map((name) => [name, readFileSync(join(out, name), name.endsWith('.js') ? 'utf8' : undefined)]),
    );
    await inWorkerd(content, async (ask) => {
      assert.equal(await ask('format', SOURCE), FORMATTED);
      assert.deepEqual(await ask('state'), [true, false]);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
