// A headless Chromium, driven over its DevTools protocol: messages of JSON, each ended by a zero byte, on two pipes.

import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];

/** How long a page may take to show what it should. */
const LIMIT = 20_000;

/** The Chromium of this machine: `CHROMIUM`, or what is on PATH; null where there is none. */
function findChromium() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  for (const folder of (process.env.PATH ?? '').split(delimiter).filter(Boolean)) {
    for (const name of NAMES) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {
        // Not here.
      }
    }
  }
  return null;
}

class Chromium {
  #process;
  #profile;
  #incoming = '';
  #waiting = new Map();
  #pages = new Map();
  #next = 1;
  #log = '';

  static async start(program, options) {
    const browser = new Chromium(program, options);
    await browser.send('Browser.getVersion');
    return browser;
  }

  constructor(program, more) {
    this.#profile = mkdtempSync(join(tmpdir(), 'dartflare-chromium-'));
    const options = [
      '--headless',
      '--remote-debugging-pipe',
      `--user-data-dir=${this.#profile}`,
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-extensions',
      '--disable-background-networking',
      '--no-first-run',
      '--no-proxy-server',
      // Root has no sandbox, and containers often lack what it needs; the pages are our own.
      '--no-sandbox',
      ...more,
      'about:blank',
    ];
    this.#process = spawn(program, options, { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] });
    this.#process.stderr.setEncoding('utf8').on('data', (text) => (this.#log += text));
    this.#process.stdio[4].setEncoding('utf8').on('data', (text) => this.#receive(text));
    this.#process.stdio[3].on('error', () => {});
    this.ended = new Promise((resolve) => {
      const end = (why) => {
        const error = new Error(`Chromium ended: ${why}\n${this.#log}`);
        for (const { reject } of this.#waiting.values()) reject(error);
        this.#waiting.clear();
        resolve();
      };
      this.#process.on('error', (error) => end(error.message));
      this.#process.on('close', (code, signal) => end(code ?? signal));
    });
  }

  #receive(text) {
    const messages = (this.#incoming + text).split('\0');
    this.#incoming = messages.pop();
    for (const message of messages.map((it) => JSON.parse(it))) {
      if (message.method) this.#pages.get(message.sessionId)?.receive(message);
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.error) waiting?.reject(new Error(message.error.message));
      else waiting?.resolve(message.result);
    }
  }

