// A compiled Dart program as a Worker: runs `main()`, and makes of what it registered the handlers and classes that the
// platform looks for. What goes wrong on the way is told to whoever asks: a Worker that does not start answers nothing,
// and `wrangler dev` ends with it.

import { DurableObject } from 'cloudflare:workers';

import { describe, finish, heldMain } from './prelude.mjs';
import { describeRequest, keepRequestBody } from './runtime.mjs';

/** The kinds of events that a Worker itself can have a handler for. */
const KINDS = ['fetch', 'scheduled', 'queue', 'email', 'tail'];

/** Method names of Durable Objects that the platform calls by itself, or does not let through. */
const RESERVED = [
  'constructor',
  'fetch',
  'alarm',
  'webSocketMessage',
  'webSocketClose',
  'webSocketError',
  'connect',
  'dup',
  'then',
  'catch',
  'finally',
  'ctx',
  'env',
];

/** What travels along with the event's first argument, because a handler is likely to ask for it. */
const INFO = {
  scheduled: ({ cron, scheduledTime }) => ({ cron, scheduledTime }),
  // The bodies stay behind: they may be large, and need not have a form that Dart can read.
  queue: ({ queue, messages }) => ({
    queue,
    messages: messages.map(({ id, timestamp, attempts }) => ({ id, timestamp, attempts })),
  }),
  email: ({ from, to, headers, rawSize }) => ({ from, to, headers, rawSize }),
  tail: () => ({}),
};

/**
 * Starts the program. `settings` is what the configuration says: its file name as `config`, the table of binding `kinds`,
 * `crons`, and as `durableObjects` each class of this Worker with the names of its `bindings`; a class without any is
 * there for other environments or other Workers, and may be missing in `main()`. `isDev`, where it is true, says that
 * Wrangler's dev server runs it, see `keepRequestBody`; on Cloudflare a body that passes through never enters JavaScript.
 *
 * Where the program is Wasm, `load` gives a promise of the function that runs its `main()`, and the result is a promise.
 */
export function start(settings, load) {
  if (load === undefined) return new Worker(settings, heldMain);
  return Promise.resolve()
    .then(load)
    .then(
      (main) => new Worker(settings, () => main),
      (error) => new Worker(settings, () => () => { throw error; }),
    );
}

class Worker {
  #kinds;
  #isDev;
  #application = null;
  #failure = null;

