import 'package:cloudflare_workers/src/pages/functions.dart';
import 'package:cloudflare_workers/src/pages/request_path.dart';
import 'package:cloudflare_workers/src/pages/router.dart';

import '../testing.dart';

/// A router for patterns: with middleware at those in [middleware], and files
/// for those in [files], the first of which is tried first.
FunctionRouter _router({
  List<String> middleware = const [],
  List<String> files = const [],
}) =>
    FunctionRouter([
      for (final path in files)
        FunctionRoute(
          path,
          mount: '/',
          module: FunctionHandler(path, 'onRequest', path),
        ),
      for (final path in middleware)
        FunctionRoute(
          path,
          mount: path,
          middleware: FunctionHandler('$path/_middleware', 'onRequest', path),
        ),
    ]);

/// The functions for a request of [url], each as its file, parameters and
/// function path.
List<String> _ask(FunctionRouter router, String url, {String method = 'GET'}) =>
    [
      for (final function in router.functionsFor(method, pathnameOf(url)))
        '${function.handler.file} ${function.params} ${function.functionPath}',
    ];

void routerTests() {
  test('the path of a URL is what JavaScript makes of it', () {
    for (final (url, path) in [
      ('https://a', '/'),
      ('https://a?b/c', '/'),
      ('https://a/b?c/../d#e', '/b'),
      ('https://a/b#c?d', '/b'),
      ('https://a:8080//b///c/', '//b///c/'),
      ('https://a/b/../c', '/c'),
      ('https://a/b/%2e%2E/c/.', '/c/'),
      ('https://a/b/.%2e', '/'),
      ('https://a/../../b', '/b'),
      ('https://a/b//../c', '/b/c'),
      ('https://a/b/./c', '/b/c'),
      ('https://a/b/.../c/..d/%2e%2e%2e', '/b/.../c/..d/%2e%2e%2e'),
      (r'https://a\b\..\c\\d', '/c//d'),
      (r'https://a/b\%2e%2e\c', '/c'),
      ('https://a/b\t/.\n./c', '/c'),
      ('https://a/%61%2f%zz%', '/%61%2f%zz%'),
      ('https://a/ "<>^`{}\x01\x7f', '/%20%22%3C%3E%5E%60%7B%7D%01%7F'),
      ('https://a/b \x01', '/b'),
      ('https://a/b ?c', '/b%20'),
      ('https://a/\u00e9\u{1f600}', '/%C3%A9%F0%9F%98%80'),
      (r"https://a/[]|~!$&'()*+,;=:@-._", r"/[]|~!$&'()*+,;=:@-._"),
    ]) {
      expect(pathnameOf(url), path);
    }
  });

  test('what the assets have for a path is told by its decoded form', () {
    for (final (path, served) in [
      ('/', '/'),
      ('/a/b.txt', '/a/b.txt'),
      ('/a//b/', '/a/b'),
      ('/%61pi/x', '/api/x'),
      ('/api%2fx', '/api/x'),
      ('/%2Fapi%2F', '/api'),
      ('/y/..%2fapi/x', '/api/x'),
      ('/y%2f../api', '/api'),
      ('/%2e%2e%2f%2e/api', '/api'),
      ('/a%5cb', '/a/b'),
      ('/%2561pi/x', '/%61pi/x'),
      ('/a%20b/caf%C3%A9', '/a%20b/caf%C3%A9'),
      ('/api%3fx%23', '/api?x#'),
      ('/%', '/%'),
      ('/%zz/api', '/%zz/api'),
      ('/%c1%a1pi', '/%c1%a1pi'),
    ]) {
      expect(servedPathOf(path), served);
    }
  });

  test('no way of writing a path leads past the middleware before it', () {
    final router =
        _router(middleware: ['/api', '/'], files: ['/api/x', '/:x*']);
    for (final (url, functions) in [
      ('/api', ['/api', '/api']),
      ('/api/', ['/api', '/api/']),
      ('/API/x', ['/api', '/API']),
      ('/aPi', ['/api', '/aPi']),
      ('//api/x', ['/api', '//api']),
      ('///api///x', ['/api', '///api']),
      ('/api//x', ['/api', '/api']),
      ('//api//', ['/api', '//api//']),
      ('/./api/x', ['/api', '/api']),
      ('/b/../api/x', ['/api', '/api']),
      ('/b/%2e%2e/api/x', ['/api', '/api']),
      ('/%2E/%2e/api', ['/api', '/api']),
      ('/b//../../api', ['/api', '/api']),
      (r'/\api\x', ['/api', '//api']),
      (r'/b/..\api/x', ['/api', '/api']),
      ('/\t/a\npi/x', ['/api', '//api']),
      // None of these is the folder. The assets decode two of them: the
      // middleware runs then if they have a file.
      ('/apix', null),
      ('/api-x', null),
      ('/api.x', null),
      ('/%61pi', null),
      ('/api%2fx', null),
      ('/x/api', null),
      ('/api/../x', null),
    ]) {
      final found = _ask(router, 'https://a$url');
      expect(found.first.startsWith('//_middleware {} /'), true);
      expect(
        [...found.where((function) => function.startsWith('/api/_'))],
        [
          if (functions case [final path, final functionPath])
            '$path/_middleware {} $functionPath',
        ],
      );
    }
  });

  test('methods choose, and nothing answers for another', () {
    FunctionRoute route(String path, String? method) => FunctionRoute(
          path,
          mount: '/',
          method: method,
          module: FunctionHandler('$method $path', 'onRequest', null),
          middleware: FunctionHandler('$method $path *', 'onRequest', null),
        );
    final router = FunctionRouter([
      route('/a', 'GET'),
      route('/a', null),
      route('/:x*', 'POST'),
    ]);
    for (final (method, files) in [
      ('GET', ['null /a *', 'GET /a *', 'GET /a']),
      ('HEAD', ['null /a *', 'null /a']),
      ('get', ['null /a *', 'null /a']),
      ('POST', ['POST /:x* *', 'null /a *', 'null /a']),
    ]) {
      expect(
        [
          for (final function in router.functionsFor(method, '/a'))
            function.handler.file,
        ],
        files,
      );
    }
    expect(_ask(router, 'https://a/b'), <String>[]);
    expect(_ask(router, 'https://a/b', method: 'POST').length, 2);
  });

  test('the folder has to match as well', () {
    FunctionHandler handler(String name) =>
        FunctionHandler(name, 'onRequest', null);
    final router = FunctionRouter([
      FunctionRoute('/a', mount: '/b', module: handler('elsewhere')),
      FunctionRoute('/:x', mount: '/', module: handler('here')),
      FunctionRoute('/', mount: '/b', middleware: handler('elsewhere')),
    ]);
    expect(_ask(router, 'https://a/a'), ['here {x: a} /a']);
  });

  test('what stands beside a catch-all joins the segment before it', () {
    final router = _router(
      files: ['/a/:p/:q*/:r*.zip', '/a/:p*.zip', '/:q*-:p'],
    );
    for (final (path, function) in [
      ('/a.zip', '/a/:p*.zip {p: []} /a.zip'),
      ('/a/b.zip', '/a/:p/:q*/:r*.zip {p: b, q: [], r: []} /a/b.zip'),
      ('/A/b/c.Zip/', '/a/:p/:q*/:r*.zip {p: b, q: [c], r: []} /A/b/c.Zip/'),
      ('/b/c-d', '/:q*-:p {q: [b, c], p: d} /b/c-d'),
    ]) {
      expect(_ask(router, 'https://a$path'), [function]);
    }
  });

  test('a bracket or backslash at the end needs no end of the segment', () {
    // The platform asks for one after everything else.
    final router = _router(middleware: ['/a[', '/:p]', '/b/:q-c']);
    expect(_ask(router, 'https://a/a[b/c'), ['/a[/_middleware {} /a[']);
    expect(_ask(router, 'https://a/a]b'), ['/:p]/_middleware {p: a} /a]']);
    expect(_ask(router, 'https://a/b/a-cd'), <String>[]);
  });

  test('long paths and many catch-alls take no time', () {
    final many = [
      for (var i = 0; i < 20; i++) '/:p$i*/x',
    ].join();
    final mixed = [
      for (var i = 0; i < 20; i++) ':p$i-a',
    ].join();
    final router = _router(
      middleware: [many, '/$mixed', '/:q*.zip', '/:q*/y/:r*'],
      files: [many, '/$mixed', '/:a*/b/:c*/b/:d*/b/:e*.zip'],
    );
    final watch = Stopwatch()..start();
    for (final path in [
      '/x' * 4000,
      '/x' * 200,
      '/b' * 4000,
      '/' * 8000,
      '${'/' * 4000}${'x/' * 2000}',
      '/${'a' * 8000}',
      '/${'-a' * 4000}',
      '/${'-a' * 4000}-',
      '/${'../' * 2700}x',
      '/${'%2e%2e/' * 1200}x',
      '/${'.zip' * 2000}',
      '${'/x-a' * 2000}/y',
    ]) {
      _ask(router, 'https://a$path');
    }
    // Some milliseconds each; what backtracks would be at it for years.
    if (watch.elapsed > const Duration(seconds: 30)) {
      throw Exception('${watch.elapsed}');
    }
    expect(_ask(router, 'https://a${'/x' * 4000}').length, 2);
  });

  test('what is no pattern is refused', () async {
    for (final (pattern, text) in [
      (
        '/:a:b',
        'Must have text between two parameters, missing text after "a"'
      ),
      ('/:a*:b', 'missing text after "a"'),
      ('/a:b*', 'Can not repeat "b" without a prefix and suffix'),
      ('/a*', 'Unexpected MODIFIER at 2'),
      ('/a:', 'Missing parameter name at 2'),
    ]) {
      await expectThrows<ArgumentError>(() => _router(files: [pattern]), text);
    }
  });
}
