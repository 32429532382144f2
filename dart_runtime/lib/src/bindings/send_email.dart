/// A sender of emails.
library;

import 'dart:async';
import 'dart:typed_data';

import '../host/current.dart';
import '../host/host.dart';
import '../http/body.dart';

/// A sender of emails.
///
/// ```dart
/// await env.getSendEmail('MAIL').send(
///   const EmailMessageBuilder(
///     from: EmailAddress('shop@example.com', name: 'The shop'),
///     to: [EmailAddress('you@example.com')],
///     subject: 'Your order',
///     text: 'It is on its way.',
///   ),
/// );
/// ```
///
/// Under `dartflare dev` nothing is sent: wrangler writes the email to a file
/// and prints where.
///
/// See https://developers.cloudflare.com/email-routing/email-workers/send-email-workers/.
class SendEmail {
  SendEmail._(this._ref);

  final HostRef _ref;

  /// Sends [email].
  ///
  /// Throws an [ArgumentError] if it is an [EmailMessageBuilder] without any
  /// recipient, and a [WorkersException] if the platform refuses it, for
  /// example because the configuration does not allow its recipient.
  Future<EmailSendResult> send(Email email) async {
    final message = switch (email) {
      EmailMessage() => await email._toHost(),
      EmailMessageBuilder(to: [], cc: [], bcc: []) => throw ArgumentError.value(
          email,
          'email',
          'an email has a recipient: give `to`, `cc` or `bcc`',
        ),
      EmailMessageBuilder() => email._toHost(),
    };
    return _resultFromHost(await _ref.call('send', [message]));
  }
}

/// An email to be sent: an [EmailMessage] whose text is there already, or an
/// [EmailMessageBuilder] that the platform makes it from.
sealed class Email {}

/// An email as it travels, headers and all.
///
/// See https://developers.cloudflare.com/email-routing/email-workers/send-email-workers/.
final class EmailMessage implements Email {
  /// An email [from] one address [to] another, both as in the envelope.
  ///
  /// [raw] is the email as RFC 5322 has it, with a `Message-ID` and lines that
  /// end in `\r\n`: a [String], bytes (`List<int>`) or a `Stream<List<int>>`,
  /// which can be sent once.
  ///
  /// Throws an [ArgumentError] if [raw] is anything else.
  EmailMessage(this.from, this.to, this.raw) {
    if (raw case String() || List<int>() || Stream<List<int>>()) return;
    throw ArgumentError.value(
      raw,
      'raw',
      'an email is a `String`, bytes or a `Stream<List<int>>`',
    );
  }

  /// The address of the sender, in the envelope.
  final String from;

  /// The address of the recipient, in the envelope.
  final String to;

  /// The email itself.
  final Object raw;

  Future<Object?> _toHost() {
    final content = switch (raw) {
      final Uint8List bytes => Stream.value(bytes),
      final List<int> bytes => Stream.value(bytes),
      final raw => streamToHost(raw),
    };
    return host.helpers.call('emailMessage', [from, to, content], select: []);
  }
}

/// The parts of an email, which the platform puts together.
///
/// See https://developers.cloudflare.com/email-routing/email-workers/send-email-workers/.
final class EmailMessageBuilder implements Email {
  /// An email [from] an address, with at least one recipient in [to], [cc] or
  /// [bcc], unless it is a reply.
  ///
  /// Of [text] and [html] at least one is expected.
  const EmailMessageBuilder({
    required this.from,
    this.to = const [],
    this.cc = const [],
    this.bcc = const [],
    this.replyTo,
    required this.subject,
    this.text,
    this.html,
    this.attachments = const [],
    this.headers = const {},
  });

  /// Who sends it.
  final EmailAddress from;

  /// Who it is for.
  final List<EmailAddress> to;

  /// Who gets a copy.
  final List<EmailAddress> cc;

  /// Who gets a copy that the others do not see.
  final List<EmailAddress> bcc;

  /// Where an answer goes, if not to [from].
  final EmailAddress? replyTo;

  /// The subject.
  final String subject;

  /// The content as plain text.
  final String? text;

  /// The content as HTML.
  final String? html;

  /// Files that come with it.
  final List<EmailAttachment> attachments;

  /// Further headers.
  final Map<String, String> headers;

  Map<String, Object?> _toHost() => {
        'from': from._toHost(),
        if (to.isNotEmpty) 'to': _all(to),
        if (cc.isNotEmpty) 'cc': _all(cc),
        if (bcc.isNotEmpty) 'bcc': _all(bcc),
        if (replyTo case final replyTo?) 'replyTo': replyTo._toHost(),
        'subject': subject,
        if (text != null) 'text': text,
        if (html != null) 'html': html,
        if (attachments.isNotEmpty)
          'attachments': [for (final file in attachments) file._toHost()],
        if (headers.isNotEmpty) 'headers': headers,
      };

  static List<Object> _all(List<EmailAddress> addresses) =>
      [for (final address in addresses) address._toHost()];
}

/// Somebody's email address.
final class EmailAddress {
  /// The address [email], which belongs to [name] if that is given.
  const EmailAddress(this.email, {this.name});

  /// The address, such as `you@example.com`.
  final String email;

  /// The name to be shown with it.
  final String? name;

  Object _toHost() => name == null ? email : {'name': name, 'email': email};
}

/// A file that comes with an email.
final class EmailAttachment {
  /// A file to be kept, with [content] of the media type [type].
  const EmailAttachment({
    required this.filename,
    required this.type,
    required this.content,
  }) : contentId = null;

  /// A file that the HTML of the email shows, as `cid:` and [contentId].
  const EmailAttachment.inline({
    required String this.contentId,
    required this.filename,
    required this.type,
    required this.content,
  });

  /// The name of the file.
  final String filename;

  /// Its media type, such as `image/png`.
  final String type;

  /// Its bytes.
  final List<int> content;

  /// What the HTML calls it; `null` if it is not shown there.
  final String? contentId;

  Map<String, Object?> _toHost() => {
        'disposition': contentId == null ? 'attachment' : 'inline',
        if (contentId != null) 'contentId': contentId,
        'filename': filename,
        'type': type,
        'content': switch (content) {
          final Uint8List bytes => bytes,
          final bytes => Uint8List.fromList(bytes),
        },
      };
}

/// An email that was sent.
final class EmailSendResult {
  /// Describes an email that was sent.
  const EmailSendResult(this.messageId);

  /// Its message ID; `null` where the platform does not tell.
  final String? messageId;
}

/// The object behind [ref].
SendEmail sendEmailFromHost(HostRef ref) => SendEmail._(ref);

/// Has [message], which came in, answered with [email].
Future<EmailSendResult> replyThroughHost(HostRef message, Email email) async {
  final reply = switch (email) {
    EmailMessage() => await email._toHost(),
    EmailMessageBuilder(to: [], cc: [], bcc: []) => email._toHost(),
    EmailMessageBuilder() => throw ArgumentError.value(
        email,
        'email',
        'a reply goes to the sender; leave out `to`, `cc` and `bcc`',
      ),
  };
  return _resultFromHost(await message.call('reply', [reply]));
}

/// Has [message], which came in, sent on to [recipient] with further [headers].
Future<EmailSendResult> forwardThroughHost(
  HostRef message,
  String recipient,
  List<List<String>> headers,
) async =>
    _resultFromHost(
      await message.call('forward', [
        recipient,
        if (headers.isNotEmpty) HostNew('Headers', [headers]),
      ]),
    );

EmailSendResult _resultFromHost(Object? result) => EmailSendResult(
      switch (result) {
        {'messageId': final String id} => id,
        _ => null,
      },
    );
