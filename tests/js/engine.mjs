// JavaScript for a program on the Dart VM, which is started here and waits while its operations are carried out, in this
// process; `tests/fixtures/js_interop/pipes.dart` is the other end.
//
// With it `host_js.dart` runs as it is, and everything above it, over the runtime's real side.

import { execFileSync, spawn } from 'node:child_process';
import { constants, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { encodeFrame, parseFrame, Values } from './values.mjs';

const GONE = '{"gone":1}';

export class Engine {
  #values = new Values();
  #input;
  #output;
  /** Whether Dart waits for the answer to a question of its own. */
  #isAsked = false;

  /** Starts `program`, a list of the Dart VM and its arguments; `main()` is over when this returns. */
  constructor(folder, program) {
    const [input, output] = ['input', 'output'].map((name) => join(folder, name));
    execFileSync('mkfifo', [input, output]);
    // With both ends open here, neither waits for the other to be opened.
    this.#input = openSync(input, constants.O_RDWR);
    this.#output = openSync(output, constants.O_RDWR);
    const env = { ...process.env, ENGINE_INPUT: input, ENGINE_OUTPUT: output };
    // Whoever reads from a process that is gone would wait for ever.
    const script = `"$@"; printf '\\016\\0\\0\\0\\012\\0\\0\\0%s' '${GONE}' >> "$ENGINE_OUTPUT"`;
    this.process = spawn('sh', ['-c', script, 'sh', ...program], { env, stdio: ['ignore', 'inherit', 'inherit'] });
    this.#serveUntil((message) => message.idle);
  }

  #send(message, blobs) {
    const frame = encodeFrame(message, blobs);
    for (let at = 0; at < frame.byteLength; ) at += writeSync(this.#input, frame, at);
  }

  #receive() {
    const size = new DataView(this.#take(4).buffer).getUint32(0, true);
    const [message, blobs] = parseFrame(this.#take(size));
    if ('gone' in message) throw new Error('the Dart program has ended');
    return [message, blobs];
  }

  #take(size) {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; ) at += readSync(this.#output, bytes, at, size - at);
    return bytes;
  }

  /** Carries out what Dart asks for until it sends what is waited for. */
  #serveUntil(isAwaited) {
    const dart = {
      wrap: (id) => (...args) => this.#callDart(id, args),
      notify: (id, value) => this.#callDart(id, [value]),
    };
    for (;;) {
      const [message, blobs] = this.#receive();
      if (isAwaited(message)) return message;
      const outer = this.#isAsked;
      this.#isAsked = true;
      let reply;
      let bytes;
      try {
        const result = this.#values.carryOut(message.op, message.with, blobs, dart);
        bytes = result?.bytes;
        reply = { answer: this.#values.encode(result?.value) };
      } catch (error) {
        reply = { thrown: String(error) };
      }
      this.#isAsked = outer;
      if (message.waits) this.#send(reply, bytes && [bytes]);
    }
  }

  #callDart(callee, args) {
    const outer = this.#isAsked;
    this.#isAsked = false;
    this.#send({ call: callee, with: args.map((arg) => this.#values.encode(arg)) });
    const { result } = this.#serveUntil((message) => 'result' in message);
    if (!outer) this.#serveUntil((message) => message.idle);
    this.#isAsked = outer;
    return this.#values.decode(result);
  }

  close() {
    this.process.kill();
  }
}
