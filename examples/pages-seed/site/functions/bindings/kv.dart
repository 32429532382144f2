import 'package:cloudflare_workers/pages.dart';
import 'package:pages_seed/environment.g.dart';

Future<Response> onRequest(PagesContext context) async {
  final task = await context.env.todoList.get('Task:123');
  return Response.ok(task);
}

Future<Response> onRequestPut(PagesContext context) async {
  final task = await context.request.text();
  await context.env.todoList.put('Task:123', task);
  return Response.noContent();
}
