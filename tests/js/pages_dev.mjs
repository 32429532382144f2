// What a built Pages project answers: `node tests/js/pages_dev.mjs WRANGLER PATH...`, run in the project's folder, prints a
// line for each path with the status, the header `x-from`, and the body.

import { spawn } from 'node:child_process';
import http from 'node:http';

const [wrangler, ...paths] = process.argv.slice(2);
const args = ['pages', 'dev', '--port', '0', '--inspector-port', '0', '--ip', '127.0.0.1'];
const dev = spawn(wrangler, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
let said = '';

/** The port, once it is ready. */
const ready = new Promise((resolve, reject) => {
  const listen = (data) => {
    said += data;
    const port = /Ready on http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1];
    if (port) resolve(Number(port));
  };
  dev.stdout.on('data', listen);
  dev.stderr.on('data', listen);
  dev.on('error', reject);
  dev.on('exit', (code) => reject(new Error(`wrangler ended with ${code}:\n${said}`)));
});

/** `fetch` would tidy the path up. */
const get = (port, path) =>
  new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, path, agent: false }, async (response) => {
      let body = '';
      for await (const chunk of response) body += chunk;
      resolve([path, response.statusCode, response.headers['x-from'], body].filter(Boolean).join(' '));
    });
    request.on('error', reject);
  });

try {
  const port = await ready;
  for (const path of paths) console.log(await get(port, path));
} catch (error) {
  console.error(error.stack);
  process.exitCode = 1;
} finally {
  const ended = dev.exitCode === null && new Promise((resolve) => dev.on('close', resolve));
  // The whole group: workerd is a process of its own.
  try {
    process.kill(-dev.pid, 'SIGTERM');
  } catch {}
  await ended;
}
