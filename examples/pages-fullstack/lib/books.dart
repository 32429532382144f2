import 'package:cloudflare_workers/pages.dart';

import 'account.dart';

/// The books of one account, in D1.
final class Books {
  const Books(this._db, this._account);

  final D1Database _db;
  final Account _account;

  /// All of them, or those that are read or are not.
  Future<List<Map<String, Object?>>> list({bool? isRead}) async {
    final result = await _db
        .prepare('SELECT * FROM books WHERE account = ?1 '
            'AND (?2 IS NULL OR is_read = ?2) ORDER BY id DESC')
        .bind([_account.id, isRead]).all();
    return [
      for (final row in result.rows)
        {
          'id': row.get<int>('id'),
          'title': row.get<String>('title'),
          'author': row.get<String>('author'),
          'isRead': row.get<bool>('is_read'),
        },
    ];
  }

  /// Adds one, and gives its number.
  Future<int> add(String title, String author) async {
    final result = await _db
        .prepare('INSERT INTO books (account, title, author) VALUES (?, ?, ?)')
        .bind([_account.id, title, author]).run();
    return result.meta.lastRowId;
  }

  /// Says whether a book was read. `false` if this account has no such book.
  Future<bool> mark(int id, {required bool isRead}) => _change(
        'UPDATE books SET is_read = ?3 WHERE id = ?1 AND account = ?2',
        [id, _account.id, isRead],
      );

  /// Removes a book. `false` if this account has no such book.
  Future<bool> remove(int id) => _change(
        'DELETE FROM books WHERE id = ?1 AND account = ?2',
        [id, _account.id],
      );

  Future<bool> _change(String sql, List<Object?> values) async {
    final result = await _db.prepare(sql).bind(values).run();
    return result.meta.changes == 1;
  }
}
