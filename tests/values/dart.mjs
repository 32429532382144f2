// The table as Dart has it.

import { BOTH, REFUSED_BY_DART, REFUSED_BY_JAVASCRIPT, TO_DART, TO_JAVASCRIPT } from './table.mjs';

export const PATH = 'tests/fixtures/apps/values/lib/table.g.dart';

const quote = (text) => (text.includes("'") ? `"${text}"` : `'${text}'`).replaceAll('$', '\\$');

const map = (name, comment, rows, value) =>
  `/// ${comment}\nfinal ${name} = {\n${rows.map((row) => `  ${quote(row[0])}: ${value(row)},\n`).join('')}};\n`;

export const dartTable = () =>
  [
    `// dart format off
// ignore_for_file: type=lint
// Made from tests/values/table.mjs by \`DARTFLARE_UPDATE=1 node --test tests/js/table.test.mjs\`.

import 'dart:typed_data';

import 'package:cloudflare_workers/cloudflare_workers.dart';

Object? nested(int depth, Object? value) {
  for (var at = 0; at < depth; at++) value = [value];
  return value;
}

Object? cyclic() {
  final map = {'inner': <Object?>[]};
  map['inner']!.add(map);
  return map;
}
`,
    map('given', 'What JavaScript gives, and what it is in Dart.', [...BOTH, ...TO_DART], ([, , dart]) => `() => ${dart}`),
    map('taken', 'What JavaScript takes, and knows by this name.', [...BOTH, ...TO_JAVASCRIPT], ([, , dart]) => `() => ${dart}`),
    map('notGiven', 'What JavaScript cannot give, and the error.', REFUSED_BY_JAVASCRIPT, ([, , text]) => quote(text)),
    map(
      'notTaken',
      'What Dart cannot give, and how the error begins.',
      REFUSED_BY_DART,
      ([, dart, text]) => `(() => ${dart}, ${quote(text)})`,
    ),
  ].join('\n');
