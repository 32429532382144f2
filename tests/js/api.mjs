// The public API of the Dart package as its sources tell it, and `docs/reference/api.md` with the pages below, which are
// made from it. The sources are as the official formatter leaves them, so that a declaration begins where its line does
// and ends before the next one that is indented as much.

import { readFileSync, readdirSync } from 'node:fs';
import { join, posix } from 'node:path';

import { root } from './dart.mjs';

const LIBRARIES = join(root, 'dart_runtime/lib');

/** The pages, by the folder of the sources: their names, and what they are about. */
const AREAS = {
  '': ['worker', 'The Worker', 'the program, its environment, RPC, values, sockets'],
  http: ['http', 'HTTP', 'requests, responses, headers, bodies, `fetch`, WebSockets'],
  bindings: ['bindings', 'Bindings', 'what the configuration binds'],
  durable_objects: ['durable-objects', 'Durable Objects', 'objects, their state, storage and stubs'],
  workflows: ['workflows', 'Workflows', 'programs of steps'],
  events: ['events', 'Events', 'queues, emails, traces'],
  runtime: ['runtime', 'Runtime APIs', 'caches, cryptography, HTMLRewriter, `Request.cf`, logs'],
  pages: ['pages', 'Pages Functions', 'the context of a function'],
  testing: ['testing', 'Testing', 'tests against the local bindings'],
};

/** The guide for each source file, or for its folder. */
const GUIDES = {
  'bindings/ai': 'ai',
  'bindings/ai_gateway': 'ai',
  'bindings/ai_search': 'ai',
  'bindings/ai_search_results': 'ai',
  'bindings/browser': 'media',
  'bindings/d1_database': 'd1',
  'bindings/hosted_images': 'media',
  'bindings/image_options': 'media',
  'bindings/images': 'media',
  'bindings/kv_namespace': 'kv',
  'bindings/media': 'media',
  'bindings/queue': 'queues',
  'bindings/r2_bucket': 'r2',
  'bindings/r2_content': 'r2',
  'bindings/r2_exception': 'r2',
  'bindings/r2_multipart_upload': 'r2',
  'bindings/r2_object': 'r2',
  'bindings/send_email': 'email',
  'bindings/stream': 'media',
  'bindings/stream_video': 'media',
  'bindings/vectorize_index': 'ai',
  'bindings/worker_loader': 'rpc',
  'bindings/workflow': 'workflows',
  'events/forwardable_email': 'email',
  'events/message_batch': 'queues',
  'http/web_socket': 'websockets',
  environment: 'configuration',
  rpc: 'rpc',
  sockets: 'websockets',
  worker_entrypoint: 'rpc',
  durable_objects: 'durable-objects',
  http: 'http',
  pages: 'pages',
  runtime: 'runtime-apis',
  testing: 'testing',
  workflows: 'workflows',
};

