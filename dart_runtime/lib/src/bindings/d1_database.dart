/// D1 databases.
library;

import 'dart:async';
import 'dart:collection';
import 'dart:typed_data';

import '../host/host.dart';
import '../values.dart';

/// What SQL is sent to: a [D1Database], or a [D1DatabaseSession] of one.
///
/// See https://developers.cloudflare.com/d1/worker-api/.
abstract class D1Queryable {
  D1Queryable._(this._ref);

  final HostRef _ref;

  /// A statement of this [sql], in which `?` or `?1` stand for the values that
  /// [D1PreparedStatement.bind] gives.
  ///
  /// Sends nothing yet. The statement can be kept, and used by later events.
  D1PreparedStatement prepare(String sql) =>
      D1PreparedStatement._(_ref.derive('prepare', [sql]));

  /// Runs [statements] in this order, in one journey and one transaction: if
  /// one fails, nothing that any of them did stays.
  ///
  /// Throws a [D1Exception] with the text of the first that failed.
  Future<List<D1Result>> batch(Iterable<D1PreparedStatement> statements) async {
    final results = await _d1(
      () => _ref.call('batch', [
        [for (final statement in statements) statement._ref],
      ]),
    );
    return [for (final result in results! as List<Object?>) _result(result)];
  }
}

/// A D1 database: SQLite, reached through its binding.
///
/// ```dart
/// final db = env.getD1Database('DB');
/// await db.prepare('INSERT INTO guests (name) VALUES (?)').bind(['Ada']).run();
/// final guests = await db.prepare('SELECT id, name FROM guests').all();
/// for (final guest in guests.rows) {
///   print('${guest.get<int>('id')} ${guest['name']}');
/// }
/// ```
///
/// What the platform refuses throws a [D1Exception].
///
/// See https://developers.cloudflare.com/d1/worker-api/d1-database/.
class D1Database extends D1Queryable {
  D1Database._(super.ref) : super._();

  /// Runs [sql], in which each line is one statement or more, without values.
  ///
  /// For the like of migrations: a statement must not stretch over several
  /// lines, and nothing is prepared for the next time. Throws a [D1Exception]
  /// if one fails; what those before it did may stay.
  Future<D1ExecResult> exec(String sql) async {
    final result = await _d1(() => _ref.call('exec', [sql]));
    final parts = result! as Map<Object?, Object?>;
    return D1ExecResult(
      count: convertValue<int>(parts['count'], 'the `count` of `exec`'),
      duration: _duration(parts['duration']) ?? Duration.zero,
    );
  }

  /// A session, in which each query sees what those before it wrote, whatever
  /// replica answers it.
  ///
  /// Its first query goes where [constraint] says, or to a database that is no
  /// older than [bookmark], which [D1DatabaseSession.getBookmark] gave before.
  /// Without either it goes anywhere. Throws an [ArgumentError] if both are
  /// given.
  ///
  /// A session that is kept begins anew in the next event; keep its bookmark.
  ///
  /// See https://developers.cloudflare.com/d1/best-practices/read-replication/.
  D1DatabaseSession withSession({
    D1SessionConstraint? constraint,
    String? bookmark,
  }) {
    if (constraint != null && bookmark != null) {
      throw ArgumentError('give either `constraint` or `bookmark`, not both');
    }
    final start = constraint?._text ?? bookmark;
    return D1DatabaseSession._(
      _ref.derive('withSession', [if (start != null) start]),
    );
  }
}

/// Where the first query of a [D1DatabaseSession] goes.
enum D1SessionConstraint {
  /// To the primary database, which has seen every write.
  firstPrimary('first-primary'),

  /// To the primary database or any replica, whichever is near.
  firstUnconstrained('first-unconstrained');

  const D1SessionConstraint(this._text);

  final String _text;
}

/// A sequence of queries of a D1 database, each of which sees what those before
/// it wrote.
///
/// See https://developers.cloudflare.com/d1/worker-api/d1-database/#withsession.
class D1DatabaseSession extends D1Queryable {
  D1DatabaseSession._(super.ref) : super._();

  /// What a later session has to begin with to see all that this one saw, or
  /// `null` before the first query.
  ///
  /// Known at once, as in JavaScript; during development the whole program
  /// waits a fraction of a millisecond for it.
  String? getBookmark() => _ref.callSync('getBookmark', const []) as String?;
}

/// A statement of SQL, ready to run.
///
/// See https://developers.cloudflare.com/d1/worker-api/prepared-statements/.
class D1PreparedStatement {
  D1PreparedStatement._(this._ref);

  final HostRef _ref;

  /// This statement with [values] for its parameters, in order; this one stays
  /// as it is.
  ///
  /// A value is `null`, an [int], a [double], a [String], a [bool], which
  /// becomes 1 or 0, or bytes (`Uint8List` or any `List<int>`), which become a
  /// BLOB. Throws an [ArgumentError] for anything else, and for numbers that D1
  /// cannot store: beyond 2^53, infinite, not a number.
  ///
  /// SQL sees every number as a REAL, which a column of the type INTEGER makes
  /// an integer again: `SELECT ? / 2` of 7 is 3.5.
  D1PreparedStatement bind(List<Object?> values) => D1PreparedStatement._(
        _ref.derive('bind', [
          for (final (at, value) in values.indexed) _parameter(value, at),
        ]),
      );

