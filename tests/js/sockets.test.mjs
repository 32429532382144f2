// What Dart is told of WebSockets, and how it finds them again.

import assert from 'node:assert/strict';
import test from 'node:test';

import { answerClose, forgetSocket, helpers, keepSocket } from '../../templates/runtime.mjs';

class FakeSocket extends EventTarget {
  calls = [];

  accept(options) {
    this.calls.push(['accept', options, this.binaryType]);
  }

  close(...args) {
    this.calls.push(['close', ...args]);
  }

  emit(type, properties) {
    this.dispatchEvent(Object.assign(new Event(type), properties));
  }
}

const never = new Promise(() => {});

function opened(allowHalfOpen, inDart = never) {
  const socket = new FakeSocket();
  const messages = [];
  const ended = helpers.openWebSocket(socket, allowHalfOpen, async (data) => messages.push(data), inDart);
  return { socket, messages, ended };
}

test('messages are passed on in order, and a close is answered and told', async () => {
  const { socket, messages, ended } = opened(false);
  socket.emit('message', { data: 'one' });
  socket.emit('message', { data: 'two' });
  socket.emit('close', { code: 3000, reason: 'bye', wasClean: true });
  assert.deepEqual(await ended, { code: 3000, reason: 'bye', wasClean: true, error: null });
  assert.deepEqual(messages, ['one', 'two']);
  assert.deepEqual(socket.calls, [['accept', { allowHalfOpen: false }, 'arraybuffer'], ['close', 3000, 'bye']]);
});

test('a half-open connection is left to the program', async () => {
  const { socket, ended } = opened(true);
  socket.emit('close', { code: 3000, reason: 'bye', wasClean: true });
  await ended;
  assert.deepEqual(socket.calls, [['accept', { allowHalfOpen: true }, 'arraybuffer']]);
});

test('an error ends it', async () => {
  const error = new Error('lost');
  const { socket, ended } = opened(false);
  socket.emit('error', { error });
  assert.equal((await ended).error, error);
  const unnamed = opened(false);
  unnamed.socket.emit('error', { message: 'lost' });
  const end = await unnamed.ended;
  assert.deepEqual([end.error.message, end.code, end.wasClean], ['lost', 1006, false]);
});

test('what listens and throws does not keep the next message away', async () => {
  const socket = new FakeSocket();
  let count = 0;
  const listen = async () => {
    count++;
    throw new Error('thrown by a listener');
  };
  helpers.openWebSocket(socket, false, listen, never);
  socket.emit('message', { data: '' });
  socket.emit('message', { data: '' });
  assert.equal(count, 2);
});

test('when the program is gone, the peer is told to come again', async () => {
  const { socket } = opened(false, Promise.reject(new Error('gone')));
  await new Promise(setImmediate);
  assert.deepEqual(socket.calls.at(-1), ['close', 1012, 'the program was restarted']);
});

test('a close without a code is answered without one', () => {
  for (const [code, calls] of [[1005, [['close']]], [1006, []], [1000, [['close', 1000, 'why']]]]) {
    const socket = new FakeSocket();
    answerClose(socket, code, 'why');
    assert.deepEqual(socket.calls, calls);
  }
  const closed = { close: () => { throw new TypeError('closed'); } };
  answerClose(closed, 1000, '');
});

test('a Durable Object finds its connections by their numbers, until they are closed', () => {
  const [context, other, one, two] = [{}, {}, new FakeSocket(), new FakeSocket()];
  const number = keepSocket(context, one);
  assert.equal(keepSocket(context, one), number);
  assert.notEqual(keepSocket(context, two), number);
  assert.equal(helpers.webSocket(context, number), one);
  assert.throws(() => helpers.webSocket(other, number), /keeps it no more/);
  forgetSocket(context, one);
  assert.throws(() => helpers.webSocket(context, number), /the WebSocket is closed/);
  forgetSocket(other, two);
});
