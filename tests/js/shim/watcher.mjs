// What the runtime itself records of each event of the Worker under test: its outcome, its log and its exceptions.

export default {
  async tail(events, env) {
    const traces = events.map(({ outcome, logs, exceptions, event, entrypoint }) => ({
      event: event?.request ? new URL(event.request.url).pathname : Object.keys(event ?? {}).sort().join(),
      entrypoint,
      outcome,
      logs: logs.map(({ level, message }) => [level, message]),
      exceptions: exceptions.map(({ name, message, stack }) => [name, message, stack]),
    }));
    await env.WATCH.fetch('http://watch/', { method: 'POST', body: JSON.stringify(traces) });
  },
};
