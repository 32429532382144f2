// The table of every API of dart_edge and what it is here: `tests/migration/dart_edge.txt`, for people to edit. A line that
// begins with `#` is the heading of those below it. Each other line is `theirs | ours | note`: names of theirs, with `*` for
// any text that no other line names; names of the Dart package, a parameter in parentheses, or commands in backticks; `=`
// for the same names, or `-` for what there is not, with a note that says why. `dart_edge_names.txt` is the list of theirs.

import { libraries } from './api.mjs';
import { read } from './dart.mjs';

const FOLDER = 'tests/migration';

/** The names of dart_edge, each once. */
export const names = () => [...new Set(read(`${FOLDER}/dart_edge_names.txt`).trim().split('\n').map((line) => line.replace(/^\S+ /, '')))];

const split = (cell) => cell.split(/, */).filter(Boolean);

export function parse(text) {
  const areas = [];
  for (const [at, line] of text.split('\n').entries()) {
    if (line.startsWith('# ')) areas.push({ title: line.slice(2), rows: [] });
    else if (line !== '') {
      const [theirs, ours, note = ''] = line.split(' | ').map((cell) => cell.replace(/ ?\|$/, '').trim());
      areas.at(-1).rows.push({ line: at + 1, theirs: split(theirs), ours, note, names: [] });
    }
  }
  return areas;
}

/** Gives each of `names` to the row that says most of it, and tells what is wrong with the table. */
export function assign(areas, names) {
  const rows = areas.flatMap(({ rows }) => rows);
  const patterns = rows
    .flatMap((row) => row.theirs.map((text) => ({ row, text, isUsed: false })))
    .sort((one, other) => other.text.replace('*', '').length - one.text.replace('*', '').length || one.text.includes('*') - other.text.includes('*'));
  const wrong = [];
  const matches = (text, name) => (text.endsWith('*') ? name.startsWith(text.slice(0, -1)) : name === text);
  for (const name of names) {
    const pattern = patterns.find(({ text }) => text === name) ?? patterns.find(({ text }) => matches(text, name));
    if (!pattern) wrong.push(`no line is about \`${name}\``);
    else {
      pattern.isUsed = true;
      pattern.row.names.push(name);
    }
  }
  for (const { text, row, isUsed } of patterns) if (!isUsed) wrong.push(`line ${row.line}: dart_edge has no \`${text}\``);
  for (const { line, ours, note } of rows) if (ours === '-' && note === '') wrong.push(`line ${line}: say why not`);
  return wrong;
}

/** The names of ours in a row. */
export const ours = ({ ours, names }) => (ours === '-' ? [] : ours === '=' ? names : split(ours));

/** What the rows name that the package does not have. */
export function missing(areas) {
  const offered = new Map();
  for (const { name, members } of libraries().flatMap(({ files }) => files).flatMap(({ classes }) => classes)) offered.set(name, members);
  const wrong = [];
  for (const row of areas.flatMap(({ rows }) => rows)) {
    for (const said of ours(row).filter((name) => !name.startsWith('`'))) {
      const [, type, member, parameter] = /^(\w+)(?:\.(operator \S+|\w+))?(?:\((\w+):\))?$/.exec(said) ?? [];
      const members = offered.get(type);
      const found = member === undefined ? members : members?.find(({ name }) => name === member);
      const isThere = found && (!parameter || new RegExp(`\\b${parameter}\\b`).test(found.signature));
      if (!isThere) wrong.push(`line ${row.line}: the package has no \`${said}\``);
    }
  }
  return wrong;
}

const code = (name) => (name.startsWith('`') ? name : `\`${name}\``);

/** The tables as the guide has them. */
export function tables(areas) {
  const row = (row) => {
    const same = row.ours === '=' ? ['the same'] : ours(row).map(code);
    return `| ${row.names.map(code).join(', ')} | ${same.join(', ') || '-'} | ${row.note} |\n`;
  };
  return areas.map(({ title, rows }) => `### ${title}\n\n| dart_edge | here | note |\n|---|---|---|\n${rows.map(row).join('')}`).join('\n');
}

export const areas = () => parse(read(`${FOLDER}/dart_edge.txt`));
