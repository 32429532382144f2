/// Both ways of choosing functions on the Dart VM, measured as `router.mjs` asks.
///
/// A line of input is an order as JSON. `routes` and `paths` prepare: the answer
/// is what each way finds. `way` and `times` measure: the answer is the time of
/// choosing for each of the paths that many times, in microseconds.
library;

import 'dart:convert';
import 'dart:io';

import 'package:cloudflare_workers/src/pages/functions.dart';
import 'package:cloudflare_workers/src/pages/router.dart';

import '../../dart_runtime/test/pages/reference.dart';

void main() {
  late List<String> paths;
  late FunctionRouter tree;
  late ReferenceRouter rules;

  List<Object?> choose(String path) => [
        for (final function in tree.functionsFor('GET', path))
          [function.value, function.functionPath],
      ];

  String? line;
  while ((line = stdin.readLineSync()) != null) {
    switch (jsonDecode(line!)) {
      case {
          'routes': final List<Object?> routes,
          'paths': final List<Object?> all
        }:
        paths = all.cast<String>();
        final given = [for (final route in routes) _route(route)];
        final watch = Stopwatch()..start();
        tree = FunctionRouter(given);
        final prepared = watch.elapsedMicroseconds;
        rules = ReferenceRouter(given);
        _answer({
          'prepared': prepared,
          'tree': [for (final path in paths) choose(path)],
          'rules': [
            for (final path in paths) rules.functionsFor('GET', path).length,
          ],
        });
      case {'way': final String way, 'times': final int times}:
        final watch = Stopwatch()..start();
        for (var i = 0; i < times; i++) {
          for (final path in paths) {
            way == 'tree'
                ? tree.functionsFor('GET', path).toList()
                : rules.functionsFor('GET', path);
          }
        }
        _answer(watch.elapsedMicroseconds);
    }
  }
}

FunctionRoute _route(Object? described) {
  final route = described! as Map<String, Object?>;
  FunctionHandler? handler(String kind) => switch (route[kind]) {
        null => null,
        final name => FunctionHandler('$name', 'onRequest', name),
      };
  return FunctionRoute(
    route['path']! as String,
    mount: route['mount']! as String,
    method: route['method'] as String?,
    middleware: handler('middleware'),
    module: handler('module'),
  );
}

void _answer(Object? answer) => stdout.writeln(jsonEncode(answer));
