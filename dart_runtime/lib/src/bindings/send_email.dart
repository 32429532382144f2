/// A sender of emails.
library;

import '../host/host.dart';

/// A sender of emails.
///
/// See https://developers.cloudflare.com/email-routing/email-workers/send-email-workers/.
class SendEmail {
  SendEmail._(this._ref);

  final HostRef _ref;
}

/// The object behind [ref].
SendEmail sendEmailFromHost(HostRef ref) => SendEmail._(ref);
