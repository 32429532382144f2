/// The rules by which the platform chooses functions, as they are written: every
/// route is tried in turn, each path by a regular expression.
library;

import 'package:cloudflare_workers/src/pages/functions.dart';

/// What a regular expression found: the text, and the parameters.
typedef Found = ({String text, Map<String, Object> params});

/// What is the platform's own way, for a path of a function as a pattern: an
/// expression that matches all of a path or the start of it.
final class ReferencePattern {
  factory ReferencePattern(String pattern) =>
      _made[pattern] ??= ReferencePattern._(pattern);

  ReferencePattern._(this._pattern)
      : _names = [
          for (final param in _params.allMatches(_pattern))
            (param[2]!, isMany: param[3] == '*'),
        ];

  /// An expression takes longer to make than to use.
  static final Map<String, ReferencePattern> _made = {};

  static final RegExp _params = RegExp(r'(/?):(\w+)(\*?)');

  final List<(String, {bool isMany})> _names;
  final String _pattern;
  late final RegExp _all = _expression(_pattern, isWhole: true);
  late final RegExp _start = _expression(_pattern, isWhole: false);

  Found? matchAll(String path) => _found(_all.firstMatch(path));

  Found? matchStart(String path) => _found(_start.firstMatch(path));

  Found? _found(RegExpMatch? match) {
    if (match == null) return null;
    final params = <String, Object>{};
    for (final (at, (name, :isMany)) in _names.indexed) {
      final value = match[at + 1];
      if (value == null) continue;
      params[name] = isMany ? value.split('/') : value;
    }
    return (text: match[0]!, params: params);
  }

  static RegExp _expression(String pattern, {required bool isWhole}) {
    final out = StringBuffer('^');
    var text = '';
    var end = 0;
    for (final param in _params.allMatches(pattern)) {
      text = pattern.substring(end, param.start);
      end = param.end;
      out.write(RegExp.escape(text));
      final slash = param[1]!;
      if (param[3] == '*') {
        if (slash.isEmpty) throw ArgumentError('Can not repeat');
        out.write('(?:/((?:[^/#?]+?)(?:/(?:[^/#?]+?))*))?');
      } else if (slash.isNotEmpty) {
        out.write('(?:/([^/#?]+?))');
      } else if (text.isEmpty) {
        throw ArgumentError('Must have text between two parameters');
      } else if (text.contains(RegExp('[/#?]'))) {
        out.write('([^/#?]+?)');
      } else {
        out.write('((?:(?!${RegExp.escape(text)})[^/#?])+?)');
      }
    }
    text = pattern.substring(end);
    out.write(RegExp.escape(text));
    if (isWhole) {
      out.write(r'[/#?]?$');
    } else {
      out.write(r'(?:[/#?](?=$))?');
      if (!text.endsWith('/') &&
          !text.endsWith('[') &&
          !text.endsWith(']') &&
          !text.endsWith(r'\')) {
        out.write(r'(?=[/#?]|$)');
      }
    }
    return RegExp('$out', caseSensitive: false);
  }
}

/// The functions for a request, each in words: file, parameters, path.
final class ReferenceRouter {
  ReferenceRouter(List<FunctionRoute> routes)
      : _routes = [
          for (final route in routes)
            (
              route,
              path: ReferencePattern(route.path),
              mount: ReferencePattern(route.mount),
            ),
        ];

  final List<
      (
        FunctionRoute, {
        ReferencePattern path,
        ReferencePattern mount,
      })> _routes;

  List<String> functionsFor(String method, String path) {
    final functions = <String>[];
    final single = path.replaceAll(RegExp('/+'), '/');
    for (final (route, path: pattern, :mount) in _routes.reversed) {
      if (route.method != null && route.method != method) continue;
      final middleware = route.middleware;
      if (middleware == null) continue;
      final match = pattern.matchStart(path) ?? pattern.matchStart(single);
      final original = mount.matchStart(path);
      final mounted = original ?? mount.matchStart(single);
      if (match == null || mounted == null) continue;
      var functionPath = mounted.text;
      if (original == null) {
        // Each slash of it is as many as there are in the path.
        final slashes = functionPath.split('/').map(RegExp.escape).join('/+');
        functionPath = RegExp('^$slashes').firstMatch(path)![0]!;
      }
      for (final value in middleware.values) {
        functions.add('$value ${_sorted(match.params)} $functionPath');
      }
    }
    for (final (route, path: pattern, :mount) in _routes) {
      if (route.method != null && route.method != method) continue;
      final module = route.module;
      if (module == null) continue;
      final match = pattern.matchAll(path);
      if (match == null || mount.matchStart(path) == null) continue;
      for (final value in module.values) {
        functions.add('$value ${_sorted(match.params)} ${match.text}');
      }
      break;
    }
    return functions;
  }
}

String _sorted(Map<String, Object> params) => [
      for (final name in params.keys.toList()..sort())
        '$name=${params[name]}:${params[name] is List ? 'many' : 'one'}',
    ].join(',');

/// [params] in the same words.
String paramsInWords(Map<String, Object> params) => _sorted(params);
