// What Dart asks of the Workers runtime, carried out here: reading properties, calling methods, constructing objects,
// and turning values and errors into a form that Dart can read.
//
// The same code runs in production, beside compiled Dart, and in development, behind a socket. The two differ in their
// `Links` alone: what stands for an object, a run of bytes, a callback, a promise.
//
// A value travels as JSON-like data. Null, booleans, strings and ordinary numbers are themselves; everything else is an
// array whose first item is a tag:
//
//   ['n', text]               NaN, Infinity, -Infinity, -0
//   ['i', text]               a bigint
//   ['d', ms]                 a Date; null for an invalid one
//   ['b', link]               bytes
//   ['l', ...items]           a list (of Headers: its [name, value] pairs)
//   ['m', k1, v1, k2, v2 ...] an object or a Map
//   ['e', properties]         an Error, see describeError
//   ['r', link, class, props] an object that stays here; `props` holds what was asked for
//   ['s', link]               a stream of bytes; towards JavaScript `link` names a source in Dart
//   ['f', link, critical]     a Dart function                    (towards JavaScript only)
//   ['t', link]               a Dart function that has answered when it returns (towards JavaScript only)
//   ['p', link]               a Dart future                      (towards JavaScript only)
//   ['c', class, args]        an object to construct             (towards JavaScript only)

/** How much of a stream is read ahead of Dart's asking, in bytes. */
const READ_AHEAD = 256 * 1024;

/** Deeper than any sensible value; a cyclic one reaches it. */
const MAX_DEPTH = 200;

/** What the platform says of an error beside its name and message. */
const FLAGS = ['retryable', 'overloaded', 'remote'];

/** What Dart knows of a response from the start. */
const RESPONSE = ['status', 'statusText', 'headers', 'url', 'redirected', 'webSocket'];

const text = new TextEncoder();

/**
 * Applies `steps` to `target`, one after the other: ['g', name] reads a property, ['a', name, args] calls a method,
 * ['n', name, args] constructs. Nothing is awaited.
 */
export function evaluate(target, steps, decode) {
  let value = target;
  for (const [kind, name, args] of steps) {
    if (value === null || value === undefined) {
      throw new TypeError(`cannot read \`${name}\` of ${value}`);
    }
    if (kind === 'g') {
      value = value[name];
      continue;
    }
    if (typeof value[name] !== 'function') {
      throw new TypeError(`\`${name}\` is not a function of ${className(value) ?? typeof value}`);
    }
    const decoded = args.map((arg) => decode(arg));
    value = kind === 'n' ? new value[name](...decoded) : value[name](...decoded);
  }
  return value;
}

/** Whether Dart has to wait for `value`. */
export const isPromise = (value) => typeof value?.then === 'function';

/** The error that it is when `steps` led to `promise`, and Dart wants its value at once. */
export function refusePromise(promise, steps) {
  // It is nobody's any more, and what it rejects with would be reported as unhandled.
  Promise.resolve(promise).catch(() => {});
  return new TypeError(`\`${steps.at(-1)[1]}\` gives a promise, which cannot be had at once`);
}

/**
 * A value that is read as it travels, to Dart, as `{value}`. Where it cannot be read or cannot travel, why not travels in
 * its place as `{error}`, and what is around it is not held up.
 */
export class Attempt {
  constructor(read) {
    this.read = read;
  }
}

function encodeAttempt({ read }, inner) {
  try {
    return ['m', 'value', inner(read())];
  } catch (error) {
    return ['m', 'error', inner(error instanceof Error ? error : new Error(describeError(error).message))];
  }
}

