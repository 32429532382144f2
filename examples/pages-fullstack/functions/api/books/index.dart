import 'package:cloudflare_workers/pages.dart';
import 'package:pages_fullstack/books.dart';
import 'package:pages_fullstack/input.dart';

/// Lists the books; `?show=read` and `?show=unread` list some of them.
Future<Response> onRequestGet(PagesContext context) async {
  final books = context.data['books']! as Books;
  final isRead = switch (context.request.url.queryParameters['show']) {
    'read' => true,
    'unread' => false,
    _ => null,
  };
  return Response.json(await books.list(isRead: isRead));
}

/// Adds a book.
Future<Response> onRequestPost(PagesContext context) async {
  final books = context.data['books']! as Books;
  final input = await Input.read(context.request);
  final id = await books.add(
    input.text('title', atMost: 200),
    input.text('author', atMost: 200),
  );
  return Response.json({'id': id}, status: 201);
}
