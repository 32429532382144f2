// That a bench runs and says what the table of all benches reads. Those that take minutes, or a build, are left to
// `make bench`.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BENCHES, runBench } from '../../benches/all.mjs';

for (const [bench, rounds] of Object.entries({ shim: '1', wasm_loader: '3' })) {
  test(`the bench \`${bench}\` runs`, () => {
    const results = runBench(bench, ['--rounds', rounds]);
    for (const [name, read] of BENCHES[bench]) assert.ok(read(results) > 0, name);
  });
}
