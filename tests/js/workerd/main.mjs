// In place of `main.js`, the output of a Dart compiler: what the program does in `main()` is replayed from a record, and
// for everything after it there is a connection to the Dart VM, where the program runs over
// `tests/fixtures/js_interop/sockets.dart`.
//
// Each call of a Dart function opens a connection of its own, in the I/O context and in the critical section that it
// comes from: what Dart asks for on it is carried out there. It closes when Dart has nothing more to do on it.

import { connect } from 'cloudflare:sockets';

import program from './program.mjs';
import { encodeFrame, parseFrame, Values } from './values.mjs';

const values = new Values();

/** The number of the Dart function that a JavaScript function stands for. */
const numbers = new WeakMap();

let nextEvent = 1;

class Connection {
  #socket;
  #writer;
  #reader;
  #rest = new Uint8Array(0);
  /** What was last sent, until it is on its way. */
  #written = null;
  /** What is to be done when Dart has had its turn. */
  #deferred = [];

  constructor() {
    this.#socket = connect({ hostname: '127.0.0.1', port: program.port });
    this.#socket.closed.catch(() => {});
    this.#writer = this.#socket.writable.getWriter();
    this.#writer.closed.catch(() => {});
    this.#reader = this.#socket.readable.getReader({ mode: 'byob' });
  }

  #send(message, blobs) {
    const written = this.#writer.write(encodeFrame(message, blobs)).catch(() => {});
    this.#written = written;
    written.then(() => {
      if (this.#written === written) this.#written = null;
    });
  }

  async #take(size) {
    while (this.#rest.byteLength < size) {
      const missing = size - this.#rest.byteLength;
      const { done, value } = await this.#reader.readAtLeast(missing, new Uint8Array(Math.max(missing, 4096)));
      if (done) return null;
      const joined = new Uint8Array(this.#rest.byteLength + value.byteLength);
      joined.set(this.#rest);
      joined.set(value, this.#rest.byteLength);
      this.#rest = joined;
    }
    const taken = this.#rest.subarray(0, size);
    this.#rest = this.#rest.subarray(size);
    return taken;
  }

  /** The next message with its blobs, or null at the end. */
  async #frame() {
    const head = await this.#take(4);
    if (head === null) return null;
    const bytes = await this.#take(new DataView(head.buffer, head.byteOffset).getUint32(0, true));
    return bytes === null ? null : parseFrame(bytes);
  }

  /** Calls the Dart function `id`, and carries out what Dart asks for until it has nothing more to do here. */
  async run(id, args, event) {
    const dart = {
      wrap: (callee) => wrap(callee, event),
      notify: (callee, value) => this.#send({ call: callee, with: [values.encode(value)] }),
    };
    this.#send({ call: id, with: args.map((arg) => values.encode(arg)), event });
    for (let frame; (frame = await this.#frame()) !== null; ) {
      const [message, blobs] = frame;
      if (message.rests) {
        for (const open of this.#deferred.splice(0)) open();
      } else if (message.over) {
        await this.#socket.close();
        return;
      } else {
        await this.#carryOut(message, blobs, dart);
      }
    }
    throw new Error('the Dart program closed the connection');
  }

  /**
   * Has an operation wait for the end of Dart's turn, and answers that it takes its time. While a critical section is
   * open, the runtime holds back all that began outside of it, this connection too: Dart would wait for an answer, and
   * the section for Dart. And what resets the object never answers.
   */
  #defer(carryOut) {
    const outcome = new Promise((resolve) => {
      this.#deferred.push(() => {
        const [isDone, result] = carryOut().value;
        resolve(isDone === null ? result : [isDone, result]);
      });
    });
    return [null, outcome];
  }

