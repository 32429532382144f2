/// Functions that run one after the other for a request.
library;

import 'dart:async';

import '../bindings/fetcher.dart';
import '../environment.dart';
import '../execution_context.dart';
import '../host/host.dart';
import '../http/request.dart';
import '../http/response.dart';
import 'context.dart';
import 'functions.dart';
import 'params.dart';
import 'request_path.dart';
import 'router.dart';

/// Answers [request] with the first of the functions that [router] has for it,
/// which run the rest with `next()`; after the last come the static assets of
/// [env].
Future<Response> runFunctions(
  FunctionRouter router,
  Request request,
  Environment env,
  ExecutionContext ctx,
) =>
    _Chain(router, request, env, ctx).run();

final class _Chain {
  _Chain(this._router, this._request, this.env, this._ctx)
      : _path = pathnameOf(urlTextOf(_request));

  final FunctionRouter _router;

  /// The path that was requested.
  final String _path;

  late Iterator<RoutedFunction> _functions =
      _router.functionsFor(_request.method, _path).iterator;

  /// What was run.
  final Set<FunctionHandler> _run = {};

  final Environment env;
  final ExecutionContext _ctx;

  /// The request as the next function gets it. Nobody reads its body or changes
  /// its headers: each function has a request of its own.
  Request _request;

  /// The request whose body the assets got.
  Request? _spent;

  bool _passesThrough = false;

  /// What the functions leave for each other.
  Map<String, Object?> data = {};

  late final Fetcher? _assets = assetsOf(env);

  Future<Response> run() async {
    try {
      return await next();
    } catch (_) {
      if (_passesThrough && _assets != null) return _fallThrough();
      rethrow;
    }
  }

  Future<Response> next([Request? request]) async {
    if (request != null) _request = requestTakenFrom(request);
    if (!_functions.moveNext()) return _fallThrough();
    final routed = _functions.current;
    _run.add(routed.handler);
    final value = routed.value;
    if (value is! Object? Function(PagesContext)) throw _notAFunction(routed);
    var result = value(_Context(this, _request, routed));
    if (result is Future<Object?>) result = await result;
    if (result is Response) return responseTakenFrom(result);
    // The message is the platform's own; whose it is, the stack tells.
    Error.throwWithStackTrace(
      const WorkersException(
        'Error',
        'Your Pages function should return a Response',
      ),
      StackTrace.fromString(
        '#0      ${routed.handler.name} (${routed.handler.file}), which '
        'returned ${result == null ? 'null' : 'a ${result.runtimeType}'}\n',
      ),
    );
  }

  Future<Response> _fallThrough() async {
    final assets = _assets;
    if (assets == null) return Response(null, status: 404);
    if (identical(_spent, _request)) throw usedBody;
    // Whoever has not asked for its own request yet may still do so.
    final own = requestForHandler(_request);
    if (own.body != null) _spent = _request;
    final response = await assets.fetch(own);
    if (!const {404, 405}.contains(response.status)) {
      final guards = _guards();
      if (guards.isNotEmpty) {
        _functions = guards.iterator;
        return next();
      }
    }
    return responseTakenFrom(response);
  }

  /// The middleware of the folder where the assets have the file that is asked
  /// for, where that did not run because the path is encoded: `/%61pi/x` is no
  /// path below `/api`, but what serves the assets decodes it. Where they have
  /// no such file, nothing is guarded. A path that a function has put in its
  /// place is that function's business, encoded or not.
  List<RoutedFunction> _guards() {
    if (!_path.contains('%') || pathnameOf(urlTextOf(_request)) != _path) {
      return const [];
    }
    return [
      for (final routed in _router.middlewareFor(
        _request.method,
        servedPathOf(_path),
      ))
        if (!_run.contains(routed.handler)) routed,
    ];
  }

  void waitUntil(Future<void> future) => _ctx.waitUntil(future);

  void passThrough() => _passesThrough = true;

  static WorkersException _notAFunction(RoutedFunction routed) =>
      WorkersException(
        'TypeError',
        'handler is not a function: `${routed.handler.name}` in '
            '`${routed.handler.file}` '
            '${routed.handler.values.length == 1 ? 'is' : 'has'} '
            '${routed.value == null ? '`null`' : 'a `${routed.value.runtimeType}`'}'
            ', and a Pages function takes a `PagesContext`',
      );
}

final class _Context implements PagesContext {
  _Context(this._chain, this._given, this._routed);

  final _Chain _chain;
  final Request _given;
  final RoutedFunction _routed;

  @override
  late final Request request = requestForHandler(_given);

  @override
  Environment get env => _chain.env;

  @override
  PagesParams get params => _routed.params;

  @override
  Map<String, Object?> get data => _chain.data;

  @override
  set data(Map<String, Object?> value) => _chain.data = value;

  @override
  String get functionPath => _routed.functionPath;

  @override
  Future<Response> next([Request? request]) => _chain.next(request);

  @override
  void waitUntil(Future<void> future) => _chain.waitUntil(future);

  @override
  void passThroughOnException() => _chain.passThrough();
}
