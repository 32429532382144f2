import 'package:cloudflare_workers/cloudflare_workers.dart';

/// What a guest wrote.
final class Entry {
  const Entry(this.id, this.name, this.message, this.signedAt);

  Entry.fromRow(D1Row row)
      : id = row.get('id'),
        name = row.get('name'),
        message = row.get('message'),
        signedAt = DateTime.parse(row.get('signed_at'));

  final int id;
  final String name;
  final String message;
  final DateTime signedAt;
}
