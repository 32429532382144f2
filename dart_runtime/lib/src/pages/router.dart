/// Choosing functions by the path and method of a request.
library;

import 'functions.dart';
import 'params.dart';
import 'pattern.dart';

/// A function that a request leads to.
typedef RoutedFunction = ({
  FunctionHandler handler,
  Object? value,
  PagesParams params,
  String functionPath,
});

/// The functions of a project, by the path and method that they are for.
final class FunctionRouter {
  /// A router for [routes], the first of which is tried first.
  FunctionRouter(List<FunctionRoute> routes)
      : _routes = [
          for (final route in routes)
            (
              route: route,
              path: PathPattern(route.path),
              mount: PathPattern(route.mount),
            ),
        ];

  final List<({FunctionRoute route, PathPattern path, PathPattern mount})>
      _routes;

  /// The functions for a request of [method] and [path], one after the other as
  /// they are to run: the middleware, then the functions of one file.
  Iterable<RoutedFunction> functionsFor(String method, String path) sync* {
    final single = path.replaceAll(_slashes, '/');
    for (final (:route, path: pattern, :mount) in _routes.reversed) {
      final middleware = route.middleware;
      if (middleware == null) continue;
      if (route.method != null && route.method != method) continue;
      final match = pattern.matchStart(path, path.toLowerCase()) ??
          pattern.matchStart(single, single.toLowerCase());
      final original = mount.matchStart(path, path.toLowerCase());
      final mounted =
          original ?? mount.matchStart(single, single.toLowerCase());
      if (match == null || mounted == null) continue;
      final end = original != null
          ? original.end
          : _endWithSlashes(path, single, mounted.end);
      for (final value in middleware.values) {
        yield (
          handler: middleware,
          value: value,
          params: PagesParams(match.params),
          functionPath: path.substring(0, end),
        );
      }
    }
    for (final (:route, path: pattern, :mount) in _routes) {
      final module = route.module;
      if (module == null) continue;
      if (route.method != null && route.method != method) continue;
      final match = pattern.matchAll(path, path.toLowerCase());
      if (match == null) continue;
      if (mount.matchStart(path, path.toLowerCase()) == null) continue;
      for (final value in module.values) {
        yield (
          handler: module,
          value: value,
          params: PagesParams(match.params),
          functionPath: path,
        );
      }
      return;
    }
  }

  /// How much of [path] it is that is [end] characters with [single] slashes.
  static int _endWithSlashes(String path, String single, int end) {
    var at = 0;
    for (var i = 0; i < end; i++) {
      at++;
      if (!single.startsWith('/', i)) continue;
      while (at < path.length && path.startsWith('/', at)) {
        at++;
      }
    }
    return at;
  }
}

final RegExp _slashes = RegExp('/+');
