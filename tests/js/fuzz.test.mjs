// Values and frames that Dart never sends, and values of all kinds there and back, through Dart too. They follow from a
// seed, always the same unless `DARTFLARE_FUZZ_SEED` sets it; `DARTFLARE_FUZZ_MINUTES` goes on for longer.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { frameOf, FrameReader } from '../../templates/frame.mjs';
import { decode, encode } from '../../templates/runtime.mjs';
import { findDart, packageConfig, read, root, skipUnless, withFolder } from './dart.mjs';

const INPUTS = 50_000;
/** As frames are made of many values, and what crosses to another process costs more. */
const FRAMES = 8_000;
const CROSSING = 2_000;

const seed = Number(process.env.DARTFLARE_FUZZ_SEED || 1) >>> 0;
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

function bytesOf(random, below) {
  return Uint8Array.from({ length: random(below) }, () => random(256));
}

/** Some frames in a row, and what they hold. */
function framesOf(random) {
  const frames = Array.from({ length: 1 + random(3) }, () => [
    { t: TEXTS[random(TEXTS.length)], i: random(100) },
    Array.from({ length: random(3) }, () => bytesOf(random, 60)),
  ]);
  // `frameOf` adds the lengths of the blobs to the message.
  return [Buffer.concat(frames.map(([message, blobs]) => frameOf(message, blobs))), frames];
}

/** A way to read `bytes` that gives as little as it may, or more. */
function inPieces(bytes, random) {
  let at = 0;
  return async (least) => {
    assert.ok(least <= 1 << 20, 'no more is asked for than can be expected');
    if (at + least > bytes.length) return null;
    const chunk = bytes.subarray(at, at + least + random(100));
    at += chunk.length;
    return chunk;
  };
}

/** The frames in `bytes` and, at the end, whether they end in an error. */
async function readAll(bytes, random) {
  const reader = new FrameReader(inPieces(bytes, random));
  const frames = [];
  try {
    for (let frame; (frame = await reader.next()) !== null; ) frames.push(frame);
  } catch (error) {
    assert.ok(error instanceof Error, `${error}`);
    return [...frames, 'an error'];
  }
  return frames;
}

/** `bytes` with some changes. */
function changed(bytes, random) {
  const input = [...bytes];
  for (let times = random(4); times >= 0; times--) {
    const at = random(input.length + 1);
    switch (random(6)) {
      case 0:
        input.length = at;
        break;
      case 1:
        input.splice(at, random(9));
        break;
      case 2:
        input.splice(at, 0, ...input.slice(random(input.length + 1)).slice(0, random(30)));
        break;
      case 3:
        input.splice(at, random(3), ...Buffer.from(['"b":[-1]', '"b":[1]', '"b":1,', '[', '\0\0', 'ÿ'][random(6)]));
        break;
      default:
        if (at < input.length) input[at] = random(2) === 0 ? random(256) : input[at] ^ (1 << random(8));
    }
  }
  return Uint8Array.from(input);
}

test('frames are the same in whatever pieces they come', { timeout: 60_000 * (minutes + 1) }, async () => {
  const random = randomOf(seed);
  const end = Date.now() + minutes * 60_000;
  for (let count = 0; count < FRAMES || Date.now() < end; count++) {
    const context = `DARTFLARE_FUZZ_SEED=${seed}, frames ${count}`;
    const [bytes, frames] = framesOf(random);
    assert.deepStrictEqual(await readAll(bytes, random), frames, context);
    // Cut anywhere, those before the cut are there, and no other.
    const cut = await readAll(bytes.subarray(0, random(bytes.length)), random);
    assert.deepStrictEqual(cut, frames.slice(0, cut.length), context);
    assert.ok(cut.length < frames.length, context);

    const wrong = changed(bytes, random);
    const seen = await readAll(wrong, random);
    assert.deepStrictEqual(await readAll(wrong, () => 1e9), seen, `${context}: ${JSON.stringify([...wrong])}`);
  }
});

test('the kept frames are read or refused', async () => {
  const folder = join(root, 'tests/corpus/frames');
  for (const name of readdirSync(folder)) await readAll(readFileSync(join(folder, name)), () => 0);
});

