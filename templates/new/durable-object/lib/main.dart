import 'package:cloudflare_workers/cloudflare_workers.dart';

import 'counter.dart';
import 'environment.g.dart';

/// Counters by name: `GET /apples` shows one, `POST /apples` counts.
void main() {
  CloudflareWorkers(
    durableObjects: {'Counter': Counter.new},
    fetch: (request, env, ctx) => switch (request.url.pathSegments) {
      [] => Response.ok('count with: curl -X POST ${request.url}apples\n'),
      [final name] => env.counters.getByName(name).fetch(request),
      _ => Response.notFound('there is nothing here\n'),
    },
  );
}
