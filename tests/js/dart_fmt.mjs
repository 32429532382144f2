// A real program of dart2wasm: the Dart formatter, as `@wasm-fmt/dart_fmt` publishes it, and its glue in the shapes that
// the releases of Dart write.
//
// The module is of about Dart 3.11. Its glue is published with a few lines changed for the package, which `original`
// undoes. The other shapes are that glue again, written over as other releases write it, for the same module: they show
// what the loader meets, and cannot show what else those releases compile differently. For 3.12 and 3.13 the module's
// own list of imports and exports is rewritten as well, so that both sides agree as they would there.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from './dart.mjs';

const folder = join(root, 'tools/node_modules/@wasm-fmt/dart_fmt');

export const isInstalled = existsSync(folder);

export const modules = {
  optimised: join(folder, 'dart_fmt.wasm'),
  unoptimised: join(folder, 'dart_fmt.unopt.wasm'),
};

/** `text` with each of `edits`, pairs of what to find once and what to write instead. */
export function edited(text, edits) {
  for (const [from, to] of edits) {
    const found = text.split(from).length - 1;
    assert.equal(found, 1, `the text to be edited has ${JSON.stringify(from)} ${found} times: it is of another version`);
    text = text.replace(from, () => to);
  }
  return text;
}

/** The part of `text` from `start`, without it, to `end`. */
function between(text, start, end) {
  const from = text.indexOf(start);
  const to = text.indexOf(end, from);
  assert.ok(from >= 0 && to >= 0, `the glue has no ${JSON.stringify(from < 0 ? start : end)}: it is of another version`);
  return text.slice(from + start.length, to);
}

const INSTANTIATE = '  async instantiate(additionalImports, {loadDeferredWasm, loadDynamicModule} = {}) {\n';
const MODULE_IMPORTS = '"wasm:js-string": jsStringPolyfill,\n';
const STRINGS = 'S: new Proxy({}, { get(_, prop) { return prop; } }),\n';
const RETURN = '    return new InstantiatedApp(this, dartInstance);\n';

/** The glue as the compiler wrote it. */
export function original() {
  const published = readFileSync(join(folder, 'dart_fmt.mjs'), 'utf8');
  const [compiled, added] = published.split(/^\/{80}\n/m);
  assert.match(added ?? '', /^export function initSync/, 'the package adds its own functions below a line');
  return edited(compiled, [
    ['(s) => s?.length||0,', '(s) => s.length,'],
    ['{ this.format = x0 }', '{ globalThis.format = x0 }'],
    [INSTANTIATE.replace('async ', ''), INSTANTIATE],
    ['dartInstance = new WebAssembly.Instance(', 'dartInstance = await WebAssembly.instantiate('],
  ]);
}

/** Without the two functions that Dart 3.6 deprecated. */
function withoutDeprecated(glue) {
  const start = '// DEPRECATED: Please use `compile`';
  return edited(glue, [[start + between(glue, start, 'class CompiledApp'), '']]);
}

const SET_THIS_MODULE = '    dartInstance.exports.$setThisModule(dartInstance);\n\n';

const shape312 = (glue) =>
  edited(glue, [
    ['{loadDeferredWasm, loadDynamicModule}', '{loadDeferredModules, loadDeferredId}'],
    [STRINGS, `WebAssembly: {\n        JSTag: WebAssembly.JSTag,\n      },\n      ${STRINGS}`],
    [RETURN, SET_THIS_MODULE + RETURN],
  ]);

const shape313 = (glue) =>
  edited(withoutDeprecated(shape312(glue)), [
    ['dart2wasm: dart2wasm', '_: dart2wasm'],
    [STRINGS, STRINGS.replace('S', '""')],
  ]);

