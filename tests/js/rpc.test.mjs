// What methods that are called from elsewhere need of the JavaScript side.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { helpers } from '../../templates/runtime.mjs';
import { read } from './dart.mjs';

test('a function and a stub are used by what JavaScript calls them', () => {
  assert.equal(helpers.invoke((a, b) => a + b, [1, 2]), 3);
  let disposed = 0;
  helpers.dispose({ [Symbol.dispose]: () => void disposed++ });
  helpers.dispose({});
  assert.equal(disposed, 1);
});

test('what the Worker exports itself', () => {
  const Admin = ({ props }) => ['with', props];
  const context = { exports: { Admin } };
  assert.equal(helpers.ownExport(context, 'Admin'), Admin);
  assert.deepEqual(helpers.ownExport(context, 'Admin', { a: 1 }), ['with', { a: 1 }]);
  assert.throws(() => helpers.ownExport(context, 'Other'), /^TypeError: this Worker exports no `Other`$/);
  assert.throws(() => helpers.ownExport({}, 'Admin'), /needs the compatibility flag `enable_ctx_exports`$/);
});

test('Dart refuses just the names that never arrive', () => {
  const names = (text) => [...text.matchAll(/'(\w+)'/g)].map((match) => match[1]);
  const [, reserved] = /RESERVED = new Set\(\[([^\]]*)\]/.exec(read('templates/classes.mjs'));
  const [, refused] = /reservedNames = \{([^}]*)\}/.exec(read('dart_runtime/lib/src/rpc.dart'));
  const expected = new Set([...names(reserved), ...Object.getOwnPropertyNames(Object.prototype)]);
  assert.ok(expected.size > 20);
  assert.deepEqual(names(refused).sort(), [...expected].sort());
});
