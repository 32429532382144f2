import 'package:cloudflare_workers/cloudflare_workers.dart';

import 'chat_room.dart';
import 'environment.g.dart';
import 'page.dart';

void main() {
  CloudflareWorkers(
    durableObjects: {'ChatRoom': ChatRoom.new},
    fetch: (request, env, ctx) => switch (request.url.pathSegments) {
      [] => Response.redirect('/lobby'),
      [_] => Response.html(page),
      [final room, 'socket'] => env.rooms.getByName(room).fetch(request),
      _ => Response.notFound('there is no such page\n'),
    },
  );
}
