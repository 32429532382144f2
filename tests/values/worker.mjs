// The side of JavaScript, as a Worker.

import { WorkerEntrypoint } from 'cloudflare:workers';

import * as table from './table.mjs';

export default class extends WorkerEntrypoint {
  give(name) {
    return table.give(name);
  }

  take(name, value) {
    return table.take(name, value);
  }
}
