import 'dart:convert';

import 'package:cloudflare_workers/cloudflare_workers.dart';
import 'package:cloudflare_workers/src/bindings/d1_database.dart';

import 'fake_host.dart';
import 'testing.dart';

typedef _Methods = Map<String, Object? Function(List<Object?> arguments)>;

/// A database whose statements have [methods], and that remembers what was
/// asked of it in the first list and of its statements in the second.
(D1Database, FakeRef, FakeRef) _d1(_Methods methods) {
  final statement = FakeRef('D1PreparedStatement', methods: methods);
  methods['bind'] = (_) => statement;
  final ref = FakeRef(
    'D1Database',
    methods: {...methods, 'prepare': (_) => statement},
  );
  return (d1DatabaseFromHost(ref), ref, statement);
}

void d1DatabaseTests() {
  group('D1Database', () {
    test('values', () async {
      final (db, ref, statement) = _d1({'run': (_) => _result([])});
      await db.prepare('INSERT').bind([
        null,
        1,
        1.5,
        'a',
        true,
        [1, 255],
        Uint8List(1),
      ]).run();
      expect(ref.calls, ['prepare(INSERT)']);
      expect(statement.calls, [
        'bind(null, 1, 1.5, a, true, [1, 255], [0])',
        'run()',
      ]);
      expect(statement.arguments.first[5] is Uint8List, true);
    });

    test('values that D1 has no type for are refused by their place', () async {
      final (db, _, statement) = _d1({});
      for (final (value, message) in [
        (DateTime.utc(2026), 'values[1]): is a DateTime, for which SQLite'),
        (BigInt.one, 'is a BigInt, which D1 does not take'),
        (double.nan, 'is not a number that D1 can store'),
        (double.infinity, 'is not a number that D1 can store'),
        ((1 << 53) + 1, 'is beyond 2^53, where D1 loses digits'),
        (-(1 << 53) - 1, 'is beyond 2^53, where D1 loses digits'),
        ([1, 256], 'holds a number that is not a byte'),
        ([-1], 'holds a number that is not a byte'),
        (['a'], 'is a List, for which SQLite has no type; give `jsonEncode`'),
        ({'a': 1}, 'is a Map, for which SQLite has no type'),
        (Object(), 'for which SQLite has no type; give null, a bool'),
      ]) {
        await expectThrows<ArgumentError>(
          () => db.prepare('').bind([null, value]),
          message,
        );
      }
      expect(statement.calls, const <String>[]);
      db.prepare('').bind([1 << 53]);
    });

    test('rows', () async {
      final (db, _, statement) = _d1({
        'all': (_) => _result([
              {
                'id': 1,
                'score': 2,
                'done': 1,
                'name': null,
                'data': const [0]
              },
            ]),
        'first': (arguments) => arguments.isEmpty ? null : 7,
      });
      final row = (await db.prepare('').all()).rows.single;
      expect(row['id'], 1);
      expect(row['absent'], null);
      expect(row.get<double>('score'), 2.0);
      expect(row.get<bool>('done'), true);
      expect(row.get<bool?>('name'), null);
      expect(row.get<Object?>('done'), 1);
      expect(row.get<Uint8List>('data') is Uint8List, true);
      expect(
        jsonEncode(row),
        '{"id":1,"score":2,"done":1,"name":null,"data":[0]}',
      );
      await expectThrows<ValueTypeError>(
        () => row.get<String>('name'),
        'the column `name` is null, not the String that was asked for',
      );
      await expectThrows<ValueTypeError>(
        () => D1Row({'done': 2}).get<bool>('done'),
        'the column `done` is an int, not the bool that was asked for',
      );
      await expectThrows<ArgumentError>(
        () => D1Row({'id': 1, 'name': 2}).get<Object?>('nam'),
        'no such column in this row, which has `id`, `name`',
      );
      await expectThrows<UnsupportedError>(() => row['id'] = 2);
      expect(await db.prepare('').first(), null);
      expect(await db.prepare('').firstValue<int>('n'), 7);
      await expectThrows<ValueTypeError>(
        () => db.prepare('').firstValue<String>('n'),
        'the column `n` is an int',
      );
      expect(statement.calls.skip(1).first, 'first()');
      expect(statement.calls.last, 'first(n)');
    });

    test('what a query cost', () async {
      final (db, _, _) = _d1({
        'all': (_) => {
              'success': true,
              'meta': {
                'duration': 1.25,
                'changes': 1,
                'last_row_id': 2,
                'changed_db': true,
                'size_after': 3,
                'rows_read': 4,
                'rows_written': 5,
                'served_by': 'v3-prod',
                'served_by_region': 'WEUR',
                'served_by_colo': 'FRA',
                'served_by_primary': false,
                'timings': {'sql_duration_ms': 0.5},
                'total_attempts': 2,
              },
            },
        'run': (_) => {'success': true},
      });
      final result = await db.prepare('').all();
      expect(result.rows, const <D1Row>[]);
      final meta = result.meta;
      expect(
        (meta.duration, meta.sqlDuration),
        (const Duration(microseconds: 1250), const Duration(microseconds: 500)),
      );
      expect((meta.changes, meta.lastRowId, meta.changedDb), (1, 2, true));
      expect((meta.sizeAfter, meta.rowsRead, meta.rowsWritten), (3, 4, 5));
      expect((meta.servedBy, meta.servedByRegion), ('v3-prod', 'WEUR'));
      expect((meta.servedByColo, meta.servedByPrimary), ('FRA', false));
      expect(meta.totalAttempts, 2);
      final none = (await db.prepare('').run()).meta;
      expect((none.duration, none.changes), (Duration.zero, 0));
      expect((none.servedByPrimary, none.sqlDuration), (null, null));
    });

    test('rows as lists', () async {
      var answer = <Object?>[
        ['a', 'a'],
        [
          1,
          [2],
        ],
      ];
      final (db, _, statement) = _d1({'raw': (_) => answer});
      final result = await db.prepare('').raw();
      expect(result.columnNames, ['a', 'a']);
      expect(result.rows, [
        [
          1,
          [2],
        ],
      ]);
      expect(result.rows.single[1] is Uint8List, true);
      expect(statement.calls, ['raw({columnNames: true})']);
      answer = [];
      expect((await db.prepare('').raw()).rows, const <Object?>[]);
    });

    test('batches and sessions', () async {
      final session = FakeRef(
        'D1DatabaseSession',
        methods: {'getBookmark': (_) => '1-2'},
      );
      final (db, ref, statement) = _d1({
        'batch': (_) => [_result([]), _result([])],
        'exec': (_) => {'count': 2, 'duration': 3},
        'withSession': (_) => session,
      });
      final one = db.prepare('1');
      expect((await db.batch([one, one.bind([])])).length, 2);
      final done = await db.exec('a\nb');
      expect((done.count, done.duration), (2, const Duration(milliseconds: 3)));
      expect(db.withSession().getBookmark(), '1-2');
      db
        ..withSession(constraint: D1SessionConstraint.firstPrimary)
        ..withSession(constraint: D1SessionConstraint.firstUnconstrained)
        ..withSession(bookmark: '1-2');
      await expectThrows<ArgumentError>(
        () => db.withSession(
          constraint: D1SessionConstraint.firstPrimary,
          bookmark: '1-2',
        ),
        'not both',
      );
      expect(statement.calls, ['bind()']);
      expect(ref.calls, [
        'prepare(1)',
        'batch([<D1PreparedStatement>, <D1PreparedStatement>])',
        'exec(a\nb)',
        'withSession()',
        'withSession(first-primary)',
        'withSession(first-unconstrained)',
        'withSession(1-2)',
      ]);
    });

    test('errors', () async {
      var message = '';
      final (db, _, _) = _d1({
        'run': (_) => throw WorkersException('Error', message, stack: 'at'),
      });
      Future<D1Exception> run(String text) {
        message = text;
        return expectThrows<D1Exception>(db.prepare('').run, text);
      }

      final error = await run('D1_ERROR: no such table: a: SQLITE_ERROR');
      expect((error.name, error.stack), ('Error', 'at'));
      expect(error.isConstraintViolation, false);
      for (final text in [
        'D1_ERROR: UNIQUE constraint failed: a.b: SQLITE_CONSTRAINT',
        'D1_ERROR: UNIQUE constraint failed: a.b',
        'D1_ERROR: my own text: SQLITE_CONSTRAINT '
            '(extended: SQLITE_CONSTRAINT_TRIGGER)',
        'D1_ERROR: FOREIGN KEY constraint failed: SQLITE_CONSTRAINT',
      ]) {
        expect((await run(text)).isConstraintViolation, true);
      }
      message = 'Network connection lost.';
      final other = await expectThrows<WorkersException>(db.prepare('').run);
      expect(other is D1Exception, false);
    });
  });
}

Map<String, Object?> _result(List<Object?> rows) =>
    {'success': true, 'results': rows, 'meta': <String, Object?>{}};
