import 'dart:async';
import 'dart:collection';

/// Stands in for workerd's input gate, which does not reach this program.
///
/// While a storage operation of a Durable Object is under way, or the code that
/// awaited it has not yet run to its next `await`, nothing else is delivered to
/// the object: no event, no answer of another kind, no timer. Without it, two
/// requests that read, add and write would both read the same value. While a
/// critical section is open, the operations' own answers wait as well; the
/// section has a gate of its own.
///
/// See https://developers.cloudflare.com/durable-objects/best-practices/rules-of-durable-objects/.
final class InputGate {
  final _deliveries = Queue<void Function()>();
  final _answers = Queue<void Function()>();
  int _operations = 0;
  int _sections = 0;
  bool _isInTurn = false;

  /// Runs [delivery] when nothing holds the gate, in order of arrival.
  void enter(void Function() delivery) {
    _deliveries.add(delivery);
    _advance();
  }

  /// Notes that a storage operation begins.
  void beginOperation() => _operations++;

  /// Runs [delivery], the answer to a storage operation, and notes that the
  /// operation is over once the code that awaited it has had its turn.
  void endOperation(void Function() delivery) {
    _answers.add(delivery);
    _advance();
  }

  /// Runs [begin] at a moment when a critical section may open, and holds the
  /// gate from then on until [closeSection].
  void openSection(void Function() begin) {
    // The code that asks goes on to its next `await` first: the operations that
    // it starts there still belong before the section.
    Zone.root.createTimer(
      Duration.zero,
      () => enter(() {
        _sections++;
        begin();
      }),
    );
  }

  /// Holds the gate at once, for an object that is being constructed.
  void holdSection() => _sections++;

  /// Ends what [openSection] or [holdSection] began. [delivery], its outcome,
  /// and the code that awaited it come before whatever waited for the section.
  void closeSection(void Function() delivery) {
    _sections--;
    beginOperation();
    endOperation(delivery);
  }

  void _advance() {
    while (_sections == 0 && _answers.isNotEmpty) {
      final answer = _answers.removeFirst();
      answer();
      Zone.root.createTimer(Duration.zero, () {
        _operations--;
        _advance();
      });
    }
    if (_isInTurn || _operations > 0 || _sections > 0 || _deliveries.isEmpty) {
      return;
    }
    _isInTurn = true;
    _deliveries.removeFirst()();
    // A zero timer fires after every microtask that the delivery led to.
    Zone.root.createTimer(Duration.zero, () {
      _isInTurn = false;
      _advance();
    });
  }
}