/** By release: the glue, and what its module's imports and exports are like. */
export const shapes = {
  '3.5': {
    glue: () => {
      const body = between(original(), INSTANTIATE, RETURN);
      const instantiate = edited(body, [
        ['WebAssembly.instantiate(this.module,', 'WebAssembly.instantiate(await modulePromise,'],
        ['...additionalImports,', '...(await importObjectPromise),'],
      ]);
      return `export const instantiate = async (modulePromise, importObjectPromise) => {
${instantiate}    return dartInstance;
}

export const invoke = (moduleInstance, ...args) => {
  moduleInstance.exports.$invokeMain(args);
}
`;
    },
  },
  '3.6 to 3.11': { glue: original },
  '3.12': { glue: () => shape312(original()), module: (bytes) => rewritten(bytes, {}) },
  '3.13': { glue: () => shape313(original()), module: (bytes) => rewritten(bytes, { S: '', dart2wasm: '_' }) },
  'after 3.13, without a polyfill': {
    glue: () => {
      const glue = shape313(original());
      const polyfill = between(glue, '    const jsStringPolyfill = {', '    dartInstance = await');
      return edited(glue, [
        [`    const jsStringPolyfill = {${polyfill}`, ''],
        [MODULE_IMPORTS, ''],
        [STRINGS.replace('S', '""'), ''],
        ['WebAssembly.compileStreaming(source, builtins)', '_compileStreaming(source, builtins)'],
      ]).replaceAll("{builtins: ['js-string']}", "{builtins: ['js-string'], importedStringConstants: ''}");
    },
    module: (bytes) => rewritten(bytes, { S: '', dart2wasm: '_' }),
  },
};

const IMPORTS = 2;
const EXPORTS = 7;

/**
 * The module with other names for those it imports from, and with the export that Dart 3.12 added, under which stands
 * an import: a function that takes any value.
 */
function rewritten(bytes, names) {
  let at = 8;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const text = () => {
    const length = number();
    at += length;
    return bytes.subarray(at - length, at).toString();
  };
  const type = () => {
    // A reference to a type of the module or to an abstract one is longer than a byte.
    if ([0x63, 0x64].includes(bytes[at++])) number();
  };
  const limits = () => {
    const flags = number();
    number();
    if (flags & 1) number();
  };
  const descriptions = {
    0: number,
    1: () => (type(), limits()),
    2: limits,
    3: () => (type(), number()),
    4: () => (number(), number()),
  };

  const parts = [bytes.subarray(0, 8)];
  let takesAnything;
  while (at < bytes.length) {
    const start = at;
    const id = bytes[at++];
    const length = number();
    const end = at + length;
    if (id === IMPORTS) {
      const count = number();
      const entries = [encodeNumber(count)];
      let functions = 0;
      for (let left = count; left > 0; left--) {
        const from = text();
        const name = text();
        const kindAt = at;
        const kind = number();
        descriptions[kind]();
        if (from === 'dart2wasm' && name === '_235') takesAnything = functions;
        if (kind === 0) functions += 1;
        entries.push(encodeText(names[from] ?? from), encodeText(name), bytes.subarray(kindAt, at));
      }
      assert.equal(at, end, 'all imports are understood');
      parts.push(section(id, entries));
    } else if (id === EXPORTS) {
      assert.ok(takesAnything !== undefined, 'the module imports a function that takes any value');
      const count = number();
      const added = [encodeText('$setThisModule'), Buffer.from([0]), encodeNumber(takesAnything)];
      parts.push(section(id, [encodeNumber(count + 1), bytes.subarray(at, end), ...added]));
    } else {
      parts.push(bytes.subarray(start, end));
    }
    at = end;
  }
  return Buffer.concat(parts);
}

function section(id, parts) {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([id]), encodeNumber(content.length), content]);
}

function encodeNumber(value) {
  const bytes = [];
  for (; value >= 0x80; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return Buffer.from([...bytes, value]);
}

function encodeText(text) {
  const bytes = Buffer.from(text);
  return Buffer.concat([encodeNumber(bytes.length), bytes]);
}
