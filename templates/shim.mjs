// A compiled Dart program as a Worker: runs `main()`, and makes of what it registered the handlers and classes that the
// platform looks for. What goes wrong on the way is told to whoever asks: a Worker that does not start answers nothing,
// and `wrangler dev` ends with it.

import { INFO, durableObjectClass, entrypointClass, workflowClass } from './classes.mjs';
import { describe, finish, heldMain } from './prelude.mjs';
import { keepRequestBody } from './runtime.mjs';

/** The entrypoint that is the module's default export, in place of the handlers. */
const DEFAULT = 'default';

/**
 * Starts the program. `settings` is what the configuration says: its file name as `config`, the table of binding `kinds`,
 * `crons`, the `queues` that are consumed, and as `durableObjects`, `entrypoints` and `workflows` each class of this
 * Worker with the names of its `bindings`; a class without any is there for other environments or other Workers, and may
 * be missing in `main()`. `isDev`, where it is true, says that Wrangler's dev server runs it, see `keepRequestBody`; on
 * Cloudflare a body that passes through never enters JavaScript.
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
    this.default = this.#failure === null ? this.#default() : failing(this.#failure);
    /** What there is to know before an event comes. */
    this.description = {
      failure: this.#failure,
      handlers: this.#application?.handlers ?? [],
      durableObjects: this.#application?.durableObjects ?? [],
      entrypoints: this.#application?.entrypoints ?? [],
      workflows: this.#application?.workflows ?? [],
    };
  }

  #default() {
    if (!this.#application.entrypoints.includes(DEFAULT)) return this.#handlers();
    const Entrypoint = this.entrypoint(DEFAULT);
    if (!this.#isDev) return Entrypoint;
    return class extends Entrypoint {
      async fetch(request) {
        return keepRequestBody(request, await super.fetch(request));
      }
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
    const { fetch } = handlers;
    if (fetch && this.#isDev) {
      handlers.fetch = async (request, env, context) => keepRequestBody(request, await fetch(request, env, context));
    }
    return handlers;
  }

  /** The class that stands for the Durable Object class of this name. */
  durableObject(name) {
    return durableObjectClass((context, env, info) => {
      const application = this.#having('durableObjects', name);
      const kinds = this.#kinds;
      const dispatch = application.construct({ env, context, info, kinds, className: name });
      return (kind, argument, info) => dispatch({ kind, env, context, argument, info, kinds });
    });
  }

  /** The class that stands for the entrypoint of this name. */
  entrypoint(name) {
    return entrypointClass(this.#stateless('entrypoints', name));
  }

  /** The class that stands for the workflow of this name. */
  workflow(name) {
    return workflowClass(this.#stateless('workflows', name));
  }

  #stateless(list, className) {
    return (context, env) => {
      const application = this.#having(list, className);
      const kinds = this.#kinds;
      return (kind, argument, info) =>
        application.dispatch({ kind, env, context, argument, info, kinds, className });
    };
  }

  /** The application, if it has the class. */
  #having(list, name) {
    if (this.#failure !== null) throw new Error(this.#failure);
    if (!this.#application[list].includes(name)) throw new Error(unregistered(CLASSES[list], list, name).message);
    return this.#application;
  }
}

/** What `CloudflareWorkers` has classes of, as its arguments and in words, and where the configuration binds them. */
const CLASSES = {
  durableObjects: { noun: 'Durable Object class', key: 'durable_objects.bindings', also: ', with a migration' },
  entrypoints: { noun: 'entrypoint' },
  workflows: { noun: 'workflow class', key: 'workflows', also: '' },
};

/** Where the configuration and `main()` differ: of each place, both sides and what to do. */
function compare(settings, application) {
  const { config, crons, queues = [] } = settings;
  if (application === null) {
    const message = '`main()` registers nothing';
    return [{ message, hint: 'construct `CloudflareWorkers` in `main()`, before the first `await`' }];
  }
  const problems = [];
  for (const [list, words] of Object.entries(CLASSES)) {
    const known = settings[list] ?? [];
    for (const { class: name, bindings } of known) {
      if (bindings.length === 0 || application[list].includes(name)) continue;
      const bound = bindings.map((binding) => `\`${binding}\``).join(', ');
      const { message, hint } = unregistered(words, list, name);
      problems.push({ message: `${message}, which \`${config}\` binds as ${bound}`, hint });
    }
    // Of entrypoints, other Workers know.
    if (words.key === undefined) continue;
    for (const name of application[list]) {
      if (known.some((it) => it.class === name)) continue;
      problems.push({
        message: `\`main()\` registers the ${words.noun} \`${name}\`, and \`${config}\` does not bind it`,
        hint: `add it to \`${words.key}\`${words.also}, or do not register it`,
      });
    }
  }
  if (application.entrypoints.includes(DEFAULT) && application.handlers.length > 0) {
    problems.push({
      message: `\`main()\` registers the entrypoint \`${DEFAULT}\` and a handler for \`${application.handlers[0]}\``,
      hint: 'the entrypoint handles all events of the Worker itself: make the handler a method of it',
    });
  }
  const handles = (kind) => application.handlers.includes(kind) || application.entrypoints.includes(DEFAULT);
  if (crons.length > 0 && !handles('scheduled')) {
    problems.push({
      message: `\`${config}\` has cron triggers, and \`main()\` registers no \`scheduled\` handler`,
      hint: 'give `CloudflareWorkers` the argument `scheduled`, or remove `triggers.crons`',
    });
  }
  if (queues.length > 0 && !handles('queue')) {
    problems.push({
      message: `\`${config}\` has a consumer of the queue \`${queues[0]}\`, and \`main()\` registers no \`queue\` handler`,
      hint: 'give `CloudflareWorkers` the argument `queue`, or remove `queues.consumers`',
    });
  }
  return problems;
}

const unregistered = ({ noun }, list, name) => ({
  message: `\`main()\` does not register the ${noun} \`${name}\``,
  hint: `add \`'${name}': ${name}.new\` to \`${list}\` of \`CloudflareWorkers\``,
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
  for (const kind of Object.keys(INFO)) {
    handlers[kind] ??= () => {
      throw new Error(failure);
    };
  }
  return handlers;
}
