/// The names of a Worker's environment.
library;

import 'bindings/kv_namespace.dart';
import 'durable_objects/namespace.dart';
import 'host/host.dart';
import 'values.dart';

/// A name that is not in the Worker's environment, or is something else there.
///
/// The text lists what is there:
///
/// ```text
/// no KV namespace `TODO` in this Worker's environment, did you mean `TODOS`?
///   it has: KV namespace `TODOS`, variable `GREETING`
///   add it under `kv_namespaces` in the Wrangler configuration, or correct the
///   name
/// ```
class BindingError extends Error {
  /// An error with this [message].
  BindingError(this.message);

  /// What is wrong, what there is, and what to do.
  final String message;

  @override
  String toString() => message;
}

/// What the Wrangler configuration binds to the Worker: KV namespaces, Durable
/// Objects, variables and secrets.
///
/// `dartflare types` generates an accessor for each name, so that a wrong one
/// does not compile. The methods here take names as text, and throw a
/// [BindingError] for a wrong one.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/bindings/.
class Environment {
  Environment._(this._ref, this._bindings);

  final HostRef _ref;
  final Map<String, HostBinding> _bindings;

  /// The KV namespace that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  KVNamespace getKVNamespace(String name) =>
      kvNamespaceFromHost(_reference(name, 'kv_namespaces'));

  /// The Durable Object namespace that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  DurableObjectNamespace getDurableObjectNamespace(String name) =>
      durableObjectNamespaceFromHost(_reference(name, 'durable_objects'));

  /// The variable [name] of the configuration's `vars`, as a [T]: a [String],
  /// [bool], [int], [double], or a [List] or [Map] of JSON values.
  ///
  /// Throws a [BindingError] if there is none or it is not a [T].
  T variable<T>(String name) {
    final value = _value(name, 'vars');
    try {
      return convertValue<T>(value, 'the variable `$name`');
    } on ValueTypeError catch (error) {
      throw BindingError(
        value is String
            ? '$error\n  a value from `.dev.vars` or `.env` is always a String'
            : '$error',
      );
    }
  }

  /// The secret [name], which `wrangler secret put` or the file `.dev.vars`
  /// sets.
  ///
  /// Throws a [BindingError] if there is none.
  String secret(String name) {
    final value = _value(name, 'secrets');
    if (value is String) return value;
    throw BindingError(
      'the secret `$name` is ${describeValue(value)}; a secret is a String',
    );
  }

  /// Whether the environment has [name], of whatever kind.
  bool has(String name) => _bindings.containsKey(name);

  /// The names of the environment.
  Iterable<String> get names => _bindings.keys;

  HostRef _reference(String name, String kind) {
    _checked(name, {kind});
    return _ref.property(name);
  }

  /// The value of [name]. Whether it is a variable or a secret is the
  /// configuration's business: `.dev.vars` may set either.
  Object? _value(String name, String kind) {
    final binding = _checked(name, {kind, 'vars', 'secrets'});
    return binding.kind == _unknown ? _ref.getSync(name) : binding.value;
  }

  /// The binding [name], which must be of one of [kinds]; the first is what was
  /// asked for.
  HostBinding _checked(String name, Set<String> kinds) {
    final binding = _bindings[name];
    if (binding == null) throw BindingError(_missing(name, kinds.first));
    // A name that the configuration does not list, one added in the dashboard
    // for example, may be anything.
    if (!kinds.contains(binding.kind) && binding.kind != _unknown) {
      throw BindingError(_otherKind(name, kinds.first, binding.kind));
    }
    return binding;
  }

  String _missing(String name, String kind) {
    final nearest = _nearest(name, kind);
    return [
      'no ${_label(kind)} `$name` in this Worker\'s environment'
          '${nearest == null ? '' : ', did you mean `$nearest`?'}',
      _listing(),
      kind == 'secrets'
          ? '  set it with `wrangler secret put $name`, and in `.dev.vars` for '
              'development, or correct the name'
          : '  add it under `$kind` in the Wrangler configuration, or correct '
              'the name',
    ].join('\n');
  }

  String _otherKind(String name, String kind, String actual) => [
        '`$name` is a ${_label(actual)} in this Worker\'s environment, not a '
            '${_label(kind)}',
        _listing(),
      ].join('\n');

  String _listing() => _bindings.isEmpty
      ? '  it has no names at all'
      : '  it has: ${[
          for (final MapEntry(:key, :value) in _bindings.entries)
            '${_label(value.kind)} `$key`',
        ].join(', ')}';

  /// The name that was probably meant, first among those of the [kind].
  String? _nearest(String name, String kind) {
    String? nearest;
    var least = name.length ~/ 3 + 2;
    for (final MapEntry(key: other, :value) in _bindings.entries) {
      final distance = _distance(name.toUpperCase(), other.toUpperCase()) +
          (value.kind == kind ? 0 : 1);
      if (distance < least) {
        least = distance;
        nearest = other;
      }
    }
    return nearest;
  }
}

/// The environment behind [ref].
Environment environmentFromHost(
  HostRef ref,
  Map<String, HostBinding> bindings,
) =>
    Environment._(ref, bindings);

const String _unknown = 'unknown';

const Map<String, String> _kinds = {
  'kv_namespaces': 'KV namespace',
  'durable_objects': 'Durable Object namespace',
  'vars': 'variable',
  'secrets': 'secret',
  _unknown: 'binding of unknown kind',
};

String _label(String kind) => _kinds[kind] ?? 'binding of `$kind`';

/// How many letters must be changed, added or removed to turn [a] into [b].
int _distance(String a, String b) {
  var previous = List.generate(b.length + 1, (i) => i);
  for (var i = 1; i <= a.length; i++) {
    final current = List.filled(b.length + 1, i);
    for (var j = 1; j <= b.length; j++) {
      final replaced = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      final changed =
          1 + (previous[j] < current[j - 1] ? previous[j] : current[j - 1]);
      current[j] = replaced < changed ? replaced : changed;
    }
    previous = current;
  }
  return previous.last;
}
