/// An app of Flagship.
library;

import '../host/host.dart';
import '../values.dart';
import 'remote.dart';

/// An app of Flagship, which holds feature flags.
///
/// ```dart
/// final isNew = await env.flags.getBoolean(
///   'new-checkout',
///   false,
///   context: {'userId': user.id, 'country': 'DE'},
/// );
/// ```
///
/// What goes wrong gives the default that each method takes, and so does a flag
/// of another type; `details` say which it was. `context` has what the rules of
/// the flag decide by, JSON values each.
///
/// It has no local implementation: under `dartflare dev` each call goes to
/// Cloudflare.
///
/// See https://developers.cloudflare.com/flagship/.
class Flagship {
  Flagship._(this._ref);

  final HostRef _ref;

  /// Whether the flag [key] is on.
  Future<bool> getBoolean(
    String key,
    bool defaultValue, {
    Map<String, Object?>? context,
  }) =>
      _value('getBooleanValue', key, defaultValue, context);

  /// The text of the flag [key].
  Future<String> getString(
    String key,
    String defaultValue, {
    Map<String, Object?>? context,
  }) =>
      _value('getStringValue', key, defaultValue, context);

  /// The number of the flag [key].
  Future<num> getNumber(
    String key,
    num defaultValue, {
    Map<String, Object?>? context,
  }) =>
      _value('getNumberValue', key, defaultValue, context);

  /// The JSON object of the flag [key].
  Future<Map<String, Object?>> getObject(
    String key,
    Map<String, Object?> defaultValue, {
    Map<String, Object?>? context,
  }) =>
      _value('getObjectValue', key, defaultValue, context);

  /// Whether the flag [key] is on, and why.
  Future<FlagshipDetails<bool>> getBooleanDetails(
    String key,
    bool defaultValue, {
    Map<String, Object?>? context,
  }) =>
      _details('getBooleanDetails', key, defaultValue, context);

  /// The text of the flag [key], and why it is that.
  Future<FlagshipDetails<String>> getStringDetails(
    String key,
    String defaultValue, {
    Map<String, Object?>? context,
  }) =>
      _details('getStringDetails', key, defaultValue, context);

  /// The number of the flag [key], and why it is that.
  Future<FlagshipDetails<num>> getNumberDetails(
    String key,
    num defaultValue, {
    Map<String, Object?>? context,
  }) =>
      _details('getNumberDetails', key, defaultValue, context);

  /// The JSON object of the flag [key], and why it is that.
  Future<FlagshipDetails<Map<String, Object?>>> getObjectDetails(
    String key,
    Map<String, Object?> defaultValue, {
    Map<String, Object?>? context,
  }) =>
      _details('getObjectDetails', key, defaultValue, context);

  Future<T> _value<T>(
    String method,
    String key,
    T defaultValue,
    Map<String, Object?>? context,
  ) async =>
      convertValue<T>(
        await _call(method, key, defaultValue, context),
        'the flag `$key`',
      );

  Future<FlagshipDetails<T>> _details<T>(
    String method,
    String key,
    T defaultValue,
    Map<String, Object?>? context,
  ) async {
    final details = objectFromHost(
      await _call(method, key, defaultValue, context),
    );
    return FlagshipDetails(
      details['flagKey'] as String? ?? key,
      convertValue<T>(details['value'], 'the flag `$key`'),
      variant: details['variant'] as String?,
      reason: details['reason'] as String?,
      errorCode: details['errorCode'] as String?,
      errorMessage: details['errorMessage'] as String?,
    );
  }

  Future<Object?> _call(
    String method,
    String key,
    Object? defaultValue,
    Map<String, Object?>? context,
  ) =>
      _ref.call(method, [key, defaultValue, if (context != null) context]);
}

/// What a flag of [Flagship] is, and why.
class FlagshipDetails<T> {
  /// The flag [flagKey] is [value].
  const FlagshipDetails(
    this.flagKey,
    this.value, {
    this.variant,
    this.reason,
    this.errorCode,
    this.errorMessage,
  });

  /// The flag's key.
  final String flagKey;

  /// Its value, or the default.
  final T value;

  /// The name of the variation that was chosen, if one was.
  final String? variant;

  /// Why, such as `TARGETING_MATCH`, `DEFAULT` or `ERROR`.
  final String? reason;

  /// What went wrong, such as `TYPE_MISMATCH`; `null` if nothing did.
  final String? errorCode;

  /// What went wrong, in words; `null` if nothing did.
  final String? errorMessage;
}

/// The object behind [ref].
Flagship flagshipFromHost(HostRef ref) => Flagship._(ref);
