import 'dart:convert';
import 'dart:io';
import 'dart:typed_data';

import 'package:cloudflare_workers/src/host/vm/frame.dart';
import 'package:cloudflare_workers/src/host/vm/stack.dart';

import 'testing.dart';

Uint8List _frame(List<int> rest, {int? length}) {
  final head = ByteData(4)..setUint32(0, length ?? rest.length, Endian.little);
  return Uint8List.fromList([...head.buffer.asUint8List(), ...rest]);
}

Uint8List _json(String json, [List<int> blobs = const []]) {
  final bytes = utf8.encode(json);
  return _frame([bytes.length, 0, 0, 0, ...bytes, ...blobs]);
}

Future<void> _refused(Uint8List bytes, String message) =>
    expectThrows<ProtocolError>(() => FrameReader().add(bytes), message);

void vmHostTests() {
  group('FrameReader', () {
    test('a frame with blobs', () {
      final blobs = [
        Uint8List(0),
        Uint8List.fromList([1, 2])
      ];
      final bytes = Frame.encode({'t': 'r'}, blobs);
      final reader = FrameReader();
      for (final byte in bytes.take(bytes.length - 1)) {
        expect(reader.add(Uint8List.fromList([byte])), <Frame>[]);
      }
      final frame = reader.add(Uint8List.fromList([bytes.last])).single;
      expect('${frame.message} ${frame.blobs}', '{t: r, b: [0, 2]} $blobs');
    });

    test('a length is believed up to a limit, and costs nothing', () async {
      await _refused(
          _frame([], length: 1 << 31), 'a frame of 2147483648 bytes');
      await _refused(_frame([], length: 0xffffffff), 'a frame of 4294967295');
      await _refused(_frame([], length: (16 << 20) + 1), 'a frame of 16777217');
      await _refused(_frame([], length: 3), 'a frame of 3 bytes');
      final before = ProcessInfo.currentRss;
      final readers = [
        for (var i = 0; i < 64; i++)
          FrameReader()
            ..add(_json('{}'))
            ..add(_frame([2, 0, 0, 0], length: 512 << 20)),
      ];
      expect(readers.length, 64);
      expect(ProcessInfo.currentRss < before + (256 << 20), true);
      final reader = FrameReader()..add(_json('{}'));
      await expectThrows<ProtocolError>(
        () => reader.add(_frame([], length: (512 << 20) + 1)),
      );
    });

    test('lengths that contradict each other are no frame', () async {
      await _refused(_frame([9, 0, 0, 0, 0x7b, 0x7d]), '9 bytes of JSON in 2');
      await _refused(_frame([255, 255, 255, 255]), '4294967295 bytes of JSON');
      await _refused(_json('{"b":[1]}'), 'a blob of 1 bytes in 0');
      await _refused(_json('{"b":[-1]}', [0]), 'a blob of -1 bytes');
      await _refused(_json('{"b":[3,-1]}', [0, 0]), 'a blob of 3 bytes in 2');
      await _refused(_json('{"b":[1]}', [0, 0]), '1 bytes of no blob');
      await _refused(_json('{}', [0]), '1 bytes of no blob');
    });

    test('what is not a JSON object is no frame', () async {
      await _refused(_json(''), 'no JSON');
      await _refused(_json('{'), 'no JSON');
      await _refused(_frame([1, 0, 0, 0, 0xff]), 'no JSON');
      await _refused(_json('[]'), 'no object');
      await _refused(_json('{"b":{}}'), 'no list of blobs');
      await _refused(_json('{"b":[1.5]}', [0]), 'a blob of 1.5 bytes');
      await _refused(_json('{"b":["1"]}', [0]), 'a blob of 1 bytes');
    });

    test('JSON of any depth is read', () {
      final depth = 200000;
      final json = '{"v":${'[' * depth}${']' * depth}}';
      final bytes = Frame.encode({'v': ''}, []);
      final encoded = utf8.encode(json);
      final view = ByteData(8)
        ..setUint32(0, encoded.length + 4, Endian.little)
        ..setUint32(4, encoded.length, Endian.little);
      final reader = FrameReader()..add(bytes);
      final read = reader.add(
        Uint8List.fromList([...view.buffer.asUint8List(), ...encoded]),
      );
      expect(read.single.message.keys.toList(), ['v']);
    });
  });

  group('readableStack', () {
    test('a percent sign that encodes nothing stays', () {
      String readable(String line) =>
          readableStack(StackTrace.fromString(line), package: 'app');
      expect(
        readable('#0      f (package:app/a%20b.dart:1:2)'),
        '#0  f (lib/a b.dart:1:2)',
      );
      for (final file in ['100%.dart', 'a%zz.dart', 'a%ff.dart', 'ü%.dart']) {
        expect(readable('#0      f (package:app/$file)'), '#0  f (lib/$file)');
      }
    });
  });
}