  /**
   * Has `transactionSync` done: JavaScript cannot wait for the Dart function, so it runs first, within an asynchronous
   * transaction in which this connection is read, and what it gives is there when JavaScript calls it.
   */
  async #transact(storage, objects, at, dart) {
    let outcome = null;
    const keep = (given) => (outcome ??= given);
    const carryOut = async (transaction) => {
      // What waits to be sent from outside the transaction waits for its end, and what is sent within it waits behind.
      if (this.#written !== null) return false;
      this.#send({ now: numbers.get(objects[at]), with: [[['l'], [], []], keep].map((arg) => values.encode(arg)) });
      for (let message, blobs; ([message, blobs] = await this.#frame()) && !message.returned; ) {
        await this.#carryOut(message, blobs, dart);
      }
      if (!outcome[0]) transaction.rollback();
      return true;
    };
    while (!(await storage.transaction(carryOut))) await this.#written;
    objects[at] = (_, settle) => settle(outcome);
    return { transactionSync: (body) => body() };
  }

  async #carryOut({ op, with: given, waits }, blobs, dart) {
    const transaction = transactionIn(op, given);
    if (transaction !== null) {
      const { storage, objects, at } = transaction;
      given = [...given];
      given[2] = [values.encode(await this.#transact(storage, objects, at, dart)), ...given[2].slice(1)];
    }
    let reply;
    let result;
    const carryOut = () => values.carryOut(op, given, blobs, dart);
    try {
      result = op === 'callMethod' && holdsUp(given) ? { value: this.#defer(carryOut) } : carryOut();
      reply = { answer: values.encode(result?.value) };
    } catch (error) {
      reply = { thrown: `${op}: ${error.stack}` };
      if (!waits) console.error(`thrown to nobody: ${reply.thrown}`);
    }
    if (waits) this.#send(reply, result?.bytes && [result.bytes]);
  }
}

/** What a synchronous transaction is of, and where its function is, if the operation is one. */
function transactionIn(op, given) {
  if (op !== 'callMethod' || values.decode(given[1]) !== 'op') return null;
  const [target, packet] = given[2].map((item) => values.decode(item));
  const [[kind, name, args]] = packet[0];
  if (kind !== 'a' || name !== 'transactionSync') return null;
  return { storage: target, objects: packet[1], at: args[0][1] };
}

/** Whether an operation is given the function of a critical section, or resets a Durable Object. */
function holdsUp([, method, [, packet, mode]]) {
  if (method !== 'op' || mode !== 'later') return false;
  const isSection = (wire) => Array.isArray(wire) && ((wire[0] === 'f' && wire[2] === true) || wire.some(isSection));
  const [steps] = values.decode(packet);
  return isSection(steps) || steps.some(([, name]) => name === 'abort');
}

const packError = ({ name, message, stack }) => [false, [['m', 'name', name, 'message', message, 'stack', stack], [], []]];

/** The function that JavaScript calls for the Dart function `id`, made in `event`. */
function wrap(id, event) {
  const run = (packet, settle) => {
    new Connection().run(id, [packet, settle], event ?? nextEvent++).catch((error) => settle(packError(error)));
    return null;
  };
  numbers.set(run, id);
  return run;
}

/**
 * As `wrap`, for the function that makes a Durable Object, which has to answer at once. A compiled program makes it
 * before the constructor of the JavaScript object returns; here the object's events wait in a critical section.
 */
function wrapConstruct(id) {
  return (packet, settle) => {
    const [, , , [, at]] = packet[0];
    const context = packet[1][at];
    const made = context.blockConcurrencyWhile(async () => {
      let outcome = null;
      const keep = (given) => (outcome ??= given);
      await new Connection().run(id, [packet, keep], nextEvent++);
      const [isDone, [wire, objects]] = outcome;
      if (isDone) return numbers.get(objects[wire[1]]);
      throw toError(wire);
    });
    made.catch(() => {});
    const dispatch = (event, settleEvent) => {
      made.then(
        (number) => wrap(number, nextEvent++)(event, settleEvent),
        (error) => settleEvent(packError(error)),
      );
      return null;
    };
    settle([true, [['f', 0, false], [dispatch], []]]);
    return null;
  };
}

function toError([, ...entries]) {
  const error = new Error();
  for (let at = 0; at < entries.length; at += 2) error[entries[at]] = entries[at + 1];
  return error;
}

function main() {
  const dart = {
    wrap: (id) => (id === program.construct ? wrapConstruct(id) : wrap(id)),
    notify() {
      throw new Error('`main()` waits for something');
    },
  };
  for (const { op, with: given, gives } of program.record) {
    const result = values.carryOut(op, given, [], dart);
    if (Array.isArray(gives)) values.bind(gives[0], result.value);
    else if ((result?.value ?? null) !== gives) throw new Error(`\`${op}\` gave ${result.value}, not ${gives} as recorded`);
  }
}

globalThis.dartMainRunner(main, []);
