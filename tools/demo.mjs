// `make demo`: the `views` example under `dartflare dev`, in a copy, from the first request to the last process.
//
//   node tools/demo.mjs [path to dartflare]

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import {
  DevServer,
  Failure,
  copyProject,
  findDartflare,
  latestProfile,
  temporaryFolder,
  toolEnvironment,
} from './dev_server.mjs';

const isColoured = process.stdout.isTTY && !process.env.NO_COLOR;
const style = (code) => (text) => (isColoured ? `\x1b[${code}m${text}\x1b[0m` : text);
const [bold, dim, green, red] = [style(1), style(2), style(32), style(31)];

const WIDTH = 20;

function heading(text) {
  console.log(`\n${bold(text)}`);
}

/** What was done, and what came of it, the lines after the first below each other. */
function tell(what, came, colour = (text) => text) {
  const [first, ...rest] = came.trimEnd().split('\n');
  console.log(`  ${what.padEnd(WIDTH)} -> ${colour(first)}`);
  for (const line of rest) console.log(line ? `  ${' '.repeat(WIDTH)}    ${colour(line)}` : '');
}

function expect(isTrue, what) {
  if (!isTrue) throw new Failure(what);
}

const milliseconds = (value) => `${Math.round(value)} ms`;
const seconds = (value) => `${(value / 1000).toFixed(1)} s`;

/** Asks for `path` and shows the first line of the answer, which must match. */
async function visit(server, path, expected) {
  const { status, text } = await server.get(path);
  const [line] = text.split('\n');
  tell(`GET ${path}`, line);
  expect(status === 200 && expected.test(line), `GET ${path} answered ${status} ${JSON.stringify(text)}`);
}

async function show(server, source) {
  const original = readFileSync(source, 'utf8');
  const edited = original.replace('has been requested', 'has been visited');
  expect(edited !== original, 'the example has changed: there is nothing to edit');
  const wrong = edited.replace('storage.get<int>', 'storage.fetch<int>');
  expect(wrong !== edited, 'the example has changed: there is nothing to break');

  heading('Each page is a Durable Object, and counts its visits');
  await visit(server, '/home', /requested 1 times!$/);
  await visit(server, '/home', /requested 2 times!$/);
  await visit(server, '/about', /requested 1 times!$/);

  heading('An alarm, one second ahead');
  const said = server.output.length;
  const set = performance.now();
  await visit(server, '/home?alarm=1', /^Alarm set/);
  const [alarm] = await server.says(/Alarm triggered after \d+ views\./, 10, said);
  tell('dartflare prints', `${alarm} ${dim(`(after ${seconds(performance.now() - set)})`)}`);
  const { text } = await server.get('/about');
  expect(!text.includes('alarm'), `the alarm of one object shows in another: ${text}`);

  heading('An edit while it runs: `requested` becomes `visited`');
  const edit = await server.firstAnswerAfter(
    () => writeFileSync(source, edited),
    '/elsewhere',
    ({ status, text }) => status === 200 && text.includes('visited'),
  );
  tell('save lib/main.dart', `the first changed answer after ${bold(green(milliseconds(edit.ms)))}`);
  await visit(server, '/home', /visited 3 times!$/);
  tell('', dim('the object went on counting'));

  heading('A mistake: `storage.get` becomes `storage.fetch`');
  const broken = await server.firstAnswerAfter(
    () => writeFileSync(source, wrong),
    '/elsewhere',
    ({ headers }) => headers['x-dartflare-error'] === 'compile',
  );
  tell('save lib/main.dart', `a client reads this after ${milliseconds(broken.ms)}, status ${broken.response.status}`);
  tell('GET /home', (await server.get('/home')).text, red);
  const mended = await server.firstAnswerAfter(
    () => writeFileSync(source, edited),
    '/elsewhere',
    ({ status }) => status === 200,
  );
  tell('save the mended file', `answers again after ${milliseconds(mended.ms)}`);
  await visit(server, '/home', /visited 4 times!$/);
}

async function main() {
  const begun = performance.now();
  const dartflare = findDartflare(process.argv[2] ?? process.env.DARTFLARE, latestProfile());
  const project = join(temporaryFolder('dartflare-demo'), 'views');
  copyProject('examples/views', project);
  const server = new DevServer('dartflare', dartflare, ['dev', '--port', '0'], {
    cwd: project,
    env: toolEnvironment(),
  });
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => void server.stop().then(() => process.exit(130)));
  }
  let failure = null;
  try {
    console.log(bold('A Worker in Dart, in development'));
    await server.ready(/^\s*ready\s+(http:\S+)/m);
    tell('dartflare dev', `${server.url.origin} ${dim(`(ready after ${seconds(performance.now() - begun)})`)}`);
    await show(server, join(project, 'lib/main.dart'));
    heading('The end');
  } catch (error) {
    failure = error;
  }
  const { how, started, left } = await server.stop();
  // Windows has no signals: dartflare is killed there, and what it started has to end with it.
  const isAsked = process.platform !== 'win32';
  if (failure === null && isAsked && how !== 0) failure = new Failure(`dartflare ended with ${how} after SIGTERM`);
  if (failure === null && left.length > 0) {
    failure = new Failure(`still running after dartflare: ${left.map(({ command }) => command).join(', ')}`);
  }
  if (failure !== null) {
    const reason = failure instanceof Failure ? failure.message : failure.stack;
    console.error(`\nWhat dartflare said:\n${server.output.trimEnd()}\n\n${red('error')}: ${reason}`);
    process.exitCode = 1;
    return;
  }
  tell(isAsked ? 'SIGTERM' : 'killed', `${isAsked ? 'exit code 0, ' : ''}none of its ${started.length} processes is left`);
  console.log(`\n${green('All of that worked')}, in ${seconds(performance.now() - begun)}.`);
}

main().catch((error) => {
  console.error(`${red('error')}: ${error instanceof Failure ? error.message : error.stack}`);
  process.exitCode = 1;
});
