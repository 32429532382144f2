import 'package:cloudflare_workers/cloudflare_workers.dart';

import 'environment.g.dart';
import 'room.dart';

/// A chat: the page is in `public/`, and connects to `/rooms/lobby`.
void main() {
  CloudflareWorkers(
    durableObjects: {'Room': Room.new},
    fetch: (request, env, ctx) => switch (request.url.pathSegments) {
      ['rooms', final room] => env.rooms.getByName(room).fetch(request),
      _ => Response.notFound('there is no such page\n'),
    },
  );
}
