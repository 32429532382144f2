// The classes that the platform looks for, each standing for one of the Dart program, and what travels along with an
// event. The same in production and in development, which differ in how an event reaches Dart.

import { DurableObject, RpcTarget, WorkerEntrypoint, WorkflowEntrypoint } from 'cloudflare:workers';

import { Attempt, answerClose, describeRequest, forgetSocket, helpers, keepSocket, pick } from './runtime.mjs';

/** What travels along with the first argument of a Worker's handler, because the handler is likely to ask for it. */
export const INFO = {
  fetch: describeRequest,
  scheduled: ({ cron, scheduledTime }) => ({ cron, scheduledTime }),
  queue: ({ queue, metadata, messages }) => ({
    queue,
    metrics: pick(metadata?.metrics ?? {}, ['backlogCount', 'backlogBytes', 'oldestMessageTimestamp']),
    messages: messages.map((message) => ({
      ...pick(message, ['id', 'timestamp', 'attempts']),
      body: new Attempt(() => message.body),
    })),
  }),
  email: (message) => pick(message, ['from', 'to', 'headers', 'rawSize', 'canBeForwarded']),
  tail: (items) => ({ items: items.map(describeTrace) }),
};

/** A `TraceItem`, all of whose parts are native objects, as plain data. */
function describeTrace(item) {
  const message = (entry) => ({ message: new Attempt(() => entry.message) });
  const error = (thrown) => thrown && pick(thrown, ['timestamp', 'name', 'message', 'stack']);
  const { event, scriptVersion, preview } = item;
  return {
    ...pick(item, TRACE_ITEM),
    scriptVersion: scriptVersion && pick(scriptVersion, ['id', 'tag', 'message']),
    preview: preview && pick(preview, ['id', 'slug', 'name']),
    event: event && describeTraceEvent(event),
    logs: item.logs.map((log) => ({
      ...pick(log, ['timestamp', 'level']),
      ...message(log),
      errors: log.errorInfo?.map(error),
    })),
    exceptions: item.exceptions.map(error),
    diagnosticsChannelEvents: item.diagnosticsChannelEvents.map((event) => ({
      ...pick(event, ['timestamp', 'channel']),
      ...message(event),
    })),
  };
}

function describeTraceEvent(event) {
  const described = pick(event, TRACE_EVENT);
  const { request, response, consumedEvents, getWebSocketEvent } = event;
  if (request) described.request = pick(request, ['method', 'url', 'headers', 'cf']);
  if (response) described.response = pick(response, ['status']);
  if (consumedEvents) described.consumedEvents = consumedEvents.map((consumed) => pick(consumed, ['scriptName']));
  if (getWebSocketEvent) {
    described.getWebSocketEvent = pick(getWebSocketEvent, ['webSocketEventType', 'code', 'wasClean']);
  }
  return described;
}

/** What a `TraceItem` says of an invocation as a whole. */
const TRACE_ITEM = [
  'scriptName',
  'entrypoint',
  'dispatchNamespace',
  'scriptTags',
  'tailAttributes',
  'durableObjectId',
  'outcome',
  'executionModel',
  'truncated',
  'eventTimestamp',
  'cpuTime',
  'wallTime',
];

/** What the events of all kinds say beside objects of their own. */
const TRACE_EVENT = ['rpcMethod', 'scheduledTime', 'cron', 'queue', 'batchSize', 'mailFrom', 'rcptTo', 'rawSize', 'reason'];

/** Names that the platform calls by itself, looks at, or does not let through: no Dart method answers to them. */
const RESERVED = new Set([
  'fetch',
  'alarm',
  'connect',
  'ctx',
  'dup',
  'email',
  'env',
  'queue',
  'run',
  'scheduled',
  'tail',
  'tailStream',
  'test',
  'trace',
  'webSocketMessage',
  'webSocketClose',
  'webSocketError',
  'then',
  'catch',
  'finally',
]);

/**
 * `Base` with a method of every other name, each of which calls `call(object, name, arguments)`: which methods there
 * are, only the Dart object knows. The platform takes a method from the prototypes alone.
 */
function answering(Base, call) {
  const Answering = class extends Base {};
  const prototype = new Proxy(Base.prototype, {
    get(target, name, object) {
      if (typeof name !== 'string' || name in target || RESERVED.has(name)) return Reflect.get(target, name, object);
      return function (...args) {
        return call(this, name, args);
      };
    },
  });
  Object.setPrototypeOf(Answering.prototype, prototype);
  return Answering;
}

class Target extends answering(RpcTarget, (target, method, args) => target.call(method, args)) {
  constructor(call) {
    super();
    Object.defineProperty(this, 'call', { value: call });
  }

  [Symbol.dispose]() {
    this.call[Symbol.dispose]?.();
  }
}

/** An object whose methods are those of a Dart object: `call` takes the name of one and its arguments. */
helpers.rpcTarget = (call) => new Target(call);

const rpc = (method, args) => ['rpc', undefined, { method, arguments: args }];

/**
 * A Durable Object class. `begin` makes the Dart object, with the object's `ctx`, its `env` and what describes it, and
 * gives what handles its events: `deliver(kind, argument, info)`.
 */
export function durableObjectClass(begin) {
  return class extends answering(DurableObject, (object, method, args) => object.deliver(...rpc(method, args))) {
    constructor(context, env) {
      super(context, env);
      const info = { id: context.id.toString(), name: context.id.name ?? null };
      const deliver = begin(context, env, info);
      // An own property: the platform looks for methods on prototypes alone.
      Object.defineProperty(this, 'deliver', { value: deliver });
    }

    fetch(request) {
      return this.deliver('fetch', request, describeRequest(request));
    }

    alarm(alarm) {
      const { retryCount, isRetry, scheduledTime } = alarm ?? {};
      return this.deliver('alarm', alarm, { retryCount, isRetry, scheduledTime });
    }

    webSocketMessage(socket, message) {
      return this.deliver('webSocketMessage', socket, { socket: keepSocket(this.ctx, socket), message });
    }

    async webSocketClose(socket, code, reason, wasClean) {
      const info = { socket: keepSocket(this.ctx, socket), code, reason, wasClean };
      try {
        await this.deliver('webSocketClose', socket, info);
      } finally {
        answerClose(socket, code, reason);
        forgetSocket(this.ctx, socket);
      }
    }

    async webSocketError(socket, error) {
      try {
        await this.deliver('webSocketError', socket, { socket: keepSocket(this.ctx, socket), error });
      } finally {
        forgetSocket(this.ctx, socket);
      }
    }
  };
}

/** A class of entrypoints. `begin` takes the `ctx` and the `env` of a call and gives what handles it. */
export function entrypointClass(begin) {
  const Base = answering(WorkerEntrypoint, (it, method, args) => begin(it.ctx, it.env)(...rpc(method, args)));
  const Entrypoint = class extends Base {};
  for (const [kind, describe] of Object.entries(INFO)) {
    Entrypoint.prototype[kind] = function (argument) {
      return begin(this.ctx, this.env)(kind, argument, describe(argument));
    };
  }
  return Entrypoint;
}

/** A class of workflows; `begin` as for entrypoints. The event's argument is the `WorkflowStep`. */
export function workflowClass(begin) {
  return class extends WorkflowEntrypoint {
    run(event, step) {
      const { payload, timestamp, instanceId, workflowName, schedule } = event;
      const info = { payload, timestamp, instanceId, workflowName, schedule };
      return begin(this.ctx, this.env)('run', step, info);
    }
  };
}
