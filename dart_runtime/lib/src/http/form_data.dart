/// HTML form data.
library;

import 'dart:convert';
import 'dart:math';
import 'dart:typed_data';

/// The fields and files of an HTML form.
///
/// Read one with `request.formData()`, or make one and give it as a body:
///
/// ```dart
/// final form = FormData({'title': 'Holiday'})
///   ..append('photo', FormFile('beach.jpg', bytes, contentType: 'image/jpeg'));
/// await fetch('https://example.com/upload', method: 'POST', body: form);
/// ```
///
/// A name may have several values. As a body it is sent as
/// `multipart/form-data`.
///
/// See https://developer.mozilla.org/docs/Web/API/FormData.
final class FormData {
  /// Makes form data with one text value for each entry of [fields].
  FormData([Map<String, String> fields = const {}]) {
    _entries.addAll(fields.entries);
  }

  final List<MapEntry<String, Object>> _entries = [];

  /// The first text value of [name], or `null` if it has none.
  String? operator [](String name) => getAll(name).firstOrNull;

  /// The first file of [name], or `null` if it has none.
  FormFile? file(String name) => files(name).firstOrNull;

  /// The text values of [name], in order.
  List<String> getAll(String name) => _valuesOf<String>(name);

  /// The files of [name], in order.
  List<FormFile> files(String name) => _valuesOf<FormFile>(name);

  /// Adds [value], a [String] or a [FormFile], to the values of [name].
  ///
  /// Throws an [ArgumentError] for any other value.
  void append(String name, Object value) {
    if (value is! String && value is! FormFile) {
      throw ArgumentError.value(
        value,
        'value',
        'the value of the form field `$name` is not a `String` or `FormFile`',
      );
    }
    _entries.add(MapEntry(name, value));
  }

  /// Replaces all values of [name] with [value], a [String] or a [FormFile].
  ///
  /// Throws an [ArgumentError] for any other value.
  void operator []=(String name, Object value) {
    final kept = [
      for (final entry in _entries)
        if (entry.key != name) entry,
    ];
    append(name, value);
    final added = _entries.last;
    _entries
      ..clear()
      ..addAll(kept)
      ..add(added);
  }

  /// Removes all values of [name].
  void delete(String name) =>
      _entries.removeWhere((entry) => entry.key == name);

  /// Whether [name] has a value.
  bool contains(String name) => _entries.any((entry) => entry.key == name);

  /// Every name with one of its values, a [String] or a [FormFile], in order.
  Iterable<MapEntry<String, Object>> get entries => _entries;

  List<T> _valuesOf<T>(String name) => [
        for (final MapEntry(:key, :value) in _entries)
          if (key == name && value is T) value as T,
      ];
}

/// A file of [FormData].
final class FormFile {
  /// A file called [name] with the content [bytes].
  const FormFile(
    this.name,
    this.bytes, {
    this.contentType = 'application/octet-stream',
  });

  /// The file name, as the client gave it. Do not use it as a path unchecked.
  final String name;

  /// The content.
  final Uint8List bytes;

  /// The media type, as the client gave it; `application/octet-stream` if it
  /// gave none. It is sent as that too if it is not printable ASCII.
  final String contentType;

  /// The content as UTF-8 text. Malformed bytes become U+FFFD.
  String text() => utf8.decode(bytes, allowMalformed: true);
}

/// A multipart body and the `Content-Type` that says how to read it.
final class EncodedFormData {
  EncodedFormData._(this.boundary, this.bytes);

