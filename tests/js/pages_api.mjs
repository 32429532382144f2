// Cloudflare's API as `wrangler pages deploy` uses it, on loopback: `node tests/js/pages_api.mjs OUT COMMAND...` runs the
// command with it and keeps what was uploaded in the folder OUT. The command's exit code is this one's.
//
//   upload.json    the names of the static files, the form's fields, the Worker's modules
//   worker/        those modules; `worker/main` names the first
//   _routes.json   if it was uploaded

import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';

const [out, program, ...args] = process.argv.slice(2);
const upload = { files: [], fields: {}, modules: [] };

const form = (body, boundary) =>
  new Response(body, { headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } }).formData();

function keep(name, bytes) {
  const path = join(out, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}

async function deploy(body, boundary) {
  for (const [name, value] of await form(body, boundary)) {
    if (typeof value === 'string') upload.fields[name] = value;
    else if (name !== '_worker.bundle') keep(name, Buffer.from(await value.arrayBuffer()));
    if (name !== '_worker.bundle') continue;
    // A form within the form.
    const bundle = Buffer.from(await value.arrayBuffer());
    const inner = /^--([^\r\n]+)/.exec(bundle.subarray(0, 200).toString())[1];
    for (const [module, content] of await form(bundle, inner)) {
      if (module === 'metadata') {
        const metadata = JSON.parse(content);
        upload.bindings = metadata.bindings;
        keep('worker/main', metadata.main_module);
      } else {
        upload.modules.push(module);
        keep(`worker/${module}`, Buffer.from(await content.arrayBuffer()));
      }
    }
  }
  upload.files = Object.keys(JSON.parse(upload.fields.manifest ?? '{}'));
  upload.modules.sort();
  keep('upload.json', JSON.stringify(upload));
}

const settings = { compatibility_date: '2026-01-01', compatibility_flags: [] };
const project = { production_branch: 'main', deployment_configs: { production: settings, preview: settings } };
const deployed = { id: 'd1', url: 'https://d1.example.com', stages: [], latest_stage: { name: 'deploy', status: 'success' } };
const claims = Buffer.from(JSON.stringify({ max_file_count_allowed: 100, exp: 4e9 })).toString('base64url');

const answers = [
  [/\/upload-token$/, () => ({ jwt: `e30.${claims}.x` })],
  [/\/check-missing$/, (body) => JSON.parse(body).hashes],
  [/\/deployments$/, async (body, boundary) => (await deploy(body, boundary), deployed)],
  [/\/deployments\/d1$/, () => deployed],
  [/\/projects\/[^/]+$/, () => project],
  [/./, () => null],
];

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const boundary = /boundary=(.*)/.exec(request.headers['content-type'])?.[1];
  const [, answer] = answers.find(([path]) => path.test(request.url));
  const result = await answer(Buffer.concat(chunks), boundary);
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ success: true, errors: [], messages: [], result }));
});

server.listen(0, '127.0.0.1', () => {
  const env = {
    ...process.env,
    CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${server.address().port}`,
    CLOUDFLARE_API_TOKEN: 'token',
    CLOUDFLARE_ACCOUNT_ID: 'account',
    HTTPS_PROXY: '',
  };
  const command = spawn(program, args, { env, stdio: 'inherit' });
  command.on('error', (error) => {
    throw error;
  });
  command.on('exit', (code) => {
    process.exitCode = code ?? 1;
    server.close();
    server.closeAllConnections();
  });
});
