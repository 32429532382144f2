/// What a function of a Pages project is given.
library;

import 'dart:async';

import '../environment.dart';
import '../http/request.dart';
import '../http/response.dart';
import 'params.dart';

/// A function of a Pages project: answers a request, or as middleware passes it
/// on with [PagesContext.next].
///
/// See https://developers.cloudflare.com/pages/functions/api-reference/#onrequests.
typedef PagesFunction = FutureOr<Response> Function(PagesContext context);

/// What a function is given: the request, and what it may do with it.
///
/// ```dart
/// // functions/_middleware.dart
/// Future<Response> onRequest(PagesContext context) async {
///   final response = await context.next();
///   return response..headers['x-frame-options'] = 'DENY';
/// }
/// ```
///
/// Each member may be taken out of it and used by itself:
/// `final PagesContext(:env, :next) = context;`. A test may implement it.
///
/// See https://developers.cloudflare.com/pages/functions/api-reference/#eventcontext.
abstract interface class PagesContext {
  /// The request, for this function alone: it may read the body, whoever else
  /// does, and nobody else sees a change of the headers.
  ///
  /// It is what an earlier function gave to [next], otherwise the request that
  /// was received. Asking for it makes a second branch of a body, if there is
  /// one; what is not read of it is held in memory.
  Request get request;

  /// What the Wrangler configuration binds to the project.
  Environment get env;

  /// The parts of the path that the brackets in the file's path stand for.
  PagesParams get params;

  /// What the functions of one request leave for each other. It is empty at
  /// first.
  ///
  /// All of them see the same map. A new one takes its place for all.
  abstract Map<String, Object?> data;

  /// The part of the path that belongs to this function: the whole of it, and
  /// for middleware as far as its folder.
  String get functionPath;

  /// Runs the next function and returns its response: the rest of the
  /// middleware, from the outermost folder inwards, then the one that the path
  /// leads to, at last the static assets. The response is its caller's to
  /// change.
  ///
  /// With a [request], that is what the rest sees, the assets too. It does not
  /// lead to another function: the path that was requested has chosen them.
  /// `context.request.copyWith(...)` makes one.
  ///
  /// Called again, it runs the function after that one.
  ///
  /// Throws what the function throws, and a `WorkersException` if the body of
  /// [request] was read already, or if the function returned no response.
  Future<Response> next([Request request]);

  /// Keeps the event alive until [future] is done, also after the response was
  /// sent. The platform sets a limit of 30 seconds.
  void waitUntil(Future<void> future);

  /// Lets the static assets answer if the functions throw, in place of an error
  /// page.
  ///
  /// They are asked for the request as [next] last had it. Without static
  /// assets it does nothing.
  void passThroughOnException();
}
