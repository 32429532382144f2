/// What reads foreign text and bytes, and what holds of all that it reads.
library;

import 'dart:async';
import 'dart:convert';
import 'dart:typed_data';

import 'package:cloudflare_workers/cloudflare_workers.dart';
import 'package:cloudflare_workers/src/bindings/r2_exception.dart';
import 'package:cloudflare_workers/src/bindings/server_sent_events.dart';
import 'package:cloudflare_workers/src/host/host.dart';
import 'package:cloudflare_workers/src/host/values.dart';
import 'package:cloudflare_workers/src/host/vm/frame.dart';
import 'package:cloudflare_workers/src/host/vm/stack.dart';
import 'package:cloudflare_workers/src/http/date.dart';
import 'package:cloudflare_workers/src/http/form_data.dart';
import 'package:cloudflare_workers/src/http/headers.dart';
import 'package:cloudflare_workers/src/http/request.dart';
import 'package:cloudflare_workers/src/pages/pattern.dart';
import 'package:cloudflare_workers/src/pages/request_path.dart';
import 'package:cloudflare_workers/src/values.dart';

import '../fake_host.dart';
import '../pages/reference.dart';
import '../testing.dart';
import 'inputs.dart';

/// How many inputs a target is given once, and what takes one.
typedef Target = ({int inputs, FutureOr<void> Function(Inputs inputs) take});

/// All targets by their names.
final Map<String, Target> targets = {
  'frames': (inputs: 1000, take: _frames),
  'wrong_frames': (inputs: 4000, take: _wrongFrames),
  'values': (inputs: 3000, take: _values),
  'wrong_values': (inputs: 5000, take: _wrongValues),
  'converted': (inputs: 1000, take: _converted),
  'forms': (inputs: 1500, take: _forms),
  'wrong_forms': (inputs: 5000, take: _wrongForms),
  'encoded_forms': (inputs: 4000, take: _encodedForms),
  'headers': (inputs: 3000, take: _headers),
  'urls': (inputs: 3000, take: _urls),
  'patterns': (inputs: 500, take: _patterns),
  'dates': (inputs: 4000, take: _dates),
  'events': (inputs: 1500, take: _events),
  'stacks': (inputs: 2000, take: _stacks),
  'errors': (inputs: 2000, take: _errors),
};

/// What [read] returns; null if it throws an [E].
T? _orRefused<T extends Object, E extends Object>(T Function() read) {
  try {
    return read();
  } on E {
    return null;
  }
}

// The socket.

Map<String, Object?> _message(Inputs inputs) => {
      't': inputs.any(['r', 'x', 'call', 'drop', 'app']),
      'i': inputs.below(1 << 30),
      if (inputs.below(2) == 0) 'v': inputs.text(40),
    };

Uint8List _stream(Inputs inputs, void Function(int end, String frame) note) {
  final stream = BytesBuilder();
  for (var i = inputs.below(4); i >= 0; i--) {
    final message = _message(inputs);
    final blobs = [for (var i = inputs.below(3); i > 0; i--) inputs.bytes(300)];
    stream.add(Frame.encode(message, blobs));
    note(stream.length, '$message $blobs');
  }
  return stream.takeBytes();
}

/// Whatever the pieces are, the frames are those that were sent, and each is
/// there with its last byte and not before.
void _frames(Inputs inputs) {
  final sent = <(int, String)>[];
  final stream = _stream(inputs, (end, frame) => sent.add((end, frame)));
  inputs.note(stream);
  final reader = FrameReader();
  var at = 0;
  var seen = 0;
  for (final piece in inputs.pieces(stream)) {
    at += piece.length;
    for (final Frame(:message, :blobs) in reader.add(piece)) {
      expect('$message $blobs', sent[seen++].$2);
    }
    expect(seen, sent.where((frame) => frame.$1 <= at).length);
  }
}

