/// Choosing functions by the method and path of a request.
library;

import 'functions.dart';
import 'params.dart';
import 'pattern.dart';
import 'route_tree.dart';

/// A function that a request leads to: the [value] of [handler], which may turn
/// out not to be one.
typedef RoutedFunction = ({
  FunctionHandler handler,
  Object? value,
  PagesParams params,
  String functionPath,
});

/// The functions of a project, by the method and path that they are for.
final class FunctionRouter {
  /// A router for [routes], the first of which is tried first.
  ///
  /// Throws an [ArgumentError] if the path of one is no pattern.
  FunctionRouter(List<FunctionRoute> routes) {
    final patterns = <String, PathPattern>{};
    PathPattern pattern(String source) =>
        patterns[source] ??= PathPattern(source);
    for (final (number, route) in routes.indexed) {
      final path = pattern(route.path);
      _routes.add((route: route, path: path, mount: pattern(route.mount)));
      if (route.middleware != null) {
        _tree.addStart(
          route.path,
          number,
          endsAnywhere: path.endsAnywhere,
        );
      }
      if (route.module != null) _tree.addWhole(route.path, number);
    }
  }

  final List<({FunctionRoute route, PathPattern path, PathPattern mount})>
      _routes = [];
  final RouteTree _tree = RouteTree();

  /// The functions for a request of [method] for [path], which is ASCII, as they
  /// are to run one after the other: all middleware, the least specific first,
  /// then what the most specific file has.
  Iterable<RoutedFunction> functionsFor(String method, String path) sync* {
    final given = _Path(path);
    final (:whole, :start) = _tree.find(given.lower);
    yield* _middleware(method, given, start);
    for (final number in whole..sort()) {
      final (:route, path: pattern, :mount) = _routes[number];
      if (!_isFor(method, route)) continue;
      final match = pattern.matchAll(path, given.lower);
      if (match == null || given.start(mount) == null) continue;
      yield* _functions(route.module!, match.params, path);
      return;
    }
  }

  /// The middleware for a request of [method] for [path], as [functionsFor] has
  /// it.
  Iterable<RoutedFunction> middlewareFor(String method, String path) {
    final given = _Path(path);
    return _middleware(method, given, _tree.find(given.lower).start);
  }

  Iterable<RoutedFunction> _middleware(
    String method,
    _Path given,
    List<int> start,
  ) sync* {
    final path = given.text;
    // What serves the assets takes slashes in a row for one: they must not lead
    // there past the middleware before it.
    _Path? single;
    if (path.contains('//')) {
      single = _Path(path.replaceAll(_slashes, '/'));
      final more = _tree.find(single.lower).start;
      start.addAll(more.toSet().difference(start.toSet()));
    }
    for (final number in start..sort((a, b) => b.compareTo(a))) {
      final (:route, path: pattern, :mount) = _routes[number];
      if (!_isFor(method, route)) continue;
      final match = given.start(pattern) ?? single?.start(pattern);
      if (match == null) continue;
      final mounted = identical(mount, pattern)
          ? match
          : given.start(mount) ?? single?.start(mount);
      if (mounted == null) continue;
      yield* _functions(
        route.middleware!,
        match.params,
        identical(mounted.path, given)
            ? path.substring(0, mounted.end)
            : _withSlashes(path, single!.text, mounted.end),
      );
    }
  }

  static bool _isFor(String method, FunctionRoute route) =>
      route.method == null || route.method == method;

  static Iterable<RoutedFunction> _functions(
    FunctionHandler handler,
    Map<String, Object> params,
    String functionPath,
  ) {
    // The functions of one list share their parameters, as on the platform.
    final shared = paramsOf(params);
    return [
      for (final value in handler.values)
        (
          handler: handler,
          value: value,
          params: shared,
          functionPath: functionPath,
        ),
    ];
  }

  /// As much of [path] as is the first [end] characters of [single], where its
  /// slashes are single.
  static String _withSlashes(String path, String single, int end) {
    var at = 0;
    for (var i = 0; i < end; i++) {
      at++;
      if (!single.startsWith('/', i)) continue;
      while (path.startsWith('/', at)) {
        at++;
      }
    }
    return path.substring(0, at);
  }
}

/// A path, and the same in lower case.
final class _Path {
  _Path(this.text) : lower = text.toLowerCase();

  final String text;
  final String lower;

  /// What [pattern] matches at its start.
  ({_Path path, int end, Map<String, Object> params})? start(
    PathPattern pattern,
  ) =>
      switch (pattern.matchStart(text, lower)) {
        null => null,
        (:final end, :final params) => (path: this, end: end, params: params),
      };
}

final RegExp _slashes = RegExp('/+');
