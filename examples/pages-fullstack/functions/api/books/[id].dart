import 'package:cloudflare_workers/pages.dart';
import 'package:pages_fullstack/books.dart';
import 'package:pages_fullstack/input.dart';
import 'package:pages_fullstack/problem.dart';

/// Says whether a book was read.
Future<Response> onRequestPatch(PagesContext context) async {
  final books = context.data['books']! as Books;
  final input = await Input.read(context.request);
  return _done(await books.mark(_id(context), isRead: input.flag('isRead')));
}

/// Removes a book.
Future<Response> onRequestDelete(PagesContext context) async {
  final books = context.data['books']! as Books;
  return _done(await books.remove(_id(context)));
}

/// The number of the book; of text, that of none.
int _id(PagesContext context) => int.tryParse(context.params['id']) ?? 0;

Response _done(bool isDone) => isDone
    ? Response.noContent()
    : throw const Problem(404, 'There is no such book.');
