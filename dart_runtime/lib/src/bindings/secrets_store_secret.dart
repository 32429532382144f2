/// A secret of the Secrets Store.
library;

import '../host/host.dart';

/// A secret of the Secrets Store.
///
/// See https://developers.cloudflare.com/secrets-store/integrations/workers/.
class SecretsStoreSecret {
  SecretsStoreSecret._(this._ref);

  final HostRef _ref;
}

/// The object behind [ref].
SecretsStoreSecret secretsStoreSecretFromHost(HostRef ref) =>
    SecretsStoreSecret._(ref);
