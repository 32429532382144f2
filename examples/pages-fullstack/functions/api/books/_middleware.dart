import 'package:cloudflare_workers/pages.dart';
import 'package:pages_fullstack/books.dart';
import 'package:pages_fullstack/environment.g.dart';
import 'package:pages_fullstack/problem.dart';
import 'package:pages_fullstack/sessions.dart';

/// Gives the functions in this folder the books of whoever is signed in.
Future<Response> onRequest(PagesContext context) async {
  final PagesContext(:request, :env) = context;
  final account = await Sessions(env.sessions).accountOf(request);
  if (account == null) throw const Problem(401, 'Sign in first.');
  context.data['books'] = Books(env.db, account);
  return context.next();
}
