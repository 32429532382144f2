// A Worker around the Dart formatter, started by the loader that is tested.

// The formatter asks for `Uri.base` when it starts, which is read from what this sets.
import './prelude.mjs';
import * as glue from './main.mjs';
import module from './main.wasm';
import { load } from './wasm.mjs';

const before = Object.getOwnPropertyDescriptor(WebAssembly, 'compile');
const main = await load(glue, module);
const after = Object.getOwnPropertyDescriptor(WebAssembly, 'compile');
const hadRun = 'format' in globalThis;
main();

function format(source) {
  const { success, code, error } = globalThis.format(source, 'test.dart', JSON.stringify({ languageVersion: '3.5.0' }));
  return success ? code : `error: ${error}`;
}

const paths = {
  format: async (request) => format(await request.text()),
  /** Whether loading left things as they were, and ran nothing. */
  state: () => [Object.keys(before).every((key) => before[key] === after[key]), hadRun],
  /** Two more programs, made at once, each with a `format` of its own. */
  async again(request) {
    const source = await request.text();
    const first = globalThis.format;
    const mains = await Promise.all([load(glue, module), load(glue, module)]);
    const made = mains.map((run) => {
      run();
      return [globalThis.format, format(source)];
    });
    return [new Set([first, ...made.map(([it]) => it)]).size, ...made.map(([, text]) => text)];
  },
};

export default {
  async fetch(request) {
    return Response.json(await paths[new URL(request.url).pathname.slice(1)](request));
  },
};