/** The value as Dart reads it. With `select`, an object stays here and these properties of it travel along. */
export function encode(value, links, select = null, depth = 0) {
  if (depth > MAX_DEPTH) throw new TypeError('the value is cyclic, or nested too deeply');
  if (select && ((typeof value === 'object' && value !== null) || typeof value === 'function')) {
    const props = ['m'];
    for (const name of select) props.push(name, encode(value[name], links, null, depth + 1));
    return ['r', links.keep(value), className(value), props];
  }
  switch (typeof value) {
    case 'undefined':
      return null;
    case 'boolean':
    case 'string':
      return value;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? value : ['n', Object.is(value, -0) ? '-0' : `${value}`];
    case 'bigint':
      return ['i', `${value}`];
    case 'object':
      return encodeObject(value, links, depth);
    default:
      return ['r', links.keep(value), className(value), null];
  }
}

function encodeObject(value, links, depth) {
  const inner = (item) => encode(item, links, null, depth + 1);
  if (value === null) return null;
  if (Array.isArray(value)) {
    const wire = ['l'];
    for (let at = 0; at < value.length; at++) wire.push(inner(value[at]));
    return wire;
  }
  // The most frequent first; an object of one of the classes below has another prototype.
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    const wire = ['m'];
    for (const key of Object.keys(value)) wire.push(key, inner(value[key]));
    return wire;
  }
  if (value instanceof Attempt) return encodeAttempt(value, inner);
  if (value instanceof Uint8Array) return ['b', links.sendBytes(value)];
  if (value instanceof ArrayBuffer) return ['b', links.sendBytes(new Uint8Array(value))];
  if (ArrayBuffer.isView(value)) {
    return ['b', links.sendBytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))];
  }
  if (value instanceof Date) return ['d', Number.isNaN(+value) ? null : +value];
  if (value instanceof Error) return ['e', inner(describeError(value))];
  if (value instanceof ReadableStream) return ['s', links.keep(value)];
  // What Dart has types of its own for comes with what they begin with.
  if (value instanceof Response) return encode(value, links, RESPONSE, depth);
  if (value instanceof Request) {
    return ['r', links.keep(value), 'Request', inner({ ...describeRequest(value), headers: value.headers })];
  }
  if (value instanceof Headers) {
    const wire = ['l'];
    // Twice as fast in workerd as to iterate over them.
    value.forEach((item, name) => wire.push(['l', name, item]));
    return wire;
  }
  if (value instanceof Set) return ['l', ...[...value].map(inner)];
  if (value instanceof Map) return ['m', ...[...value].flatMap(([key, item]) => [inner(key), inner(item)])];
  return ['r', links.keep(value), className(value), null];
}

/** The JavaScript value that Dart sent. */
export function decode(wire, links) {
  if (!Array.isArray(wire)) return wire;
  // By index: to destructure an array is to iterate over it.
  const tag = wire[0];
  const first = wire[1];
  const second = wire[2];
  const inner = (item) => decode(item, links);
  switch (tag) {
    case 'n':
      return Number(first);
    case 'i':
      return BigInt(first);
    case 'd':
      return new Date(first ?? NaN);
    case 'b':
      return links.takeBytes(first);
    case 'l':
      return wire.slice(1).map(inner);
    case 'm': {
      const object = {};
      for (let at = 1; at < wire.length; at += 2) {
        const key = wire[at];
        const value = inner(wire[at + 1]);
        if (key !== '__proto__') object[key] = value;
        // An assignment would change the object instead of adding a key.
        else Object.defineProperty(object, key, { value, configurable: true, enumerable: true, writable: true });
      }
      return object;
    }
    case 'e':
      return makeError(inner(first));
    case 'r':
      return links.find(first);
    case 's':
      return sourceToStream(links.source(first));
    case 'f':
      return links.callback(first, second === true);
    case 't':
      return links.immediate(first);
    case 'p':
      return links.promise(first);
    case 'c':
      return evaluate(globalThis, [['n', first, second]], inner);
    default:
      throw new TypeError(`a value with the unknown tag \`${tag}\``);
  }
}

/** The parts of an error that Dart makes a WorkersException of. Whatever was thrown, this does not throw. */
export function describeError(error) {
  if (!(error instanceof Error)) return { name: 'Error', message: textOf(() => error) };
  const described = { name: textOf(() => error.name || 'Error'), message: textOf(() => error.message) };
  if (typeof error.stack === 'string') described.stack = error.stack;
  for (const flag of FLAGS) if (error[flag] === true) described[flag] = true;
  return described;
}

