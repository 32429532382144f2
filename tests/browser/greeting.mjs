// `node greeting.mjs <url>`: the page that `docs/pages.md` begins with. As `chat.mjs` it throws where the page does not
// show what it should.

import { withChromium } from './chromium.mjs';

const [url] = process.argv.slice(2);

await withChromium(async (browser) => {
  const page = await browser.open(`${url}/`);
  await page.type('[name=name]', 'Ada & <Grace>');
  await page.click('button');
  await page.text('p', (text) => text === 'Hello, Ada & <Grace>!');
  page.checkConsole();
});