/// What is no frame is refused, in pieces as much as at once, and before more
/// of it than was sent is kept.
void _wrongFrames(Inputs inputs) {
  final stream = inputs.changedBytes(
    [_stream(inputs, (_, __) {})],
    [r'"b":[', '[-1]', '[1]', '"b":[1.5]', 'x00', '\x04', '\x00\x00\x00'],
  );
  List<String>? read(List<Uint8List> pieces) =>
      _orRefused<List<String>, ProtocolError>(
        () {
          final reader = FrameReader();
          return [
            for (final piece in pieces)
              for (final Frame(:message, :blobs) in reader.add(piece))
                '$message $blobs',
          ];
        },
      );
  final atOnce = read([stream]);
  final inPieces = read(inputs.pieces(stream));
  expect(inPieces?.join('\n'), atOnce?.join('\n'));
}

final class _Links implements Links {
  @override
  int find(HostRef ref) => 0;

  @override
  HostRef keep(int id, String? className, Map<String, Object?> selected) =>
      FakeRef(className ?? '', selected: selected);

  @override
  HostStream keepStream(int id) => throw StateError('no stream');

  @override
  int addFunction(HostCallback function) => 0;

  @override
  int addSource(Stream<List<int>> stream) => 0;

  @override
  int addFuture(Future<Object?> future) => 0;
}

const _texts = ['', 'a', '__proto__', 'NaN', '-0', '\x00', '\ud800', 'ü', '😀'];
const _numbers = [0, -0.0, 1.5, 1 << 53, -(1 << 53), 5e-324, double.nan, 1e300];

Object? _value(Inputs inputs, int depth) {
  switch (inputs.below(depth > 5 ? 8 : 11)) {
    case 0:
      return null;
    case 1:
      return inputs.below(2) == 0;
    case 2:
      return inputs.any(_numbers);
    case 3:
      return inputs.random.nextDouble() * inputs.any(_numbers);
    case 4:
      return inputs.text(6);
    case 5:
      return BigInt.from(inputs.below(1 << 32)).pow(inputs.below(5));
    case 6:
      final most = const Duration(days: 100000000).inMilliseconds;
      final at = inputs.any([0, 1, -1, most, -most, inputs.below(1 << 32)]);
      return DateTime.fromMillisecondsSinceEpoch(at, isUtc: true);
    case 7:
      return inputs.bytes(9);
    case 8:
      return [
        for (var i = inputs.below(4); i > 0; i--) _value(inputs, depth + 1),
      ];
    default:
      return {
        for (var i = inputs.below(4); i > 0; i--)
          inputs.any(_texts): _value(inputs, depth + 1),
      };
  }
}

/// [value] in words that tell apart what JavaScript tells apart.
String _inWords(Object? value) => switch (value) {
      String() => jsonEncode(value),
      Uint8List() => 'bytes $value',
      BigInt() => '${value}n',
      List<Object?>() => '[${value.map(_inWords).join(', ')}]',
      Map<Object?, Object?>() => '{${value.entries.map((entry) {
          return '${_inWords(entry.key)}: ${_inWords(entry.value)}';
        }).join(', ')}}',
      num() => '${numberFromJs(value)}',
      _ => '$value',
    };

/// What can cross comes back as it was.
void _values(Inputs inputs) {
  final value = _value(inputs, 0);
  inputs.note(value);
  final blobs = <Uint8List>[];
  final frame = Frame.encode(
    {'v': encodeValue(value, _Links(), blobs, 'value')},
    blobs,
  );
  final Frame(:message, blobs: sent) = FrameReader().add(frame).single;
  expect(_inWords(decodeValue(message['v'], _Links(), sent)), _inWords(value));
}

Object? _wire(Inputs inputs, int depth) {
  switch (inputs.below(depth > 5 ? 4 : 8)) {
    case 0:
      return null;
    case 1:
      return inputs.below(2) == 0;
    case 2:
      return inputs.any([..._numbers, 1e308, 8.64e15, 8.64e15 + 2]);
    case 3:
      return inputs.any([..._texts, '1e999', '0x1', '9' * 400]);
    default:
      return <Object?>[
        inputs.any<Object?>(
          ['n', 'i', 'd', 'b', 'l', 'm', 'e', 'r', 's', 'f', 'x', '', null, 0],
        ),
        for (var i = inputs.below(5); i > 0; i--) _wire(inputs, depth + 1),
      ];
  }
}

