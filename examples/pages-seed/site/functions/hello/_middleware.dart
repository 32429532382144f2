import 'package:cloudflare_workers/pages.dart';
import 'package:pages_seed/middlewares.dart';

/// `/hello` and all below it, whatever the method.
final onRequest = [errorHandler];

/// For a `GET` these as well, after the ones above.
final List<PagesFunction> onRequestGet = [hello];
