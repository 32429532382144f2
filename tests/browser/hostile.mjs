// `node hostile.mjs <url> <relay port> <app port> <service url>`: a web page of somebody else, in the developer's browser
// while `dartflare dev` runs with a program that does not compile. As `chat.mjs` it throws where it should not get on.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';

import { withChromium } from './chromium.mjs';

const [url, relay, app, service] = process.argv.slice(2);

// Its owner has this name lead to the visitor's own machine.
const NAME = 'hostile.example';
const { port } = new URL(url);

const server = createServer((request, response) => {
  response.setHeader('content-type', 'text/html').end('<!doctype html><title>hostile</title><p>a page');
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

/** How a request of the page ends: its status and text if it may read them, or why it may not. */
const request = (target, options = {}) =>
  `fetch(${JSON.stringify(target)}, ${JSON.stringify(options)}).then(
    async (it) => (it.type === 'opaque' ? 'opaque' : \`\${it.status} \${await it.text()}\`),
    (error) => error.name,
  )`;
const socket = (target) =>
  `new Promise((resolve) => {
    const socket = new WebSocket(${JSON.stringify(target)});
    socket.onopen = () => resolve('open');
    socket.onerror = () => resolve('refused');
  })`;

await withChromium(
  async (browser) => {
    const page = await browser.open(`http://${NAME}:${server.address().port}/`);
    await page.text('p', (text) => text === 'a page');
    const check = async (expression, expected) => assert.equal(await page.evaluate(expression), expected, expression);

    // The ports of dartflare take nothing that a browser says.
    const body = '\x10\x00\x00\x00\x0c\x00\x00\x00{"t":"event"}';
    for (const own of [relay, app]) {
      await check(request(`http://127.0.0.1:${own}/`, { method: 'POST', mode: 'no-cors', body }), 'TypeError');
      await check(socket(`ws://127.0.0.1:${own}/`), 'refused');
    }

    // The VM service: with a guess, and by a page that knows even its secret.
    const { origin, pathname } = new URL(service);
    for (const path of ['/', '/0123456789a=/', pathname]) {
      await check(request(`${origin}${path}getVM`), 'TypeError');
      await check(socket(`${origin.replace('http', 'ws')}${path}ws`), 'refused');
    }

    // The Worker's answers are its own, and the paths that run its other handlers are wrangler's to guard.
    await check(request(`${url}/`), 'TypeError');
    await check(request(`${url}/cdn-cgi/handler/scheduled`, { method: 'POST', mode: 'no-cors', body }), 'opaque');
    await page.close();

    // The page comes from the port of the Worker by now, so that all there is of its own origin.
    const rebound = await browser.open(`http://${NAME}:${port}/`);
    await rebound.text('body', (text) => text.includes('is no name of this machine'));
    const answer = await rebound.evaluate(request('/app.js'));
    assert.match(answer, /^403 "hostile\.example:\d+" is no name of this machine/);
    await rebound.close();

    // What does not compile is shown as text.
    const failure = await browser.open(`${url}/`);
    await failure.text('pre', (text) => text.includes('</pre><img src=x onerror="pwned = 1"><script>'));
    assert.equal(await failure.evaluate('typeof pwned'), 'undefined');
    await failure.close();
  },
  [`--host-resolver-rules=MAP ${NAME} 127.0.0.1`],
);
server.close();
server.closeAllConnections();
