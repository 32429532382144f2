/// A stand-in for objects of the runtime.
library;

import 'dart:async';

import 'package:cloudflare_workers/src/host/host.dart';

/// An object whose methods are the functions in [methods], and which remembers
/// how they were called.
final class FakeRef implements HostRef {
  FakeRef(
    this.className, {
    this.methods = const {},
    this.properties = const {},
    this.selected = const {},
  });

  @override
  final String className;

  final Map<String, FutureOr<Object?> Function(List<Object?> arguments)>
      methods;

  final Map<String, Object?> properties;

  @override
  final Map<String, Object?> selected;

  /// Each call as `method(arguments)`.
  final List<String> calls = [];

  /// The arguments of each call.
  final List<List<Object?>> arguments = [];

  FutureOr<Object?> _call(String method, List<Object?> arguments) {
    calls.add('$method(${arguments.join(', ')})');
    this.arguments.add(arguments);
    final function = methods[method];
    if (function == null) throw StateError('$className has no `$method`');
    return function(arguments);
  }

  @override
  HostRef property(String name) => switch (properties[name]) {
        final HostRef ref => ref,
        _ => FakeRef('$className.$name'),
      };

  @override
  HostRef derive(String method, [List<Object?> arguments = const []]) =>
      _call(method, arguments)! as HostRef;

  @override
  HostRef construct(String className, [List<Object?> arguments = const []]) =>
      _call('new $className', arguments)! as HostRef;

  @override
  Future<Object?> get(String name) async => properties[name];

  @override
  Object? getSync(String name) => properties[name];

  @override
  Future<Object?> call(
    String method,
    List<Object?> arguments, {
    List<String>? select,
  }) async =>
      _call(method, arguments);

  @override
  Object? callSync(
    String method,
    List<Object?> arguments, {
    List<String>? select,
  }) =>
      _call(method, arguments);

  @override
  void release() {}

  @override
  String toString() => '<$className>';
}

/// The constructed object in words, for comparing.
Object? describe(Object? value) => switch (value) {
      HostNew(:final className, :final arguments) => [
          'new $className',
          for (final argument in arguments) describe(argument),
        ],
      FakeRef() => '$value',
      List() => [for (final element in value) describe(element)],
      Map() => {
          for (final MapEntry(:key, :value) in value.entries)
            key: describe(value),
        },
      _ => value,
    };
