// `node site.mjs [--pictures FOLDER]`: the site that `make docs` builds. Every link within it has to lead somewhere, nothing
// may come from elsewhere, and the search has to find pages, on a wide screen and on a narrow one.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

import { withChromium } from './chromium.mjs';

const SITE = fileURLToPath(new URL('../../target/site/', import.meta.url));
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json' };

const [flag, pictures] = process.argv.slice(2);
assert.ok(flag === undefined || (flag === '--pictures' && pictures), 'usage: site.mjs [--pictures FOLDER]');
assert.ok(existsSync(join(SITE, 'index.html')), 'there is no site: run `make docs`');

function checkLinks() {
  const pages = new Map(
    readdirSync(SITE, { recursive: true })
      .filter((name) => name.endsWith('.html') && name !== '404.html')
      .map((name) => [`/${name.replaceAll('\\', '/')}`, readFileSync(join(SITE, name), 'utf8')]),
  );
  const ids = new Map([...pages].map(([path, text]) => [path, new Set([...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))]));
  const wrong = [];
  let count = 0;
  for (const [path, text] of pages) {
    const own = text.slice(text.indexOf('class="vp-doc'));
    for (const [, href] of own.matchAll(/<a [^>]*?href="([^"]+)"/g)) {
      if (/^[a-z]+:/.test(href)) continue;
      count++;
      const [file, hash] = href.split('#');
      const target = file === '' ? path : posix.join(posix.dirname(path), file.startsWith('/') ? `/${posix.relative(posix.dirname(path), file)}` : file);
      const found = file.startsWith('/') ? file : target;
      const page = found.endsWith('/') ? `${found}index.html` : found;
      if (!pages.has(page)) wrong.push(`${path}: no page for ${href}`);
      else if (hash && !ids.get(page).has(decodeURIComponent(hash))) wrong.push(`${path}: no heading for ${href}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(count > 300, `${count} links`);
  return `${count} links on ${pages.size} pages`;
}

console.log(checkLinks());

const server = createServer((request, response) => {
  const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
  const file = join(SITE, path.endsWith('/') ? `${path}index.html` : path);
  if (!file.startsWith(SITE) || !existsSync(file)) return response.writeHead(404).end();
  response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' }).end(readFileSync(file));
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const origin = `http://127.0.0.1:${server.address().port}`;

/** Looks for `words`, and goes to the first page that is found, which has to be at `path`. */
async function search(page, words, path) {
  // Before its script runs, the page is only to be read.
  await page.until(`Boolean(document.querySelector('#app').__vue_app__)`, (value) => value);
  await page.click('.VPNavBarSearch button');
  await page.type('#localsearch-input', words);
  await page.text('.results .result', (text) => text.length > 0);
  await page.click('.results .result');
  await page.until('location.pathname', (value) => value === path, `the first page about \`${words}\` is`);
}

try {
  await withChromium(async (browser) => {
    const page = await browser.open(`${origin}/`);
    for (const [name, width, height] of [['wide', 1280, 900], ['narrow', 390, 844]]) {
      await page.resize(width, height);
      await page.go(`${origin}/tutorial.html`);
      await page.text('h1', (text) => text.startsWith('Tutorial'));
      if (pictures) writeFileSync(join(pictures, `${name}.png`), await page.screenshot());
      const wide = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
      assert.equal(wide, 0, `on a ${name} screen the page is ${wide} pixels wider than the screen`);
      await search(page, 'hibernates websocket attachment', '/websockets.html');
      if (pictures) writeFileSync(join(pictures, `${name}-found.png`), await page.screenshot());
    }
    const elsewhere = await page.evaluate(
      `performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => !name.startsWith(location.origin))`,
    );
    assert.deepEqual(elsewhere, []);
    page.checkConsole();
  });
} finally {
  server.close();
}
