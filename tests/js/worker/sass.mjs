// A Worker around Sass, a program of dart2js: `__cliPkgExports` is how its package hands over the program.

import { heldMain } from './prelude.mjs';
import './changed.mjs';
import * as immutable from './immutable.mjs';
import './program.mjs';

const exported = {};
globalThis._cliPkgExports.pop().load({ immutable }, exported);
const ranEarly = 'compileStringAsync' in exported;
heldMain()();

const { compileStringAsync, SassNumber } = exported;

/** Compiles a style that asks JavaScript, which takes its time, for a number. */
async function compile(number) {
  const { css } = await compileStringAsync(`a { b: later() + 1; @if later() > 0 { c: d } }`, {
    functions: {
      'later()': async () => {
        await new Promise((resolve) => setTimeout(resolve, 0));
        return new SassNumber(number);
      },
    },
  });
  return css;
}

const paths = {
  '/early': () => String(ranEarly),
  /** Answers while the program still works for nobody. */
  '/forget': () => {
    compileStringAsync('a { b: c }').catch(() => {});
    return 'forgotten';
  },
  '/compile': (number) => compile(number),
};

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    return new Response(await paths[pathname](Number(searchParams.get('number'))));
  },
};
