/// Emails that come in.
library;

import 'dart:typed_data';

import '../bindings/send_email.dart';
import '../host/current.dart';
import '../host/host.dart';
import '../http/body.dart';
import '../http/headers.dart';

/// An email that came in.
///
/// It is dropped unless the handler forwards or rejects it.
///
/// See https://developers.cloudflare.com/email-routing/email-workers/runtime-api/.
class ForwardableEmailMessage {
  ForwardableEmailMessage._(this._ref, Map<String, Object?> info)
      : from = info['from']! as String,
        to = info['to']! as String,
        headers = headersFromHost(info['headers']),
        rawSize = info['rawSize']! as int,
        // Wrangler's dev server leaves it out, and forwards.
        canBeForwarded = info['canBeForwarded'] != false;

  final HostRef _ref;

  /// The address of the sender, in the envelope.
  final String from;

  /// The address of the recipient, in the envelope.
  final String to;

  /// The headers of the email, such as `subject`.
  final Headers headers;

  /// How many bytes [raw] has.
  final int rawSize;

  /// Whether [forward] may be called.
  final bool canBeForwarded;

  /// The whole email, headers and all, as it arrives. It can be read once.
  ///
  /// Given as a body before anyone listened to it, the stream does not pass
  /// through Dart.
  late final Stream<Uint8List> raw = Body.of(
    host.global.construct('Response', [_ref.property('raw')]),
  ).stream!;

  /// Refuses the email: the sender is told [reason] by a permanent SMTP error.
  void setReject(String reason) {
    // The handler may be done before the reply, which says nothing, is there.
    _ref.call('setReject', [reason]).ignore();
  }

  /// Sends the email on to [recipient], a verified destination address of the
  /// account, with further [headers], whose names begin with `X-`.
  ///
  /// Throws a [WorkersException] if the platform refuses.
  Future<EmailSendResult> forward(String recipient, {Headers? headers}) =>
      forwardThroughHost(
        _ref,
        recipient,
        headers == null ? const [] : headersToHost(headers),
      );

  /// Answers the sender with [email]: an [EmailMessage] whose header
  /// `In-Reply-To` is the `Message-ID` of this one, or an [EmailMessageBuilder]
  /// without recipients, for which the platform sees to that.
  ///
  /// Throws an [ArgumentError] if an [EmailMessageBuilder] has recipients, and a
  /// [WorkersException] if the platform refuses.
  Future<EmailSendResult> reply(Email email) => replyThroughHost(_ref, email);
}

/// The email behind [ref], of which [info] is known.
ForwardableEmailMessage forwardableEmailFromHost(
  HostRef ref,
  Map<String, Object?> info,
) =>
    ForwardableEmailMessage._(ref, info);
