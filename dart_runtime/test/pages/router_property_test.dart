import 'dart:math';

import 'package:cloudflare_workers/src/pages/functions.dart';
import 'package:cloudflare_workers/src/pages/router.dart';

import '../testing.dart';
import 'reference.dart';

const _trees = 1250;
const _pathsPerTree = 8;

/// Names of folders and files; what is often drawn makes paths that meet.
const _names = [
  ...['a', 'b', 'ab', 'a-b', 'A', 'a.b'],
  ...['[p]', '[p]', '[q]', '[[r]]', '[[r]]', '[[s]]'],
  ...['item-[p]', 'Item-[q]', '[p]-[q]', '[p].json', 'a[p]b', '[p]-b-[q]-b'],
  ...['[[r]].zip', '[[r]]-[q]', 'a[', 'b]', r'a\', 'a+b', r'a$', '(a)', 'a|b'],
  ...[
    '~a',
    '%61',
    'a%20b',
    'é',
    'a b',
    '_x',
    'index',
    '\u0130',
    'a\u212a',
    '\u017f'
  ],
];

/// What parameters stand for, and segments that nothing does.
const _values = [
  ...['a', 'b', 'ab', 'A', 'B', 'a-b', '1-2-3', 'item-7', 'ITEM-', 'item-'],
  ...['x.json', '.json', 'aXb', 'ab', 'a.zip', '.zip', '-', '--', 'b-b-b-b'],
  ...['%2F', 'a%2fb', '%61', 'a+b', r'a$', '(a)', 'a[', 'a[x', 'b]', 'b]x'],
  ...['~a', 'a%20b', '%C3%A9', 'a|b', '_x', 'index', '...', ':p', '*', '', ''],
];

const _methods = [null, null, null, 'GET', 'POST'];

void routerPropertyTests() {
  test('the tree chooses as the rules do', () {
    final seed = DateTime.now().microsecondsSinceEpoch & 0x3fffffff;
    final random = Random(seed);
    final seen = <String, int>{};
    for (var tree = 0; tree < _trees; tree++) {
      final routes = _routes(random);
      final router = FunctionRouter(routes);
      final reference = ReferenceRouter(routes);
      for (var i = 0; i < _pathsPerTree; i++) {
        final path = _path(random, routes);
        final method = random.nextBool() ? 'GET' : 'POST';
        final expected = reference.functionsFor(method, path);
        final actual = [
          for (final (handler: _, :value, :params, :functionPath)
              in router.functionsFor(method, path))
            '$value ${paramsInWords(params.toMap())} $functionPath',
        ];
        final kind = '${min(expected.length, 4)} functions';
        seen[kind] = (seen[kind] ?? 0) + 1;
        if ('$expected' == '$actual') continue;
        throw Exception(
          'seed $seed, tree $tree: $method $path\n'
          '  by the rules ${expected.join('\n               ')}\n'
          '  by the tree  ${actual.join('\n               ')}\n'
          '${routes.map(_inWords).join('\n')}',
        );
      }
    }
    // Paths that lead nowhere would prove nothing.
    for (var length = 0; length <= 4; length++) {
      final times = seen['$length functions'] ?? 0;
      if (times < 500) throw Exception('seed $seed: $times times $length');
    }
  });
}

/// The routes of some files, in the order in which the platform tries them.
List<FunctionRoute> _routes(Random random) {
  final byKey = <String, FunctionRoute>{};
  // A few names only, so that they meet.
  final names = [
    for (var i = 0; i < 6; i++) _names[random.nextInt(_names.length)],
  ];
  final folders = <List<String>>[[]];
  final files = 1 + random.nextInt(14);
  for (var i = 0; i < files; i++) {
    var folder = folders[random.nextInt(folders.length)];
    if (folder.length < 5 && random.nextInt(3) > 0) {
      folder = [...folder, names[random.nextInt(names.length)]];
      folders.add(folder);
    }
    final isMiddleware = random.nextInt(3) == 0;
    final isIndex = isMiddleware || random.nextInt(4) == 0;
    final name = names[random.nextInt(names.length)];
    final mount = _pattern('/${folder.join('/')}');
    final path = isIndex ? mount : _pattern('/${[...folder, name].join('/')}');
    final method = _methods[random.nextInt(_methods.length)];
    final handler = FunctionHandler(
      '$path.dart',
      'onRequest',
      random.nextInt(5) == 0 ? ['$i:$path[0]', '$i:$path[1]'] : '$i:$path',
    );
    final before = byKey['$method $path'];
    byKey['$method $path'] = FunctionRoute(
      path,
      mount: mount,
      method: method,
      middleware: isMiddleware ? handler : before?.middleware,
      module: isMiddleware ? before?.module : handler,
    );
  }
  final routes = byKey.values.where(_isPossible).toList();
  return routes..sort(_compare);
}

String _pattern(String path) => path
    .replaceAllMapped(RegExp(r'\[\[(\w+)\]\]'), (match) => ':${match[1]}*')
    .replaceAllMapped(RegExp(r'\[(\w+)\]'), (match) => ':${match[1]}');

/// Whether it is no pattern that fails on the platform.
bool _isPossible(FunctionRoute route) =>
    !RegExp(r':\w+\*?:|[^/]:\w+\*').hasMatch(route.path);

int _compare(FunctionRoute a, FunctionRoute b) {
  List<String> segments(FunctionRoute route) =>
      [...route.path.split('/').where((segment) => segment.isNotEmpty)];
  final (one, other) = (segments(a), segments(b));
  if (one.length != other.length) return other.length - one.length;
  for (var i = 0; i < one.length; i++) {
    for (final sign in ['*', ':']) {
      final isFirst = one[i].contains(sign);
      if (isFirst != other[i].contains(sign)) return isFirst ? 1 : -1;
    }
  }
  if ((a.method == null) != (b.method == null))
    return a.method == null ? 1 : -1;
  final byPath = a.path.compareTo(b.path);
  return byPath != 0 ? byPath : (a.method ?? '').compareTo(b.method ?? '');
}

String _path(Random random, List<FunctionRoute> routes) {
  String value() => _values[random.nextInt(_values.length)];
  final segments = <String>[];
  if (routes.isEmpty || random.nextInt(10) == 0) {
    for (var i = random.nextInt(5); i >= 0; i--) {
      segments.add(value());
    }
  } else {
    final route = routes[random.nextInt(routes.length)];
    for (final segment in route.path.split('/').skip(1)) {
      if (RegExp(r'^:\w+\*$').hasMatch(segment)) {
        for (var i = random.nextInt(4); i > 0; i--) {
          segments.add(value());
        }
        continue;
      }
      segments.add(
        segment.replaceAllMapped(
          RegExp(r':\w+\*?'),
          (match) => match[0]!.endsWith('*')
              ? [for (var i = random.nextInt(3); i >= 0; i--) value()].join('/')
              : value(),
        ),
      );
    }
  }
  for (var i = random.nextInt(3); i > 0; i--) {
    final at = random.nextInt(segments.length + 1);
    switch (random.nextInt(9)) {
      case 0:
        segments.insert(at, '');
      case 1:
        segments.add('');
      case 2:
        segments.insert(at, value());
      case 3 when at < segments.length:
        segments.removeAt(at);
      case 4 when at < segments.length:
        segments[at] = segments[at].toUpperCase();
      case 5 when at < segments.length:
        segments[at] += value();
      case 6 when at + 1 < segments.length:
        // Some text joins the segment before it.
        segments[at] += segments.removeAt(at + 1);
      default:
        segments.add(value());
    }
  }
  // What a URL cannot have as it is.
  return '/${segments.join('/')}'.replaceAllMapped(
    RegExp(r'[^!-~]|[{}^\\]'),
    (match) => Uri.encodeComponent(match[0]!),
  );
}

String _inWords(FunctionRoute route) => [
      '  ${route.method ?? 'any'} ${route.path} in ${route.mount}:',
      if (route.middleware != null) 'middleware',
      if (route.module != null) 'module',
    ].join(' ');
