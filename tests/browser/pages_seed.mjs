// `node pages_seed.mjs <url>`: every button of the example `pages-seed`, whose answers stand here; a form, a reload, and
// back. As `chat.mjs` it throws where the page does not show what it should.

import { withChromium } from './chromium.mjs';

const [url] = process.argv.slice(2);

// What each button leads to: the status, and a part of the headers and the body.
const answers = {
  'GET /api/time': [200, 'functions/api/time.dart'],
  'GET /api/todos': [200, '{"file":"functions/api/todos/[[path]].dart","path":[]}'],
  'GET /api/todos/7/dates/confirm': [200, '"path":["7","dates","confirm"]'],
  'GET /api/todos/7': [200, '{"file":"functions/api/todos/[id].dart","id":"7"}'],
  'GET /api/ada/profile': [200, '"username":"ada"'],
  'GET /api': [200, '{"file":"functions/api/[[path]].dart","path":[]}'],
  'GET /api/anything/else': [200, '"path":["anything","else"]'],
  'POST /hello-world': [200, 'Hello world'],
  'PUT /hello-world Dart': [200, 'Hello Dart'],
  'GET /hello-world': [404, 'Neither a function nor a file'],
  'GET /logged': [200, 'The log has a line for this GET'],
  'GET /chain': [200, 'Hello from next base middleware from middleware'],
  'GET /character/1': [200, '"name":"Rick Sanchez"'],
  'GET /hello': [200, 'x-hello: Hello from functions Middleware!'],
  'POST /hello': [200, 'Hello'],
  'GET /hello?fail': [500, 'Bad state: this is on purpose'],
  'GET /todos': [200, '{"list":"String","timestamp":"DateTime"}'],
  'PUT /bindings/kv Buy milk': [204, 'x-response-timing: '],
  'GET /bindings/kv': [200, 'Buy milk'],
  'PUT /bindings/r2 some content': [204, 'x-response-timing: '],
  'GET /bindings/r2': [200, 'some content'],
  'GET /bindings/d1': [200, '{"id":1,"name":"Ada"}'],
  'GET /bindings/durable-object': [200, 'The Durable Object has counted to '],
  'GET /bindings/service': [200, 'my-worker got GET /bindings/service'],
  'GET /bindings/variable': [200, 'This is a local environment!'],
  'GET /bindings/color': [200, 'BLUE'],
  'GET /bindings/secret': [200, 'The secret has 35 characters'],
  'GET /about': [200, 'A static file'],
  'GET /nowhere': [404, 'Neither a function nor a file'],
  'POST /about': [405, 'x-response-timing: '],
};

await withChromium(async (browser) => {
  const page = await browser.open(`${url}/`);
  await page.text('h1', (text) => text === 'Pages Functions in Dart');
  const buttons = await page.until(
    `[...document.querySelectorAll('#examples button')].map((it) => it.innerText)`,
    (shown) => JSON.stringify(shown.toSorted()) === JSON.stringify(Object.keys(answers).toSorted()),
  );

  const shows = async (status, part) => {
    await page.text('#status', (text) => text.endsWith(` → ${status}`));
    await page.text('#answer', (text) => text.includes(part));
  };
  for (const button of buttons) {
    const [method, path] = button.split(' ');
    await page.click(`#examples button[title=${JSON.stringify(button)}]`);
    await page.text('#status', (text) => text.startsWith(`${method} ${path} →`));
    await shows(...answers[button]);
  }

  // A request of one's own; it comes back with a reload.
  await page.type('[name=path]', '/api/grace/profile');
  await page.evaluate(`document.querySelector('[name=method]').value = 'DELETE'`);
  await page.click('#request button');
  const grace = '{"file":"functions/api/[username]/profile.dart","username":"grace"}';
  await shows(200, grace);
  await page.reload();
  await page.text('#status', (text) => text === 'DELETE /api/grace/profile → 200');
  await page.text('#body', (text) => text === grace);

  // And the ones before it come back.
  await page.back();
  await page.text('#status', (text) => text === 'POST /about → 405');
  await page.back();
  await page.text('#status', (text) => text === 'GET /nowhere → 404');

  // A static page, and back.
  await page.click('header a', 'About');
  await page.at('/about');
  await page.text('h1', (text) => text === 'A static file');
  await page.back();
  await page.text('#status', (text) => text === 'GET /nowhere → 404');
  await page.go(`${url}/nowhere`);
  await page.text('h1', (text) => text === 'Not found');
  await page.click('a', 'Back to the examples');
  await page.at('/');

  page.checkConsole([/status of 404 .*\/hello-world$/, /status of 404 .*\/nowhere$/, /status of 500 .*\/hello\?fail$/, /status of 405 .*\/about$/]);
});
