#!/usr/bin/env node
// Starts the program for this system, which is in a package of its own that npm chose.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';

const require = createRequire(import.meta.url);
const platform = `${process.platform}-${process.arch}`;
const name = `@dartflare/${platform}`;
const program = find();
const args = process.argv.slice(2);

// Where Node can, it becomes the program, and nothing stands between it and the terminal.
if (process.execve && process.platform !== 'win32') {
  process.execve(program, [program, ...args], process.env);
}
start();

function find() {
  const { optionalDependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  if (!optionalDependencies[name]) {
    fail(
      `there is no dartflare for ${platform} on npm`,
      'build it with `cargo install dartflare` (https://rustup.rs)',
    );
  }
  try {
    return require.resolve(`${name}/bin/dartflare${process.platform === 'win32' ? '.exe' : ''}`);
  } catch {
    return fail(
      `dartflare for ${platform} is not installed: there is no package \`${name}\``,
      'run `npm install` again on this machine, without `--omit=optional` or `--no-optional`: a `node_modules` that was ' +
        'copied from another system holds the program of that one',
    );
  }
}

function start() {
  let child;
  // The terminal sends Ctrl-C to both; what is sent to this process alone has to go on. It listens before the program
  // starts, so that no signal comes between.
  const fromTerminal = process.stdin.isTTY || process.stdout.isTTY;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !fromTerminal) child.kill(signal);
    });
  }
  child = spawn(program, args, { stdio: 'inherit' });
  child.on('error', (error) => {
    fail(`\`${program}\` does not start: ${error.message.toLowerCase()}`, 'run `npm install` again');
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    // To end as it did, for whoever looks at this process.
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    setTimeout(() => process.exit(128 + os.constants.signals[signal]), 1000);
  });
}

function fail(message, hint) {
  process.stderr.write(`error: ${message}\nhint: ${hint}\n`);
  process.exit(3);
}
