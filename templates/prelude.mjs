// What a compiled Dart program needs to find on `globalThis` before its own module is evaluated. So this one is
// imported first; a module is evaluated once, and whoever imports it later gets what the program left here.

import { install } from './host.mjs';

/** Where a program is that asks for `Uri.base`. A Worker has no address of its own, and this domain never exists. */
const NO_ADDRESS = 'https://worker.invalid/';

/**
 * Dart compiled to JavaScript asks for this once, to run its microtasks. Without it the choice falls on `setImmediate`
 * or `setTimeout`, which throw while a Worker starts and belong to one request afterwards: Dart has one list of
 * microtasks for the whole program and asks only when it was empty, so that a request which ends before its callback ran
 * leaves the list to nobody, and every later request hangs. A microtask of JavaScript runs in the same turn.
 *
 * What reaches this function is an error that nobody in Dart caught. The runtime would log it without its message, which
 * Dart adds to an error only after JavaScript has written its stack.
 */
globalThis.scheduleImmediate = (callback) =>
  queueMicrotask(() => {
    try {
      callback();
    } catch (error) {
      console.error(`Uncaught ${describe(error)}`);
    }
  });

// Reading `Uri.base` fails for good without it, in `package:path` and all that builds upon it. `document` and `window`
// stay undefined: with either of them Dart takes the Worker for a page, and looks for its own script element.
if (globalThis.location === undefined) {
  Object.defineProperty(globalThis, 'location', { value: new URL(NO_ADDRESS), configurable: true, writable: true });
}

let held = null;

// Dart compiled to JavaScript hands over its `main()` where it finds this, instead of calling it while its module is
// evaluated: an exception would end the evaluation of the whole Worker, with nothing left to answer a request.
globalThis.dartMainRunner = (main, args) => {
  held = () => main(args);
};

/** The `main()` that was held back, or null. */
export const heldMain = () => held;

/** Ends registration, see `install`. */
export const finish = install();

/** An error as the log shows it: its stack, which may lack the message. */
export function describe(error) {
  if (!(error instanceof Error)) return `Error: ${String(error)}`;
  const head = error.name ? `${error.name}: ${error.message}` : error.message;
  const stack = error.stack ?? '';
  if (stack.includes(error.message)) return stack;
  return [head, ...stack.split('\n').filter((line) => /^\s+at /.test(line))].join('\n');
}
