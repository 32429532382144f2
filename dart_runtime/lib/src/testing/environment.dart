import 'dart:async';

import '../durable_objects/stub.dart';
import '../environment.dart';
import '../host/host.dart';
import '../host/values.dart';
import '../host/vm/scope.dart';
import '../http/fetch.dart';
import '../http/request.dart';
import '../http/response.dart';
import 'events.dart';
import 'invoker.dart';
import 'session.dart';

/// Gives the Worker under test an environment of its own, and the test its
/// bindings.
///
/// All that is stored in it is empty: KV namespaces, D1 databases (with the
/// migrations of their `migrations_dir` applied), R2 buckets, queues, Durable
/// Objects, caches. Nothing of another environment is seen in it, and nothing
/// of it is seen in another one, whatever still goes on there when its test is
/// over. A test may have several, at the same time too.
///
/// It is closed when the test is over that asked for it; asked for in
/// `setUpAll`, when the tests of the group are.
///
/// Throws a [StateError] outside of `dartflare test`, and where the Worker
/// cannot be started.
Future<TestEnvironment> testEnvironment() async {
  final session = await TestSession.current;
  final (scope, frame, close) = await outOfTime(session.open());
  final bindings = bindingsFrom(frame.message['env']! as Map<String, Object?>);
  final env = environmentFromHost(VmRef.kept(scope, Root.env.index), bindings);
  // What belongs to no environment, such as `fetch`, goes through the latest.
  EventScope.outside = scope;
  final environment = TestEnvironment._(env, scope, close);
  closeWithTest(environment.close);
  return environment;
}

/// The environment of a Worker under test: its bindings, and what sends it
/// events.
///
/// The accessors that `dartflare types` generates are there too:
///
/// ```dart
/// final env = await testEnvironment();
/// await env.todos.put('1', 'write a test');
/// final response = await env.fetch('/todos/1');
/// ```
final class TestEnvironment extends Environment {
  TestEnvironment._(super.other, this._scope, this._close) : super.like();

  final EventScope _scope;
  final Future<void> Function() _close;

  HostRef get _controls => VmRef.kept(_scope, Root.argument.index);

  /// Sends a request to the Worker and returns the response once its headers
  /// are there.
  ///
  /// [input] is a [Request], or a URL as a [String] or [Uri]; of one that is a
  /// path the host is `localhost`. A redirect is given as it is, and not
  /// followed, unless a [Request] says otherwise. What the Worker throws is a
  /// response of status 500 with the error in its body, as in a browser under
  /// `dartflare dev`.
  ///
  /// Static assets are served as on Cloudflare, before the Worker or after it.
  Future<Response> fetch(
    Object input, {
    String? method,
    Object? headers,
    Object? body,
  }) =>
      fetchFrom(
        _controls.property('worker'),
        input is Request ? input : _origin.resolve('$input'),
        method: method,
        headers: headers,
        body: body,
        redirect: input is Request ? null : RedirectMode.manual,
      );

  static final Uri _origin = Uri.parse('http://localhost');

  /// Has the Worker handle a cron trigger, and waits until it has, with all
  /// that it gave to `waitUntil`.
  ///
  /// [cron] is the expression of the trigger, as in the configuration, and
  /// [time] when it was due: now, if not given.
  ///
  /// Throws a [WorkersException] with the message of what the handler threw.
  Future<void> scheduled({String cron = '* * * * *', DateTime? time}) async {
    final due = (time ?? DateTime.now()).millisecondsSinceEpoch;
    await _controls.call('scheduled', [cron, due]);
  }

  /// Has the Worker handle a batch of messages from the queue [name], and tells
  /// what it did with each of them.
  ///
  /// A message is what it would be if a producer had sent it, or a
  /// [TestMessage], to say more of it. What the Worker sends to a queue
  /// itself is delivered by the local queue, as under `dartflare dev`; this does
  /// not wait for the one nor the other.
  ///
  /// Throws a [WorkersException] with the message of what the handler threw.
  Future<QueueOutcome> queue(String name, List<Object?> messages) async {
    final outcome = await _controls.call('queue', [
      name,
      [for (final message in messages) testMessageToHost(message)],
    ]);
    return queueOutcomeFromHost(outcome! as Map<String, Object?>);
  }

  /// Runs the alarm that is set for the Durable Object of [stub] now, without
  /// waiting for its time, and says whether one was set.
  ///
  /// Throws a [WorkersException] with the message of what the alarm threw.
  Future<bool> runAlarm(DurableObjectStub stub) async {
    final ran = await _controls.call(
      'runAlarm',
      [durableObjectStubToHost(stub)],
    );
    return ran! as bool;
  }

  /// Ends the use of the environment. The end of the test does it, too.
  Future<void> close() async {
    if (_scope.isOver) return;
    _scope
      ..finish(null)
      ..release();
    if (EventScope.outside == _scope) EventScope.outside = null;
    await _close();
  }
}
