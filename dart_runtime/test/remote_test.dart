import 'dart:convert';

import 'package:cloudflare_workers/cloudflare_workers.dart';
import 'package:cloudflare_workers/src/bindings/ai.dart';
import 'package:cloudflare_workers/src/bindings/hosted_images.dart';
import 'package:cloudflare_workers/src/bindings/images.dart';
import 'package:cloudflare_workers/src/bindings/remote.dart';
import 'package:cloudflare_workers/src/bindings/server_sent_events.dart';
import 'package:cloudflare_workers/src/bindings/stream.dart';
import 'package:cloudflare_workers/src/bindings/stream_video.dart';

import 'fake_host.dart';
import 'testing.dart';

/// [text] byte by byte, so that characters and lines come in parts.
Stream<List<int>> _bytes(String text) => Stream.fromIterable([
      for (final byte in utf8.encode(text)) [byte]
    ]);

void remoteTests() {
  test('server-sent events', () async {
    Future<List<String>> decoded(String text) =>
        decodeServerSentEvents(_bytes(text)).toList();
    expect(await decoded(''), <String>[]);
    expect(await decoded('data: ü\n\ndata:b\r\n\r\n'), ['ü', 'b']);
    expect(await decoded('data: a\ndata: b\nid: 1\n\n: c\n\n'), ['a\nb']);
    expect(await decoded('data:  a'), [' a']);
    expect(await decoded('event: end\n\ndatabase: x\n\n'), <String>[]);
  });

  test('events of models', () async {
    Future<List<String>> texts(String text) =>
        decodeAiEvents(_bytes(text)).map((event) => event.text).toList();
    expect(
      await texts('data: {"response": "a"}\n\ndata: [DONE]\n\ndata: x\n\n'),
      ['a'],
    );
    expect(await texts('data: {"choices": [{"text": "a"}]}\n\n'), ['a']);
    expect(
      await texts(
        'data: {"choices": [{"delta": {"content": null}}]}\n\n'
        'data: {"choices": []}\n\ndata: {"response": 1}\n\n',
      ),
      ['', '', ''],
    );
    await expectThrows<FormatException>(() => texts('data: [1]\n\n'), 'object');
    await expectThrows<FormatException>(() => texts('data: {\n\n'), 'not JSON');
  });

  test('toMarkdown', () async {
    final ref = FakeRef(
      'Ai',
      methods: {
        'toMarkdown': (_) => [
              {
                'id': '1',
                'name': 'a.pdf',
                'mimeType': 'application/pdf',
                'format': 'markdown',
                'tokens': 3,
                'data': '# A',
              },
              {
                'id': '2',
                'name': 'b.txt',
                'mimeType': 'text/plain',
                'format': 'error',
                'error': 'not known',
              },
            ],
      },
    );
    final results = await aiFromHost(ref).toMarkdown(
      [
        const MarkdownDocument('a.pdf', [1, 2], type: 'application/pdf'),
        const MarkdownDocument('b.txt', 'b'),
      ],
      options: const MarkdownOptions(
        format: MarkdownFormat.text,
        imageLanguage: 'de',
        convertImages: true,
        hostname: 'a.test',
        pdfMetadata: false,
      ),
      gateway: const AiGatewayOptions('g'),
    );
    expect(
      [for (final result in results) (result.data, result.error)],
      [('# A', null), (null, 'not known')],
    );
    expect(describe(ref.arguments.single), [
      [
        {
          'name': 'a.pdf',
          'blob': [
            'new Blob',
            [
              [1, 2],
            ],
            {'type': 'application/pdf'},
          ],
        },
        {
          'name': 'b.txt',
          'blob': [
            'new Blob',
            ['b'],
          ],
        },
      ],
      {
        'gateway': {'id': 'g'},
        'conversionOptions': {
          'output': {'format': 'text'},
          'html': {
            'images': {'descriptionLanguage': 'de', 'convert': true},
            'hostname': 'a.test',
          },
          'docx': {
            'images': {'descriptionLanguage': 'de', 'convert': true},
          },
          'image': {'descriptionLanguage': 'de'},
          'pdf': {
            'images': {'descriptionLanguage': 'de', 'convert': true},
            'metadata': false,
          },
        },
      },
    ]);
    await expectThrows<ArgumentError>(
      () => aiFromHost(ref).toMarkdown([const MarkdownDocument('a', 1)]),
      'give a `String` or bytes',
    );
  });

  test('images are made in one go', () async {
    final calls = <String>[];
    FakeRef transformer(String name) {
      late final FakeRef ref;
      Object? note(String method, List<Object?> arguments) {
        calls.add('$name.$method(${arguments.join(', ')})');
        return ref;
      }

      return ref = FakeRef(
        name,
        methods: {
          'transform': (arguments) => note('transform', arguments),
          'draw': (arguments) => note('draw', arguments),
          'output': (arguments) {
            note('output', arguments);
            return FakeRef('Result', methods: {'contentType': (_) => 'a/b'});
          },
        },
      );
    }

    final images = imagesBindingFromHost(
      FakeRef(
        'Images',
        methods: {
          'input': (_) => transformer('image'),
          'text': (arguments) {
            calls.add('text(${arguments.join(', ')})');
            return transformer('text');
          },
        },
      ),
    );
    final text = images
        .text('Hi', fontUrl: 'https://a.test/f.ttf', size: 12, color: 'red')
        .transform(
          ImageTransform(
            gravity: ImageGravity.at(x: 1, isBoxCenter: true),
            flip: ImageFlip.vertical,
            border: ImageBorder.sides(top: 1, left: 2),
            trim: ImageTrim(top: 1, width: 5),
          ),
        );
    final image = images
        .input([1])
        .transform(
          ImageTransform(
            gravity: ImageGravity.face,
            trim: ImageTrim.border(color: 'red', tolerance: 2),
          ),
        )
        .draw(text, repeat: ImageRepeat.both, composite: ImageComposite.inside);
    expect(calls, <String>[]);
    final result = await image.output(ImageFormat.rgba, quality: 5);
    expect(await result.contentType(), 'a/b');
    expect(calls, [
      'image.transform({gravity: face, '
          'trim: {border: {color: red, tolerance: 2}}})',
      'text(Hi, {font: {url: https://a.test/f.ttf}, size: 12, color: red})',
      'text.transform({gravity: {x: 1, mode: box-center}, '
          'border: {top: 1, left: 2}, flip: v, trim: {top: 1, width: 5}})',
      'image.draw(<text>, {repeat: true, composite: in})',
      'image.output({format: rgba, quality: 5})',
    ]);
    await expectThrows<StateError>(
      () => text.output(ImageFormat.png),
      'an image is drawn, or put out, once',
    );
    await expectThrows<ArgumentError>(
      () => images.input([1]).draw('text'),
      'give bytes',
    );
  });

  test('hosted images', () async {
    final ref = FakeRef(
      'Images',
      methods: {
        'createDirectUpload': (_) =>
            {'id': 'a', 'uploadURL': 'https://a.test/'},
        'image': (_) => FakeRef(
              'Image',
              methods: {'signedUrl': (arguments) => 'https://${arguments[0]}'},
            ),
        'list': (_) => {'images': <Object?>[], 'listComplete': true},
      },
    );
    final hosted = hostedImagesFromHost(ref);
    final upload = await hosted.createDirectUpload(
      requireSignedUrls: true,
      expiresIn: const Duration(hours: 1),
    );
    expect((upload.id, '${upload.uploadUrl}'), ('a', 'https://a.test/'));
    await hosted.list(
      newestFirst: false,
      metadata: {
        'year': {'gte': 2020},
      },
    );
    expect(ref.calls, [
      'createDirectUpload({requireSignedURLs: true, expiresIn: 3600})',
      'list({sortOrder: asc, filter: {metadata: {year: {gte: 2020}}}})',
    ]);
  });

  test('uploads of videos', () async {
    final ref = FakeRef(
      'Stream',
      methods: {
        'createDirectUpload': (_) => {
              'id': 'v',
              'uploadURL': 'https://a.test/v',
              'scheduledDeletion': '2030-01-02T03:04:05Z',
              'watermark': null,
            },
      },
    );
    final upload = await streamBindingFromHost(ref).createDirectUpload(
      maxDuration: const Duration(minutes: 1),
      expiry: DateTime.utc(2030),
      watermarkId: 'w',
    );
    expect(upload.scheduledDeletion, DateTime.utc(2030, 1, 2, 3, 4, 5));
    expect(upload.watermark, null);
    expect(ref.calls, [
      'createDirectUpload({maxDurationSeconds: 60, '
          'expiry: 2030-01-01T00:00:00.000Z, watermark: {id: w}})',
    ]);
  });

  test('what Stream tells of a video', () {
    final video = streamVideoFromHost({
      'id': 'v',
      'status': {'state': 'inprogress', 'pctComplete': '12.5'},
      'duration': 1.5,
      'maxDurationSeconds': -1,
      'input': {'width': 1920, 'height': -1},
      'publicDetails': {'title': 'T', 'share_link': null},
      'watermark': {'id': 'w', 'opacity': 1},
    });
    expect(
        (video.status.state, video.status.pctComplete), ('inprogress', 12.5));
    expect(video.duration, const Duration(milliseconds: 1500));
    expect(video.maxDuration, null);
    expect((video.width, video.height), (1920, null));
    expect(video.publicDetails!.title, 'T');
    expect(video.watermark!.opacity, 1.0);
    expect(streamVideoFromHost({'id': 'v'}).publicDetails, null);
  });

  test('times of services', () {
    final time = DateTime.utc(2026, 1, 2, 3, 4, 5);
    expect(dateFromHost('2026-01-02T03:04:05Z'), time);
    expect(dateFromHost('2026-01-02T04:04:05+01:00'), time);
    expect(dateFromHost(time.millisecondsSinceEpoch), time);
    expect(dateFromHost('soon'), null);
    expect(dateFromHost(null), null);
  });
}
