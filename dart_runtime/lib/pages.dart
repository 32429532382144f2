/// Functions of Cloudflare Pages in Dart, beside all of
/// `package:cloudflare_workers/cloudflare_workers.dart`.
///
/// A file in the folder `functions/` answers the requests for its path:
///
/// ```dart
/// // functions/api/todos/[id].dart
/// import 'package:cloudflare_workers/pages.dart';
///
/// Future<Response> onRequestGet(PagesContext context) async {
///   final todos = context.env.getKVNamespace('TODOS');
///   final todo = await todos.get(context.params['id']);
///   return todo == null ? Response.notFound() : Response.ok(todo);
/// }
/// ```
///
/// See https://developers.cloudflare.com/pages/functions/ for the platform
/// itself.
library;

export 'cloudflare_workers.dart';
export 'src/pages/context.dart' show PagesContext, PagesFunction;
export 'src/pages/params.dart' show PagesParams;
