// Starting `dartflare dev` or `wrangler dev` in a copy of a project, talking to it, and ending it without a trace: what
// the demonstration and the benchmarks share.

import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** A failure that is told in one line, without a stack. */
export class Failure extends Error {}

/** The `dartflare` to run: the one that is named, or what `cargo build` left for the first of the profiles. */
export function findDartflare(named, profiles) {
  if (named) {
    if (!existsSync(named)) throw new Failure(`there is no \`${named}\``);
    return realpathSync(named);
  }
  const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
  const name = process.platform === 'win32' ? 'dartflare.exe' : 'dartflare';
  const built = profiles.map((profile) => join(target, profile, name)).filter((path) => existsSync(path));
  if (built.length === 0) throw new Failure('dartflare is not built: run `cargo build` first');
  return built[0];
}

/** The profiles, the one that was built last first: the other may be left from before an edit. */
export function latestProfile() {
  const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
  const name = process.platform === 'win32' ? 'dartflare.exe' : 'dartflare';
  const age = (profile) => statSync(join(target, profile, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return ['release', 'debug'].sort((a, b) => age(b) - age(a));
}

/**
 * The environment that tells children where Dart and Wrangler are: the variables themselves, what the set-up wrote into
 * `tools/env`, or what it installs. A Dart on `PATH` needs no naming.
 */
export function toolEnvironment() {
  const environment = { ...process.env, WRANGLER_SEND_METRICS: 'false', NO_COLOR: '1' };
  const file = join(root, 'tools', 'env');
  if (existsSync(file)) {
    for (const [, name, value] of readFileSync(file, 'utf8').matchAll(/^export (\w+)='(.*)'$/gm)) {
      environment[name] ||= value.replaceAll("'\\''", "'");
    }
  }
  const vm = join(root, 'tools/dart-vm/node_modules/sass-embedded-linux-ia32/dart-sass/src/dart');
  if (!environment.DARTFLARE_DART && !isOnPath('dart') && existsSync(vm)) environment.DARTFLARE_DART = vm;
  const wrangler = join(root, 'tools/node_modules/.bin/wrangler');
  if (!environment.DARTFLARE_WRANGLER && existsSync(wrangler)) environment.DARTFLARE_WRANGLER = wrangler;
  if (!environment.DARTFLARE_WRANGLER) environment.DARTFLARE_WRANGLER = 'wrangler';
  return environment;
}

function isOnPath(name) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => folder && existsSync(join(folder, name)));
}

/** A new folder for the length of the program; `process.on('exit')` removes it. */
export function temporaryFolder(name) {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), `${name}-`));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

/** Copies a project of this repository; its dependency on the Dart package keeps pointing here. */
export function copyProject(from, to) {
  cpSync(join(root, from), to, {
    recursive: true,
    filter: (path) => !['.dart_tool', '.wrangler', 'build', 'node_modules'].some((name) => path.endsWith(`/${name}`)),
  });
  const pubspec = join(to, 'pubspec.yaml');
  if (!existsSync(pubspec)) return;
  const runtime = JSON.stringify(join(root, 'dart_runtime'));
  writeFileSync(pubspec, readFileSync(pubspec, 'utf8').replace(/path: .*dart_runtime$/m, () => `path: ${runtime}`));
}

