// The development server of a front end, in the place of the static files that will be built from it.

import { connect } from 'cloudflare:sockets';
import { WorkerEntrypoint } from 'cloudflare:workers';

import { Unavailable, describeFailure, isByForeignName } from './failure.mjs';

// A server listens by one of them, and workerd takes the first for IPv4 alone.
const HOSTS = ['localhost', '[::1]'];

/** Asks the server at `port`; with nobody there, tells so. */
class FrontEnd {
  #port;
  #names;
  #host = null;

  constructor(port, names) {
    this.#port = port;
    this.#names = names;
  }

  async fetch(request) {
    this.#host ??= await this.#find();
    const host = this.#host;
    if (host === null) return this.#refuse(request, null);
    const url = new URL(request.url);
    const { protocol, host: asked } = url;
    url.protocol = 'http:';
    url.host = `${host}:${this.#port}`;
    const passed = new Request(url, new Request(request, { redirect: 'manual' }));
    passed.headers.set('x-forwarded-host', asked);
    passed.headers.set('x-forwarded-proto', protocol.slice(0, -1));
    try {
      return this.#bringHome(await fetch(passed), url, request);
    } catch (error) {
      // It may have been started anew, and listen by the other.
      this.#host = await this.#find();
      const isElsewhere = this.#host !== null && this.#host !== host;
      if (isElsewhere && request.body === null) return this.fetch(request);
      return this.#refuse(request, this.#host === null ? null : error);
    }
  }

  /** The host by which somebody listens now. */
  async #find() {
    for (const hostname of HOSTS) {
      const socket = connect({ hostname, port: this.#port });
      socket.closed.catch(() => {});
      try {
        await socket.opened;
        return hostname;
      } catch {
        // The next one may be it.
      } finally {
        socket.close().catch(() => {});
      }
    }
    return null;
  }

  /** A redirect to the server itself is meant for who asked, and stays here. */
  #bringHome(response, url, request) {
    const location = response.headers.get('location');
    const target = location && URL.canParse(location) ? new URL(location) : null;
    if (target?.origin !== url.origin) return response;
    const home = new Response(response.body, response);
    home.headers.set('location', new URL(request.url).origin + target.pathname + target.search + target.hash);
    return home;
  }

  #refuse(request, error) {
    const tried = HOSTS.map((host) => `http://${host}:${this.#port}/`).join(' and ');
    const why = error ? `${tried}: ${error.message}` : `nobody listens at ${tried}`;
    const advice = "start the front end's server, or give its port with `dartflare dev --proxy PORT`";
    return describeFailure(new Unavailable(why, advice, 'frontEnd'), request, this.#names);
  }
}

/** The class whose binding takes the place of that of the static files. */
export function frontEnd(port, names) {
  const server = new FrontEnd(port, names);
  return class extends WorkerEntrypoint {
    fetch(request) {
      return server.fetch(request);
    }
  };
}

/**
 * `worker`, before which the platform would serve static files: the server is asked for what is no path of the Worker.
 */
export function behindFiles(worker, port, names) {
  const server = new FrontEnd(port, names);
  const answer = async (request, respond) => {
    const response = await respond();
    const isForFiles = request.method === 'GET' || request.method === 'HEAD';
    if (response.status !== 404 || !isForFiles) return response;
    const file = await server.fetch(request);
    // A server that answers all paths with its page is not meant where a script asks.
    const isPage = file.headers.get('content-type')?.startsWith('text/html');
    const isScript = request.headers.get('sec-fetch-dest') === 'empty';
    const isFound = (file.ok || file.status < 400 || file.status === 502) && !(isPage && isScript);
    return isFound ? file : response;
  };
  return before(worker, answer);
}

/**
 * `worker`, for who asks by a name of this machine or one of `names`. The server of a front end guards its sources by the
 * name that it is asked by, and by the time that a request gets there, it has the server's own.
 */
export function guarded(worker, names) {
  return before(worker, (request, respond) => {
    if (!isByForeignName(request, names)) return respond();
    const name = JSON.stringify(request.headers.get('host'));
    const text = `${name} is no name of this machine; allow it with \`dartflare dev --allow-host NAME\` if it is yours\n`;
    return new Response(text, { status: 403, headers: { 'content-type': 'text/plain; charset=utf-8' } });
  });
}

/** `worker`, whose requests go to `answer` with what it would respond. */
function before(worker, answer) {
  if (typeof worker === 'function') {
    return class extends worker {
      fetch(request) {
        return answer(request, () => super.fetch(request));
      }
    };
  }
  return { ...worker, fetch: (request, ...rest) => answer(request, () => worker.fetch(request, ...rest)) };
}
