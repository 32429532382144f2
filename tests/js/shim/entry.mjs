// The Worker under test, and beside it the one event that nothing outside of workerd can cause: an error of a hibernating
// socket. A connection that breaks off, and a frame that is none, end as a close with the code 1006.

import worker, { Counter as Counter_ } from './worker.mjs';

export default worker;

export class Counter extends Counter_ {
  async fetch(request) {
    if (!request.url.endsWith('/disturb')) return super.fetch(request);
    await this.webSocketError(this.ctx.getWebSockets()[0] ?? new WebSocketPair()[1], new Error('disturbed'));
    return new Response('told');
  }
}
