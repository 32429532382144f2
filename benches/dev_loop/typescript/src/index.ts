import { DurableObject } from 'cloudflare:workers';

interface Env {
  COUNTER: DurableObjectNamespace<Counter>;
}

/** Counts its requests. */
export class Counter extends DurableObject<Env> {
  async fetch(request: Request): Promise<Response> {
    const count = ((await this.ctx.storage.get<number>('count')) ?? 0) + 1;
    await this.ctx.storage.put('count', count);
    return new Response(`${count}\n`);
  }
}

async function handle(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  if (new URL(request.url).pathname === '/count') {
    const counters = env.COUNTER;
    return counters.get(counters.idFromName('one')).fetch(request);
  }
  return new Response('Hello from revision 0\n');
}

export default { fetch: handle } satisfies ExportedHandler<Env>;