function textOf(read) {
  try {
    return String(read());
  } catch {
    return 'something without a text was thrown';
  }
}

/** A real Error from what Dart threw, with the Dart stack in place of one that would show this file. */
export function makeError({ name, message, stack, ...flags }) {
  const error = new Error(message);
  error.name = name;
  error.stack = `${name}: ${message}${stack ? `\n${framesOf(stack)}` : ''}`;
  for (const flag of FLAGS) if (flags[flag] === true) error[flag] = true;
  return error;
}

/** A stack without what a JavaScript engine puts above the first frame: the error again, as it names it itself. */
function framesOf(stack) {
  const first = stack.search(/^ {4}at /m);
  return first === -1 ? stack : stack.slice(first);
}

/**
 * What a fetch handler is most likely to ask of its request, so that it need not. Of its headers there may be twenty:
 * they are read when they are asked for, where that takes no journey.
 */
export function describeRequest(request) {
  return { method: request.method, url: request.url, hasBody: request.body !== null };
}

/**
 * Every name of `env` as [kind, value]: the kind from `kinds`, the table generated from the configuration, or what the
 * value itself tells; the value of variables and secrets.
 */
export function describeEnvironment(env, kinds) {
  const described = {};
  for (const name of new Set([...Object.keys(kinds), ...Object.keys(env)])) {
    const value = env[name];
    if (value === undefined) continue;
    const kind = kinds[name] ?? kindOf(value);
    described[name] = kind === 'vars' || kind === 'secrets' ? [kind, value] : [kind];
  }
  return described;
}

function kindOf(value) {
  if (typeof value === 'string') return 'secrets';
  if (value === null || typeof value !== 'object') return 'vars';
  const prototype = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === Object.prototype ? 'vars' : 'unknown';
}

function className(value) {
  // An RPC stub answers to any property name, `constructor` too, with another stub.
  const name = value?.constructor?.name;
  return typeof name === 'string' ? name : null;
}

const sources = new WeakMap();

/** A stream as Dart reads it: one chunk per call, with what has arrived meanwhile. */
export class ByteSource {
  #reader;
  #chunks = [];
  #size = 0;
  #finished = false;
  #failure = null;
  #filling = false;
  #arrived = null;

  /** The source of this stream, the same one each time: a stream can be locked only once. */
  static of(stream) {
    let source = sources.get(stream);
    if (!source) sources.set(stream, (source = new ByteSource(stream)));
    return source;
  }

  constructor(stream) {
    this.#reader = stream.getReader();
  }