  constructor(settings, getMain) {
    this.#kinds = settings.kinds;
    this.#isDev = settings.isDev === true;
    const problems = [];
    try {
      const main = getMain();
      if (main === null) throw new Error('the compiled program has no `main()`');
      main();
      this.#application = finish();
      problems.push(...compare(settings, this.#application));
    } catch (error) {
      problems.push(notStarted(error));
    }
    if (problems.length > 0) {
      this.#failure = problems.map(({ message, hint }) => `${message}\nhint: ${hint}`).join('\n\n');
      const stacks = problems.flatMap(({ error }) => (error ? ['', describe(error)] : []));
      console.error([headed(this.#failure), ...stacks].join('\n').trimEnd());
    }
    /** The module's default export. */
    this.handlers = this.#failure === null ? this.#handlers() : failing(this.#failure);
    /** What there is to know before an event comes. */
    this.description = {
      failure: this.#failure,
      handlers: this.#application?.handlers ?? [],
      durableObjects: [...(this.#application?.durableObjects.keys() ?? [])],
    };
  }

  #handlers() {
    const application = this.#application;
    const kinds = this.#kinds;
    const handlers = {};
    for (const kind of application.handlers) {
      const describeArgument = INFO[kind];
      handlers[kind] = (argument, env, context) =>
        application.dispatch({ kind, env, context, argument, info: describeArgument(argument), kinds });
    }
    if ('fetch' in handlers) {
      const isDev = this.#isDev;
      handlers.fetch = async (request, env, context) => {
        const info = describeRequest(request);
        const response = await application.dispatch({ kind: 'fetch', env, context, argument: request, info, kinds });
        return isDev ? keepRequestBody(request, response) : response;
      };
    }
    return handlers;
  }

  /** The class that stands for the Dart class of this name. */
  durableObject(name) {
    const methods = this.#application?.durableObjects.get(name);
    if (this.#failure !== null) return failingClass(this.#failure);
    if (methods === undefined) return failingClass(unregistered(name).message);
    return durableObjectClass(name, methods, this.#application, this.#kinds);
  }
}

function durableObjectClass(className, methods, application, kinds) {
  return class extends DurableObject {
    #dispatch;

    constructor(context, env) {
      super(context, env);
      const info = { id: context.id.toString(), name: context.id.name ?? null };
      this.#dispatch = application.construct({ env, context, info, kinds, className });
    }

    #deliver(kind, argument, info) {
      return this.#dispatch({ kind, env: this.env, context: this.ctx, argument, info, kinds });
    }

    fetch(request) {
      return this.#deliver('fetch', request, describeRequest(request));
    }

    alarm(alarm) {
      const { retryCount, isRetry, scheduledTime } = alarm ?? {};
      return this.#deliver('alarm', alarm, { retryCount, isRetry, scheduledTime });
    }

    webSocketMessage(socket, message) {
      return this.#deliver('webSocketMessage', socket, { message });
    }

    webSocketClose(socket, code, reason, wasClean) {
      return this.#deliver('webSocketClose', socket, { code, reason, wasClean });
    }

    webSocketError(socket, error) {
      return this.#deliver('webSocketError', socket, { error });
    }

    static {
      // The platform calls nothing but what it finds on the prototype, and says itself what it does not find.
      for (const method of methods) {
        const value = function (...args) {
          return this.#deliver('rpc', undefined, { method, arguments: args });
        };
        Object.defineProperty(this.prototype, method, { value, configurable: true, writable: true });
      }
    }
  };
}

/** Where the configuration and `main()` differ: of each place, both sides and what to do. */
function compare({ config, durableObjects, crons }, application) {
  if (application === null) {
    const message = '`main()` registers nothing';
    return [{ message, hint: 'construct `CloudflareWorkers` in `main()`, before the first `await`' }];
  }
  const problems = [];
  for (const { class: name, bindings } of durableObjects) {
    if (bindings.length === 0 || application.durableObjects.has(name)) continue;
    const bound = bindings.map((binding) => `\`${binding}\``).join(', ');
    const { message, hint } = unregistered(name);
    problems.push({ message: `${message}, which \`${config}\` binds as ${bound}`, hint });
  }
  for (const [name, methods] of application.durableObjects) {
    if (!durableObjects.some((known) => known.class === name)) {
      problems.push({
        message: `\`main()\` registers the Durable Object class \`${name}\`, and \`${config}\` does not bind it`,
        hint: 'add it to `durable_objects.bindings`, with a migration, or do not register it',
      });
    }
    for (const method of methods.filter((method) => RESERVED.includes(method))) {
      problems.push({
        message:
          `\`main()\` registers the method \`${method}\` of the Durable Object class \`${name}\`, ` +
          'a name that the platform keeps for itself',
        hint: 'give the method another name',
      });
    }
  }
  if (crons.length > 0 && !application.handlers.includes('scheduled')) {
    problems.push({
      message: `\`${config}\` has cron triggers, and \`main()\` registers no \`scheduled\` handler`,
      hint: 'give `CloudflareWorkers` the argument `scheduled`, or remove `triggers.crons`',
    });
  }
  return problems;
}

const unregistered = (name) => ({
  message: `\`main()\` does not register the Durable Object class \`${name}\``,
  hint: `add \`'${name}': ${name}.new\` to \`durableObjects\` of \`CloudflareWorkers\``,
});

function notStarted(error) {
  const [first] = describe(error).split('\n    at ');
  const head = error instanceof Error && error.name ? `${error.name}: ${error.message}` : first;
  return { message: `\`main()\` threw an exception: ${head}`, hint: 'its stack is in the log of the Worker', error };
}

const headed = (failure) => `The Dart program did not start\n\n${failure}\n`;

/** The handlers of a Worker that did not start: whatever comes, it is told why. */
function failing(failure) {
  const handlers = {
    fetch() {
      const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
      return new Response(headed(failure), { status: 500, headers });
    },
  };
  for (const kind of KINDS) {
    handlers[kind] ??= () => {
      throw new Error(failure);
    };
  }
  return handlers;
}

function failingClass(failure) {
  return class extends DurableObject {
    constructor() {
      throw new Error(failure);
    }
  };
}
