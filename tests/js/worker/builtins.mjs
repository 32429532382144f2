// A Worker that asks what the loader gives a program, and what it says to what it cannot load.

import module from './builtins.wasm';
import { load } from './wasm.mjs';

/** Glue as small as it can be, of the newest shape. */
const glue = {
  async compile(bytes) {
    const builtins = { builtins: ['js-string'], importedStringConstants: '' };
    const compiled = await WebAssembly.compile(bytes, builtins);
    return {
      async instantiate(additionalImports) {
        const { exports } = await WebAssembly.instantiate(compiled, {
          _: {
            A(value) {
              throw value;
            },
          },
          WebAssembly: { JSTag: WebAssembly.JSTag },
          ...additionalImports,
        });
        return { invokeMain: () => exports };
      },
    };
  },
};

const program = (await load(glue, module))();

/** What `make` gives, or how it fails. */
async function outcome(make) {
  try {
    return await make();
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}

const unknown = {
  nothing: {},
  half: { instantiate() {} },
  deaf: { async compile() {} },
  empty: { compile: async (bytes) => ({ module: await WebAssembly.compile(bytes) }) },
  mainless: { compile: async (bytes) => (await WebAssembly.compile(bytes), { instantiate: async () => ({}) }) },
};

const paths = {
  /** The outcomes of `[name, ...arguments]`; a name that is no function gives the value. */
  call: async (calls) =>
    Promise.all(
      calls.map(([name, ...args]) =>
        outcome(() => (program[name] instanceof WebAssembly.Global ? program[name].value : program[name](...args))),
      ),
    ),
  caught() {
    const error = new RangeError('thrown');
    return program.caught(error) === error;
  },
  async unknown() {
    const { compile } = WebAssembly;
    const told = {};
    for (const [name, it] of Object.entries(unknown)) {
      told[name] = await outcome(() => load(it, module));
      if (WebAssembly.compile !== compile) told[name] += ' (and WebAssembly.compile is another)';
    }
    return told;
  },
  async untagged() {
    const tag = WebAssembly.JSTag;
    try {
      delete WebAssembly.JSTag;
      return await outcome(() => load(glue, module));
    } finally {
      WebAssembly.JSTag = tag;
    }
  },
};

export default {
  async fetch(request) {
    const body = await request.text();
    const path = paths[new URL(request.url).pathname.slice(1)];
    return Response.json(await path(body ? JSON.parse(body) : undefined));
  },
};
