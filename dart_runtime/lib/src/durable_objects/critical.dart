/// Critical sections of Durable Objects.
library;

import 'dart:async';

import '../host/host.dart';

/// Calls [method] of [target] with [body] as a critical section, and returns
/// what [body] returned.
///
/// Neither the result nor an error of [body] has to cross to the runtime and
/// back: the caller gets the very object.
Future<T> callCritical<T>(
  HostRef target,
  String method,
  FutureOr<T> Function(List<Object?> arguments) body,
) async {
  late T result;
  (Object, StackTrace)? failure;
  final section = HostCallback.critical((arguments) async {
    // The platform may run a transaction again after a conflict.
    failure = null;
    try {
      result = await body(arguments);
    } catch (error, stack) {
      failure = (error, stack);
      rethrow;
    }
    return null;
  });
  try {
    await target.call(method, [section]);
  } catch (_) {
    if (failure == null) rethrow;
  }
  if (failure case (final error, final stack)) {
    Error.throwWithStackTrace(error, stack);
  }
  return result;
}
