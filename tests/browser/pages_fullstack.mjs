// `node pages_fullstack.mjs <url>`: a visit to the example `pages-fullstack`. As `chat.mjs` it throws where the page does
// not show what it should.

import { withChromium } from './chromium.mjs';

const [url] = process.argv.slice(2);

await withChromium(async (browser) => {
  const page = await browser.open(`${url}/shelf/?show=read`);

  // Strangers are sent to the first page, and from there to where they wanted to go.
  await page.at('/?next=%2Fshelf%2F');
  await page.text('h1', (text) => text === 'Reading list');
  await page.type('[name=name]', 'Grace');
  await page.type('[name=password]', 'a long password');
  await page.enter();
  await page.text('#problem', (text) => text === 'The name or the password is wrong.');
  await page.click('button', 'Make an account');
  await page.at('/shelf/');
  await page.text('h1', (text) => text === 'Books of Grace');
  await page.text('#none', (text) => text === 'No books here.');

  const add = async (title, author) => {
    await page.type('[name=title]', title);
    await page.type('[name=author]', author);
    await page.enter();
    await page.text('#books', (text) => text.includes(title));
  };
  await add('Middlemarch', 'George Eliot');
  await add('<b>Emma</b>', 'Jane Austen');
  const lines = (...titles) => {
    const shown = `[...document.querySelectorAll('#books .title')].map((it) => it.innerText).join('|')`;
    return page.until(shown, (value) => value === titles.join('|'));
  };
  await lines('<b>Emma</b>', 'Middlemarch');

  // What was read, after a reload too.
  await page.click('#books li:last-child input');
  await page.text('#books .read .title', (text) => text === 'Middlemarch');
  await page.reload();
  await page.text('#books .read .title', (text) => text === 'Middlemarch');
  await page.click('#shows a', 'To read');
  await page.at('/shelf/?show=unread');
  await lines('<b>Emma</b>');
  await page.click('#shows a:last-child', 'Read');
  await page.at('/shelf/?show=read');
  await lines('Middlemarch');
  await page.text('[aria-current]', (text) => text === 'Read');
  await page.back();
  await lines('<b>Emma</b>');
  await page.back();
  await page.at('/shelf/');
  await lines('<b>Emma</b>', 'Middlemarch');
  await page.click('#books li:first-child button', 'Remove');
  await lines('Middlemarch');

  // The first page knows who is there.
  await page.go(`${url}/`);
  await page.text('#signed-in', (text) => text === 'You are signed in as Grace. To your books');
  await page.click('#signed-in a');
  await lines('Middlemarch');

  // After signing out there is no way back.
  await page.click('#sign-out');
  await page.at('/');
  await page.text('#sign-in', (text) => text.includes('Make an account'));
  await page.back();
  await page.at('/?next=%2Fshelf%2F');

  // The account is there, and another one of its name cannot be.
  await page.type('[name=name]', 'grace');
  await page.type('[name=password]', 'another password');
  await page.click('button', 'Make an account');
  await page.text('#problem', (text) => text === 'The name grace is taken.');
  await page.type('[name=password]', 'a long password');
  await page.enter();
  await page.at('/shelf/');
  await lines('Middlemarch');

  // Whoever sends the visitor elsewhere does not succeed.
  for (const next of ['https://example.com/', '//example.com/', '/\\example.com']) {
    await page.click('#sign-out');
    await page.at('/');
    await page.go(`${url}/?next=${encodeURIComponent(next)}`);
    await page.at(`/?next=${encodeURIComponent(next)}`);
    await page.type('[name=name]', 'Grace');
    await page.type('[name=password]', 'a long password');
    await page.enter();
    await page.at('/shelf/');
    await lines('Middlemarch');
  }

  await page.go(`${url}/nothing/here`);
  await page.text('h1', (text) => text === 'Not on this shelf');
  await page.click('a', 'To the first page');
  await page.at('/');
  page.checkConsole([/status of 401 .*\/api\/session$/, /status of 409 .*\/api\/accounts$/, /status of 404 .*\/nothing\/here$/]);
});
