// Another Worker that calls the objects of the one under test: what each call gives, or how it fails.

export default {
  async fetch(request, env) {
    const object = (name) => env.COUNTER.getByName(name);
    const { echo } = { echo: (...values) => object('rpc').echo(...values) };
    const cases = {
      add: () => object('rpc').add(1, 2),
      later: () => object('rpc').later('v'),
      many: async () => {
        const date = new Date(5);
        const values = [null, true, 1.5, -0, 10n, 'text', date, Uint8Array.of(1, 2), [1, { a: [2] }], { deep: { key: 'v' } }];
        const returned = await echo(...values);
        return values.map((value, at) => [typeof value, String(value), String(returned[at]), JSON.stringify(typeof value === 'bigint' ? 0 : returned[at])]);
      },
      callback: () => object('rpc').apply((value) => `called with ${value}`, 'v'),
      fails: () => object('rpc').fail('StateError'),
      native: () => object('rpc').fail('RangeError'),
      missing: () => object('rpc').missing(),
      reserved: () => object('rpc').alarm(),
      socket: () => object('rpc').webSocketMessage(),
      own: () => object('rpc').dispatch(),
      constructing: () => object('broken').add(1, 2),
      blocked: () => object('blocked').add(1, 2),
      thrown: () => object('rpc').fetch('http://object/object/rpc/throw'),
    };
    const results = {};
    for (const [name, run] of Object.entries(cases)) {
      try {
        results[name] = await run();
      } catch (error) {
        const { constructor, name: kind, message, remote, retryable, overloaded, durableObjectReset } = error;
        results[name] = ['threw', constructor.name, kind, message, remote, retryable, overloaded, durableObjectReset];
      }
    }
    return Response.json(results);
  },
};
