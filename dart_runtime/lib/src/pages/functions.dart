/// What the program that dartflare generates from `functions/` consists of.
library;

import '../cloudflare_workers.dart';
import 'chain.dart';
import 'router.dart';

/// The functions for one path, and one method if [method] says so.
final class FunctionRoute {
  /// Functions for [path], in which `:name` is a segment or a part of one and
  /// `/:name*` any number of segments.
  ///
  /// [mount] is the path of the folder, and [method] in capitals.
  FunctionRoute(
    this.path, {
    required this.mount,
    this.method,
    this.middleware,
    this.module,
  });

  /// The path as a pattern.
  final String path;

  /// The path of the folder as a pattern.
  final String mount;

  /// The one method that it is for; `null` for any.
  final String? method;

  /// Runs for each path that begins so.
  final FunctionHandler? middleware;

  /// Runs for this path, if no route before it does.
  final FunctionHandler? module;
}

/// What a name of a file holds.
final class FunctionHandler {
  /// The [value] of [name] in [file].
  FunctionHandler(this.file, this.name, Object? value)
      : values = value is List<Object?> ? List.unmodifiable(value) : [value];

  /// The path of the file in the project.
  final String file;

  /// The name, such as `onRequestGet`.
  final String name;

  /// The function, or the functions of a list one by one; each may turn out not
  /// to be one.
  final List<Object?> values;
}

/// Registers a Worker that serves [routes], the first of which is tried first,
/// and leaves the rest to the static assets.
void serveFunctions(List<FunctionRoute> routes) {
  CloudflareWorkers(fetch: handlerFor(routes));
}

/// What answers requests with [routes], the first of which is tried first.
///
/// Throws an [ArgumentError] if the path of one is no pattern.
FetchHandler handlerFor(List<FunctionRoute> routes) {
  final router = FunctionRouter(routes);
  return (request, env, ctx) => runFunctions(router, request, env, ctx);
}
