import 'package:cloudflare_workers/pages.dart';
import 'package:pages_fullstack/accounts.dart';
import 'package:pages_fullstack/environment.g.dart';
import 'package:pages_fullstack/input.dart';
import 'package:pages_fullstack/problem.dart';
import 'package:pages_fullstack/sessions.dart';

/// Who is signed in.
Future<Response> onRequestGet(PagesContext context) async {
  final PagesContext(:request, :env) = context;
  final account = await Sessions(env.sessions).accountOf(request);
  return Response.json(
    {'name': account?.name},
    headers: {'cache-control': 'no-store'},
  );
}

/// Signs in.
Future<Response> onRequestPost(PagesContext context) async {
  final PagesContext(:request, :env) = context;
  final input = await Input.read(request);
  final account = await Accounts(env.db).find(
    input.text('name', atMost: 40),
    input.text('password', atMost: 200, isExact: true),
  );
  if (account == null) {
    throw const Problem(401, 'The name or the password is wrong.');
  }
  final cookie = await Sessions(env.sessions).start(account, request.url);
  return Response.json({'name': account.name})..headers['set-cookie'] = cookie;
}

/// Signs out.
Future<Response> onRequestDelete(PagesContext context) async {
  final PagesContext(:request, :env) = context;
  final cookie = await Sessions(env.sessions).end(request);
  return Response.noContent()..headers['set-cookie'] = cookie;
}
