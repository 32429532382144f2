// What a compiled Dart program does on its side of `host.mjs`, done in JavaScript. It knows nothing of `runtime.mjs`:
// the values it sends and receives are in the wire form, with what the form refers to by index in its place.
//
//   new Ref(object)    ['r', ...]         callback(f)    ['f', ...]        later(promise)   ['p', ...]
//   immediate(f)       ['t', ...]
//   new Bytes(bytes)   ['b', ...]         source(chunks) ['s', ...]        make(name, args) ['c', ...]

export class Ref {
  constructor(value, className = null, props = null) {
    this.value = value;
    this.className = className;
    this.props = props;
  }
}

export class Bytes {
  constructor(bytes) {
    this.bytes = bytes;
  }
}

class Tagged {
  constructor(write) {
    this.write = write;
  }
}

export const callback = (run, critical = false) => new Tagged((add) => ['f', add(dartFunction(run)), critical]);
/** A Dart function that answers before it returns. */
export const immediate = (run) => new Tagged((add) => ['t', add(dartFunction(run))]);
export const later = (promise) => new Tagged((add) => ['p', add(dartFunction(() => promise))]);
export const make = (name, args) => new Tagged((add, write) => ['c', name, args.map(write)]);

/** A stream of Dart over an async iterator. */
export const source = (chunks) =>
  new Tagged((add) => {
    const run = async ([, what]) => {
      if (what === 'cancel') return void (await chunks.return());
      const { done, value } = await chunks.next();
      return done ? null : new Bytes(value);
    };
    return ['s', add(dartFunction(run))];
  });

function seal(value, isRaw = false) {
  const objects = [];
  const blobs = [];
  const add = (object) => objects.push(object) - 1;
  const write = (item) => {
    if (item instanceof Ref) return ['r', add(item.value)];
    if (item instanceof Bytes) return ['b', blobs.push(item.bytes) - 1];
    if (item instanceof Tagged) return item.write(add, write);
    return Array.isArray(item) ? item.map(write) : item;
  };
  return [isRaw ? value.map(([kind, name, args]) => [kind, name, args?.map(write) ?? []]) : write(value), objects, blobs];
}

function open([wire, objects, blobs]) {
  const read = (item) => {
    if (!Array.isArray(item)) {
      // Dart can read nothing else here.
      if (item !== null && !['boolean', 'number', 'string'].includes(typeof item)) throw new Error(`a raw ${typeof item}`);
      return item;
    }
    if (item[0] === 'r') return new Ref(objects[item[1]], item[2], read(item[3]));
    if (item[0] === 's') return new Ref(objects[item[1]], 'stream', null);
    if (item[0] === 'b') return new Bytes(blobs[item[1]]);
    return item.map(read);
  };
  if (!blobs.every((blob) => blob instanceof Uint8Array)) throw new Error('bytes that are no Uint8Array');
  return read(wire);
}

/** The packet that describes an error. */
function sealError(error) {
  const description = ['m', 'name', error.name, 'message', error.message, 'stack', '#0 main (lib/main.dart:1:1)'];
  return seal([...description, 'retryable', error.retryable === true]);
}

/** A Dart function as JavaScript gets it: `run` takes the list of arguments and may give a promise. */
function dartFunction(run) {
  return (packet, settle) => {
    const fail = (error) => settle([false, sealError(error)]);
    const succeed = (value) => settle([true, seal(value ?? null)]);
    try {
      const result = run(open(packet));
      if (result instanceof Promise) result.then(succeed, fail);
      else succeed(result);
    } catch (error) {
      fail(error);
    }
    return null;
  };
}

export const runtime = () => globalThis.__dartflare;

/** One operation: its outcome as `{ok, value}`, or a promise of it. */
export function operate(target, steps, mode = 'now', select = undefined) {
  const outcome = runtime().op(target, seal(steps, true), mode, select);
  const opened = ([ok, packet]) => ({ ok, value: open(packet) });
  return outcome[0] === null ? outcome[1].then(opened) : opened(outcome);
}

/** As Dart calls a method and awaits it. */
export async function call(ref, method, args = [], select) {
  const { ok, value } = await operate(ref.value, [['a', method, args]], 'later', select);
  if (ok) return value;
  const properties = value.slice(1);
  const error = new Error();
  for (let at = 0; at < properties.length; at += 2) error[properties[at]] = properties[at + 1];
  throw error;
}

export function register({ handlers = [], durableObjects = [], entrypoints = [], workflows = [], dispatch, construct }) {
  const classes = [
    ...durableObjects.map((name) => ['durableObject', name]),
    ...entrypoints.map((name) => ['entrypoint', name]),
    ...workflows.map((name) => ['workflow', name]),
  ];
  return runtime().register(handlers, classes, dartFunction(dispatch), dartFunction(construct));
}

/** As the generated entry runs the `main()` of the project. */
export function run(main) {
  try {
    main();
  } catch (error) {
    runtime().fail(sealError(error));
  }
}
