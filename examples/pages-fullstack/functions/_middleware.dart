import 'package:cloudflare_workers/pages.dart';
import 'package:pages_fullstack/environment.g.dart';
import 'package:pages_fullstack/problem.dart';
import 'package:pages_fullstack/sessions.dart';

/// Every request passes here, those for files too.
final onRequest = [answerProblems, refuseOtherSites, guardShelf];

/// Answers with what is wrong with the request.
Future<Response> answerProblems(PagesContext context) async {
  try {
    return await context.next();
  } on Problem catch (problem) {
    return Response.json({'problem': problem.message}, status: problem.status);
  }
}

/// Takes changes from pages of this site alone.
Future<Response> refuseOtherSites(PagesContext context) {
  final PagesContext(:request, :next) = context;
  final origin = request.headers['origin'];
  final isChange = request.method != 'GET' && request.method != 'HEAD';
  if (isChange && origin != null && origin != request.url.origin) {
    throw const Problem(403, 'This came from another site.');
  }
  return next();
}

/// Shows the files in `public/shelf/` to those who are signed in.
///
/// It stands at the root, where every request passes, and looks at the decoded
/// path, by which static files are found: `/%73helf/` is the same page.
Future<Response> guardShelf(PagesContext context) async {
  final PagesContext(:request, :env, :next) = context;
  final names = request.url.pathSegments.expand((part) => part.split('/'));
  if (!names.contains('shelf')) return next();
  if (await Sessions(env.sessions).accountOf(request) == null) {
    final here = Uri(path: '/', queryParameters: {'next': request.url.path});
    return Response.redirect('$here', status: 303);
  }
  final response = await next();
  // So that nobody comes back to it after signing out.
  return response..headers['cache-control'] = 'no-store';
}