/** Waits for `promise` no longer than `seconds`. */
export async function within(seconds, what, promise) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Failure(`${what}: nothing within ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** A development server under way. */
export class DevServer {
  /** Everything it wrote, both streams. */
  output = '';
  #name;
  #child;
  #exited;
  #waiting = new Set();
  #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(name, program, args, options) {
    this.#name = name;
    this.#child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.output += text;
        for (const look of this.#waiting) look();
      });
    }
    this.#exited = new Promise((resolve) => {
      this.#child.on('error', (error) => resolve(error.message));
      this.#child.on('exit', (code, signal) => resolve(signal ?? code));
    });
  }

  get pid() {
    return this.#child.pid;
  }

  /** Waits until what it wrote from `start` on matches, and gives the match. */
  async says(pattern, seconds, start = 0) {
    let look;
    const said = new Promise((resolve) => {
      look = () => {
        const match = pattern.exec(this.output.slice(start));
        if (match) resolve(match);
      };
    });
    this.#waiting.add(look);
    look();
    const gone = this.#exited.then((how) => {
      throw new Failure(`${this.#name} ended (${how})`);
    });
    gone.catch(() => {});
    try {
      return await within(seconds, `${this.#name} should say ${pattern}`, Promise.race([said, gone]));
    } finally {
      this.#waiting.delete(look);
    }
  }

  /** Waits until it answers requests; `pattern` captures the address. */
  async ready(pattern) {
    const [, url] = await this.says(pattern, 60);
    this.url = new URL(url);
  }

  /** One request, over a connection that stays open. */
  get(path) {
    return new Promise((resolve, reject) => {
      const { hostname, port } = this.url;
      const sent = request({ hostname, port, path, agent: this.#agent, timeout: 30_000 }, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode,
            headers: response.headers,
            text: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      });
      sent.on('timeout', () => sent.destroy(new Failure(`no answer to GET ${path} within 30 s`)));
      sent.on('error', reject);
      sent.end();
    });
  }

  /**
   * Calls `change`, then asks for `path` again and again, each time as soon as the answer before is there, until one
   * `isNew`. Gives that answer, the milliseconds from just before the change, and how many old answers and how many
   * broken connections came in between.
   */
  async firstAnswerAfter(change, path, isNew, seconds = 20) {
    const start = performance.now();
    change();
    let stale = 0;
    let broken = 0;
    for (;;) {
      let response = null;
      try {
        response = await this.get(path);
      } catch (error) {
        if (error instanceof Failure) throw error;
        broken++;
      }
      const ms = performance.now() - start;
      if (response && isNew(response)) return { response, ms, stale, broken };
      if (response) stale++;
      if (ms > seconds * 1000) {
        throw new Failure(`${this.#name} still gave the old answer ${seconds} s after the change: ${response?.text}`);
      }
    }
  }

  /** The processes it consists of, as `{ pid, command }`, itself first. */
  processes() {
    const all = processTable();
    const found = all.filter(({ pid }) => pid === this.pid);
    for (let at = 0; at < found.length; at++) {
      found.push(...all.filter(({ parent }) => parent === found[at].pid));
    }
    return found;
  }

  /**
   * Ends it with SIGTERM, on Windows without being asked; gives how it ended and which of its processes are left, which
   * are then killed.
   */
  async stop() {
    const started = this.processes();
    this.#agent.destroy();
    this.#child.kill('SIGTERM');
    let how;
    try {
      how = await within(15, `${this.#name} should end after SIGTERM`, this.#exited);
    } catch (error) {
      how = error.message;
      this.#child.kill('SIGKILL');
    }
    const now = processTable();
    const left = started.filter(({ pid, command }) => now.some((it) => it.pid === pid && it.command === command));
    for (const { pid } of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has just ended.
      }
    }
    return { how, started, left };
  }
}

/** Every process of this machine but the dead ones that nobody has waited for yet. */
function processTable() {
  if (process.platform === 'win32') return windowsProcessTable();
  const { stdout, error } = spawnSync('ps', ['-axo', 'pid=,ppid=,state=,command='], {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  if (error) throw new Failure(`cannot list processes: ${error.message}`);
  return stdout
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line))
    .filter((match) => match && !match[3].startsWith('Z'))
    .map(([, pid, parent, , command]) => ({ pid: Number(pid), parent: Number(parent), command }));
}

function windowsProcessTable() {
  const list = 'Get-CimInstance Win32_Process | Select-Object ProcessId, ParentProcessId, CommandLine | ConvertTo-Json';
  const { stdout, error } = spawnSync('powershell', ['-NoProfile', '-NonInteractive', '-Command', list], {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  if (error) throw new Failure(`cannot list processes: ${error.message}`);
  return JSON.parse(stdout).map((it) => ({ pid: it.ProcessId, parent: it.ParentProcessId, command: it.CommandLine }));
}
