/// SQL in Durable Objects.
library;

import 'dart:collection';
import 'dart:typed_data';

import '../host/host.dart';
import '../values.dart';

/// The SQLite database of a Durable Object, for classes that the Wrangler
/// configuration lists in `new_sqlite_classes`.
///
/// ```dart
/// final sql = state.storage.sql;
/// sql.exec('CREATE TABLE IF NOT EXISTS notes(id INTEGER PRIMARY KEY, text)');
/// sql.exec('INSERT INTO notes(text) VALUES (?)', ['milk']);
/// for (final row in sql.exec('SELECT id, text FROM notes')) {
///   print('${row.get<int>('id')}: ${row['text']}');
/// }
/// ```
///
/// Everything here is synchronous, as in JavaScript. During development each
/// call makes the whole program wait for a fraction of a millisecond.
///
/// See https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/.
final class SqlStorage {
  SqlStorage._(this._ref, this._helpers);

  final HostRef _ref;
  final HostRef _helpers;

  /// Runs [query], one or several statements, and gives the rows of the last.
  ///
  /// [bindings] are the values of the last statement's `?`, in order: `null`,
  /// an [int] or a [double], a [String], a [bool], which becomes 1 or 0, or bytes
  /// (`Uint8List` or any `List<int>`), which become a BLOB. Every number is bound
  /// as a REAL, as those of JavaScript are: a column that is declared `INTEGER`
  /// stores a whole one as an integer, but a `TEXT` column stores `1` as `1.0`.
  ///
  /// Throws an [ArgumentError] for a value that SQL has no counterpart of: an
  /// [int] beyond 2^53, a [BigInt], NaN, a [DateTime]. Throws a
  /// [WorkersException] with SQLite's text for what it refuses, such as
  /// `UNIQUE constraint failed: notes.id`, for `BEGIN` and `SAVEPOINT`, in place
  /// of which there are `transaction` and `transactionSync` of the storage, and
  /// where the class has no SQL storage.
  SqlCursor exec(String query, [List<Object?> bindings = const []]) {
    final values = [
      for (final (at, value) in bindings.indexed) _binding(value, at),
    ];
    return SqlCursor._(
      _helpers.callSync('sqlExec', [_ref, SqlCursor._ahead, query, values])!
          as Map<String, Object?>,
    );
  }

  /// The size of the database, in bytes.
  int get databaseSize => (_ref.getSync('databaseSize')! as num).toInt();
}

/// The SQL storage behind [ref]; [helpers] is the root of the host.
SqlStorage sqlStorageFromHost(HostRef ref, HostRef helpers) =>
    SqlStorage._(ref, helpers);

/// The rows of a query.
///
/// As in JavaScript, each row is given once, whichever way it is taken:
/// [toList] after a loop that was left early gives the rows that the loop did
/// not get to. [isEmpty] and [isNotEmpty] tell whether a row is left, and take
/// none; [length], [first] and the other members of [Iterable] do.
final class SqlCursor extends Iterable<SqlRow> {
  SqlCursor._(Map<String, Object?> first)
      : columnNames = List.unmodifiable(first['columns']! as List<Object?>),
        _rest = first['rest'] as HostRef? {
    _receive(first);
  }

  /// How many rows are fetched ahead of the program's asking.
  static const int _ahead = 1000;

  /// The names of the columns, in the order of the query. A name occurs twice
  /// if the query gives it twice.
  final List<String> columnNames;

  HostRef? _rest;
  List<Object?> _rows = const [];
  int _next = 0;
  int _rowsRead = 0;
  int _rowsWritten = 0;

  /// How many rows the query has read in the database so far, which is what is
  /// billed.
  ///
  /// Rows are fetched up to 1000 at a time, and this counts them when they are
  /// fetched. It is complete when every row has been given.
  int get rowsRead => _rowsRead;

  /// How many rows the query has written so far, those of indices included.
  int get rowsWritten => _rowsWritten;

  void _receive(Map<String, Object?> chunk) {
    _rows = chunk['rows']! as List<Object?>;
    _next = 0;
    _rowsRead = (chunk['rowsRead']! as num).toInt();
    _rowsWritten = (chunk['rowsWritten']! as num).toInt();
    if (chunk['isDone'] == true) {
      _rest?.release();
      _rest = null;
    }
  }

  /// Makes sure that a row is there, unless there is none left.
  bool _fetch() {
    while (_next == _rows.length) {
      final rest = _rest;
      if (rest == null) return false;
      _receive(
        rest.callSync('take', const [_ahead])! as Map<String, Object?>,
      );
    }
    return true;
  }

  List<Object?> _take() => _rows[_next++]! as List<Object?>;

  SqlRow _row(List<Object?> values) => SqlRow._({
        for (final (at, name) in columnNames.indexed) name: values[at],
      });

  @override
  Iterator<SqlRow> get iterator => _Rows(this, _row);

  /// The rows as lists of their values, in the order of [columnNames]: the same
  /// rows, each given once.
  Iterable<List<Object?>> get raw => _Raw(this);

