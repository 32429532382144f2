// What the client of a failed request reads while developing.

import assert from 'node:assert/strict';
import test from 'node:test';

import { describeFailure, isByForeignName, Unavailable } from '../../templates/failure.mjs';

const plain = new Request('https://example.com');
const browser = new Request('https://example.com', { headers: { accept: 'text/html,*/*' } });
const failure = ({ kind, detail }) => new Unavailable('title', detail, kind);

test('an exception of a handler, as text', async () => {
  const error = Object.assign(new Error('boom'), { stack: 'StateError: boom\n#0 main (lib/main.dart:3:5)\n' });
  const response = describeFailure(error, plain);
  assert.equal(response.status, 500);
  assert.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8');
  assert.equal(response.headers.get('x-dartflare-error'), 'exception');
  assert.equal(response.headers.get('cache-control'), 'no-store');
  assert.equal(await response.text(), 'Unhandled exception\n\nStateError: boom\n#0 main (lib/main.dart:3:5)\n');
});

test('an error of the program that happens to have a kind is an exception', async () => {
  const response = describeFailure(Object.assign(new Error('boom'), { kind: 'gone' }), plain);
  assert.equal(response.status, 500);
  assert.match(await response.text(), /^Unhandled exception\n\nError: boom\n/);
});

test('a compile error, as a page that shows markup as text', async () => {
  const error = failure({ kind: 'compile', detail: 'lib/main.dart:1:1: Error: <b> & "c"' });
  const response = describeFailure(error, browser);
  assert.equal(response.status, 500);
  assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
  const page = await response.text();
  assert.match(page, /<h1>The Dart program does not compile<\/h1>/);
  assert.match(page, /title\n\nlib\/main\.dart:1:1: Error: &#60;b&#62; &#38; &#34;c&#34;/);
});

test('who reads no more than the message is told the first error', () => {
  const detail = `lib/main.dart:1:1: Warning: old\nold();\n^\nlib/main.dart:2:1: Error: wrong\n  Error;\n`;
  for (const [kind, given, expected] of [
    ['compile', detail, 'the Dart program does not compile: title: lib/main.dart:2:1: Error: wrong'],
    ['compile', 'no', 'the Dart program does not compile: title: no'],
    ['start', 'output', 'the Dart program did not start: title'],
    ['gone', '', 'title'],
    ['unavailable', 'see the terminal', 'title'],
  ]) {
    assert.equal(failure({ kind, detail: given }).message, expected);
  }
  const refused = new Unavailable('', 'error[E0501]: no\n --> functions/a.dart:1:1\n', 'functions');
  assert.equal(refused.message, 'the functions of this project cannot be served: error[E0501]: no');
});

test('a program that is not there is worth another try', async () => {
  for (const [kind, heading] of [['gone', 'The Dart program stopped'], ['other', 'The Dart program is not available']]) {
    const response = describeFailure(failure({ kind, detail: '' }), plain);
    assert.equal(response.status, 503);
    assert.equal(response.headers.get('retry-after'), '1');
    assert.equal(await response.text(), `${heading}\n\ntitle\n`);
  }
  assert.equal(describeFailure(failure({ kind: 'start' }), plain).status, 500);
});

test('a front end that is not there is a bad gateway', async () => {
  const response = describeFailure(failure({ kind: 'frontEnd', detail: 'start it' }), plain);
  assert.equal(response.status, 502);
  assert.equal(response.headers.get('retry-after'), null);
  assert.equal(await response.text(), 'The front end does not answer\n\ntitle\n\nstart it\n');
});

test('a page can run and load nothing', () => {
  const policy = describeFailure(failure({ kind: 'compile' }), browser).headers.get('content-security-policy');
  assert.equal(policy, "default-src 'none'; style-src 'unsafe-inline'");
});

// `fetch` keeps the name to itself, and a server reads it.
const asked = (host) => ({ headers: { get: (name) => (name === 'host' ? host : null) } });

test('names of this machine, and those that are none', () => {
  const own = ['localhost', 'localhost:8787', 'LOCALHOST:1', 'a.b.localhost', '127.0.0.1:8787', '[::1]:8787', '10.0.0.2'];
  for (const host of [...own, 'mine.test:8787', 'MINE.test', null]) {
    assert.equal(isByForeignName(asked(host), ['mine.test']), false, host);
  }
  const foreign = ['evil.example:8787', 'localhost.evil.example', '127.0.0.1.evil.example', 'evillocalhost', 'a b', ''];
  for (const host of [...foreign, 'x.mine.test', 'mine.test.evil.example', 'localhost.:8787']) {
    assert.equal(isByForeignName(asked(host), ['mine.test']), true, host);
    assert.equal(isByForeignName(asked(host), null), false, host);
  }
});

test('who asks by a foreign name is not told what is wrong', async () => {
  const error = failure({ kind: 'compile', detail: 'lib/main.dart:1:1: Error: const key = 1;' });
  for (const [host, isTold] of [['evil.example:8787', false], ['localhost:8787', true]]) {
    const response = describeFailure(error, asked(host), []);
    const text = await response.text();
    assert.equal(response.status, 500);
    assert.match(text, /^The Dart program does not compile\n/);
    assert.equal(text.includes('const key'), isTold, host);
    assert.equal(text.includes('title'), isTold, host);
  }
});
