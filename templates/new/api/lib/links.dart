import 'package:cloudflare_workers/cloudflare_workers.dart';

/// The links: D1 has them all, and KV where each leads, to be read quickly.
final class Links {
  const Links(this._db, this._targets);

  final D1Database _db;
  final KVNamespace _targets;

  /// All links, by name.
  Future<List<Object?>> all() async {
    final links = await _db.prepare('SELECT * FROM links ORDER BY name').all();
    return [
      for (final link in links.rows)
        {'name': link['name'], 'url': link['url'], 'at': link['created_at']},
    ];
  }

  /// Where the link leads, or null if there is none.
  Future<String?> target(String name) => _targets.get(name);

  /// Makes a link, and says whether the name was free.
  Future<bool> add(String name, String url) async {
    final now = DateTime.now().toUtc().toIso8601String();
    try {
      await _db
          .prepare('INSERT INTO links (name, url, created_at) VALUES (?, ?, ?)')
          .bind([name, url, now]).run();
    } on D1Exception catch (error) {
      if (error.isConstraintViolation) return false;
      rethrow;
    }
    await _targets.put(name, url);
    return true;
  }

  /// Removes a link, and says whether there was one.
  Future<bool> remove(String name) async {
    final removed = await _db
        .prepare('DELETE FROM links WHERE name = ? RETURNING name')
        .bind([name]).first();
    await _targets.delete(name);
    return removed != null;
  }
}
