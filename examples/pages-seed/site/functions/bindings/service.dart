import 'package:cloudflare_workers/pages.dart';
import 'package:pages_seed/environment.g.dart';

Future<Response> onRequestGet(PagesContext context) =>
    context.env.service.fetch(context.request);
