// A headless Chromium, driven over its DevTools protocol: messages of JSON, each ended by a zero byte, on two pipes.

import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];

/** How long a page may take to show what it should. */
const LIMIT = 20_000;

/** The Chromium of this machine: `CHROMIUM`, or what is on PATH; null where there is none. */
export function findChromium() {
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

export class Chromium {
  #process;
  #profile;
  #incoming = '';
  #waiting = new Map();
  #next = 1;
  #log = '';

  static async start(program) {
    const browser = new Chromium(program);
    await browser.send('Browser.getVersion');
    return browser;
  }

  constructor(program) {
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
    const { targetId } = await this.send('Target.createTarget', { url });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    return new Page(this, targetId, sessionId);
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

  constructor(browser, target, session) {
    this.#browser = browser;
    this.#target = target;
    this.#session = session;
  }

  /** The value of a JavaScript expression in the page, which may be a promise. */
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.#browser.send(
      'Runtime.evaluate',
      { expression, returnByValue: true, awaitPromise: true },
      this.#session,
    );
    if (exceptionDetails) {
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    }
    return result.value;
  }

  /** Waits until the text that the element shows satisfies `isRight`, and gives it. */
  async text(selector, isRight) {
    const end = Date.now() + LIMIT;
    const read = `document.querySelector(${JSON.stringify(selector)})?.innerText ?? null`;
    for (;;) {
      // Between two documents there is none to ask.
      const text = await this.evaluate(read).catch(() => null);
      if (text !== null && isRight(text)) return text;
      if (Date.now() > end) throw new Error(`\`${selector}\` shows ${JSON.stringify(text)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
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
