/// Tests of a Worker, against its real bindings.
///
/// ```dart
/// // test/worker_test.dart
/// import 'package:cloudflare_workers/testing.dart';
///
/// void main() {
///   test('greets', () async {
///     final env = await testEnvironment();
///     final response = await env.fetch('/?name=Dart');
///     expect(response.status, 200);
///     expect(await response.text(), 'Hello, Dart!\n');
///   });
/// }
/// ```
///
/// `dartflare test` runs them. Where `package:test` is to be had, import that,
/// and of this library `testEnvironment` alone:
///
/// ```dart
/// import 'package:cloudflare_workers/testing.dart' show testEnvironment;
/// import 'package:test/test.dart';
/// ```
///
/// The names here are those of `package:test`, and mean the same; there are
/// fewer of them.
library;

export 'src/testing/environment.dart' show TestEnvironment, testEnvironment;
export 'src/testing/events.dart' show QueueOutcome, TestMessage;
export 'src/testing/expect.dart';
export 'src/testing/matchers.dart';
export 'src/testing/suite.dart'
    show addTearDown, group, setUp, setUpAll, tearDown, tearDownAll, test;
