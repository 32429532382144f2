/// The streams of events that models answer with.
library;

import 'dart:convert';

/// The data of each server-sent event in [bytes]: the lines that begin with
/// `data:`, without that and joined.
///
/// See https://html.spec.whatwg.org/multipage/server-sent-events.html.
Stream<String> decodeServerSentEvents(Stream<List<int>> bytes) async* {
  final data = <String>[];
  final lines = const Utf8Decoder(allowMalformed: true)
      .bind(bytes)
      .transform(const LineSplitter());
  await for (final line in lines) {
    if (line.isEmpty) {
      if (data.isNotEmpty) yield data.join('\n');
      data.clear();
    } else if (line.startsWith('data:')) {
      data.add(line.substring(line.startsWith('data: ') ? 6 : 5));
    }
  }
  // A stream that was cut off is to be noticed by whoever reads its data.
  if (data.isNotEmpty) yield data.join('\n');
}

/// One event of a model's answer as it is generated.
///
/// See https://developers.cloudflare.com/workers-ai/features/prompting/.
class AiStreamEvent {
  /// An event with this [data].
  const AiStreamEvent(this.data);

  /// The event as the model sent it.
  final Map<String, Object?> data;

  /// The text that this event adds to the answer; empty if it adds none, as the
  /// last one, which tells what the answer took.
  ///
  /// It is there for the models' own form (`response`) and for that of OpenAI
  /// (`choices[0].delta.content`, `choices[0].text`); read [data] for others.
  String get text {
    final candidates = [
      data['response'],
      if (data['choices'] case [final Map<Object?, Object?> choice, ...]) ...[
        if (choice['delta'] case final Map<Object?, Object?> delta)
          delta['content'],
        choice['text'],
      ],
    ];
    return candidates.whereType<String>().firstOrNull ?? '';
  }

  @override
  String toString() => jsonEncode(data);
}

/// The events in [bytes], up to the one that says `[DONE]`.
///
/// Emits a [FormatException] for an event that is no JSON object, such as the
/// last one of a stream that was cut off.
Stream<AiStreamEvent> decodeAiEvents(Stream<List<int>> bytes) async* {
  await for (final data in decodeServerSentEvents(bytes)) {
    if (data.trim() == '[DONE]') return;
    final Object? value;
    try {
      value = jsonDecode(data);
    } on FormatException catch (error) {
      throw FormatException(
        'an event of the stream is not JSON: ${error.message}',
        data,
        error.offset,
      );
    }
    if (value is! Map<String, Object?>) {
      throw FormatException('an event of the stream is no JSON object', data);
    }
    yield AiStreamEvent(value);
  }
}
