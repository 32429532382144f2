/// A client of `package:http` for Cloudflare Workers.
library;

export 'src/workers_client.dart' show WorkersClient;