/// What JavaScript never sends is a value, or an error.
void _wrongValues(Inputs inputs) {
  final wire = _wire(inputs, 0);
  inputs.note(wire);
  try {
    decodeValue(wire, _Links(), [Uint8List(1)]);
  } on FormatException {
    // A text that is no number.
  } on Error catch (error) {
    expect(error is StackOverflowError || error is OutOfMemoryError, false);
  }
}

/// A value is what was asked for, or the error says that it is not.
void _converted(Inputs inputs) {
  final value = _value(inputs, 0);
  inputs.note(value);
  _as<int>(value);
  _as<double?>(value);
  _as<String>(value);
  _as<List<int>>(value);
  _as<List<Map<String, Object?>>>(value);
  _as<Map<String, num>>(value);
  _as<Map<String, List<String>>>(value);
  _as<DateTime>(value);
  _as<BigInt>(value);
}

void _as<T>(Object? value) => _orRefused<Object, ValueTypeError>(
      () => convertValue<T>(value, 'the value') ?? '',
    );

// HTTP.

final List<String> _bodies = [
  '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nvalue\r\n--b--\r\n',
  '--b\r\nContent-Disposition: form-data; name="f"; filename="C:\\a.txt"\r\n'
      'Content-Type: text/plain\r\n\r\none\r\n-- b\r\n\r\n--b \t\r\n'
      'content-disposition: form-data; name=x\r\n\r\n\r\n--b--',
  'a=1&b=%C3%BC+x&c&=&a=2',
];

List<String> _entries(FormData form) => [
      for (final MapEntry(:key, :value) in form.entries)
        switch (value) {
          FormFile() => '${jsonEncode([key, value.name, value.contentType])} '
              '${value.bytes}',
          _ => jsonEncode([key, value]),
        },
    ];

/// What a form holds is in what is sent of it.
void _forms(Inputs inputs) {
  final form = FormData();
  // A lone half of a pair has no UTF-8.
  String text() => utf8.decode(utf8.encode(inputs.text(12)));
  // The escapes of form data have none of their own.
  String name() => text().replaceAll('%', '');
  for (var i = inputs.below(4); i >= 0; i--) {
    form.append(
      name(),
      switch (inputs.below(3)) {
        0 => text(),
        1 => FormFile(
            name(),
            inputs.bytes(40),
            contentType: inputs.any(['text/plain', 'a/b; c="d"', 'x']),
          ),
        // What a client says of a file goes on to the next server.
        _ => FormFile(name(), inputs.bytes(40), contentType: text()),
      },
    );
  }
  final sent = EncodedFormData(form);
  inputs.note(sent.bytes);
  final read = _entries(parseFormData(sent.bytes, sent.contentType));
  expect(read.length, form.entries.length);
  for (final (at, entry) in _entries(form).indexed) {
    final isLeft = form.entries.elementAt(at).value is FormFile;
    if (!isLeft) expect(read[at], entry);
  }
  // What was read is sent as it was read.
  final again = EncodedFormData(parseFormData(sent.bytes, sent.contentType));
  expect(_entries(parseFormData(again.bytes, again.contentType)), read);
}

void _wrongForms(Inputs inputs) {
  final body = inputs.changed(_bodies, [
    ...['--b', '\r\n--b', '--b--', '\r\n\r\n', 'filename="', 'name=', 'a:'],
    ...['Content-Disposition: form-data; name="', 'Content-Type: '],
  ]);
  final type = inputs.changedText([
    'multipart/form-data; boundary=b',
    'multipart/form-data; boundary="b"',
    'application/x-www-form-urlencoded;charset=utf-8',
  ]);
  for (final type in [type, 'multipart/form-data; boundary=b']) {
    _orRefused<FormData, FormatException>(() => parseFormData(body, type));
  }
}