  /// The first row, or `null` if there is none.
  ///
  /// The database still reads all of them: say `LIMIT 1`.
  Future<D1Row?> first() async {
    final row = await _d1(() => _ref.call('first', const []));
    return row == null ? null : _row(row);
  }

  /// The value of [column] in the first row, or `null` if there is no row.
  ///
  /// Throws a [D1Exception] if there is no such column, and a [ValueTypeError]
  /// if the value is not a [T]; see [D1Row.get].
  Future<T?> firstValue<T extends Object?>(String column) async {
    final value = await _d1(() => _ref.call('first', [column]));
    return value == null ? null : convertColumn<T>(column, _cell(value));
  }

  /// Every row, with what the query cost.
  Future<D1Result> all() async =>
      _result(await _d1(() => _ref.call('all', const [])));

  /// Runs the statement for what it changes; its rows, of a `RETURNING` for
  /// one, come as with [all].
  Future<D1Result> run() async =>
      _result(await _d1(() => _ref.call('run', const [])));

  /// Every row as a list of its values, beside the names of the columns.
  ///
  /// Unlike a [D1Row], such a list can hold two columns of the same name.
  Future<D1RawResult> raw() async {
    final result = await _d1(
      () => _ref.call('raw', [
        {'columnNames': true},
      ]),
    );
    final lists = [
      for (final list in result! as List<Object?>) list! as List<Object?>,
    ];
    // An old database that has no row to give tells no names either.
    final [columns, ...rows] = lists.isEmpty ? const [<Object?>[]] : lists;
    return D1RawResult(
      [for (final column in columns) '$column'],
      [
        for (final row in rows) [for (final value in row) _cell(value)],
      ],
    );
  }

  static Object? _parameter(Object? value, int at) {
    final problem = switch (value) {
      null || bool() || String() => null,
      // Compiled to JavaScript a large double is an integer too.
      int() when !identical(1, 1.0) && value.abs() > 9007199254740992 =>
        'is beyond 2^53, where D1 loses digits; give a String',
      double() when !value.isFinite => 'is not a number that D1 can store',
      num() || Uint8List() => null,
      List<int>() => value.any((byte) => byte < 0 || byte > 255)
          ? 'holds a number that is not a byte; bytes are 0 to 255'
          : null,
      DateTime() => 'is a DateTime, for which SQLite has no type; give '
          '`toUtc().toIso8601String()` or `millisecondsSinceEpoch`',
      BigInt() => 'is a BigInt, which D1 does not take; give an int or, beyond '
          '2^53, a String',
      List() || Map() => 'is ${describeValue(value)}, for which SQLite has no '
          'type; give `jsonEncode` of it, or bytes',
      _ => 'is ${describeValue(value)}, for which SQLite has no type; give '
          'null, a bool, num, String or bytes',
    };
    if (problem != null) {
      throw ArgumentError.value(value, 'values[$at]', problem);
    }
    return value is List<int> && value is! Uint8List
        ? Uint8List.fromList(value)
        : value;
  }
}

/// The rows that a statement gave, and what it cost.
///
/// See https://developers.cloudflare.com/d1/worker-api/return-object/#d1result.
class D1Result {
  /// A result of these [rows].
  const D1Result(this.rows, this.meta);

  /// The rows, in the order of the query; JavaScript calls them `results`.
  final List<D1Row> rows;

  /// What the statement changed and cost.
  final D1Meta meta;
}

/// A row: the value of each column, by its name.
///
/// It is a [Map] that cannot be changed, so that patterns, `for` and
/// `Response.json` take it as one. A value is `null`, an [int], a [double], a
/// [String], or, of a BLOB, a [Uint8List]. A REAL without a fraction is an
/// [int], since JavaScript does not tell `1.0` from `1`; `get<double>` gives
/// the [double]. Integers beyond 2^53 lose digits on their way: store them as
/// text.
class D1Row extends UnmodifiableMapView<String, Object?> {
  /// A row with these values by column.
  D1Row(super.values);

  /// The value of [column] as a [T].
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

/// The rows of a statement as lists.
class D1RawResult {
  /// A result of [rows] with these [columnNames].
  const D1RawResult(this.columnNames, this.rows);

  /// The name of each column.
  final List<String> columnNames;

  /// The values of each row, in the order of [columnNames] and of the types
  /// that those of a [D1Row] have.
  final List<List<Object?>> rows;
}

/// What a statement changed and cost.
///
/// See https://developers.cloudflare.com/d1/worker-api/return-object/#d1result.
class D1Meta {
  /// What a statement changed and cost.
  const D1Meta({
    this.duration = Duration.zero,
    this.changes = 0,
    this.lastRowId = 0,
    this.changedDb = false,
    this.sizeAfter = 0,
    this.rowsRead = 0,
    this.rowsWritten = 0,
    this.servedBy,
    this.servedByRegion,
    this.servedByColo,
    this.servedByPrimary,
    this.sqlDuration,
    this.totalAttempts,
  });

