// `node chat.mjs <url>`: two pages of the example `chat` in one room. Prints `skipped: no Chromium` where there is none,
// and throws where a page does not show what it should.

import { withChromium } from './chromium.mjs';

const [url] = process.argv.slice(2);

await withChromium(async (browser) => {
  const ann = await browser.open(`${url}/lobby`);
  await ann.text('h1', (text) => text === 'lobby');
  await ann.submit('#enter input', 'Ann');
  await ann.text('#people', (text) => text === 'Here: Ann');
  await ann.submit('#say input', 'is anybody <here>?');
  await ann.text('#messages', (text) => /^Ann\s*is anybody <here>\?$/.test(text));

  // What was said before is told to who comes.
  const bob = await browser.open(`${url}/lobby`);
  await bob.text('h1', (text) => text === 'lobby');
  await bob.submit('#enter input', 'Bob');
  await bob.text('#messages', (text) => text.includes('is anybody <here>?'));
  await Promise.all([ann, bob].map((page) => page.text('#people', (text) => text === 'Here: Ann, Bob')));

  await bob.submit('#say input', 'grüß dich');
  const seen = await Promise.all([ann, bob].map((page) => page.text('#messages', (text) => text.includes('grüß dich'))));
  if (seen[0] !== seen[1]) throw new Error(`the pages differ: ${JSON.stringify(seen)}`);

  // Who leaves is no longer there.
  await bob.close();
  await ann.text('#people', (text) => text === 'Here: Ann');
});
