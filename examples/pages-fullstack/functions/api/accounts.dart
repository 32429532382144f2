import 'package:cloudflare_workers/pages.dart';
import 'package:pages_fullstack/accounts.dart';
import 'package:pages_fullstack/environment.g.dart';
import 'package:pages_fullstack/input.dart';
import 'package:pages_fullstack/problem.dart';
import 'package:pages_fullstack/sessions.dart';

/// Makes an account, and signs in.
Future<Response> onRequestPost(PagesContext context) async {
  final PagesContext(:request, :env) = context;
  final input = await Input.read(request);
  final name = input.text('name', atMost: 40);
  final password = input.text('password', atMost: 200, isExact: true);
  if (password.length < 8) {
    throw const Problem(400, 'A password has 8 characters or more.');
  }
  final account = await Accounts(env.db).create(name, password);
  if (account == null) throw Problem(409, 'The name $name is taken.');
  final cookie = await Sessions(env.sessions).start(account, request.url);
  return Response.json({'name': account.name}, status: 201)
    ..headers['set-cookie'] = cookie;
}
