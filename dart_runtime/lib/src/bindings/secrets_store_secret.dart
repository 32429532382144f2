/// Secrets of the Secrets Store.
library;

import '../host/host.dart';

/// A secret of the account's Secrets Store.
///
/// Under `dartflare dev` the store is a local one, which
/// `wrangler secrets-store secret create` writes to.
///
/// See https://developers.cloudflare.com/secrets-store/integrations/workers/.
class SecretsStoreSecret {
  SecretsStoreSecret._(this._ref);

  final HostRef _ref;

  /// The value of the secret.
  ///
  /// Throws a [WorkersException] if the store has no such secret.
  Future<String> get() async => (await _ref.call('get', const []))! as String;
}

/// The object behind [ref].
SecretsStoreSecret secretsStoreSecretFromHost(HostRef ref) =>
    SecretsStoreSecret._(ref);
