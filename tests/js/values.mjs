// JavaScript for a program on the Dart VM: what `tests/fixtures/js_interop` asks for, carried out on real values. How
// the two reach each other is for others to say: `engine.mjs` beside this, `workerd/main.mjs` in a Worker.
//
// A value travels as itself if it is null, a boolean, a string or an ordinary number; every other stays here and travels
// as `[number]`, an array as `[number, items]`. Numbers given here are even, those that Dart gives are odd; 0 is
// `globalThis`. Bytes travel beside the message.

const isPlain = (value) =>
  typeof value === 'string' || typeof value === 'boolean' || (Number.isFinite(value) && !Object.is(value, -0));

export class Values {
  #values = new Map([[0, globalThis]]);
  #next = 2;

  encode(value) {
    if (value === null || value === undefined) return null;
    if (isPlain(value)) return value;
    const id = this.#next;
    this.#next += 2;
    this.#values.set(id, value);
    return Array.isArray(value) ? [id, value.map((item) => this.encode(item))] : [id];
  }

  decode(encoded) {
    if (!Array.isArray(encoded)) return encoded;
    const [id] = encoded;
    if (!this.#values.has(id)) throw new Error(`there is no value ${id}`);
    return this.#values.get(id);
  }

  /** Has Dart's number `id` stand for `value`. */
  bind(id, value) {
    this.#values.set(id, value);
  }

  /**
   * Carries out `operation`. What it gives for Dart to read is `{value}` or `{bytes}`. `dart` has two ways to reach Dart:
   * `wrap(id)` makes the JavaScript function for a function there, `notify(id, value)` calls one that gives nothing back.
   */
  carryOut(operation, given, blobs, dart) {
    const [first, second, third] = given;
    switch (operation) {
      case 'typeof':
        return { value: typeof this.decode(first) };
      case 'get':
        return { value: this.decode(first)[this.decode(second)] };
      case 'callMethod':
        return { value: this.decode(first)[this.decode(second)](...third.map((item) => this.decode(item))) };
      case 'call':
        this.decode(first).call(this.decode(second), ...third.map((item) => this.decode(item)));
        return {};
      case 'bytes': {
        const bytes = this.decode(first);
        if (!(bytes instanceof Uint8Array)) throw new TypeError('what Dart takes for bytes is none');
        return { bytes };
      }
      case 'function':
        return void this.bind(first, dart.wrap(first));
      case 'array':
        return void this.bind(first, second.map((item) => this.decode(item)));
      case 'newBytes':
        return void this.bind(first, new Uint8Array(blobs[0]));
      case 'then':
        return void this.decode(first).then(
          (value) => dart.notify(second, value),
          (error) => dart.notify(third, error),
        );
      case 'timer':
        return void this.bind(first, setTimeout(() => dart.notify(first, null), second));
      case 'interval':
        return void this.bind(first, setInterval(() => dart.notify(first, null), second));
      case 'cancel':
        // The same for either kind.
        return clearTimeout(this.decode([first]));
      default:
        throw new Error(`there is no operation \`${operation}\``);
    }
  }
}

/** The frame `u32 length | u32 JSON length | JSON | blobs`, little-endian, the first length counting what follows it. */
export function encodeFrame(message, blobs = []) {
  const json = new TextEncoder().encode(
    JSON.stringify(blobs.length > 0 ? { ...message, b: blobs.map((blob) => blob.byteLength) } : message),
  );
  const frame = new Uint8Array(blobs.reduce((sum, blob) => sum + blob.byteLength, 8 + json.byteLength));
  const view = new DataView(frame.buffer);
  view.setUint32(0, frame.byteLength - 4, true);
  view.setUint32(4, json.byteLength, true);
  frame.set(json, 8);
  let at = 8 + json.byteLength;
  for (const blob of blobs) {
    frame.set(blob, at);
    at += blob.byteLength;
  }
  return frame;
}

/** The message and the blobs in what followed a frame's first length. */
export function parseFrame(bytes) {
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  let at = 4 + size;
  const message = JSON.parse(new TextDecoder().decode(bytes.subarray(4, at)));
  const blobs = (message.b ?? []).map((length) => bytes.slice(at, (at += length)));
  return [message, blobs];
}
