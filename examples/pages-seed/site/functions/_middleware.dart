import 'package:cloudflare_workers/pages.dart';
import 'package:pages_seed/middlewares.dart';

/// All requests, those for files too: says how long they took, and answers for
/// whoever throws.
final onRequest = [timing, errorHandler];
