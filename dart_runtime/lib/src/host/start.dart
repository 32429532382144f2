/// Where a compiled Worker begins.
library;

import 'host_js.dart';

/// Runs [main], the program's own `main()` or `main(List<String>)`, which gets
/// an empty list, and tells the runtime what it throws.
///
/// What a Future that [main] returns fails with is logged: by then the Worker
/// has started.
void start(Function main) => host.start(main);
