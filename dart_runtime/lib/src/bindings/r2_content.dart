/// What is stored in R2, on its way there.
library;

import 'dart:typed_data';

import '../host/host.dart';
import '../http/body.dart';
import '../http/form_data.dart';
import '../streams.dart';
import 'r2_exception.dart';

/// [value] as R2 takes it: `null`, a [String], bytes, a [FormFile] or a stream.
///
/// Throws an [ArgumentError] for anything else, for a stream of Dart without a
/// [length], and for a [length] of anything but a stream.
Object? r2Content(Object? value, int? length) {
  if (length != null) {
    if (value is! Stream<List<int>>) {
      throw ArgumentError.value(
        length,
        'length',
        'is for streams; the length of anything else is known',
      );
    }
    return FixedLengthStream(value, length);
  }
  return switch (value) {
    null || String() => value,
    List<int>() => r2Bytes(value),
    FormFile() => value.bytes,
    Stream<List<int>>() => _ofKnownLength(streamToHost(value)),
    _ => throw ArgumentError.value(
        value,
        'value',
        'give a `String`, bytes, a `Stream<List<int>>`, a `FormFile` or null; '
            'encode anything else, with `jsonEncode` for example',
      ),
  };
}

/// The runtime knows the lengths of its own streams, if they have one.
Object? _ofKnownLength(Object? content) =>
    content is Stream<Object?> && content is! HostStream
        ? throw unknownLength()
        : content;

/// [bytes] as the host takes them.
Uint8List r2Bytes(List<int> bytes) =>
    bytes is Uint8List ? bytes : Uint8List.fromList(bytes);
