// Starts a program that `dart compile wasm` made.
//
// The compiler's own JavaScript, the glue, wants to compile bytes itself, which Workers forbid: they hand over a module
// that is compiled already, and compiled without what a browser is asked to build in (string functions, and constants
// as imports). Those are given here. What the glue looks like changed several times; each shape is told by its exports.

import stringsModule from './strings.wasm';

const KNOWN = 'Dart 3.5 to 3.13';

/** Puts `module` and its `glue` together; gives a function that runs the program's `main()` without arguments. */
export async function load(glue, module) {
  checkRuntime(module);
  if (typeof glue.compile === 'function') {
    const { app, asked } = compile(glue, module);
    const compiled = await app;
    if (typeof compiled?.instantiate !== 'function') {
      throw unknownShape(glue, 'what `compile` gives has no `instantiate`');
    }
    const instance = await compiled.instantiate(importsFor(asked));
    if (typeof instance?.invokeMain !== 'function') {
      throw unknownShape(glue, 'what `instantiate` gives has no `invokeMain`');
    }
    return () => instance.invokeMain();
  }
  // Dart 3.5 and older.
  if (typeof glue.instantiate === 'function' && typeof glue.invoke === 'function') {
    const instance = await glue.instantiate(module, importsFor({}));
    return () => glue.invoke(instance);
  }
  throw unknownShape(glue, 'it has neither `compile` nor both of `instantiate` and `invoke`');
}

/** What the glue's `compile` gives for bytes, from a module, and what it asked the runtime to build in. */
function compile(glue, module) {
  const { compile: original } = WebAssembly;
  let asked;
  let app;
  // The glue makes an object of a class that it does not export, around what this gives.
  WebAssembly.compile = async (_, options = {}) => {
    asked = options;
    return module;
  };
  try {
    app = glue.compile(module);
  } finally {
    // The glue asks before its first `await`, so nobody else ever meets the replacement.
    WebAssembly.compile = original;
  }
  if (asked) return { app, asked };
  Promise.resolve(app).catch(() => {});
  throw unknownShape(glue, '`compile` does not call `WebAssembly.compile` at once');
}

/** What the runtime was asked to build in. String functions of the glue's own go before these, where it has them. */
function importsFor({ importedStringConstants }) {
  const imports = { 'wasm:js-string': stringFunctions };
  // Other glue has constants of its own.
  if (importedStringConstants !== undefined) imports[importedStringConstants] = constants;
  return imports;
}

function checkRuntime(module) {
  if (WebAssembly.JSTag !== undefined) return;
  const isMissed = ({ module: from, name }) => from === 'WebAssembly' && name === 'JSTag';
  if (!WebAssembly.Module.imports(module).some(isMissed)) return;
  throw new Error(
    'the program needs `WebAssembly.JSTag`, which this runtime lacks: Dart 3.12 and newer catch JavaScript errors ' +
      'with it; update wrangler (`npm install wrangler@latest`), or compile with `--target js`',
  );
}

/** Each import of a string constant has the constant itself for a name. */
const constants = new Proxy({}, { get: (_, name) => name });

function unknownShape(glue, why) {
  const names = Object.keys(glue).map((name) => `\`${name}\``);
  return new Error(
    `\`main.mjs\` of dart2wasm is not of a known shape: ${why}; it exports ${names.join(', ') || 'nothing'}; known is ` +
      `what ${KNOWN} write: compile with one of these, or with \`--target js\`, or update dartflare`,
  );
}

/** How many units go through the memory of `strings.wasm` at a time: fewer than a call may have arguments. */
const CHUNK = 4096;

let helper;

/** `strings.wasm`, made when it is first wanted: older glue never wants it. */
function arrays() {
  if (!helper) {
    const { memory, read, write } = new WebAssembly.Instance(stringsModule).exports;
    helper = { units: new Uint16Array(memory.buffer, 0, CHUNK), read, write };
  }
  return helper;
}

function string(value) {
  if (typeof value !== 'string') throw new WebAssembly.RuntimeError('illegal cast');
  return value;
}

function within(at, length) {
  if (at >>> 0 >= length) throw new WebAssembly.RuntimeError('string offset out of bounds');
  return at >>> 0;
}

/** `wasm:js-string`, by the JS String Builtins proposal. Numbers come as signed and are meant as unsigned. */
const stringFunctions = {
  cast: string,
  test: (value) => (typeof value === 'string' ? 1 : 0),
  fromCharCode: (unit) => String.fromCharCode(unit),
  fromCodePoint(point) {
    if (point >>> 0 > 0x10ffff) throw new WebAssembly.RuntimeError('invalid code point');
    return String.fromCodePoint(point);
  },
  charCodeAt: (value, at) => string(value).charCodeAt(within(at, value.length)),
  codePointAt: (value, at) => string(value).codePointAt(within(at, value.length)),
  length: (value) => string(value).length,
  concat: (first, second) => string(first) + string(second),
  substring(value, start, end) {
    const text = string(value);
    // JavaScript's own would swap the two.
    return start >>> 0 > end >>> 0 ? '' : text.substring(start >>> 0, end >>> 0);
  },
  equals: (first, second) => (first === second ? 1 : 0),
  compare: (first, second) => (string(first) < string(second) ? -1 : first > second ? 1 : 0),
  fromCharCodeArray(array, start, end) {
    const { units, read } = arrays();
    let text = '';
    for (let at = start >>> 0; at < end >>> 0; at += CHUNK) {
      const count = Math.min(CHUNK, (end >>> 0) - at);
      read(array, at, count);
      text += String.fromCharCode.apply(null, units.subarray(0, count));
    }
    return text;
  },
  intoCharCodeArray(value, array, start) {
    const { units, write } = arrays();
    const { length } = string(value);
    for (let from = 0; from < length; from += CHUNK) {
      const count = Math.min(CHUNK, length - from);
      for (let at = 0; at < count; at++) units[at] = value.charCodeAt(from + at);
      write(array, (start >>> 0) + from, count);
    }
    return length;
  },
};
