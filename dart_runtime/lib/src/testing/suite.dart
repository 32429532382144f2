import 'dart:async';

/// Declares a test: what [body] does, or the Future that it gives, must not
/// throw, within [timeout].
///
/// [skip] is `true`, or why the test is not to run.
void test(
  String description,
  FutureOr<void> Function() body, {
  Duration timeout = const Duration(seconds: 30),
  Object? skip,
}) {
  final group = Declaring.current;
  group.tests.add(
    DeclaredTest(group.named(description), group, body, timeout, skip),
  );
}

/// Declares tests that belong together: those that [body] declares. Their names
/// begin with [description], and what is set up in it is for them alone.
void group(String description, void Function() body, {Object? skip}) {
  final outer = Declaring.current;
  final inner = DeclaredGroup(outer.named(description), outer, skip);
  outer.tests.add(inner);
  Declaring.within(inner, body);
}

/// Has [callback] called before each test of the group, or of the file.
void setUp(FutureOr<void> Function() callback) =>
    Declaring.current.setUps.add(callback);

/// Has [callback] called after each test of the group, or of the file, whether
/// it failed or not; the last one that was declared first.
void tearDown(FutureOr<void> Function() callback) =>
    Declaring.current.tearDowns.add(callback);

/// Has [callback] called once, before the tests of the group, or of the file.
void setUpAll(FutureOr<void> Function() callback) =>
    Declaring.current.setUpAlls.add(callback);

/// Has [callback] called once, after the tests of the group, or of the file.
void tearDownAll(FutureOr<void> Function() callback) =>
    Declaring.current.tearDownAlls.add(callback);

/// Has [callback] called when the test is over that runs now; in `setUpAll`,
/// when the tests of the group are. The last one comes first.
///
/// Throws a [StateError] where no test runs.
void addTearDown(FutureOr<void> Function() callback) {
  final test = RunningTest.current;
  if (test == null) throw StateError('`addTearDown` is for within a test');
  test.onEnd(callback);
}

/// A test or a group.
sealed class Declared {
  Declared(this.name, this.skip);

  /// The name, those of the groups around it before it.
  final String name;

  /// `true`, or why it is not to run.
  final Object? skip;
}

/// A test as it was declared.
final class DeclaredTest extends Declared {
  /// Describes a test of [group].
  DeclaredTest(
    super.name,
    this.group,
    this.body,
    this.timeout,
    super.skip,
  );

  /// Where it was declared.
  final DeclaredGroup group;

  /// What is tested.
  final FutureOr<void> Function() body;

  /// How long it may take.
  final Duration timeout;
}

/// A group as it was declared; a file is one without a name.
final class DeclaredGroup extends Declared {
  /// Describes a group within [outer].
  DeclaredGroup(super.name, this.outer, super.skip);

  /// The group around it.
  final DeclaredGroup? outer;

  /// What was declared in it, in order.
  final tests = <Declared>[];

  /// Called before each test.
  final setUps = <FutureOr<void> Function()>[];

  /// Called after each test.
  final tearDowns = <FutureOr<void> Function()>[];

  /// Called before the first test.
  final setUpAlls = <FutureOr<void> Function()>[];

  /// Called after the last test.
  final tearDownAlls = <FutureOr<void> Function()>[];

  /// How [description] is called here.
  String named(String description) =>
      name.isEmpty ? description : '$name $description';
}

/// What is being declared.
abstract final class Declaring {
  static final Object _key = Object();

  /// The group that is being declared. Throws a [StateError] where none is.
  static DeclaredGroup get current {
    final group = Zone.current[_key];
    if (RunningTest.current != null) {
      throw StateError('tests cannot be declared within a test');
    }
    if (group is DeclaredGroup) return group;
    throw StateError('run the tests with `dartflare test`');
  }

  /// Runs [body], which declares what is in [group].
  static void within(DeclaredGroup group, void Function() body) =>
      runZoned(body, zoneValues: {_key: group});
}

/// A test, or what is set up for some, while it runs.
final class RunningTest {
  static final Object _key = Object();

  /// The one that the running code belongs to.
  static RunningTest? get current => Zone.current[_key] as RunningTest?;

  final _ends = <FutureOr<void> Function()>[];
  final _expected = <Future<void>>[];

  Timer? _late;
  void Function()? _startTimer;
  int _waits = 0;

  /// What went wrong, in order.
  final failures = <(Object, StackTrace)>[];

  /// Has [callback] called at the end.
  void onEnd(FutureOr<void> Function() callback) => _ends.add(callback);

  /// Waits for [future], which is not the test's to answer for: the time that it
  /// may take begins anew after that.
  Future<T> without<T>(Future<T> future) async {
    _waits++;
    _late?.cancel();
    try {
      return await future;
    } finally {
      if (--_waits == 0) _startTimer?.call();
    }
  }

  /// Makes [expectation] a part of the test, which lasts until it is decided.
  void expects(Future<void> expectation) => _expected.add(expectation);

  /// Runs [body] as a part of the test. What it throws is among the [failures].
  Future<void> run(
    FutureOr<void> Function() body, {
    Duration timeout = const Duration(seconds: 30),
  }) {
    final over = Completer<void>();
    void startTimer() => _late = Zone.root.createTimer(timeout, () {
          if (over.isCompleted) return;
          final limit = timeout.inMilliseconds / 1000;
          failures.add(('it took longer than $limit s', StackTrace.empty));
          over.complete();
        });
    _startTimer = startTimer;
    startTimer();
    runZonedGuarded(
      () async {
        try {
          await body();
          for (var at = 0; at < _expected.length; at++) {
            await _expected[at];
          }
        } catch (error, stack) {
          failures.add((error, stack));
        }
        _expected.clear();
        if (!over.isCompleted) over.complete();
      },
      (error, stack) => failures.add((error, stack)),
      zoneValues: {_key: this},
    );
    return over.future.whenComplete(() => _late?.cancel());
  }

  /// Calls what is to be called at the end, the last one first.
  Future<void> end() async {
    while (_ends.isNotEmpty) {
      await run(_ends.removeLast());
    }
  }
}
