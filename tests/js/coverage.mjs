// The table of what Cloudflare offers and what of it the Dart package has: `tests/coverage/*.txt`, a file for each area,
// for people to edit. The first line of a file is its heading; a line after it that begins with `#` is a comment. Each
// other line is `JavaScript | Dart | note`:
//
//   R2Bucket.delete | R2Bucket.delete, R2Bucket.deleteMany |
//   R2ListOptions.limit | R2Bucket.list(limit:) |
//   Hyperdrive.ip | JSBinding | not in the workerd of Wrangler 4.86
//   Console.* | - | Dart has `print`
//
// JavaScript is `Type.member` of the declarations, `config.key` of the configuration, or, with `*` for any text, a group
// of those that no line names alone. Dart is names of the package's, a parameter in parentheses; `JSBinding` for what has
// no type and is reached by its name through one; or `-` for what is not offered. The last two say why.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { read, root } from './dart.mjs';

const FOLDER = 'tests/coverage';

// What `peers.test.mjs` reads.
const PEERS = 'workers_rs.txt';

export function parseArea(text, file) {
  const [title, ...rest] = text.split('\n');
  const rows = [];
  const wrong = [];
  for (const [at, line] of rest.entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const place = `${file}:${at + 2}`;
    const cells = line.split('|').map((cell) => cell.trim());
    if (cells.length !== 3 || cells[0] === '' || cells[1] === '') {
      wrong.push(`${place}: \`${line}\` is not \`JavaScript | Dart | note\``);
      continue;
    }
    const [name, dart, note] = cells;
    const isTyped = dart !== '-' && dart !== 'JSBinding';
    if (!isTyped && note === '') wrong.push(`${place}: \`${name}\` needs a note that says why it has no type`);
    if (isTyped && name.includes('*')) wrong.push(`${place}: \`${name}\` is a group, which is \`JSBinding\` or \`-\``);
    rows.push({ place, name, dart: isTyped ? dart.split(/, */) : [], kind: isTyped ? 'typed' : dart, note });
  }
  return { title: title.replace(/^# /, ''), rows, wrong };
}

/** The areas, the one of the whole first, the others by their headings. */
export const areas = () =>
  readdirSync(join(root, FOLDER))
    .filter((name) => name.endsWith('.txt') && name !== PEERS)
    .map((name) => ({ file: name, ...parseArea(read(`${FOLDER}/${name}`), `${FOLDER}/${name}`) }))
    .sort((one, other) => order(one).localeCompare(order(other)));

const order = ({ file, title }) => (file === 'configuration.txt' ? '' : title.toLowerCase());

/** Counts in each row how many of `names` it covers, and gives what is wrong between the two. */
export function compare(areas, names) {
  const rows = areas.flatMap(({ rows }) => rows);
  const wrong = areas.flatMap(({ wrong }) => wrong);
  const exact = new Map();
  for (const row of rows) {
    row.count = 0;
    if (row.name.includes('*')) continue;
    const other = exact.get(row.name);
    if (other) wrong.push(`${row.place}: \`${row.name}\` is in ${other.place} too: leave one`);
    exact.set(row.name, row);
  }
  // Of several groups, the one that says most of the name.
  const groups = rows
    .filter(({ name }) => name.includes('*'))
    .sort((one, other) => other.name.length - one.name.length)
    .map((row) => ({ row, pattern: new RegExp(`^${row.name.split('*').map(escape).join('.*')}$`) }));
  for (const name of names) {
    const row = exact.get(name) ?? groups.find(({ pattern }) => pattern.test(name))?.row;
    if (row) row.count++;
    else wrong.push(`\`${name}\` is in no file of ${FOLDER}: add a line \`${name} | Dart | note\`, or to a group`);
  }
  for (const { place, name, count } of rows) {
    if (count === 0) wrong.push(`${place}: \`${name}\` is not there any more, or named elsewhere: take the line out`);
  }
  return wrong;
}

const escape = (text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/** What the rows name that is not in `api`, as `tests/coverage/api.dart` prints that. */
export function missingInDart(areas, api) {
  const wrong = [];
  for (const { place, dart } of areas.flatMap(({ rows }) => rows)) {
    for (const said of dart) {
      const [, type, member, parameter] = /^(\w+)(?:\.([^(\s]+))?(?:\((\w+):\))?$/.exec(said) ?? [];
      const members = Object.hasOwn(api, type) && api[type];
      const parameters = members && (member === undefined ? members['()'] ?? members.new : Object.hasOwn(members, member) && members[member]);
      if (!type) wrong.push(`${place}: \`${said}\` is not \`Type.member\`, nor with a parameter, \`Type.member(name:)\``);
      else if (!members) wrong.push(`${place}: the package exports no \`${type}\``);
      else if (member !== undefined && !parameters) wrong.push(`${place}: \`${type}\` has no \`${member}\``);
      else if (parameter && !parameters?.includes(parameter)) wrong.push(`${place}: \`${said.replace(/\(.*/, '')}\` has no parameter \`${parameter}\``);
    }
  }
  return wrong;
}

const code = (name) => `\`${name}\``;

/** The page of the guide; `compare` has to have counted. */
export function page(areas, versions) {
  const sum = (rows, kind) => rows.filter((row) => row.kind === kind).reduce((total, { count }) => total + count, 0);
  const all = areas.flatMap(({ rows }) => rows);
  const counts = (rows) => ['typed', 'JSBinding', '-'].map((kind) => sum(rows, kind));
  const [typed, reachable, left] = counts(all);
  const anchor = (title) => title.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-');
  const head = `# Coverage

What Cloudflare offers a Worker, and where it is in \`package:cloudflare_workers\`: every key of the configuration of
Wrangler ${versions.wrangler}, and every member that \`@cloudflare/workers-types\` ${versions.types} declares. Of these
${typed + reachable + left}, ${typed} have a Dart name, ${reachable} are reached by their own name through a
\`JSBinding\`, and ${left} are not offered, for the reason that stands beside them: most are the fields of single
AI models, which are maps in Dart, and what Dart has itself, such as streams, timers and text.

\`env.binding('NAME')\` gives a \`JSBinding\` on whatever is bound, and many a type above one; it has \`call\`, \`get\`,
\`property\`, \`derive\` and \`construct\`. A parameter stands in parentheses. A \`*\` stands for any text: a line with one is a
group, with the number of its members.

A test makes this page from \`tests/coverage\`, and fails when a newer package adds or takes away anything, or a Dart name
is not there.

| area | typed | by \`JSBinding\` | not offered |
|---|---:|---:|---:|
${areas.map(({ title, rows }) => `| [${title}](#${anchor(title)}) | ${counts(rows).join(' | ')} |\n`).join('')}`;
  const section = ({ title, rows }) =>
    `\n## ${title}\n\n| JavaScript | Dart | note |\n|---|---|---|\n${byType(rows).map(line).join('')}`;
  return head + areas.map(section).join('');
}

/** The rows with those of a type together, where the first of them is. */
function byType(rows) {
  const types = new Map();
  for (const row of rows) {
    const type = row.name.replace(/\.[^.]*$/, '');
    types.set(type, [...(types.get(type) ?? []), row]);
  }
  return [...types.values()].flat();
}

function line({ name, count, kind, dart, note }) {
  const javascript = name.includes('*') ? `${code(name)} (${count})` : code(name);
  const there = { typed: dart.map(code).join(', '), JSBinding: '`JSBinding`', '-': '' }[kind];
  return `| ${javascript} | ${there} | ${note} |\n`;
}