/** Declarations of `lines` whose first line is indented by `indent`: their documentation, signature and name. */
export function declarations(lines, indent, owner = null) {
  const found = [];
  let docs = [];
  let annotations = [];
  let isInText = false;
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at];
    // What stands in a string of several lines is no declaration, whatever its indentation.
    const wasInText = isInText;
    if ((line.match(/'''/g) ?? []).length % 2 === 1) isInText = !isInText;
    if (wasInText || !line.startsWith(' '.repeat(indent)) || /^[\s)}\]]/.test(line.slice(indent)) || line.length <= indent) continue;
    const text = line.slice(indent);
    if (text.startsWith('///')) docs.push(text.slice(3).replace(/^ /, ''));
    else if (text.startsWith('//')) docs = [];
    else if (text.startsWith('@')) annotations.push(text);
    else {
      const end = nextAt(lines, at, indent);
      const body = lines.slice(at, end);
      const signature = signatureOf(body.join('\n'));
      const name = nameOf(signature, owner);
      if (name) found.push({ name, signature, docs, annotations, body });
      docs = [];
      annotations = [];
    }
  }
  return found;
}

/** The line of the declaration after the one at `at`. */
function nextAt(lines, at, indent) {
  for (let next = at + 1; next < lines.length; next++) {
    if (lines[next].startsWith(' '.repeat(indent)) && /^[^\s)}\]]/.test(lines[next].slice(indent))) return next;
  }
  return lines.length;
}

/** What stands before the body, the value or the initializers, on one line. */
export function signatureOf(text) {
  let depth = 0;
  let quote = null;
  let end = text.length;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (quote) {
      if (char === quote) quote = null;
      continue;
    }
    if (char === "'" || char === '"') quote = char;
    else if (depth === 0 && (char === ';' || char === '{')) {
      end = at;
      break;
    } else if (depth === 0 && char === '=' && !/operator [=<>]*$/.test(text.slice(0, at)) && !/^typedef /.test(text)) {
      end = at;
      break;
    } else if (depth === 0 && char === ':' && text[at - 1] === ' ') {
      end = at;
      break;
    }
    // Lists and maps of parameters are the braces that there are within parentheses.
    if ('([{'.includes(char)) depth++;
    else if (')]}'.includes(char)) depth--;
  }
  return text
    .slice(0, end)
    .replace(/\s+/g, ' ')
    .replace(/ (async|sync|async\*|sync\*) ?$/, '')
    .replace(/([([{]) /g, '$1')
    .replace(/,? ([)\]}])/g, '$1')
    .replace(/,([)\]}])/g, '$1')
    .trim();
}

function nameOf(signature, owner) {
  const declared = signature.match(
    /^(?:(?:abstract|base|final|interface|sealed|mixin) )*(?:class|enum|extension type|extension|mixin|typedef) (\w+)/,
  );
  if (declared) return declared[1];
  const accessor = signature.match(/\b(?:get|set) (\w+)/);
  if (accessor) return accessor[1];
  const operator = signature.match(/\boperator (\S+?)\(/);
  if (operator) return `operator ${operator[1]}`;
  // Parameters and type arguments say nothing of the name.
  const head = withoutTypeArguments(signature).replace(/\(.*/, '').trim();
  // A field whose type is that of a function has its name after the parameters.
  const name = (/\bFunction\??$/.test(head) ? signature : head).split(' ').at(-1);
  if (!/^[\w.]+$/.test(name)) return null;
  return owner && name === owner ? owner : name.replace(`${owner}.`, '');
}

function withoutTypeArguments(text) {
  let before;
  do {
    before = text;
    text = text.replace(/<[^<>]*>/g, '');
  } while (text !== before);
  return text;
}

const isPublic = ({ name }) => !name.split('.').some((part) => part.startsWith('_'));

/** The values of an enum: names that stand before its first `;`, each alone or with arguments. */
function valuesOf({ body }) {
  const values = [];
  let docs = [];
  for (const line of body.slice(1)) {
    const text = line.startsWith('  ') && !line.startsWith('   ') ? line.slice(2) : null;
    if (text?.startsWith('///')) docs.push(text.slice(3).trim());
    else {
      const value = text?.match(/^([a-z]\w*)(?:\(.*)?([,;]?)$/) ?? text?.match(/^([a-z]\w*)\($/);
      if (value && !/^(const|final|static|return) /.test(text)) values.push({ name: value[1], signature: value[1], docs });
      if (text !== null) docs = [];
      if (/;\s*$/.test(line)) break;
    }
  }
  return values;
}

function membersOf(declaration) {
  const { signature, name, body } = declaration;
  if (signature.startsWith('typedef') || !/\b(class|enum|mixin|extension)\b/.test(signature.split(name)[0])) return [];
  const values = signature.startsWith('enum') ? valuesOf(declaration) : [];
  const known = new Set(values.map(({ name }) => name));
  // What overrides a member says what it does where it is declared first, unless it has something to add.
  const members = declarations(body.slice(1), 2, name)
    .filter((member) => isPublic(member) && !known.has(member.name))
    // Nobody calls the constructor of an enum.
    .filter((member) => !(signature.startsWith('enum') && member.name === name))
    .filter(({ annotations, docs }) => !annotations.includes('@override') || docs.length > 0);
  return [...values, ...members];
}

/** The first paragraph, as a cell of a table. */
export function summaryOf(docs) {
  const end = docs.indexOf('');
  const text = (end === -1 ? docs : docs.slice(0, end)).join(' ');
  return text
    .split('`')
    .map((part, at) => (at % 2 === 1 ? part : part.replace(/\[([\w.]+)\](?!\()/g, '`$1`').replace(/</g, '&lt;')))
    .join('`')
    .replaceAll('|', '\\|');
}

/** Every class of the sources by its name, to find what those that are offered have of others that are not. */
function everyClass() {
  const found = new Map();
  for (const name of readdirSync(join(LIBRARIES, 'src'), { recursive: true })) {
    if (!name.endsWith('.dart')) continue;
    const lines = readFileSync(join(LIBRARIES, 'src', name), 'utf8').split('\n');
    for (const declaration of declarations(lines, 0)) {
      if (/\b(class|mixin) /.test(declaration.signature)) found.set(declaration.name, declaration);
    }
  }
  return found;
}

/** The members of `declaration`, with those of classes above it that nobody can name. */
function allMembersOf(declaration, classes, offered) {
  const own = membersOf(declaration);
  const above = declaration.signature.split(declaration.name).slice(1).join(declaration.name).match(/\w+/g) ?? [];
  const inherited = above
    .filter((name) => classes.has(name) && !offered.has(name) && name !== declaration.name)
    .flatMap((name) => allMembersOf(classes.get(name), classes, offered).filter((member) => member.name !== name && member.docs.length > 0));
  // A constructor may have the name of a method.
  const known = new Set(own.filter(({ name, signature }) => !signature.includes(`${declaration.name}.${name}(`)).map(({ name }) => name));
  return [...own, ...inherited.filter(({ name }) => !known.has(name))];
}

/** Libraries with the files that they export names of, and what these declare. */
export function libraries() {
  const classes = everyClass();
  const found = librariesOf();
  const offered = new Set(found.flatMap(({ files }) => files).flatMap(({ classes }) => classes).map(({ name }) => name));
  for (const { files } of found) {
    for (const file of files) {
      file.classes = file.classes.map((declaration) => ({ ...declaration, members: allMembersOf(declaration, classes, offered) }));
    }
  }
  return found;
}

function librariesOf() {
  return readdirSync(LIBRARIES)
    .filter((name) => name.endsWith('.dart'))
    .sort()
    .map((name) => {
      const text = readFileSync(join(LIBRARIES, name), 'utf8');
      const docs = text.split('\n').filter((line) => line.startsWith('///')).map((line) => line.slice(3).trim());
      const files = [...text.matchAll(/^export '([^']+)'\s+show\s+([^;]+);/gm)]
        .filter(([, file]) => !file.startsWith('dart:'))
        .map(([, file, names]) => ofFile(name, file, names.split(',').map((name) => name.trim())));
      const whole = [...text.matchAll(/^export '([^':]+)';/gm)].map(([, file]) => file);
      return { name, docs, files, whole };
    });
}

function ofFile(library, file, names) {
  const declared = declarations(readFileSync(join(LIBRARIES, file), 'utf8').split('\n'), 0);
  const classes = names.map((name) => {
    const declaration = declared.find((declaration) => declaration.name === name);
    if (!declaration) throw new Error(`${library} exports \`${name}\` of ${file}, which does not declare it`);
    return declaration;
  });
  const path = posix.relative('src', file).replace(/\.dart$/, '');
  const folder = path.includes('/') ? path.split('/')[0] : '';
  return { path, folder, classes, guide: GUIDES[path] ?? GUIDES[folder] };
}

/** A declaration of several names, such as a class, as a section. */
function section({ name, signature, docs, members }, guide) {
  const lines = [`## ${name}`, '', `\`${signature}\``, '', summaryOf(docs)];
  if (guide) lines.push('', `Guide: [${titleOf(guide)}](../../${guide}.md)`);
  if (members.length > 0) {
    lines.push('', '| member | does |', '|---|---|');
    for (const { signature, docs } of members) lines.push(`| \`${signature.replaceAll('|', '\\|')}\` | ${summaryOf(docs)} |`);
  }
  return [...lines, ''].join('\n');
}

function titleOf(guide) {
  const index = readFileSync(join(root, 'docs/README.md'), 'utf8');
  const title = index.match(new RegExp(`\\[([^\\]]+)\\]\\(${guide}\\.md\\)`));
  if (!title) throw new Error(`docs/README.md does not list ${guide}.md`);
  return title[1];
}

/** The texts of the pages by their paths in docs/reference. */
export function pages() {
  const all = libraries();
  const areas = new Map(Object.keys(AREAS).map((folder) => [folder, []]));
  const index = [INTRODUCTION];
  for (const { name, docs, files, whole } of all) {
    index.push(`## package:cloudflare_workers/${name}`, '', summaryOf(docs), '');
    for (const other of whole) index.push(`It offers all of \`${other}\` too.`, '');
    for (const [folder, [page, title]] of Object.entries(AREAS)) {
      const inArea = files.filter((file) => file.folder === folder);
      if (inArea.length === 0) continue;
      areas.get(folder).push(...inArea);
      index.push(`### ${title}`, '', '| name | is |', '|---|---|');
      const classes = inArea.flatMap(({ classes }) => classes).sort((one, other) => (one.name < other.name ? -1 : 1));
      for (const { name, docs } of classes) index.push(`| [\`${name}\`](api/${page}.md#${name.toLowerCase()}) | ${summaryOf(docs)} |`);
      index.push('');
    }
  }
  const texts = new Map([['api.md', `${index.join('\n').trim()}\n`]]);
  for (const [folder, files] of areas) {
    if (files.length === 0) continue;
    const [page, title, about] = AREAS[folder];
    const sections = files
      .flatMap(({ classes, guide }) => classes.map((declaration) => ({ declaration, guide })))
      .sort((one, other) => (one.declaration.name < other.declaration.name ? -1 : 1))
      .map(({ declaration, guide }) => section(declaration, guide));
    const head = `# ${title}\n\nOf the [Dart API](../api.md): ${about}.\n\n`;
    texts.set(`api/${page}.md`, `${head}${sections.join('\n').trim()}\n`);
  }
  return texts;
}

const INTRODUCTION = `# Dart API

Every name of \`package:cloudflare_workers\`, with its signature and the first words of its documentation, which your
editor shows whole. Where there is a Dart SDK, \`dart doc\` makes pages of all of it, in the package's folder. This index
is made from the sources by a test, and does not need one.
`;
