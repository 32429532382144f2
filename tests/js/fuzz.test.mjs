// Values that Dart never sends, and values of all kinds there and back. They follow from a seed, which a failure shows
// and `DARTFLARE_FUZZ_SEED` sets; `DARTFLARE_FUZZ_MINUTES` goes on for longer.

import assert from 'node:assert/strict';
import test from 'node:test';

import { decode, encode } from '../../templates/runtime.mjs';

const INPUTS = 50_000;

const seed = Number(process.env.DARTFLARE_FUZZ_SEED || Math.floor(Math.random() * 2 ** 32)) >>> 0;
const minutes = Number(process.env.DARTFLARE_FUZZ_MINUTES || 0);

/** Numbers from 0 up to `below`, which follow from the seed. */
function randomOf(state) {
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function links() {
  const kept = [];
  const blobs = [];
  return {
    keep: (value) => kept.push(value) - 1,
    find: (at) => kept[at],
    sendBytes: (bytes) => blobs.push(bytes) - 1,
    takeBytes: (at) => blobs[at],
    callback: () => () => null,
    immediate: () => () => null,
    promise: () => null,
    source: () => ({ pull: async () => null, cancel: () => {} }),
  };
}

const TEXTS = ['', 'a', '__proto__', 'constructor', 'toString', '-0', 'NaN', '1e999', '\u0000', '\ud800', 'ü', '😀', 'Date', 'Map'];
const NUMBERS = [0, -0, 1, -1, 1.5, 2 ** 53, NaN, Infinity, -Infinity, 8.64e15 + 1, 5e-324];
const DATES = [0, -1, 1.5, 8.64e15, -8.64e15];
const TAGS = ['n', 'i', 'd', 'b', 'l', 'm', 'e', 'r', 's', 'f', 't', 'p', 'x', '', null, 0];

/** What `decode` might be given. Of what constructs objects there is none: Dart code may construct what it likes. */
function wire(random, depth) {
  switch (random(depth > 6 ? 4 : 8)) {
    case 0:
      return null;
    case 1:
      return random(2) === 0;
    case 2:
      return NUMBERS[random(NUMBERS.length)];
    case 3:
      return TEXTS[random(TEXTS.length)];
    default:
      return [TAGS[random(TAGS.length)], ...Array.from({ length: random(5) }, () => wire(random, depth + 1))];
  }
}

/** What a program in JavaScript may hold. */
function value(random, depth) {
  const inner = () => value(random, depth + 1);
  switch (random(depth > 6 ? 7 : 10)) {
    case 0:
      return null;
    case 1:
      return random(2) === 0;
    case 2:
      return NUMBERS[random(NUMBERS.length)];
    case 3:
      return TEXTS[random(TEXTS.length)];
    case 4:
      return BigInt(random(2 ** 32)) ** BigInt(random(4));
    case 5:
      return new Date(DATES[random(DATES.length)]);
    case 6:
      return Uint8Array.from({ length: random(20) }, () => random(256));
    case 7:
      return Array.from({ length: random(5) }, inner);
    default: {
      const object = {};
      for (let count = random(5); count > 0; count--) {
        const key = TEXTS[random(TEXTS.length)];
        Object.defineProperty(object, key, { value: inner(), configurable: true, enumerable: true, writable: true });
      }
      return object;
    }
  }
}

test('whatever comes from Dart is decoded or refused, and what is encoded comes back', { timeout: 60_000 * (minutes + 1) }, () => {
  const random = randomOf(seed);
  const end = Date.now() + minutes * 60_000;
  for (let count = 0; count < INPUTS || Date.now() < end; count++) {
    const given = wire(random, 0);
    const context = () => `DARTFLARE_FUZZ_SEED=${seed}, input ${count}: ${JSON.stringify(given)}`;
    try {
      decode(given, links());
    } catch (error) {
      assert.ok(error instanceof TypeError || error instanceof SyntaxError || error instanceof RangeError, `${context()}: ${error.stack}`);
    }
    assert.equal(Object.keys(Object.prototype).length, 0, context());

    const sent = value(random, 0);
    const both = links();
    const back = decode(JSON.parse(JSON.stringify(encode(sent, both))), both);
    assert.deepStrictEqual(back, sent, `DARTFLARE_FUZZ_SEED=${seed}, value ${count}`);
  }
});