/// Text of a form is decoded by the rules as they are written.
void _encodedForms(Inputs inputs) {
  final body = inputs.changed(
    [_bodies.last],
    ['%', '%2', '%41', '%+1', '% 1', '%0x', '%-1', '+', '%zz', '%E4'],
  );
  final form = parseFormData(body, 'application/x-www-form-urlencoded');
  String decoded(List<int> bytes) {
    final latin = latin1.decode(bytes).replaceAll('+', ' ').replaceAllMapped(
          RegExp('%([0-9A-Fa-f]{2})'),
          (match) => String.fromCharCode(int.parse(match[1]!, radix: 16)),
        );
    return utf8.decode(latin1.encode(latin), allowMalformed: true);
  }

  // Malformed bytes of the body become U+FFFD before it is read.
  final text = utf8.encode(utf8.decode(body, allowMalformed: true));
  expect(_entries(form), [
    for (final pair in latin1.decode(text).split('&'))
      if (pair.isNotEmpty)
        jsonEncode([
          for (final part in [
            pair.split('=').first,
            pair.split('=').skip(1).join('='),
          ])
            decoded(latin1.encode(part)),
        ]),
  ]);
}

/// Headers have what HTTP allows, and are passed on as they are.
void _headers(Inputs inputs) {
  final name = inputs.changedText(['set-cookie', 'X-A', 'content-type']);
  final value = inputs.changedText(['a=b; Path=/', ' a, b\t', 'text/plain']);
  final headers = _orRefused<Headers, ArgumentError>(
    () => Headers({name: value})..append('x-b', value),
  );
  if (headers == null) return;
  expect(isHttpToken(name), true);
  final lines = '$headers'.split('\n');
  expect(lines.length, 2);
  expect(lines.every((line) => !line.contains(RegExp(r'[\x00\r]'))), true);
  expect('${headersFromHost(headersToHost(headers))}', '$headers');
  expect(headers[name]!.trim().isEmpty, value.trim().isEmpty);
}

const _addresses = [
  'https://example.com/a/b?c=d&e=%C3%BC#f',
  r'http://localhost:8787/%2e%2e/a\b//c/.%2E/%61?x=%E4&y',
  'http://[::1]/[id]/{x}/%zz|^?a[]=1&%=%&&',
];

/// The URL of any request can be read, and its path is one.
void _urls(Inputs inputs) {
  final url = inputs.any(_addresses);
  final start = url.indexOf('/', url.indexOf('://') + 3);
  final rest = inputs.changedText([url.substring(start)]);
  for (final text in [
    // What is received is ASCII.
    '${url.substring(0, start)}/${rest.replaceAll(RegExp('[^!-~]'), '')}',
    '${url.substring(0, start)}/$rest',
  ]) {
    inputs.note(text);
    final path = pathnameOf(text);
    expect(RegExp(r'^/[!-~]*$').hasMatch(path), true);
    expect(pathnameOf('http://a$path'), path);
    final served = servedPathOf(path);
    expect(RegExp(r'^/[!-~]*$').hasMatch(served), true);
    expect(served.contains('//') && served != path, false);
  }
  final received = '${url.substring(0, start)}/'
      '${rest.replaceAll(RegExp('[^!-~]'), '')}';
  final uri = requestFromHost(
    FakeRef('Request'),
    {'method': 'GET', 'url': received, 'hasBody': false},
  ).url;
  uri.pathSegments.join();
  uri.queryParameters.length;
  uri.queryParametersAll.length;
}

const _paths = [
  '/a/:b/c/:d*',
  '/:a-:b.json',
  '/x:y/z',
  '/:a*',
  '/',
  '/item-:p/'
];

