/// SQL in Durable Objects.
library;

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
  /// an [int] or a [double], a [String], or bytes as a [Uint8List]. Every number
  /// is bound as a REAL, as those of JavaScript are: a column that is declared
  /// `INTEGER` stores a whole one as an integer, but a `TEXT` column stores `1`
  /// as `1.0`.
  ///
  /// Throws an [ArgumentError] for a value that SQL has no counterpart of: an
  /// [int] beyond 2^53, a [BigInt], NaN, a [bool], a [DateTime]. Throws a
  /// [WorkersException] with SQLite's text for what it refuses, such as
  /// `UNIQUE constraint failed: notes.id`, for `BEGIN` and `SAVEPOINT`, in place
  /// of which there are `transaction` and `transactionSync` of the storage, and
  /// where the class has no SQL storage.
  SqlCursor exec(String query, [List<Object?> bindings = const []]) {
    final checked = [
      for (final (at, value) in bindings.indexed) _checkBinding(value, at),
    ];
    return SqlCursor._(
      _helpers.callSync('sqlExec', [_ref, SqlCursor._ahead, query, checked])!
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

  late final Map<String, int> _positions = {
    for (final (at, name) in columnNames.indexed) name: at,
  };

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

  SqlRow _row(List<Object?> values) => SqlRow._(this, values);

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

/// One row of a query.
final class SqlRow {
  SqlRow._(this._cursor, this._values);

  final SqlCursor _cursor;
  final List<Object?> _values;

  /// The names of the columns, in the order of the query.
  List<String> get columnNames => _cursor.columnNames;

  /// The values, in the order of [columnNames].
  List<Object?> get values => List.unmodifiable(_values);

  /// The value in [column]: `null`, an [int] or a [double], a [String], or
  /// bytes as a [Uint8List]. The last one, where several columns have the name.
  ///
  /// A number with nothing after the point is an [int], whatever SQLite stores;
  /// see [get]. An integer beyond 2^53 has lost digits on its way through
  /// JavaScript, and is a [double]: select `CAST(column AS TEXT)` instead.
  ///
  /// Throws an [ArgumentError] if the query has no such column.
  Object? operator [](String column) {
    final at = _cursor._positions[column];
    if (at != null) return _values[at];
    throw ArgumentError.value(
      column,
      'column',
      'not one of the columns of the query, which are '
          '${columnNames.map((name) => '`$name`').join(', ')}',
    );
  }

  /// The value in [column] as a [T], such as [int], `double?` or [Uint8List].
  ///
  /// Throws a [ValueTypeError] if it is of another type, which NULL is for a
  /// [T] that cannot be `null`, and an [ArgumentError] if the query has no such
  /// column.
  T get<T extends Object?>(String column) =>
      convertValue<T>(this[column], 'the column `$column`');

  /// The values by the names of their columns.
  Map<String, Object?> toMap() => {
        for (final MapEntry(:key, :value) in _cursor._positions.entries)
          key: _values[value],
      };

  @override
  String toString() => '${toMap()}';
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

Object? _checkBinding(Object? value, int at) {
  final problem = switch (value) {
    null || String() || Uint8List() => null,
    int() => _isEveryIntDouble || value.abs() <= _maxSafeInteger
        ? null
        : 'is beyond 2^53, where JavaScript numbers lose integers; give a '
            'String, and write `CAST(? AS INTEGER)`',
    double() => value.isNaN
        ? 'is not a number, and SQL would store NULL; give `null` if that is '
            'meant'
        : null,
    BigInt() => 'is a BigInt, which SQL storage does not take; give a String, '
        'and write `CAST(? AS INTEGER)`',
    bool() => 'is a bool, which SQL does not have; give 1 or 0',
    DateTime() => 'is a DateTime, which SQL does not have; give its '
        '`millisecondsSinceEpoch` or its `toIso8601String()`',
    List<int>() => 'is a list; give bytes as a Uint8List',
    _ => 'is not a value of SQL; give null, an int, a double, a String or a '
        'Uint8List',
  };
  if (problem == null) return value;
  throw ArgumentError.value(value, 'binding ${at + 1}', problem);
}