  /// Encodes [form] with a boundary made for it.
  factory EncodedFormData(FormData form) {
    final random = Random();
    final boundary = '----dart-workers-${[
      for (var i = 0; i < 32; i++) random.nextInt(16).toRadixString(16),
    ].join()}';
    final bytes = BytesBuilder(copy: false);
    void write(String text) => bytes.add(utf8.encode(text));
    for (final MapEntry(key: name, :value) in form.entries) {
      write('--$boundary\r\n'
          'Content-Disposition: form-data; name="${_escape(name)}"');
      switch (value) {
        case final FormFile file:
          write('; filename="${_escape(file.name)}"\r\n'
              'Content-Type: ${_sendable(file.contentType)}\r\n\r\n');
          bytes.add(file.bytes);
        default:
          write('\r\n\r\n$value');
      }
      write('\r\n');
    }
    write('--$boundary--\r\n');
    return EncodedFormData._(boundary, bytes.takeBytes());
  }

  /// What separates the parts.
  final String boundary;

  /// The body.
  final Uint8List bytes;

  /// The body's `Content-Type`.
  String get contentType => 'multipart/form-data; boundary=$boundary';
}

/// [contentType] if a header can hold it; as in browsers, none otherwise.
String _sendable(String contentType) =>
    _unprintable.hasMatch(contentType) || contentType.trim().isEmpty
        ? 'application/octet-stream'
        : contentType;

final RegExp _unprintable = RegExp('[^ -~]');

/// Reads a form from a body and its `Content-Type`.
///
/// Throws a [FormatException] that says what is wrong with them.
FormData parseFormData(Uint8List body, String? contentType) {
  final type = contentType?.split(';').first.trim().toLowerCase();
  switch (type) {
    case 'application/x-www-form-urlencoded':
      return _parseUrlEncoded(utf8.decode(body, allowMalformed: true));
    case 'multipart/form-data':
      final boundary = _parameters(contentType!)['boundary'];
      if (boundary == null || boundary.isEmpty) {
        throw FormatException(
          'the content type `$contentType` has no boundary',
        );
      }
      return _Multipart(body, boundary).parse();
    default:
      throw FormatException(
        contentType == null
            ? 'the body has no content type, so it cannot be read as a form'
            : 'the content type `$contentType` is not that of a form',
      );
  }
}

FormData _parseUrlEncoded(String text) {
  final form = FormData();
  for (final pair in text.split('&')) {
    if (pair.isEmpty) continue;
    final equals = pair.indexOf('=');
    form.append(
      _decodeUrl(equals < 0 ? pair : pair.substring(0, equals)),
      _decodeUrl(equals < 0 ? '' : pair.substring(equals + 1)),
    );
  }
  return form;
}

/// Decodes as browsers do: a stray `%` stays, malformed UTF-8 becomes U+FFFD.
String _decodeUrl(String text) {
  final bytes = BytesBuilder();
  final source = utf8.encode(text);
  for (var i = 0; i < source.length; i++) {
    switch (source[i]) {
      case 0x2b: // +
        bytes.addByte(0x20);
      case 0x25 when i + 2 < source.length: // %
        final (high, low) = (_digit(source[i + 1]), _digit(source[i + 2]));
        if (high == null || low == null) {
          bytes.addByte(0x25);
        } else {
          bytes.addByte(high << 4 | low);
          i += 2;
        }
      case final byte:
        bytes.addByte(byte);
    }
  }
  return utf8.decode(bytes.takeBytes(), allowMalformed: true);
}

/// The hexadecimal digit that [char] is; `int.parse` takes signs and blanks too.
int? _digit(int char) => switch (char) {
      >= 0x30 && <= 0x39 => char - 0x30,
      >= 0x41 && <= 0x46 => char - 0x37,
      >= 0x61 && <= 0x66 => char - 0x57,
      _ => null,
    };

String _escape(String name) =>
    name.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22');

String _unescape(String name) =>
    name.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%22', '"');

/// The parameters of a header such as `form-data; name="a"`. A quoted value
/// may hold `;`, and `\"` for a quote; other backslashes are those of Windows
/// paths.
Map<String, String> _parameters(String header) => {
      for (final match in RegExp(r';\s*([^\s=;]+)\s*=\s*'
              r'(?:"((?:\\"|[^"])*)"|([^\s;"]*))')
          .allMatches(header))
        match[1]!.toLowerCase():
            match[2]?.replaceAll(r'\"', '"') ?? match[3] ?? '',
    };

