// JavaScript for a program on the Dart VM, which is started here and waits while its operations are carried out. What
// crosses are numbers of values; `tests/fixtures/js_interop/engine.dart` is the other end.
//
// With it `host_js.dart` runs as it is, and everything above it, over the runtime's real side.

import { execFileSync, spawn } from 'node:child_process';
import { constants, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const READ_AT_ONCE = 1 << 16;

export class Engine {
  #values = new Map();
  #next = 1;
  #input;
  #output;
  #rest = Buffer.alloc(0);
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
    const script = '"$@"; echo "{\\"gone\\": $?}" >> "$ENGINE_OUTPUT"';
    this.process = spawn('sh', ['-c', script, 'sh', ...program], { env, stdio: ['ignore', 'inherit', 'inherit'] });
    this.#serveUntil((message) => message.idle);
  }

  #send(message) {
    writeSync(this.#input, `${JSON.stringify(message)}\n`);
  }

  #receive() {
    for (;;) {
      const end = this.#rest.indexOf(10);
      if (end >= 0) {
        const message = JSON.parse(this.#rest.subarray(0, end).toString());
        this.#rest = this.#rest.subarray(end + 1);
        if ('gone' in message) throw new Error(`the Dart program ended with ${message.gone}`);
        return message;
      }
      const chunk = Buffer.alloc(READ_AT_ONCE);
      this.#rest = Buffer.concat([this.#rest, chunk.subarray(0, readSync(this.#output, chunk))]);
    }
  }

  /** Answers what Dart asks until it sends what is waited for. */
  #serveUntil(isAwaited) {
    for (;;) {
      const message = this.#receive();
      if (isAwaited(message)) return message;
      const outer = this.#isAsked;
      this.#isAsked = true;
      let reply;
      try {
        reply = { answer: this.#carryOut(message.ask, message.with) ?? null };
      } catch {
        reply = { thrown: true };
      }
      this.#isAsked = outer;
      this.#send(reply);
    }
  }

  #carryOut(operation, given) {
    const [first, second, third] = given;
    switch (operation) {
      case 'global':
        return this.#add(globalThis);
      case 'typeof':
        return typeof this.#get(first);
      case 'get':
        return this.#add(this.#get(first)[this.#get(second)]);
      case 'callMethod':
        return this.#add(this.#get(first)[this.#get(second)](...third.map((id) => this.#get(id))));
      case 'call':
        return this.#add(this.#get(first).call(this.#get(second), ...third.map((id) => this.#get(id))));
      case 'function':
        return this.#add((...args) => this.#callDart(first, args));
      case 'then':
        return void this.#get(first).then(
          (value) => this.#callDart(second, [value]),
          (error) => this.#callDart(third, [error]),
        );
      case 'bytes':
        return Buffer.from(this.#get(first)).toString('base64');
      case 'newBytes':
        return this.#add(new Uint8Array(Buffer.from(first, 'base64')));
      case 'items':
        return Array.from(this.#get(first), (item) => this.#add(item));
      case 'newArray':
        return this.#add(first.map((id) => this.#get(id)));
      case 'read': {
        const value = this.#get(first);
        if (!['string', 'number', 'boolean'].includes(typeof value)) throw new TypeError(`a ${typeof value} was read`);
        return value;
      }
      case 'newValue':
        return this.#add(first);
      default:
        throw new Error(`unknown operation ${operation}`);
    }
  }

  #callDart(callee, args) {
    const outer = this.#isAsked;
    this.#isAsked = false;
    this.#send({ call: callee, with: args.map((arg) => this.#add(arg)) });
    const { result } = this.#serveUntil((message) => 'result' in message);
    if (!outer) this.#serveUntil((message) => message.idle);
    this.#isAsked = outer;
    return this.#get(result);
  }

  #add(value) {
    if (value === null || value === undefined) return null;
    this.#values.set(this.#next, value);
    return this.#next++;
  }

  #get(id) {
    if (id === null) return null;
    if (!this.#values.has(id)) throw new Error(`no value ${id}`);
    return this.#values.get(id);
  }

  close() {
    this.process.kill();
  }
}
