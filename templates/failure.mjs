// What the client of a failed request reads while developing: a page in a browser, plain text elsewhere.

/** The event cannot be handled by Dart code, and not because of anything that the code did. */
export class Unavailable extends Error {
  /** `kind` says why: `compile`, `functions`, `start`, `gone`, `unavailable`, `frontEnd`. */
  constructor(title, detail = '', kind = 'unavailable') {
    super(inOneLine(title, detail, kind));
    this.title = title;
    this.detail = detail;
    this.kind = kind;
  }
}

const HEADINGS = {
  compile: 'The Dart program does not compile',
  functions: 'The functions of this project cannot be served',
  start: 'The Dart program did not start',
  gone: 'The Dart program stopped',
  frontEnd: 'The front end does not answer',
};

/** What the caller of an object reads, and the log of a cron: they are given nothing of an error but its message. */
function inOneLine(title, detail, kind) {
  if (kind !== 'compile' && kind !== 'functions' && kind !== 'start') return title;
  const lines = detail.split('\n');
  const first = lines.find((line) => /^[^\s].*\berror\b/i.test(line)) ?? lines[0];
  const what = HEADINGS[kind].replace(/^The/, 'the');
  return [what, title, kind === 'start' ? '' : first].filter(Boolean).join(': ');
}

const STATUS = { compile: 500, functions: 500, start: 500, frontEnd: 502 };

const LOCAL = /^(localhost|.*\.localhost|[\d.]+|\[.*\])$/;

/**
 * Whether a request came by a name that is neither this machine's nor among `names`. Whoever owns a name can have it lead
 * here, and a page of that name reads the answers. `names` is null where the name of a request tells nothing.
 */
export function isByForeignName(request, names) {
  const host = request.headers.get('host');
  // None has what another Worker asks through a binding.
  if (names === null || host === null) return false;
  const url = `http://${host}`;
  if (!URL.canParse(url)) return true;
  const { hostname } = new URL(url);
  return !LOCAL.test(hostname) && !names.includes(hostname);
}

/**
 * The response for an error that ended a request; who asks by a foreign name is not told what is wrong, see
 * [isByForeignName].
 */
export function describeFailure(error, request, names = null) {
  const kind = error instanceof Unavailable ? error.kind : null;
  const heading = HEADINGS[kind] ?? (kind ? 'The Dart program is not available' : 'Unhandled exception');
  const told = kind ? [error.title, error.detail].filter(Boolean).join('\n\n') : (error.stack ?? String(error));
  const isTold = !isByForeignName(request, names);
  const detail = isTold ? told : 'what is wrong is told in the terminal of `dartflare dev`, and at http://localhost';
  const status = STATUS[kind] ?? (kind ? 503 : 500);
  const headers = { 'cache-control': 'no-store', 'x-dartflare-error': kind ?? 'exception' };
  if (status === 503) headers['retry-after'] = '1';
  if (request.headers.get('accept')?.includes('text/html')) {
    headers['content-type'] = 'text/html; charset=utf-8';
    // The page needs no more; what it shows was written by anyone.
    headers['content-security-policy'] = "default-src 'none'; style-src 'unsafe-inline'";
    return new Response(page(heading, detail), { status, headers });
  }
  headers['content-type'] = 'text/plain; charset=utf-8';
  return new Response(`${heading}\n\n${detail.trimEnd()}\n`, { status, headers });
}

function page(heading, detail) {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escape(heading)}</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 16px/1.5 system-ui, sans-serif; margin: 3rem auto; max-width: 60rem; padding: 0 1.5rem; }
  h1 { font-size: 1.4rem; border-left: 0.3rem solid #d33; padding-left: 0.8rem; }
  pre { font: 14px/1.5 ui-monospace, monospace; overflow-x: auto; padding: 1rem; background: #8881; border-radius: 6px; }
  footer { color: #888; font-size: 0.9rem; }
</style>
<h1>${escape(heading)}</h1>
<pre>${escape(detail)}</pre>
<footer>Shown by dartflare while you develop. Save a change and load this page again.</footer>
</html>
`;
}

function escape(value) {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