final class _Multipart {
  _Multipart(this._body, String boundary)
      : _delimiter = utf8.encode('--$boundary');

  static const int _cr = 0x0d;
  static const int _lf = 0x0a;
  static const int _dash = 0x2d;
  static const List<int> _newLine = [_cr, _lf];

  final Uint8List _body;
  final Uint8List _delimiter;

  FormData parse() {
    final form = FormData();
    var at = _nextDelimiter(0);
    if (at < 0) {
      throw const FormatException(
        'the form does not contain the boundary that its content type names',
      );
    }
    for (;;) {
      at += _delimiter.length;
      if (_byte(at) == _dash) return form;
      at = _find(_newLine, at) + 2;
      final headers = <String, String>{};
      for (;;) {
        final end = _find(_newLine, at);
        if (end < 0) throw _cut();
        if (end == at) break;
        final line = utf8.decode(
          Uint8List.sublistView(_body, at, end),
          allowMalformed: true,
        );
        final colon = line.indexOf(':');
        if (colon < 1) {
          throw FormatException('`$line` is not a header of a form part');
        }
        headers[line.substring(0, colon).trim().toLowerCase()] =
            line.substring(colon + 1).trim();
        at = end + 2;
      }
      final start = at + 2;
      at = _nextDelimiter(start);
      if (at < 0) throw _cut();
      // The line break before a delimiter belongs to it, unless it is the one
      // that ends the headers.
      _add(form, headers, _body.sublist(start, max(start, at - 2)));
    }
  }

  void _add(FormData form, Map<String, String> headers, Uint8List content) {
    final disposition = headers['content-disposition'];
    final parameters = _parameters(disposition ?? '');
    final name = parameters['name'];
    if (name == null) {
      throw FormatException(
        disposition == null
            ? 'a part of the form has no `Content-Disposition`'
            : 'a part of the form has no name: `$disposition`',
      );
    }
    final filename = parameters['filename'];
    form.append(
      _unescape(name),
      filename == null
          ? utf8.decode(content, allowMalformed: true)
          : FormFile(
              _unescape(filename),
              content,
              contentType:
                  headers['content-type'] ?? 'application/octet-stream',
            ),
    );
  }

  int? _byte(int at) => at >= 0 && at < _body.length ? _body[at] : null;

  /// Where the next delimiter begins: on a line of its own, with only blanks
  /// or, for the last one, `--` after it. Anything else is content.
  int _nextDelimiter(int start) {
    if (start == 0 && _startsWith(_delimiter, 0)) {
      if (_endsDelimiter(_delimiter.length)) return 0;
    }
    // Line by line: a boundary of dashes would begin anywhere among dashes.
    for (var at = max(start - 2, 0);; at += 2) {
      at = _find(_newLine, at);
      if (at < 0) return -1;
      if (_startsWith(_delimiter, at + 2) &&
          _endsDelimiter(at + 2 + _delimiter.length)) {
        return at + 2;
      }
    }
  }

  bool _endsDelimiter(int start) {
    if (_byte(start) == _dash) return _byte(start + 1) == _dash;
    var at = start;
    while (_byte(at) == 0x20 || _byte(at) == 0x09) {
      at++;
    }
    return _byte(at) == _cr && _byte(at + 1) == _lf;
  }

  int _find(List<int> bytes, int start) {
    for (var at = start;; at++) {
      at = _body.indexOf(bytes.first, at);
      if (at < 0 || _startsWith(bytes, at)) return at;
    }
  }

  bool _startsWith(List<int> bytes, int at) {
    if (at + bytes.length > _body.length) return false;
    for (var i = 0; i < bytes.length; i++) {
      if (_body[at + i] != bytes[i]) return false;
    }
    return true;
  }

  static FormatException _cut() => const FormatException(
        'the form ends before its closing boundary',
      );
}
