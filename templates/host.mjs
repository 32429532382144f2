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

/** The links of one packet. Their class is shared, because each event makes several. */
class PacketLinks {
  constructor(objects, blobs) {
    this.objects = objects;
    this.blobs = blobs;
  }

  keep(value) {
    return this.objects.push(value) - 1;
  }

  find(at) {
    return this.objects[at];
  }

  sendBytes(bytes) {
    return this.blobs.push(bytes) - 1;
  }

  // Where Dart compiles to JavaScript the bytes are still the program's own, to change or to lose to a stream.
  takeBytes(at) {
    return new Uint8Array(this.blobs[at]);
  }

  callback(at) {
    const run = this.objects[at];
    return async (...args) => callDart(run, packArguments(args));
  }

  immediate(at) {
    const run = this.objects[at];
    return (...args) => unwrap(callDartNow(run, packArguments(args)));
  }

  promise(at) {
    return callDart(this.objects[at], packArguments([]));
  }

  source(at) {
    const run = this.objects[at];
    return {
      pull: () => callDart(run, packArguments(['pull'])),
      cancel: () => callDart(run, packArguments(['cancel'])),
    };
  }
}

function pack(makeWire) {
  const objects = [];
  const blobs = [];
  return [makeWire(new PacketLinks(objects, blobs)), objects, blobs];
}

const packError = (error) => [false, pack((links) => encode(describeError(error), links))];

const unpack = (packet) => decode(packet[0], new PacketLinks(packet[1], packet[2]));

/** What an outcome that Dart gave stands for. */
function unwrap(outcome) {
  const value = unpack(outcome[1]);
  if (outcome[0]) return value;
  throw makeError(value);
}

/** The arguments of a Dart function: a list. */
const packArguments = (args) => pack((links) => ['l', ...args.map((arg) => encode(arg, links))]);

async function callDart(run, packet) {
  return unwrap(await new Promise((resolve) => run(packet, resolve)));
}

/** The outcome of a Dart function that is known to answer before it returns. */
function callDartNow(run, packet) {
  let outcome = null;
  run(packet, (given) => (outcome = given));
  if (outcome === null) throw new Error('the Dart program did not answer at once');
  return outcome;
}

/**
 * The one function that Dart calls: takes the steps in `packet`, see `evaluate`, from `target`. `mode` says what is
 * wanted: 'ref', a reference to whatever there is; 'now', the value; 'later', the value, awaited if it is a promise.
 * `select` is as for `encode`.
 */
function op(target, packet, mode, select) {
  try {
    const links = new PacketLinks(packet[1], packet[2]);
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

  constructor(handlers, classes, dispatch, construct) {
    const named = (kind) => classes.filter((entry) => entry[0] === kind).map((entry) => entry[1]);
    /** The kinds of events that the Worker itself has a handler for. */
    this.handlers = handlers;
    /** The names of the registered classes. */
    this.durableObjects = named('durableObject');
    this.entrypoints = named('entrypoint');
    this.workflows = named('workflow');
    this.#dispatch = dispatch;
    this.#construct = construct;
  }

  /** Hands an event to the Worker, or to one of its classes without state, and gives what its handler answered. */
  async dispatch(event) {
    return callDart(this.#dispatch, packEvent(event.kind, event, event.className ?? null));
  }

  /**
   * Makes the Durable Object that `event` is for, and gives what handles its later events. Nothing else holds on to
   * the Dart object: it lives as long as this function.
   */
  construct(event) {
    const { className } = event;
    const outcome = callDartNow(this.#construct, packEvent('construct', event, className));
    if (!outcome[0]) return unwrap(outcome);
    // It is a function, and needs no wrapper that makes packets of its arguments: events are packed here.
    const [[, at], objects] = outcome[1];
    const run = objects[at];
    return async (later) => callDart(run, packEvent(later.kind, later, className));
  }
}

/** The arguments of an event's handler. What the platform gave arrives as references, whatever it is. */
function packEvent(kind, { env, context, argument, info, kinds }, className) {
  const objects = [env, context, argument];
  const blobs = [];
  const links = new PacketLinks(objects, blobs);
  const reference = (at) => ['r', at, null, null];
  const described = encode(info ?? {}, links);
  const bindings = describeBindings(env, kinds ?? {}, links);
  return [['l', kind, reference(0), reference(1), reference(2), described, bindings, className], objects, blobs];
}

/** The wire form of the bindings of each `env`, which is the same object in every event. */
const described = new WeakMap();

function describeBindings(env, kinds, links) {
  let wire = described.get(env);
  if (wire !== undefined) return wire;
  const size = links.objects.length + links.blobs.length;
  wire = encode(describeEnvironment(env, kinds), links);
  // A link belongs to its packet.
  if (links.objects.length + links.blobs.length === size) described.set(env, wire);
  return wire;
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
    /** Each of `classes` is a kind, as `durableObject`, and a name. Gives whether it was taken. */
    register(handlers, classes, dispatch, construct) {
      if (isOpen) application = new Application(handlers, classes, dispatch, construct);
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