  /** Calls a method of the protocol; `session` is a page's. */
  send(method, params = {}, session = undefined) {
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      this.#process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId: session })}\0`);
    });
  }

  /** A new tab that shows `url`. */
  async open(url) {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const page = new Page(this, targetId, sessionId);
    this.#pages.set(sessionId, page);
    for (const domain of ['Runtime', 'Log', 'Page']) await this.send(`${domain}.enable`, {}, sessionId);
    await this.send('Page.navigate', { url }, sessionId);
    return page;
  }

  /** Ends the browser and removes what it kept. */
  async close() {
    this.send('Browser.close').catch(() => {});
    const late = setTimeout(() => this.#process.kill('SIGKILL'), 5000);
    await this.ended;
    clearTimeout(late);
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

class Page {
  #browser;
  #target;
  #session;
  #problems = [];

  constructor(browser, target, session) {
    this.#browser = browser;
    this.#target = target;
    this.#session = session;
  }

  /** Takes what the browser tells of the page. */
  receive({ method, params }) {
    if (method === 'Runtime.exceptionThrown') {
      const { text, exception } = params.exceptionDetails;
      this.#problems.push(exception?.description ?? text);
    } else if (method === 'Runtime.consoleAPICalled' && params.type === 'error') {
      this.#problems.push(params.args.map((it) => it.value ?? it.description).join(' '));
    } else if (method === 'Log.entryAdded' && params.entry.level === 'error') {
      this.#problems.push(`${params.entry.text} ${params.entry.url ?? ''}`);
    }
  }

  /** Throws if the console has errors, but for those that match one of `expected`, each of which must be there. */
  checkConsole(expected = []) {
    const missing = expected.filter((it) => !this.#problems.some((problem) => it.test(problem)));
    const found = this.#problems.filter((problem) => !expected.some((it) => it.test(problem)));
    if (missing.length > 0) throw new Error(`the console has no ${missing.join(', ')}`);
    if (found.length > 0) throw new Error(`the console has ${JSON.stringify(found)}`);
  }

  #send(method, params = {}) {
    return this.#browser.send(method, params, this.#session);
  }

  /** The value of a JavaScript expression in the page, which may be a promise. */
  async evaluate(expression) {
    const params = { expression, returnByValue: true, awaitPromise: true };
    const { result, exceptionDetails } = await this.#send('Runtime.evaluate', params);
    if (exceptionDetails) {
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    }
    return result.value;
  }

  /** Waits until the value of an expression satisfies `isRight`, and gives it. */
  async until(expression, isRight, say = `\`${expression}\` is`) {
    const end = Date.now() + LIMIT;
    for (;;) {
      // Between two documents there is none to ask.
      const value = await this.evaluate(expression).catch(() => null);
      if (value !== null && isRight(value)) return value;
      if (Date.now() > end) throw new Error([`${say} ${JSON.stringify(value)}`, ...this.#problems].join('\n'));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Waits until the text that the element shows satisfies `isRight`, and gives it. */
  text(selector, isRight) {
    const read = `document.querySelector(${JSON.stringify(selector)})?.innerText ?? null`;
    return this.until(read, isRight, `\`${selector}\` shows`);
  }

  /** Waits until the page has loaded, and is the one at this path and query. */
  async at(path) {
    const read = `document.readyState === 'complete' ? location.pathname + location.search : null`;
    await this.until(read, (value) => value === path, `the page is not ${path} but`);
  }

  /** Clicks an element with the mouse; `text` is a part of what it shows. */
  async click(selector, text = '') {
    const [x, y] = await this.until(
      `{ let found = [...document.querySelectorAll(${JSON.stringify(selector)})]
           .find((it) => it.checkVisibility() && it.innerText.includes(${JSON.stringify(text)}));
         // Before that it may yet move.
         if (document.readyState !== 'complete') found = undefined;
         found?.scrollIntoView({ block: 'center', behavior: 'instant' });
         const box = found?.getBoundingClientRect();
         box ? [box.x + box.width / 2, box.y + box.height / 2] : null }`,
      () => true,
      `no \`${selector}\` with \`${text}\` to click:`,
    );
    const at = { x, y, button: 'left', clickCount: 1 };
    for (const type of ['mousePressed', 'mouseReleased']) await this.#send('Input.dispatchMouseEvent', { type, ...at });
  }

  /** Types into a field, in place of what it holds. */
  async type(selector, text) {
    await this.click(selector);
    await this.evaluate(`document.querySelector(${JSON.stringify(selector)}).select()`);
    await this.#send('Input.insertText', { text });
  }

  /** Presses Enter where the cursor is. */
  async enter() {
    const key = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13, text: '\r' };
    for (const type of ['keyDown', 'keyUp']) await this.#send('Input.dispatchKeyEvent', { type, ...key });
  }

  /** Goes to a URL as if typed into the address bar. */
  async go(url) {
    await this.#send('Page.navigate', { url });
  }

  /** Loads the page again, and waits for it. */
  async reload() {
    await this.evaluate('globalThis.isOld = true');
    await this.#send('Page.reload');
    await this.until(`document.readyState === 'complete' && !globalThis.isOld`, (value) => value, 'loaded again:');
  }

  /** Goes back, as with the browser's button. */
  async back() {
    const { currentIndex, entries } = await this.#send('Page.getNavigationHistory');
    await this.#send('Page.navigateToHistoryEntry', { entryId: entries[currentIndex - 1].id });
  }

  /** Shows the page as on a screen of this size. */
  async resize(width, height) {
    await this.#send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 600 });
  }

  /** A picture of what is shown, as the bytes of a PNG. */
  async screenshot() {
    const { data } = await this.#send('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(data, 'base64');
  }

  /** Closes the tab. */
  async close() {
    await this.#browser.send('Target.closeTarget', { targetId: this.#target });
  }

  /** Writes into a field and submits its form. */
  async submit(selector, text) {
    await this.evaluate(
      `{ const field = document.querySelector(${JSON.stringify(selector)});
         field.value = ${JSON.stringify(text)};
         field.form.requestSubmit(); }`,
    );
  }
}

/** Runs `visit` with a browser, started with `options` beside its usual ones. Prints `done`, or `skipped: no Chromium` where there is none. */
export async function withChromium(visit, options = []) {
  const program = findChromium();
  if (program === null) {
    console.log('skipped: no Chromium');
    return;
  }
  const browser = await Chromium.start(program, options);
  try {
    await visit(browser);
    console.log('done');
  } finally {
    await browser.close();
  }
}
