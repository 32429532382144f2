/// Datasets of Workers Analytics Engine.
library;

import 'dart:typed_data';

import '../host/host.dart';

/// A dataset of Workers Analytics Engine.
///
/// Under `dartflare dev` data points go nowhere.
///
/// See https://developers.cloudflare.com/analytics/analytics-engine/.
class AnalyticsEngineDataset {
  AnalyticsEngineDataset._(this._ref);

  final HostRef _ref;

  /// Writes a data point, after the response: there is nothing to wait for.
  ///
  /// [blobs] are the dimensions, at most 20, each a [String], bytes
  /// (`List<int>`) or `null`; [doubles] the values, at most 20; [indexes] at
  /// most one key that samples are taken by, of up to 96 bytes. Queries know
  /// them by their position: `blob1`, `double1`, `index1`.
  ///
  /// Throws an [ArgumentError] for anything else, and a [WorkersException] if
  /// the platform refuses the data point, such as one of too many bytes.
  void writeDataPoint({
    List<Object?> indexes = const [],
    List<Object?> blobs = const [],
    List<num> doubles = const [],
  }) {
    _check(indexes.length, 1, 'indexes');
    _check(blobs.length, 20, 'blobs');
    _check(doubles.length, 20, 'doubles');
    final point = {
      if (indexes.isNotEmpty) 'indexes': _dimensions(indexes, 'indexes'),
      if (blobs.isNotEmpty) 'blobs': _dimensions(blobs, 'blobs'),
      if (doubles.isNotEmpty) 'doubles': doubles,
    };
    // At once: what the platform refuses is a mistake at this place.
    _ref.callSync('writeDataPoint', [point]);
  }

  static void _check(int length, int most, String name) {
    if (length > most) {
      throw ArgumentError.value(
        length,
        '$name.length',
        'a data point has at most $most',
      );
    }
  }

  static List<Object?> _dimensions(List<Object?> values, String name) => [
        for (final (at, value) in values.indexed)
          switch (value) {
            null || String() || Uint8List() => value,
            List<int>() => Uint8List.fromList(value),
            _ => throw ArgumentError.value(
                value,
                '$name[$at]',
                'must be a String, bytes or null; give numbers as `doubles`, '
                    'or as text',
              ),
          },
      ];
}

/// The object behind [ref].
AnalyticsEngineDataset analyticsEngineDatasetFromHost(HostRef ref) =>
    AnalyticsEngineDataset._(ref);