  /// The only row.
  ///
  /// Throws a [StateError] if there is none left, or more than one.
  SqlRow one() {
    const expected = 'expected exactly one row from the SQL query';
    if (!_fetch()) throw StateError('$expected, but got none');
    final row = _row(_take());
    if (_fetch()) throw StateError('$expected, but got several');
    return row;
  }

  /// The rows that are left.
  @override
  List<SqlRow> toList({bool growable = true}) {
    final rows = _rows.skip(_next);
    if (_rest case final rest?) {
      // All of it at once: the program wants it in memory anyway.
      _receive(rest.callSync('take', const [null])! as Map<String, Object?>);
      return [...rows, ..._drain()].map(_asRow).toList(growable: growable);
    }
    _drain();
    return rows.map(_asRow).toList(growable: growable);
  }

  List<Object?> _drain() {
    final rows = _rows;
    _rows = const [];
    _next = 0;
    return rows;
  }

  SqlRow _asRow(Object? values) => _row(values! as List<Object?>);

  @override
  bool get isEmpty => !_fetch();

  @override
  bool get isNotEmpty => _fetch();

  /// Says what it is; to show the rows would take them.
  @override
  String toString() => 'SqlCursor(${columnNames.join(', ')})';
}

/// A row of a query: the value of each column, by its name.
///
/// It is a [Map] that cannot be changed, so that patterns, `for` and
/// `Response.json` take it as one. A value is `null`, an [int], a [double], a
/// [String], or, of a BLOB, a [Uint8List]. A number with nothing after the point
/// is an [int], whatever SQLite stores; `get<double>` gives the [double]. An
/// integer beyond 2^53 has lost digits on its way through JavaScript: select
/// `CAST(column AS TEXT)` instead. Of several columns of one name it has the
/// last; [SqlCursor.raw] has them all.
final class SqlRow extends UnmodifiableMapView<String, Object?> {
  SqlRow._(super.values);

  /// The value of [column] as a [T], such as `int`, `double?` or `Uint8List`.
  ///
  /// A number with nothing after the point is both an [int] and a [double], and
  /// 0 and 1 are a [bool] too. Throws a [ValueTypeError] if the value is not a
  /// [T], among them `null` if [T] does not allow it, and an [ArgumentError] if
  /// there is no such column.
  T get<T extends Object?>(String column) {
    if (!containsKey(column)) {
      throw ArgumentError.value(
        column,
        'column',
        'no such column in this row, which has '
            '${keys.map((key) => '`$key`').join(', ')}',
      );
    }
    return convertColumn<T>(column, this[column]);
  }
}

/// What is left of the rows of [_cursor], each as [_convert] makes it.
final class _Rows<T> implements Iterator<T> {
  _Rows(this._cursor, this._convert);

  final SqlCursor _cursor;
  final T Function(List<Object?> values) _convert;
  T? _current;

  @override
  T get current => _current as T;

  @override
  bool moveNext() {
    if (!_cursor._fetch()) {
      _current = null;
      return false;
    }
    _current = _convert(_cursor._take());
    return true;
  }
}

final class _Raw extends Iterable<List<Object?>> {
  _Raw(this._cursor);

  final SqlCursor _cursor;

  @override
  Iterator<List<Object?>> get iterator => _Rows(_cursor, (values) => values);

  @override
  bool get isEmpty => _cursor.isEmpty;

  @override
  bool get isNotEmpty => _cursor.isNotEmpty;
}

/// The largest integer up to which every integer is a JavaScript number.
const int _maxSafeInteger = 9007199254740992;

/// Compiled to JavaScript a large double is no mistake, and looks like an int.
const bool _isEveryIntDouble = identical(1, 1.0);

Object? _binding(Object? value, int at) {
  final problem = switch (value) {
    null || bool() || String() || Uint8List() => null,
    int() => _isEveryIntDouble || value.abs() <= _maxSafeInteger
        ? null
        : 'is beyond 2^53, where JavaScript numbers lose integers; give a '
            'String, and write `CAST(? AS INTEGER)`',
    double() => value.isNaN
        ? 'is not a number, and SQL would store NULL; give `null` if that is '
            'meant'
        : null,
    List<int>() => value.any((byte) => byte < 0 || byte > 255)
        ? 'holds a number that is not a byte; bytes are 0 to 255'
        : null,
    BigInt() => 'is a BigInt, which SQL storage does not take; give a String, '
        'and write `CAST(? AS INTEGER)`',
    DateTime() => 'is a DateTime, for which SQLite has no type; give '
        '`toUtc().toIso8601String()` or `millisecondsSinceEpoch`',
    List() || Map() => 'is ${describeValue(value)}, for which SQLite has no '
        'type; give `jsonEncode` of it, or bytes',
    _ => 'is ${describeValue(value)}, for which SQLite has no type; give null, '
        'a bool, num, String or bytes',
  };
  if (problem != null) {
    throw ArgumentError.value(value, 'bindings[$at]', problem);
  }
  return switch (value) {
    // JavaScript would make it a text.
    bool() => value ? 1 : 0,
    Uint8List() => value,
    List<int>() => Uint8List.fromList(value),
    _ => value,
  };
}
