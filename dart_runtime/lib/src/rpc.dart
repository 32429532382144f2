/// Methods that other Workers call.
library;

import 'host/host.dart';
import 'js_binding.dart';

/// Calls the one of [methods] that the `rpc` event with [info] names, of the
/// class [className].
Future<Object?> callMethod(
  Map<String, Function> methods,
  Map<String, Object?> info,
  String className,
) async {
  final name = info['method']! as String;
  final method = methods[name];
  if (method == null) {
    throw WorkersException(
      'TypeError',
      'the class `$className` has no method `$name` for RPC; '
          '${methods.isEmpty ? 'it has none' : 'it has '
              '${methods.keys.map((name) => '`$name`').join(', ')}'}, '
          'add it to its `methods`',
    );
  }
  final arguments = valueFromHost(info['arguments'])! as List<Object?>;
  final Object? result = Function.apply(method, arguments);
  return valueToHost(result is Future<Object?> ? await result : result);
}
