/// What a class of the program takes from the platform when it is constructed.
library;

import 'environment.dart';
import 'execution_context.dart';

/// What stands ready for the constructor of a class that handles one event.
typedef EventSlot = ({Environment env, ExecutionContext ctx});

EventSlot? _current;

/// What the constructor that runs now may take, or `null` if the program itself
/// called it.
EventSlot? get eventSlot => _current;

/// Runs [make] while its constructor finds [slot].
T withEventSlot<T>(EventSlot slot, T Function() make) {
  final outer = _current;
  _current = slot;
  try {
    return make();
  } finally {
    _current = outer;
  }
}
