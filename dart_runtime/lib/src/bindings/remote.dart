/// What the bindings of Cloudflare's services have in common: options without
/// what was not given, and results as the types of this package.
library;

import 'dart:typed_data';

import '../host/host.dart';
import '../http/body.dart';
import '../http/response.dart';
import '../values.dart';

/// [options] without those that are `null`.
Map<String, Object?> given(Map<String, Object?> options) => {
      for (final MapEntry(:key, :value) in options.entries)
        if (value != null) key: value,
    };

/// [options] as the last argument of a call, if there is any.
List<Object?> lastArgument(Map<String, Object?> options) {
  final some = given(options);
  return [if (some.isNotEmpty) some];
}

/// [value] as an object of JSON; an empty one for anything else.
Map<String, Object?> objectFromHost(Object? value) =>
    value is Map ? value.cast<String, Object?>() : const {};

/// The objects in the list [value]; none if it is something else.
List<T> listFromHost<T>(
  Object? value,
  T Function(Map<String, Object?> object) convert,
) =>
    [
      if (value is List)
        for (final item in value) convert(objectFromHost(item)),
    ];

/// The texts in the list [value]; none if it is something else.
List<String> stringsFromHost(Object? value) =>
    value is List ? value.cast<String>().toList() : const [];

/// A time in UTC: a text as JSON has it, milliseconds since the epoch, or
/// already a [DateTime]; `null` for anything else.
DateTime? dateFromHost(Object? value) => switch (value) {
      DateTime() => value.toUtc(),
      String() => DateTime.tryParse(value)?.toUtc(),
      num() => DateTime.fromMillisecondsSinceEpoch(value.toInt(), isUtc: true),
      _ => null,
    };

/// [value] as a whole number; `null` for anything else.
int? intFromHost(Object? value) => value is num ? value.toInt() : null;

/// [value] as a fraction; `null` for anything else.
double? doubleFromHost(Object? value) => value is num ? value.toDouble() : null;

/// [content], bytes or a stream of them, as a stream for the runtime.
///
/// Throws an [ArgumentError] that names [name] for anything else.
Object bytesToHost(Object content, String name) => switch (content) {
      List<int>() => Stream<List<int>>.value(_bytes(content)),
      Stream<List<int>>() => streamToHost(content)!,
      _ => throw ArgumentError.value(
          content,
          name,
          'give bytes or a `Stream<List<int>>`',
        ),
    };

/// A `Blob` of the runtime with [content], a text or bytes.
///
/// Throws an [ArgumentError] that names [name] for anything else.
HostNew blobToHost(Object content, String name, {String? type}) =>
    HostNew('Blob', [
      [
        switch (content) {
          String() => content,
          List<int>() => _bytes(content),
          _ => throw ArgumentError.value(
              content,
              name,
              'give a `String` or bytes',
            ),
        },
      ],
      if (type != null) {'type': type},
    ]);

Uint8List _bytes(List<int> bytes) =>
    bytes is Uint8List ? bytes : Uint8List.fromList(bytes);

/// The byte stream that [result] is.
///
/// Throws a [StateError] that says what [what] gave instead.
Stream<Uint8List> streamFromHost(Object? result, String what) =>
    result is Stream<Uint8List>
        ? result
        : throw StateError(
            '$what answered with ${describeValue(result)}, not with a stream',
          );

/// The response that [method] of [ref] gives.
Future<Response> callForResponse(
  HostRef ref,
  String method,
  List<Object?> arguments,
) async {
  final result = await ref.call(method, arguments, select: responseProperties);
  return responseFromHost(result! as HostRef);
}