  /** Begins to read, before Dart asks. */
  fill() {
    if (this.#filling || this.#finished) return;
    this.#filling = true;
    this.#run().finally(() => {
      this.#filling = false;
    });
  }

  async #run() {
    try {
      while (this.#size < READ_AHEAD) {
        const { done, value } = await this.#reader.read();
        if (done) {
          this.#finished = true;
          break;
        }
        const chunk = typeof value === 'string' ? text.encode(value) : asBytes(value);
        if (chunk.byteLength === 0) continue;
        this.#chunks.push(chunk);
        this.#size += chunk.byteLength;
        this.#arrived?.();
      }
    } catch (error) {
      this.#failure = error;
      this.#finished = true;
    }
    this.#arrived?.();
  }

  /** The next bytes, or null at the end. */
  async next() {
    while (this.#chunks.length === 0) {
      if (this.#failure !== null) throw this.#failure;
      if (this.#finished) return null;
      const arrived = new Promise((resolve) => (this.#arrived = resolve));
      this.fill();
      await arrived;
    }
    const chunks = this.#chunks;
    const size = this.#size;
    this.#chunks = [];
    this.#size = 0;
    this.fill();
    if (chunks.length === 1) return chunks[0];
    const joined = new Uint8Array(size);
    let at = 0;
    for (const chunk of chunks) {
      joined.set(chunk, at);
      at += chunk.byteLength;
    }
    return joined;
  }

  /** Says that no more is wanted. */
  async cancel() {
    this.#finished = true;
    await this.#reader.cancel();
  }

  /** What is left to read, as a stream again. */
  stream() {
    return sourceToStream({ pull: () => this.next(), cancel: () => this.cancel() });
  }
}

function asBytes(value) {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  throw new TypeError(`a stream of bytes held a ${className(value) ?? typeof value}`);
}

/**
 * Wrangler's dev server drains a request body that nobody has begun to read when the response is returned; a response
 * that is made from it would find it gone. So its reading begins here.
 */
export function keepRequestBody(request, response) {
  const { body } = request;
  if (body === null || response.body === null || body.locked) return response;
  const source = ByteSource.of(body);
  source.fill();
  return response.body === body ? new Response(source.stream(), response) : response;
}

function sourceToStream(source) {
  return new ReadableStream(
    {
      type: 'bytes',
      async pull(controller) {
        const chunk = await source.pull();
        if (chunk === null) {
          controller.close();
          controller.byobRequest?.respond(0);
        } else {
          controller.enqueue(chunk);
        }
      },
      cancel: () => source.cancel(),
    },
    { highWaterMark: 0 },
  );
}

/** What there is to see of a piece of HTML, whatever kind it is. */
const SEEN = ['tagName', 'namespaceURI', 'removed', 'text', 'lastInTextNode', 'name', 'publicId', 'systemId'];

/**
 * A handler of HTMLRewriter that tells Dart all there is to see at once, and makes the changes that come back. `failed`
 * is called when it fails: nothing more is handled then.
 */
const htmlHandler = (handler, failed) => async (token) => {
  try {
    const seen = {};
    for (const name of SEEN) if (token[name] !== undefined) seen[name] = token[name];
    if (token.attributes !== undefined) seen.attributes = [...token.attributes];
    for (const [method, ...args] of await handler(seen)) {
      if (method === 'set') token[args[0]] = args[1];
      else if (method === 'onEndTag') token.onEndTag(htmlHandler(args[0], failed));
      else token[method](...args);
    }
  } catch (error) {
    failed();
    throw error;
  }
};

const R2_OBJECT = [
  ...['key', 'version', 'size', 'etag', 'httpEtag', 'uploaded', 'httpMetadata', 'customMetadata', 'range'],
  ...['storageClass', 'ssecKeyMd5'],
];
const R2_CHECKSUMS = ['md5', 'sha1', 'sha256', 'sha384', 'sha512'];

/** The properties of `object` with these names, as far as it has them: those of a native object are not its own. */
export function pick(object, names) {
  const picked = {};
  for (const name of names) {
    const value = object[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}

/** All that there is to know of an object of R2; itself only if it has content, since what stays here takes room. */
function describeR2Object(object) {
  if (object === null) return null;
  const described = { ...pick(object, R2_OBJECT), checksums: pick(object.checksums, R2_CHECKSUMS) };
  if ('body' in object) described.object = object;
  return described;
}

/** What a WebSocket ends with when the program that listens to it does: it was restarted. */
const RESTARTED = 1012;

/** Each WebSocket's number, by which Dart knows it for the same. */
const socketNumbers = new WeakMap();

/** The WebSockets that a Durable Object keeps, by its `ctx`. Any of its events may use them. */
const keptSockets = new WeakMap();

let nextSocket = 1;

function numberOf(socket) {
  if (!socketNumbers.has(socket)) socketNumbers.set(socket, nextSocket++);
  return socketNumbers.get(socket);
}

/** Lets the events of a Durable Object find `socket` by the number that this gives. */
export function keepSocket(context, socket) {
  const number = numberOf(socket);
  if (!keptSockets.has(context)) keptSockets.set(context, new Map());
  keptSockets.get(context).set(number, socket);
  return number;
}

/** Ends what `keepSocket` began. */
export function forgetSocket(context, socket) {
  keptSockets.get(context)?.delete(socketNumbers.get(socket));
}

/** Closes this end after the peer has closed its own, as newer compatibility dates do by themselves. */
export function answerClose(socket, code, reason) {
  try {
    // Of a connection that broke there is nothing to close; and a code that says that there was none cannot be sent.
    if (code === 1006) return;
    if (code === 1005) socket.close();
    else socket.close(code, reason);
  } catch {
    // It is closed, or gone.
  }
}

/**
 * Accepts `socket` and calls `onMessage` with each message. Gives how it ended. While it is open, `inDart` waits for the
 * program, and rejects when the program is gone.
 */
function openWebSocket(socket, allowHalfOpen, onMessage, inDart) {
  const ended = new Promise((resolve) => {
    socket.addEventListener('message', ({ data }) => {
      // What a listener throws is Dart's own to tell.
      onMessage(data).catch(() => {});
    });
    socket.addEventListener('close', ({ code, reason, wasClean }) => {
      if (!allowHalfOpen) answerClose(socket, code, reason);
      resolve({ code, reason, wasClean, error: null });
    });
    socket.addEventListener('error', ({ error, message }) => {
      resolve({ code: 1006, reason: '', wasClean: false, error: error ?? new Error(message) });
    });
  });
  inDart.catch(() => answerClose(socket, RESTARTED, 'the program was restarted'));
  // A message of bytes would be a Blob.
  socket.binaryType = 'arraybuffer';
  socket.accept({ allowHalfOpen });
  return ended;
}

/** What `use` does with a writer of the socket, which is given back at once: what was begun goes on. */
function writing(socket, use) {
  const writer = socket.writable.getWriter();
  try {
    return use(writer);
  } finally {
    writer.releaseLock();
  }
}

/** The rows of a query that Dart has not yet seen. */
class SqlRows {
  #cursor;
  #rows;
  #failure = null;

  constructor(cursor) {
    this.#cursor = cursor;
    this.#rows = cursor.raw();
  }

  /** The next `limit` rows, or all for null; fewer when what they hold is much. */
  take(limit) {
    if (this.#failure !== null) throw this.#failure;
    const rows = [];
    let isDone = false;
    try {
      for (let size = 0; limit === null || (rows.length < limit && size < READ_AHEAD); ) {
        const { done, value } = this.#rows.next();
        if (done) {
          isDone = true;
          break;
        }
        for (const item of value) size += item?.byteLength ?? item?.length ?? 8;
        rows.push(value);
      }
    } catch (error) {
      // The rows before it come first.
      if (limit === null || rows.length === 0) throw error;
      this.#failure = error;
    }
    return { rows, isDone, rowsRead: this.#cursor.rowsRead, rowsWritten: this.#cursor.rowsWritten };
  }
}

/** What Dart may call by name, as a root of its own. */
export const helpers = {
  byteSource: (stream) => ByteSource.of(stream),
  dispose: (stub) => stub[Symbol.dispose]?.(),
  invoke: (callee, args) => callee(...args),
  ownExport(context, name, props) {
    const { exports } = context;
    if (exports === undefined) {
      throw new TypeError('`ctx.exports` needs the compatibility flag `enable_ctx_exports`');
    }
    if (!(name in exports)) throw new TypeError(`this Worker exports no \`${name}\``);
    return props === undefined ? exports[name] : exports[name]({ props });
  },

  /** For properties that are to come with what they select. */
  itself: (value) => value,

  /** The digest of a stream, which need not pass through Dart. */
  async digestStream(algorithm, stream) {
    const digest = new crypto.DigestStream(algorithm);
    await stream.pipeTo(digest);
    return digest.digest;
  },

  /** An email to be sent. The module is not there in Node. */
  async emailMessage(from, to, raw) {
    const { EmailMessage } = await import('cloudflare:email');
    return new EmailMessage(from, to, raw);
  },

  /**
   * Changes the HTML of `response`; `rules` are pairs of a selector, or null for the document, and its handlers. `done`
   * is called when there is no more to handle.
   */
  rewriteHtml(response, rules, done) {
    const rewriter = new HTMLRewriter();
    // Handlers of the end are not called in the order that they were given in.
    let ends = 1;
    const ended = () => void (--ends === 0 && done());
    try {
      for (const [selector, { end, ...handlers }] of rules) {
        const own = {};
        for (const kind in handlers) own[kind] = htmlHandler(handlers[kind], done);
        if (end) {
          ends += 1;
          own.end = (token) => htmlHandler(end, done)(token).then(ended);
        }
        if (selector === null) rewriter.onDocument(own);
        else rewriter.on(selector, own);
      }
      // A stream around the result would tell as well; but piped to an identity stream it never ends.
      const rewritten = rewriter.onDocument({ end: ended }).transform(response);
      if (rewritten.body === null) done();
      return rewritten;
    } catch (error) {
      done();
      throw error;
    }
  },

  /** `source`, a stream or any other body, through a new `className` that is made of `argument`. */
  pipe(source, className, argument) {
    const stream = source instanceof ReadableStream ? source : new Response(source).body;
    const { writable, readable } = new globalThis[className](argument);
    // A failure reaches whoever reads the other end.
    stream.pipeTo(writable).catch(() => {});
    return readable;
  },

  /** What R2 gives, with its objects described. */
  async r2(target, method, ...args) {
    const result = await target[method](...args);
    return Array.isArray(result?.objects)
      ? { ...result, objects: result.objects.map(describeR2Object) }
      : describeR2Object(result);
  },

  webSocketPair: () => Object.values(new WebSocketPair()).map((socket) => [numberOf(socket), socket]),
  openWebSocket,
  acceptWebSocket(context, socket, tags) {
    context.acceptWebSocket(socket, tags);
    return keepSocket(context, socket);
  },
  webSockets: (context, ...tag) => context.getWebSockets(...tag).map((socket) => keepSocket(context, socket)),
  webSocket(context, number) {
    const socket = keptSockets.get(context)?.get(number);
    if (socket === undefined) throw new Error('the WebSocket is closed, and the Durable Object keeps it no more');
    return socket;
  },

  /** A TCP connection, through `fetcher` if there is one, once it is open: `[socket, addresses]`. */
  async connect(fetcher, address, options) {
    const { connect } = fetcher ?? (await import('cloudflare:sockets'));
    const socket = fetcher ? fetcher.connect(address, options) : connect(address, options);
    return helpers.openedSocket(socket);
  },
  startTls: (socket, options) => helpers.openedSocket(socket.startTls(options)),
  async openedSocket(socket) {
    // Whoever asks is told; else it would be reported as unhandled.
    socket.closed.catch(() => {});
    const { remoteAddress, localAddress } = await socket.opened;
    return [socket, { remoteAddress, localAddress }, socket.secureTransport];
  },
  // The streams are locked no longer than each call takes: `startTls` wants them unlocked.
  async readSocket(socket) {
    const reader = socket.readable.getReader();
    try {
      const { done, value } = await reader.read();
      return done ? null : value;
    } finally {
      reader.releaseLock();
    }
  },
  writeSocket: (socket, bytes) => writing(socket, (writer) => writer.write(bytes)),
  pipeToSocket: (socket, stream) => stream.pipeTo(socket.writable, { preventClose: true }),
  closeSocketWritable: (socket) => writing(socket, (writer) => writer.close()),

  /** Runs a query, and gives its first rows along; `rest` has the others. */
  sqlExec(sql, limit, query, bindings) {
    const cursor = sql.exec(query, ...bindings);
    const rest = new SqlRows(cursor);
    const first = rest.take(limit);
    return { ...first, columns: cursor.columnNames, rest: first.isDone ? null : rest };
  },

  syncKvList: (kv, options) => new Map(kv.list(options)),
};
