/// What the platform keeps of a workflow.
library;

import 'dart:typed_data';

import '../values.dart';

/// Deeper than any sensible value; a cyclic one reaches it.
const int _maxDepth = 200;

/// Throws an [ArgumentError] if [value], which [what] names, or something in it
/// cannot be kept between the runs of a workflow.
///
/// What cannot cross to the runtime would be refused there too; but what can
/// cross and not be kept, such as a response, would end the instance without a
/// word about where it is.
void checkStored(Object? value, String what) => _check(value, what, '', 0);

void _check(Object? value, String what, String path, int depth) {
  final place = path.isEmpty ? what : '$what, at `$path`';
  if (depth > _maxDepth) {
    throw ArgumentError('$what is cyclic, or nested too deeply');
  }
  switch (value) {
    case null || bool() || num() || String() || DateTime() || Uint8List():
      return;
    case List<Object?>():
      for (final (at, item) in value.indexed) {
        _check(item, what, '$path[$at]', depth + 1);
      }
    case Map<Object?, Object?>():
      for (final MapEntry(:key, value: item) in value.entries) {
        if (key is! String) {
          throw ArgumentError(
            '$place has the key `$key`; a workflow keeps maps with String keys',
          );
        }
        _check(
          item,
          what,
          path.isEmpty ? key : '$path.$key',
          depth + 1,
        );
      }
    default:
      throw ArgumentError(
        '$place is ${describeValue(value)}, which a workflow cannot keep; give '
        'null, a bool, num, String, DateTime, Uint8List, or a List or '
        'Map of those',
      );
  }
}