  factory D1Meta._from(Map<Object?, Object?> meta) {
    int number(String name) => switch (meta[name]) {
          final num value => value.toInt(),
          _ => 0,
        };
    String? text(String name) => meta[name] as String?;
    final timings = meta['timings'];
    return D1Meta(
      duration: _duration(meta['duration']) ?? Duration.zero,
      changes: number('changes'),
      lastRowId: number('last_row_id'),
      changedDb: meta['changed_db'] == true,
      sizeAfter: number('size_after'),
      rowsRead: number('rows_read'),
      rowsWritten: number('rows_written'),
      servedBy: text('served_by'),
      servedByRegion: text('served_by_region'),
      servedByColo: text('served_by_colo'),
      servedByPrimary: meta['served_by_primary'] as bool?,
      sqlDuration:
          timings is Map ? _duration(timings['sql_duration_ms']) : null,
      totalAttempts: (meta['total_attempts'] as num?)?.toInt(),
    );
  }

  /// How long the statement took inside the database.
  final Duration duration;

  /// How many rows were inserted, updated or deleted.
  final int changes;

  /// The id of the last row that was inserted, by this statement or before.
  final int lastRowId;

  /// Whether the database is another than before.
  final bool changedDb;

  /// How large the database is afterwards, in bytes.
  final int sizeAfter;

  /// How many rows the database read, which is what is billed.
  final int rowsRead;

  /// How many rows the database wrote, indexes included, which is what is
  /// billed.
  final int rowsWritten;

  /// What answered, in words of the platform's own, or `null` if it does not
  /// say.
  final String? servedBy;

  /// The region of the database that answered, such as `WEUR`, or `null` if the
  /// platform does not say.
  final String? servedByRegion;

  /// The three letters of the airport of the data centre that answered, or
  /// `null` if the platform does not say.
  final String? servedByColo;

  /// Whether the primary database answered and not a replica, or `null` if the
  /// platform does not say.
  final bool? servedByPrimary;

  /// How long the SQL alone took, or `null` if the platform does not say.
  final Duration? sqlDuration;

  /// How often the query was tried, or `null` if the platform does not say.
  final int? totalAttempts;
}

/// What [D1Database.exec] did.
class D1ExecResult {
  /// Says that [count] lines were run.
  const D1ExecResult({required this.count, this.duration = Duration.zero});

  /// How many lines were run.
  final int count;

  /// How long that took inside the database.
  final Duration duration;
}

/// What D1 refused.
///
/// The [message] is the platform's, such as
/// `D1_ERROR: UNIQUE constraint failed: guests.name: SQLITE_CONSTRAINT`.
///
/// See https://developers.cloudflare.com/d1/observability/debug-d1/.
class D1Exception extends WorkersException {
  /// Describes an error of D1.
  const D1Exception(
    super.name,
    super.message, {
    super.stack,
    super.retryable,
    super.overloaded,
  });

  static final RegExp _constraint = RegExp(
    r'(^|: )(UNIQUE|PRIMARY KEY|NOT NULL|CHECK|FOREIGN KEY) constraint failed\b'
    r'|: SQLITE_CONSTRAINT(_[A-Z]+)?( \(extended: \w+\))?$',
  );

  /// Whether a constraint of the schema refused the change: `UNIQUE`,
  /// `NOT NULL`, `CHECK`, `FOREIGN KEY`.
  bool get isConstraintViolation => _constraint.hasMatch(message);
}

/// What [call] gives, with D1's errors by their own type.
Future<Object?> _d1(Future<Object?> Function() call) async {
  try {
    return await call();
  } on WorkersException catch (error, stack) {
    if (!error.message.startsWith('D1_')) rethrow;
    Error.throwWithStackTrace(
      D1Exception(
        error.name,
        error.message,
        stack: error.stack,
        retryable: error.retryable,
        overloaded: error.overloaded,
      ),
      stack,
    );
  }
}

D1Result _result(Object? result) {
  final parts = result! as Map<Object?, Object?>;
  return D1Result(
    [for (final row in parts['results'] as List? ?? const []) _row(row)],
    D1Meta._from(parts['meta'] as Map? ?? const {}),
  );
}

D1Row _row(Object? row) => D1Row({
      for (final MapEntry(:key, :value) in (row! as Map).entries)
        '$key': _cell(value),
    });

/// D1 gives a BLOB as a list of its bytes, and no other list.
Object? _cell(Object? value) => switch (value) {
      Uint8List() => value,
      List() => Uint8List.fromList([
          for (final byte in value) convertValue<int>(byte, 'a byte of a BLOB'),
        ]),
      _ => value,
    };

Duration? _duration(Object? milliseconds) => milliseconds is num
    ? Duration(microseconds: (milliseconds * 1000).round())
    : null;

/// The database behind [ref].
D1Database d1DatabaseFromHost(HostRef ref) => D1Database._(ref);
