// The runtime's side of `host_js.dart`: what a compiled Dart program finds under one name on `globalThis`, and what the
// Worker around it calls.
//
// A value crosses as a packet `[wire, objects, blobs]`: the form that `runtime.mjs` states, in which a link is an index
// into one of the two arrays beside it. So `wire` holds nothing but null, booleans, numbers, strings and arrays.
// An outcome is `[true, packet]`, `[false, packet of an error's description]` or `[null, promise of one of these]`.
// A Dart function, and a Dart future too, is a function of a packet of arguments and of a function to be called once,
// with the outcome. Nothing is ever thrown across: WebAssembly would make it unreadable on either side.

import {
  decode,
  describeEnvironment,
  describeError,
  encode,
  evaluate,
  helpers,
  isPromise,
  makeError,
  refusePromise,
} from './runtime.mjs';

/** Where Dart looks for the runtime. */
const NAME = '__dartflare';

function linksOver(objects, blobs) {
  return {
    keep: (value) => objects.push(value) - 1,
    find: (at) => objects[at],
    sendBytes: (bytes) => blobs.push(bytes) - 1,
    // Where Dart compiles to JavaScript the bytes are still the program's own, to change or to lose to a stream.
    takeBytes: (at) => new Uint8Array(blobs[at]),
    callback: (at) => {
      const run = objects[at];
      return (...args) => callDart(run, args);
    },
    promise: (at) => callDart(objects[at], []),
    source: (at) => {
      const run = objects[at];
      return { pull: () => callDart(run, ['pull']), cancel: () => callDart(run, ['cancel']) };
    },
  };
}

function pack(makeWire) {
  const objects = [];
  const blobs = [];
  return [makeWire(linksOver(objects, blobs)), objects, blobs];
}

const packError = (error) => [false, pack((links) => encode(describeError(error), links))];

function unpack([wire, objects, blobs]) {
  return decode(wire, linksOver(objects, blobs));
}

/** What an outcome that Dart gave stands for. */
function unwrap([ok, packet]) {
  const value = unpack(packet);
  if (ok) return value;
  throw makeError(value);
}

/** The arguments of a Dart function: a list, in which `Kept` says what must arrive as a reference. */
const packArguments = (args) =>
  pack((links) => [
    'l',
    ...args.map((arg) => (arg instanceof Kept ? ['r', links.keep(arg.value), null, null] : encode(arg, links))),
  ]);

class Kept {
  constructor(value) {
    this.value = value;
  }
}

async function callDart(run, args) {
  const packet = packArguments(args);
  return unwrap(await new Promise((resolve) => run(packet, resolve)));
}

/** As `callDart`, for a Dart function that is known to answer before it returns. */
function callDartNow(run, args) {
  let outcome = null;
  run(packArguments(args), (given) => (outcome = given));
  if (outcome === null) throw new Error('the Dart program did not answer at once');
  return unwrap(outcome);
}

/**
 * The one function that Dart calls: takes the steps in `packet`, see `evaluate`, from `target`. `mode` says what is
 * wanted: 'ref', a reference to whatever there is; 'now', the value; 'later', the value, awaited if it is a promise.
 * `select` is as for `encode`.
 */
function op(target, packet, mode, select) {
  try {
    const links = linksOver(packet[1], packet[2]);
    const value = evaluate(target, packet[0], (wire) => decode(wire, links));
    if (mode === 'ref') return [true, [['r', 0, null, null], [value], []]];
    if (!isPromise(value)) return packValue(value, select);
    if (mode === 'now') throw refusePromise(value, packet[0]);
    const outcome = Promise.resolve(value).then((awaited) => packValue(awaited, select));
    return [null, outcome.catch(packError)];
  } catch (error) {
    return packError(error);
  }
}

const packValue = (value, select) => [true, pack((links) => encode(value, links, select))];

/** What `main()` registered, for the Worker around it. */
class Application {
  #dispatch;
  #construct;

  constructor(handlers, durableObjects, dispatch, construct) {
    /** The kinds of events that the Worker itself has a handler for. */
    this.handlers = handlers;
    /** The registered Durable Object classes, by name, each with the names of its methods for RPC. */
    this.durableObjects = new Map(durableObjects.map((entry) => [entry].flat()).map(([name, ...methods]) => [name, methods]));
    this.#dispatch = dispatch;
    this.#construct = construct;
  }

  /** Hands the Worker an event and gives what its handler answered. */
  dispatch(event) {
    return callDart(this.#dispatch, eventArguments(event));
  }

  /**
   * Makes the Durable Object that `event` is for, and gives what handles its later events. Nothing else holds on to
   * the Dart object: it lives as long as this function.
   */
  construct(event) {
    const dispatch = callDartNow(this.#construct, eventArguments({ ...event, kind: 'construct' }));
    return (later) => dispatch(...eventArguments({ ...later, className: event.className }));
  }
}

function eventArguments({ kind, env, context, argument, info, kinds, className }) {
  const bindings = describeEnvironment(env, kinds ?? {});
  return [kind, new Kept(env), new Kept(context), new Kept(argument), info ?? {}, bindings, className ?? null];
}

/**
 * Lets a Dart program that is about to start find the runtime. The result is called when `main()` has returned; it
 * gives what was registered, or null, and refuses what is registered later. It throws what `main()` threw.
 */
export function install() {
  let application = null;
  let failure = null;
  let isOpen = true;
  globalThis[NAME] = {
    op,
    helpers,
    /** Each of `durableObjects` is a name, or a list of it and the methods for RPC. Gives whether it was taken. */
    register(handlers, durableObjects, dispatch, construct) {
      if (isOpen) application = new Application(handlers, durableObjects, dispatch, construct);
      return isOpen;
    },
    /** Takes the description of what `main()` threw. */
    fail(packet) {
      failure ??= makeError(unpack(packet));
    },
  };
  return () => {
    isOpen = false;
    if (failure !== null) throw failure;
    return application;
  };
}
