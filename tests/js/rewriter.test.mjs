// How HTMLRewriter is used for Dart: what its handlers are told, what becomes of what they answer, and when all is over.
// The rewriter itself is a stand-in that calls handlers as it is told; the real one is at work end to end.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import { helpers } from '../../templates/runtime.mjs';

let rules;

beforeEach(() => {
  rules = [];
  globalThis.HTMLRewriter = class {
    on(selector, handlers) {
      if (selector === '!') throw new TypeError('no selector');
      rules.push([selector, handlers]);
      return this;
    }

    onDocument(handlers) {
      return this.on(null, handlers);
    }

    transform(response) {
      return response;
    }
  };
});

afterEach(() => {
  delete globalThis.HTMLRewriter;
});

function rewrite(given, response = new Response('html')) {
  const done = { calls: 0 };
  const result = helpers.rewriteHtml(response, given, () => (done.calls += 1));
  return { done, result };
}

test('a handler is told all there is to see, and its changes are made in order', async () => {
  const changes = [
    ['setAttribute', 'a', 'b'],
    ['set', 'tagName', 'h2'],
    ['remove'],
    ['append', 'x', { html: true }],
  ];
  let told;
  rewrite([['h1', { element: async (seen) => ((told = seen), changes) }]]);
  const made = [];
  const element = {
    namespaceURI: 'ns',
    removed: false,
    attributes: new Map([['id', '1']]).entries(),
    get tagName() {
      return 'h1';
    },
    set tagName(name) {
      made.push(['tagName', name]);
    },
    setAttribute: (...args) => made.push(['setAttribute', ...args]),
    remove: (...args) => made.push(['remove', ...args]),
    append: (...args) => made.push(['append', ...args]),
  };
  await rules[0][1].element(element);
  assert.deepEqual(told, { tagName: 'h1', namespaceURI: 'ns', removed: false, attributes: [['id', '1']] });
  assert.deepEqual(made, [
    ['setAttribute', 'a', 'b'],
    ['tagName', 'h2'],
    ['remove'],
    ['append', 'x', { html: true }],
  ]);
});

test('what is null is told as null', async () => {
  let told;
  rewrite([[null, { doctype: async (seen) => ((told = seen), []) }]]);
  await rules[0][1].doctype({ name: 'html', publicId: null, systemId: null });
  assert.deepEqual(told, { name: 'html', publicId: null, systemId: null });
});

test('the handler of an end tag is one like the others', async () => {
  const seen = [];
  const end = async (tag) => (seen.push(tag.name), [['before', '~', { html: false }]]);
  rewrite([['p', { element: async () => [['onEndTag', end]] }]]);
  let onEnd;
  await rules[0][1].element({ onEndTag: (handler) => (onEnd = handler) });
  await onEnd({ name: 'p', before: (...args) => seen.push(args) });
  assert.deepEqual(seen, ['p', ['~', { html: false }]]);
});

test('it is over when every handler of the end is, in whatever order they are called', async () => {
  const { done } = rewrite([
    [null, { end: async () => [] }],
    [null, { end: async () => [] }],
  ]);
  assert.equal(rules.length, 3);
  for (const [, { end }] of rules.reverse()) {
    assert.equal(done.calls, 0);
    await end({});
  }
  assert.equal(done.calls, 1);
});

test('it is over when a handler fails, which the rewriter is told', async () => {
  const failure = new Error('no');
  const { done } = rewrite([['p', { text: () => Promise.reject(failure) }]]);
  await assert.rejects(rules[0][1].text({ text: 'x' }), failure);
  assert.equal(done.calls, 1);
});

test('it is over at once without a body, and when it cannot begin', () => {
  const response = new Response(null);
  const { done, result } = rewrite([], response);
  assert.equal(done.calls, 1);
  assert.equal(result, response);
  let calls = 0;
  assert.throws(() => helpers.rewriteHtml(new Response(''), [['!', {}]], () => (calls += 1)), /no selector/);
  assert.equal(calls, 1);
});
