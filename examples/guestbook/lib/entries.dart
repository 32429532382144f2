import 'package:cloudflare_workers/cloudflare_workers.dart';

import 'entry.dart';

/// The entries of the guestbook, the latest first.
final class Entries {
  const Entries(this._db);

  static const pageSize = 5;

  final D1Database _db;

  /// One page, of the entries that are older than the one called [before].
  Future<({List<Entry> entries, int total, bool hasOlder})> page({
    int? before,
  }) async {
    final [count, rows] = await _db.batch([
      _db.prepare('SELECT count(*) AS total FROM entries'),
      // One more than is shown tells whether there is another page.
      _db
          .prepare('SELECT * FROM entries WHERE ?1 IS NULL OR id < ?1 '
              'ORDER BY id DESC LIMIT ?2')
          .bind([before, pageSize + 1]),
    ]);
    return (
      entries: rows.rows.take(pageSize).map(Entry.fromRow).toList(),
      total: count.rows.single.get<int>('total'),
      hasOlder: rows.rows.length > pageSize,
    );
  }

  /// Adds an entry, and says whether it is new.
  Future<bool> sign(String name, String message) async {
    try {
      await _db
          .prepare('INSERT INTO entries (name, message, signed_at) '
              'VALUES (?, ?, ?)')
          .bind(
              [name, message, DateTime.now().toUtc().toIso8601String()]).run();
      return true;
    } on D1Exception catch (error) {
      if (!error.isConstraintViolation) rethrow;
      return false;
    }
  }
}
