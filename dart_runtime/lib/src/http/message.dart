/// What requests and responses have in common.
library;

import 'dart:convert';
import 'dart:typed_data';

import '../host/host.dart';
import '../values.dart';
import 'body.dart';
import 'form_data.dart';
import 'headers.dart';

/// What becomes of a body whose header `Content-Encoding` names an encoding.
enum BodyEncoding {
  /// It is encoded when it is sent, and decoded when it is received.
  automatic,

  /// It is encoded already, or is wanted as it is.
  manual,
}

/// The headers and the body of a request or a response.
///
/// A body is read once: [text], [json], [bytes], [formData], listening to
/// [body] and sending the message on each use it up, and doing so a second time
/// throws a [StateError]. Text and bytes that the program itself gave as a body
/// may be sent any number of times.
abstract base class HttpMessage {
  /// Takes the parts over; for subclasses only.
  HttpMessage(this.headers, this._body);

  /// The headers. They may be changed until the message is sent.
  final Headers headers;

  final Body _body;

  /// The body in pieces as they arrive, or `null` if there is none.
  ///
  /// Given as the body of another message, or stored, before anyone listened
  /// to it, it does not pass through Dart.
  Stream<Uint8List>? get body => _body.stream;

  /// Whether the body was read or sent.
  bool get bodyUsed => _body.isUsed;

  /// Reads the body as UTF-8 text; empty if there is none.
  Future<String> text() => _body.text();

  /// Reads the body as JSON.
  ///
  /// Throws a [FormatException] if it is not, and a [ValueTypeError] if it is
  /// not a [T]. Numbers, and lists and maps of common types, become the type
  /// that is asked for: `await request.json<List<int>>()`.
  Future<T> json<T>() async {
    final text = await _body.text();
    return convertValue<T>(jsonDecode(text), 'the JSON body');
  }

  /// Reads the body as bytes; empty if there is none.
  Future<Uint8List> bytes() => _body.bytes();

  /// Reads the body as a form, either `multipart/form-data` or
  /// `application/x-www-form-urlencoded`, as the header `Content-Type` says.
  ///
  /// Throws a [FormatException] if it is neither. The whole body, files too,
  /// is held in memory.
  Future<FormData> formData() async {
    final contentType = headers['content-type'];
    return parseFormData(await _body.bytes(), contentType);
  }
}

/// The body of [message].
Body bodyOf(HttpMessage message) => message._body;

/// The object of the runtime that [clone] makes of [owner].
HostRef cloneRef(HostRef owner) =>
    owner.callSync('clone', const [], select: const [])! as HostRef;

/// The headers and body of a new message: a form brings its own content type,
/// and [contentType] is set if there is a body and no other.
(Headers, Body) newMessage(
  Object? headers,
  Object? body, {
  String? contentType,
}) {
  final allHeaders = Headers(headers);
  final encoded = body is FormData ? EncodedFormData(body) : body;
  final type = encoded is EncodedFormData ? encoded.contentType : contentType;
  if (type != null && encoded != null && !allHeaders.contains('content-type')) {
    allHeaders['content-type'] = type;
  }
  return (allHeaders, Body.from(encoded));
}
