// What the compiler of `tests/e2e/rebuilds.rs` writes: a stand-in in JavaScript for a compiled Dart program.

import { call, callback, make, operate, register, run } from './stand_in.mjs';

const GREETING = 'as first written';
const CLASSES = ['Probe'];

const property = (ref, name) => operate(ref.value, [['g', name]], 'ref').value;
const pathOf = (info) => new URL(info[info.indexOf('url') + 1]).pathname;

function main() {
  register({
    handlers: ['fetch'],
    durableObjects: CLASSES,
    dispatch([, , env, , request, info]) {
      const path = pathOf(info);
      if (path === '/') console.log(`printed: ${GREETING}`);
      if (path === '/') return make('Response', [GREETING]);
      // The first part of the path is the binding.
      const namespace = property(env, path.split('/')[1]);
      const object = operate(namespace.value, [['a', 'getByName', ['a']]], 'ref').value;
      return call(object, 'fetch', [request], []);
    },
    construct([, , , context]) {
      const storage = property(context, 'storage');
      return callback(async () => {
        const count = ((await call(storage, 'get', ['count'])) ?? 0) + 1;
        await call(storage, 'put', ['count', count]);
        return make('Response', [`${count}`]);
      });
    },
  });
}

dartMainRunner(() => run(main), []);
