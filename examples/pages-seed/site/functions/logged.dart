import 'package:cloudflare_workers/pages.dart';
import 'package:pages_seed/middlewares.dart';

/// A handler may be a list of functions.
final onRequest = [
  extraLogging,
  (PagesContext context) =>
      Response.ok('The log has a line for this ${context.request.method}\n'),
];
