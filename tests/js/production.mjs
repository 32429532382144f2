// A Worker as `dartflare build` writes it, in tests and benchmarks: the real templates around a program in JavaScript.

import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { read, root } from './dart.mjs';

const tools = join(root, 'tools/package.json');

/** Whether there is a workerd to run it in. */
export const isThere = existsSync(join(root, 'tools/node_modules/miniflare'));

/** A package that is installed for the tests. */
export const tool = (name) => createRequire(tools)(name);

/** As handlebars renders what the templates of Workers use: `{{{name}}}`, and `#if` with `else` and `#each` on lines of their own. */
export function render(template, context) {
  const blocks = /^\{\{#(if|each) (\w+)\}\}\n([^]*?)^\{\{\/\1\}\}\n/gm;
  const text = template.replace(blocks, (_, kind, name, inside) => {
    if (kind === 'each') return context[name].map((item) => inside.replaceAll('{{{this}}}', item)).join('');
    const [yes, no = ''] = inside.split('{{else}}\n');
    return context[name] ? yes : no;
  });
  return text.replace(/\{\{\{(\w+)\}\}\}/g, (_, name) => context[name]);
}

/** The files of a built Worker with `program` as what the compiler wrote, by name. */
export function build(program, { settings, ...more } = {}) {
  const said = { config: 'wrangler.toml', kinds: {}, durableObjects: [], workflows: [], crons: [], ...settings };
  const exports = ['durableObject', 'workflow'].flatMap((kind) =>
    said[`${kind}s`].map((known) => `export class ${known.class} extends worker.${kind}('${known.class}') {}`),
  );
  const context = { is_wasm: false, exports, ...more };
  const worker = render(read('templates/worker.mjs.hbs'), { ...context, settings: JSON.stringify(said) });
  const copied = ['prelude', 'shim', 'host', 'classes', 'runtime'].map((name) => [`${name}.mjs`, read(`templates/${name}.mjs`)]);
  return {
    'worker.mjs': worker,
    ...Object.fromEntries(copied),
    'main.js': program,
    'stand_in.mjs': read('tests/js/stand_in.mjs'),
  };
}

/** `files` as Miniflare takes them; the first is the entry. */
export const modules = (files) =>
  Object.entries(files).map(([path, contents]) => ({ type: 'ESModule', path: `/${path}`, contents }));

/** Lines of a log, or whatever else arrives by and by. */
export class Arrivals extends Array {
  #looks = new Set();

  add(...items) {
    this.push(...items);
    for (const look of this.#looks) look();
  }

  /** Resolves once one of them has `text` somewhere. */
  including(text) {
    return new Promise((resolve) => {
      const look = () => {
        if (!this.some((item) => JSON.stringify(item).includes(text))) return;
        this.#looks.delete(look);
        resolve();
      };
      this.#looks.add(look);
      look();
    });
  }
}

/** Workers in workerd; `log` has what they write to the console. */
export function serve(options, workers) {
  const { Log, LogLevel, Miniflare } = tool('miniflare');
  const log = new Arrivals();
  const miniflare = new Miniflare({
    log: new Log(LogLevel.NONE),
    handleStructuredLogs: ({ level, message }) => log.add(`${level}: ${message}`),
    ...options,
    workers: workers.map((worker) => ({ compatibilityDate: '2025-12-01', modulesRoot: '/', ...worker })),
  });
  return { miniflare, log };
}