/// A pattern matches what the platform's expression matches, or is refused.
void _patterns(Inputs inputs) {
  final text = inputs.changedText(
    _paths,
    ['/:a', '/:b*', ':', '*', '-', '/', '.', '[', r'\', 'ab'],
  ).replaceAll(RegExp(r'[(){}?+\\]'), '');
  // An expression of great length is too much for the VM.
  final source = '/${text.length > 100 ? text.substring(0, 100) : text}';
  final pattern = _orRefused<PathPattern, ArgumentError>(
    () => PathPattern(source),
  );
  if (pattern == null) return;
  final reference = ReferencePattern(source);
  for (var i = 0; i < 4; i++) {
    final path = '/${inputs.changedText(
      [..._paths, 'a/b/c/d/e', 'x-y.json', 'item-7'],
    )}'
        .replaceAll(RegExp('[^!-~]'), '');
    inputs.note(path);
    final lower = asciiLowerCase(path);
    for (final (found, expected) in [
      (pattern.matchAll(path, lower), reference.matchAll(path)),
      (pattern.matchStart(path, lower), reference.matchStart(path)),
    ]) {
      expect(found?.end, expected?.text.length);
      if (found == null) continue;
      // What is missing of any number of segments is none.
      final params = {...found.params}
        ..removeWhere((_, value) => value is List && value.isEmpty);
      expect(paramsInWords(params), paramsInWords(expected!.params));
    }
  }
}

/// A time is written and read, and nothing else is one.
void _dates(Inputs inputs) {
  final text = inputs.changedText(
    ['Sun, 06 Nov 1994 08:49:37 GMT', 'Thu, 29 Feb 2024 23:59:59 GMT'],
    ['Feb', '31', '00', '99', '24', '60', 'Mon', 'GMT', '0000'],
  );
  final date = parseHttpDate(text);
  if (date != null)
    expect(formatHttpDate(date).substring(5), text.substring(5));
  final seconds = inputs.below(1 << 32) * inputs.below(50);
  final time = DateTime.fromMillisecondsSinceEpoch(seconds * 1000, isUtc: true);
  expect(parseHttpDate(formatHttpDate(time)), time);
}

// What models and errors say.

/// The pieces in which events arrive make no difference.
Future<void> _events(Inputs inputs) async {
  final bytes = inputs.changed(
    [
      'data: {"response":"a"}\n\ndata: {"choices":[{"delta":{"content":"b"}}]}'
          '\r\n\r\nevent: x\n: c\ndata:{}\ndata: []\n\ndata: [DONE]\n\n',
    ],
    ['data:', 'data: ', '\n\n', '[DONE]', '{"response":', '"choices":[{}]'],
  );
  Future<String> read(List<Uint8List> pieces) async {
    final seen = <Object?>[];
    try {
      await for (final event in decodeAiEvents(Stream.fromIterable(pieces))) {
        seen.add('$event ${event.text}');
      }
    } on FormatException catch (error) {
      seen.add(error);
    }
    return seen.join('\n');
  }

  expect(await read(inputs.pieces(bytes)), await read([bytes]));
}

/// A stack is made readable, whatever it is.
void _stacks(Inputs inputs) {
  final text = inputs.changedText(
    [
      '#0      main (package:app/a%20b.dart:1:2)\n#1 x (dart:async/x.dart)\n'
          '<asynchronous suspension>\n#2 y (${Uri.base}bin/m.dart:3:4)\n',
    ],
    ['(package:app/', '(${Uri.base}', '%', '%zz', '%ff', '(dart:', '#0 '],
  );
  final stack = StackTrace.fromString(text);
  for (final package in [null, 'app']) {
    final lines = readableStack(stack, package: package).split('\n');
    expect(lines.length <= text.split('\n').length, true);
  }
  final described = describeError(FormatException(text), text);
  expect(described['name'], 'FormatException');
}

/// An error of the platform stays one.
Future<void> _errors(Inputs inputs) async {
  final message = inputs.changedText(
    [
      'get: The object is gone. (10007)',
      'put: (1)',
      'must have a known length'
    ],
    ['get: ', '(10039)', '(99999999999999999999)', '()', '\n'],
  );
  final error = decodeError({
    'name': inputs.any(['Error', 'TypeError', '']),
    'message': message,
  });
  try {
    await explained(Future<Object?>.error(error));
  } on WorkersException catch (error) {
    expect(error.message, message);
  } on ArgumentError {
    expect(message.contains('known length'), true);
  }
}
