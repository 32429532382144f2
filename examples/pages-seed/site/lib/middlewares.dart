import 'package:cloudflare_workers/pages.dart';

/// Answers with the error of whatever comes after it, in place of the
/// platform's page.
Future<Response> errorHandler(PagesContext context) async {
  try {
    // Wait for the next function to finish.
    return await context.next();
  } catch (error, stack) {
    console.error('$error\n$stack');
    return Response.error('$error\n');
  }
}

/// Says how long all that comes after it took.
Future<Response> timing(PagesContext context) async {
  final start = DateTime.now();
  context.data['timestamp'] = start;
  final response = await context.next();
  final delta = DateTime.now().difference(start).inMilliseconds;
  return response..headers['x-response-timing'] = '$delta';
}

/// Adds a header to the answer.
Future<Response> hello(PagesContext context) async {
  final response = await context.next();
  return response..headers['x-hello'] = 'Hello from functions Middleware!';
}

/// Writes a line for each request.
Future<Response> extraLogging(PagesContext context) {
  final PagesContext(:request, :next) = context;
  print('extra logging: ${request.method} ${request.url.path}');
  return next();
}