test('lengths that nobody sends are refused before anything is kept for them', async () => {
  const lengths = (size, json) => new Uint8Array(Uint32Array.of(size, json).buffer);
  for (const [size, json] of [[2 ** 31, 2], [2 ** 32 - 1, 2], [3, 0], [0, 0], [6, 3], [5, 2 ** 32 - 1]]) {
    const reader = new FrameReader(inPieces(lengths(size, json), () => 0));
    await assert.rejects(() => reader.next(), /^Error: not the lengths of a frame$/, `${size} ${json}`);
  }
  // What might come is waited for.
  assert.deepEqual(await readAll(lengths(2 ** 29, 2), () => 0), []);
});

test('blobs that are not all of what follows the JSON are refused', async () => {
  const frame = (json, blobs) => {
    const text = Buffer.from(json);
    const lengths = Uint32Array.of(4 + text.length + blobs, text.length);
    return Buffer.concat([Buffer.from(lengths.buffer), text, Buffer.alloc(blobs)]);
  };
  const refused = { '{"b":[1]}': 0, '{"b":[-1]}': 1, '{"b":[3,-1]}': 2, '{"b":[0.5]}': 1, '{"b":["1"]}': 1, '{}': 1 };
  const noMessages = { '': 0, '[]': 0, null: 0, 1: 0, '\ufeff{}': 0 };
  for (const [json, blobs] of Object.entries({ ...refused, ...noMessages })) {
    assert.deepEqual(await readAll(frame(json, blobs), () => 0), ['an error'], json);
  }
});

/** What a URL or a form is made of. */
const PIECES = [
  ...['/', '\\', '.', '..', '%2e', '%2E%2e', '%2f', '%', '%zz', '%C3', '%41', '%+1', '% 1', '%0', '%ff'],
  ...[':', ';', '@', '?', '#', '|', '^', '{', '"', '<', '`', '[', "'", '~', '+', '&', '='],
  ...[' ', '\t', '\n', '\0', 'a', 'B', 'ü', '😀', '\ud800'],
];

const PACKAGE = new URL('../../dart_runtime/', import.meta.url).href;

const dart = findDart();
const skip = skipUnless(dart, 'values, paths and forms on both sides', 'no Dart VM found');

test('Dart has what JavaScript sent, and sends it back', { skip, timeout: 120_000 }, async () => {
  const random = randomOf(seed);
  const written = (below) => Array.from({ length: random(below) }, () => PIECES[random(PIECES.length)]).join('');
  const cases = Array.from({ length: CROSSING }, (_, count) => {
    const blobs = [];
    if (count % 4 === 0) {
      const url = `http://h/${written(12)}`;
      // An older Node leaves this one letter.
      return [{ t: 'path', url }, blobs, url, new URL(url).pathname.replaceAll('^', '%5E')];
    }
    if (count % 4 === 1) {
      // Node itself mistakes other letters beside a stray percent sign.
      const body = written(20).replace(/[^\0-\x7f]/g, '');
      return [{ t: 'form', body }, blobs, body, [...new URLSearchParams(`&${body}`)]];
    }
    const sent = value(random, 0);
    const v = encode(sent, { ...links(), sendBytes: (bytes) => blobs.push(bytes) - 1 });
    return [{ t: 'value', v }, blobs, v, sent];
  });
  const files = Object.fromEntries(
    Object.entries(packageConfig).map(([name, text]) => [name, text.replace('"../"', JSON.stringify(PACKAGE))]),
  );
  files['echo.dart'] = read('tests/fixtures/fuzz/echo.dart');
  const { stdout, stderr, status } = withFolder(files, (folder) =>
    spawnSync(dart, ['--disable-dart-dev', join(folder, 'echo.dart')], {
      input: Buffer.concat(cases.map(([message, blobs]) => frameOf(message, blobs))),
      maxBuffer: 1 << 28,
      timeout: 100_000,
    }),
  );
  assert.equal(status, 0, `DARTFLARE_FUZZ_SEED=${seed}: ${stderr}`);
  const answers = await readAll(stdout, () => 1e9);
  assert.equal(answers.length, cases.length, `DARTFLARE_FUZZ_SEED=${seed}`);
  answers.forEach(([message, blobs], at) => {
    const [{ t }, , given, expected] = cases[at];
    const answer = t === 'value' ? decode(message.v, { ...links(), takeBytes: (at) => Uint8Array.from(blobs[at]) }) : message.v;
    assert.deepStrictEqual(answer, expected, `DARTFLARE_FUZZ_SEED=${seed}, ${t} ${JSON.stringify(given)}`);
  });
});
