/// What R2 refuses.
library;

import '../host/host.dart';

/// An operation that R2 refused, or that failed there.
///
/// See https://developers.cloudflare.com/r2/api/error-codes/.
final class R2Exception extends WorkersException {
  /// Describes an error of R2.
  const R2Exception(
    super.name,
    super.message, {
    required this.code,
    required this.action,
    super.stack,
    super.retryable,
    super.overloaded,
  });

  /// R2's number of what went wrong, such as 10039 for a range outside of the
  /// object.
  final int code;

  /// The operation, as R2 names it: `get`, `put`, `completeMultipartUpload`.
  final String action;
}

final RegExp _numbered = RegExp(r'^(\w+): [\s\S]*\((\d{1,9})\)$');

/// The result of [call]. What R2 refuses becomes an [R2Exception], and a stream
/// of unknown length an [ArgumentError].
Future<T> explained<T>(Future<T> call) async {
  try {
    return await call;
  } on WorkersException catch (error, stack) {
    Error.throwWithStackTrace(_explain(error), stack);
  }
}

Object _explain(WorkersException error) {
  // R2 gives its numbers in the text alone.
  final match = _numbered.firstMatch(error.message);
  if (match != null) {
    return R2Exception(
      error.name,
      error.message,
      code: int.parse(match[2]!),
      action: match[1]!,
      stack: error.stack,
      retryable: error.retryable,
      overloaded: error.overloaded,
    );
  }
  return error.message.contains('must have a known length')
      ? unknownLength()
      : error;
}

/// Says that R2 was given a stream of which nobody knows how long it is.
ArgumentError unknownLength() => ArgumentError(
      'R2 takes a stream only if its length is known beforehand: give `length` '
          'in bytes, or read all of it and give the bytes, or send the parts '
          'with `createMultipartUpload`',
      'value',
    );
