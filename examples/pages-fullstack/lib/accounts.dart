import 'package:cloudflare_workers/pages.dart';

import 'account.dart';

/// The accounts, in D1. Of a password it has what PBKDF2 makes of it.
final class Accounts {
  const Accounts(this._db);

  /// As many as the platform takes.
  static const _iterations = 100000;

  final D1Database _db;

  /// Makes an account; `null` if the name is taken.
  Future<Account?> create(String name, String password) async {
    final salt = crypto.getRandomValues(16);
    final hash = await _hash(password, salt);
    try {
      final result = await _db
          .prepare('INSERT INTO accounts (name, salt, hash) VALUES (?, ?, ?)')
          .bind([name, salt, hash]).run();
      return Account(result.meta.lastRowId, name);
    } on D1Exception catch (error) {
      if (!error.isConstraintViolation) rethrow;
      return null;
    }
  }

  /// The account of this name, if the password is its own.
  Future<Account?> find(String name, String password) async {
    final row = await _db
        .prepare('SELECT * FROM accounts WHERE name = ?')
        .bind([name]).first();
    // It takes as long for a name that nobody has, so that nobody learns which
    // there are.
    final salt = row?.get<Uint8List>('salt') ?? Uint8List(16);
    final hash = await _hash(password, salt);
    if (row == null) return null;
    return crypto.subtle.timingSafeEqual(hash, row.get<Uint8List>('hash'))
        ? Account(row.get('id'), row.get('name'))
        : null;
  }

  static Future<Uint8List> _hash(String password, Uint8List salt) async {
    final key = await crypto.subtle.importKey(
      KeyFormat.raw,
      password,
      KeyAlgorithm.pbkdf2(),
      usages: {KeyUsage.deriveBits},
    );
    return crypto.subtle.deriveBits(
      DerivationAlgorithm.pbkdf2(
        hash: HashAlgorithm.sha256,
        salt: salt,
        iterations: _iterations,
      ),
      key,
      256,
    );
  }
}
