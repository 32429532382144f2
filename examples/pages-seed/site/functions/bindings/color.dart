import 'package:cloudflare_workers/pages.dart';
import 'package:pages_seed/environment.g.dart';

Response onRequest(PagesContext context) => Response.ok(context.env.color);
